"""greenery beside the model: one pair of patterns a line as JSON in, one JSON object a line out:
seconds, and whether only the first, only the second, both accept something; null past the limit."""
import json
import signal
import sys
import time

from greenery import parse

LIMIT = 10


def past(*_):
    raise TimeoutError


signal.signal(signal.SIGALRM, past)
for line in sys.stdin:
    a, b = json.loads(line)
    begin = time.perf_counter()
    signal.alarm(LIMIT)
    try:
        x, y = parse(a).to_fsm(), parse(b).to_fsm()
        found = [not (x - y).empty(), not (y - x).empty(), not (x & y).empty()]
    except TimeoutError:
        found = None
    except Exception as error:  # what it cannot parse
        found = str(error)[:80] or type(error).__name__
    signal.alarm(0)
    print(json.dumps({"seconds": time.perf_counter() - begin, "found": found}), flush=True)
