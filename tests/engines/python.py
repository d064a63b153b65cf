# One JSON object a line in: {"pattern", "dialect", "mode", "inputs"}; one a line out:
# {"compiles": false} or {"compiles": true, "accepts": [bool...]}.
import json, re, sys, warnings
warnings.simplefilter("ignore")
for line in sys.stdin:
    job = json.loads(line)
    dialect, mode = job["dialect"], job["mode"]
    enc = (lambda s: s.encode()) if dialect == "python-bytes" else (lambda s: s)
    flags = re.ASCII if dialect == "python-ascii" else 0
    pattern = job["pattern"]
    try:
        r = re.compile(enc(pattern), flags)
        if mode == "full-grouped":
            r = re.compile(enc("^(?:" + pattern + ")$"), flags)
        ask = {"search": r.search, "prefix": r.match, "full": r.fullmatch, "full-grouped": r.search}[mode]
        out = {"compiles": True, "accepts": [ask(enc(s)) is not None for s in job["inputs"]]}
    except (re.error, OverflowError, ValueError, RecursionError) as e:
        out = {"compiles": False}
    print(json.dumps(out), flush=True)
