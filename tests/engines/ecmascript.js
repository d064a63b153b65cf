// One JSON object a line in: {"pattern", "dialect", "mode", "inputs"}; one a line out:
// {"compiles": false} or {"compiles": true, "accepts": [bool…]}.
const flags = { ecmascript: "", "ecmascript-u": "u", "ecmascript-v": "v" };
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { pattern, dialect, mode, inputs } = JSON.parse(line);
  let out = { compiles: false };
  try {
    const f = flags[dialect];
    new RegExp(pattern, f);
    const r =
      mode === "search" ? new RegExp(pattern, f)
      : mode === "prefix" ? new RegExp("^(?:" + pattern + ")", f)
      : new RegExp("^(?:" + pattern + ")$", f);
    out = { compiles: true, accepts: inputs.map((s) => r.test(s)) };
  } catch (e) {
    if (!(e instanceof SyntaxError)) throw e;
  }
  console.log(JSON.stringify(out));
});
