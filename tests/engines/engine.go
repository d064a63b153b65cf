// One JSON object a line in: {"pattern", "dialect", "mode", "inputs"}; one a line out:
// {"compiles": false} or {"compiles": true, "accepts": [bool…]}.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
)

type job struct {
	Pattern, Mode string
	Inputs        []string
}

type answer struct {
	Compiles bool   `json:"compiles"`
	Accepts  []bool `json:"accepts,omitempty"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<26)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var j job
		if err := json.Unmarshal(in.Bytes(), &j); err != nil {
			panic(err)
		}
		var a answer
		if _, err := regexp.Compile(j.Pattern); err == nil {
			p := j.Pattern
			switch j.Mode {
			case "prefix":
				p = `\A(?:` + p + `)`
			case "full":
				p = `\A(?:` + p + `)\z`
			case "full-grouped":
				p = `^(?:` + p + `)$`
			}
			if r, err := regexp.Compile(p); err == nil {
				a.Compiles = true
				a.Accepts = []bool{}
				for _, s := range j.Inputs {
					a.Accepts = append(a.Accepts, r.MatchString(s))
				}
			}
		}
		if err := out.Encode(a); err != nil {
			panic(err)
		}
	}
}
