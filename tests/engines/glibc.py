# POSIX ERE of the C library. One JSON object a line in: {"pattern", "dialect", "mode", "inputs"};
# one a line out: {"compiles": false} or {"compiles": true, "accepts": [bool...]}.
import ctypes, json, locale, sys
locale.setlocale(locale.LC_ALL, "C.UTF-8")
libc = ctypes.CDLL(None)
libc.setlocale(6, b"C.UTF-8")
def compile_(p):
    buf = ctypes.create_string_buffer(256)
    return buf if libc.regcomp(buf, p.encode(), 1) == 0 else None
class Match(ctypes.Structure):
    _fields_ = [("so", ctypes.c_int), ("eo", ctypes.c_int)]
for line in sys.stdin:
    job = json.loads(line)
    p, mode = job["pattern"], job["mode"]
    out = {"compiles": False}
    if "\0" not in p and (alone := compile_(p)) is not None:
        wrapped = {"search": p, "prefix": "^(%s)" % p, "full": "^(%s)$" % p, "full-grouped": "^(%s)$" % p}[mode]
        r = compile_(wrapped)
        if r is not None:
            m = Match()
            out = {"compiles": True, "accepts": ["\0" not in s and libc.regexec(r, s.encode(), 1, ctypes.byref(m), 0) == 0 for s in job["inputs"]]}
    print(json.dumps(out), flush=True)
