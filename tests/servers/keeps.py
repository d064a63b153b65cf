"""What a server keeps, read without Probity: its files and what it answers to GET."""
import contextlib
import json
import pathlib
import sqlite3
import time
import urllib.error
import urllib.request


def arguments(parser):
    parser.add_argument("--files", action="append", type=pathlib.Path, default=[], help="folder whose files are compared; JSON as values, SQLite as rows")
    parser.add_argument("--get", action="append", default=[], help="URL whose answer is compared")
    parser.add_argument("--without", action="append", default=[], help="member at the top of JSON that is the server's own (a counter)")


def state(options):
    """What it keeps once that is at rest: servers write their files a while after they answer."""
    last = now(options)
    for _ in range(20):
        time.sleep(1)
        next = now(options)
        if next == last:
            break
        last = next
    return last


def now(options):
    def value(octets, file=None):
        if octets.startswith(b"SQLite format 3\0") and file is not None:
            # Pages move where rows do not.
            with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as opened:
                return "\n".join(opened.iterdump())
        try:
            found = json.loads(octets)
        except (ValueError, RecursionError):
            return octets
        if isinstance(found, dict):
            return {name: member for name, member in found.items() if name not in options.without}
        return found

    def answer(url):
        try:
            with urllib.request.urlopen(url, timeout=20) as got:
                return value(got.read())
        except urllib.error.HTTPError as refused:
            return refused.code

    files = [f for folder in options.files for f in sorted(folder.rglob("*")) if f.is_file() and f.suffix != ".log" and not f.name.endswith(("-journal", "-wal", "-shm"))]
    return {**{str(f): value(f.read_bytes(), f) for f in files}, **{url: answer(url) for url in options.get}}


def differences(before, after):
    different = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [f"differs: {name}\n  before {str(before.get(name))[:600]}\n  after  {str(after.get(name))[:600]}" for name in different]
