#!/usr/bin/env python3
"""A strict IP camera that keeps camera.yaml, with mistakes of firmware to choose from.

    FAULT=NAME tests/servers/camera/camera.py        prints its port, then serves (admin, secret)
    tests/servers/camera/camera.py --faults          lists the faults, each with a request that shows it

Written from the document alone, before any case of Probity for it was looked at.
"""
import base64
import datetime
import hashlib
import ipaddress
import json
import os
import pathlib
import re
import sys
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lawful"))
import http11  # noqa: E402

# name: how a client sees it. `N` is the settings as they are, with what is written behind it.
FAULTS = {
    "ipv4-leading-zero": "PUT /network N address 192.0.02.10 → 204",
    "ipv4-octet-256": "PUT /network N address 192.0.2.256 → 204",
    "ipv4-three-parts": "PUT /network N address 192.0.2 → 204",
    "ipv4-not-in-lists": "PUT /network N dns [192.0.2.1, 192.0.2.2, x] → 204: the last is not looked at",
    "ipv4-first-only": "PUT /network N dns [192.0.2.1, x] → 204: only the first is looked at",
    "ipv6-two-gaps": "PUT /network N address6 2001::1::2 → 204",
    "ipv6-nine-groups": "PUT /network N address6 1:2:3:4:5:6:7:8:9 → 204",
    "ipv6-zone": "PUT /network N address6 fe80::1%eth0 → 204",
    "hostname-hyphen": "PUT /network N hostname -camera → 204",
    "hostname-underscore": "PUT /network N hostname cam_1 → 204",
    "hostname-empty-label": "PUT /network N ntp.servers[0].host a..b → 204",
    "hostname-long-label": "PUT /network N ntp.servers[0].host of 64 letters before a dot → 204",
    "date-february-30": "PUT /clock calibrated 2024-02-30 → 204",
    "date-leap-year": "PUT /clock calibrated 2023-02-29 → 204",
    "date-no-zeros": "PUT /clock calibrated 2024-2-9 → 204",
    "time-hour-24": "PUT /clock nightly 24:00:00Z → 204",
    "time-no-offset": "PUT /clock nightly 03:30:00 → 204",
    "date-time-blank": "PUT /clock nextService '2027-01-31 10:00:00Z' → 204",
    "date-time-offset-24": "PUT /clock nextService 2027-01-31T10:00:00+24:00 → 204",
    "date-time-date-only": "PUT /clock nextService 2027-01-31 → 204",
    "email-no-at": "POST /users email ab.example.com → 201",
    "email-two-ats": "POST /users email a@b@example.com → 201",
    "uri-relative": "POST /users site /a → 201",
    "uri-blank": "POST /users site 'https://example.com/a b' → 201",
    "uuid-short": "GET /users/00000000-0000-0000-0000-00000000000 → 404 instead of 400",
    "unique-not-checked": "PUT /network N dns [192.0.2.1, 192.0.2.1] → 204",
    "unique-neighbours-only": "PUT /network N dns [192.0.2.1, 192.0.2.2, 192.0.2.1] → 204",
    "multiple-not-checked": "PUT /network N ntp.interval 17 → 204",
    "multiple-of-8-by-4": "PUT /video/profiles/main width 1284 → 204",
    "exclusive-minimum": "PUT /network N mtu 575 → 204",
    "exclusive-maximum": "PUT /network N mtu 1501 → 204",
    "exclusive-number": "PUT /video/profiles/main fps 0 → 204",
    "nested-required": "PUT /network N ntp.servers [{host}] → 204",
    "nested-unknown": "PUT /network N ntp.servers [{host, port, extra}] → 204",
    "nested-last-range": "PUT /network N ntp.servers [valid, {port 0}] → 204: only the first is looked at",
    "deep-range": "PUT /video/profiles/main masks[0].points[0] [0, 4096] → 204",
    "deep-count": "PUT /video/profiles/main masks[0].points of two → 204",
    "deep-pair": "PUT /video/profiles/main masks[0].points[0] [1, 2, 3] → 204",
    "head-405": "HEAD /network → 405",
    "head-no-etag": "HEAD /network → 200 without ETag",
    "head-body": "HEAD /network → a body",
    "head-length-0": "HEAD /network → Content-Length: 0",
    "405-no-allow": "PATCH /network → 405 without Allow",
    "401-no-challenge": "GET /network without credentials → 401 without WWW-Authenticate",
    "204-body": "PUT /network N → 204 with a body",
    "304-always": "GET /network with If-None-Match: \"0\" → 304",
    "if-match-ignored": "PUT /network N with If-Match: \"0\" → 204",
    "etag-constant": "PUT /network with another prefix, GET → the same ETag",
    "form-taken": "PUT /network N as text/plain → 204",
    "form-type-taken": "PUT /network N as application/x-www-form-urlencoded → 204",
    "absolute-404": "GET http://host/network → 404",
    "expect-417": "PUT /network with Expect: 100-continue → 417",
    "header-missing": "GET /clock → no X-Request-Id",
    "header-pattern": "GET /clock → X-Request-Id: 1",
    "location-missing": "POST /video/profiles → 201 without Location",
    "location-wrong": "POST /video/profiles → Location of another one",
    "total-header": "GET /video/profiles → X-Total-Count: many",
    "total-of-page": "GET /video/profiles?limit=1 → total 1",
    "problem-status": "PUT /network {} → 400 whose body says 500",
    "problem-media": "PUT /network {} → application/json",
    "problem-404-html": "GET /video/profiles/none → 404 as text/html",
    "limit-ignored": "GET /video/profiles?limit=1 → three",
    "limit-one-more": "GET /video/profiles?limit=1 → two",
    "limit-0-taken": "GET /video/profiles?limit=0 → 200",
    "limit-51-taken": "GET /video/profiles?limit=51 → 200",
    "offset-negative": "GET /video/profiles?offset=-1 → 200",
    "offset-ignored": "GET /video/profiles?limit=1&offset=1 → the first",
    "page-overlaps": "GET /events?limit=2&page=2 → begins with the last of page 1",
    "page-skips": "GET /events?limit=2&page=2 → leaves one out",
    "page-0-taken": "GET /events?page=0 → 200",
    "filter-ignored": "GET /video/profiles?codec=h265 → all",
    "filter-prefix": "GET /events?severity=inf → 200",
    "filter-case": "GET /events?severity=INFO → 200",
    "since-not-checked": "GET /events?since=yesterday → 200",
    "query-hex": "GET /events?limit=0x10 → 200",
    "query-wraps": "GET /events?limit=4294967297 → 200",
    "query-wraps-64": "GET /events?limit=18446744073709551617 → 200",
    "query-trailing": "GET /events?limit=1abc → 200",
    "query-blank": "GET /events?limit=%201 → 200",
    "query-empty": "GET /events?limit= → 200",
    "query-twice": "GET /events?limit=1&limit=2 → 200",
    "query-unknown": "GET /events?x=1 → 200",
    "query-500": "GET /events?limit=%zz → 500",
    "query-utf8-500": "GET /events?severity=%ff → 500",
    "path-case": "GET /video/profiles/MAIN → 200",
    "path-twice-decoded": "GET /video/profiles/%256dain → 200",
    "path-nul": "GET /video/profiles/main%00x → 200",
    "path-prefix": "GET /video/profiles/mainx → 200",
    "password-prefix": "GET /network as admin:secre → 200",
    "password-case": "GET /network as admin:SECRET → 200",
    "password-empty": "GET /network as admin: → 200",
    "password-ignored": "GET /network as admin:other → 200",
    "base64-500": "GET /network with Basic !!! → 500",
    "stored-label-cut": "PUT /video/profiles/main label of 32 → read back 31",
    "stored-nested-lost": "PUT /network N two ntp.servers → read back one",
    "stored-order": "PUT /network N dns [192.0.2.9, 192.0.2.1] → read back sorted",
    "put-writes-other": "PUT /video/profiles/main → the next one changes as well",
    "duplicate-taken": "POST /video/profiles main → 201 and main is overwritten",
    "delete-stays": "DELETE /video/profiles/x → 204 and it is still there",
}
FAULT = os.environ.get("FAULT", "")
HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*", re.A)
TEXTS = {200: "OK", 201: "Created", 204: "No Content", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized"}


def on(name):
    return FAULT == name


class Refused(Exception):
    def __init__(self, status, detail):
        self.status, self.detail = status, detail


def need(holds, what):
    if not holds:
        raise Refused(400, what)


# ---------------------------------------------------------------------------------------------- formats


def ipv4(text):
    parts = text.split(".")
    if on("ipv4-three-parts") and len(parts) == 3:
        parts = parts + ["0"]
    most = 256 if on("ipv4-octet-256") else 255
    digits = r"0?[0-9]{1,3}" if on("ipv4-leading-zero") else r"0|[1-9][0-9]{0,2}"
    return len(parts) == 4 and all(re.fullmatch(digits, p, re.A) and int(p) <= most for p in parts)


def ipv6(text):
    if on("ipv6-two-gaps") and re.fullmatch("[0-9a-fA-F:]+", text) and text.count("::") > 1:
        return True
    if on("ipv6-nine-groups") and re.fullmatch("([0-9a-fA-F]{1,4}:){8}[0-9a-fA-F]{1,4}", text):
        return True
    if "%" in text:
        if not on("ipv6-zone"):
            return False
        text = text.split("%")[0]
    try:
        return bool(ipaddress.IPv6Address(text))
    except ValueError:
        return False


def hostname(text):
    if on("hostname-hyphen"):
        text = text.strip("-")
    if on("hostname-underscore"):
        text = text.replace("_", "a")
    if on("hostname-empty-label"):
        text = text.replace("..", ".a.")
    if on("hostname-long-label"):
        return bool(re.fullmatch(r"(?!-)[A-Za-z0-9.-]+", text)) and ".." not in text and not re.search(r"-\.|\.-|-$|\.$|^\.", text)
    return bool(HOST.fullmatch(text))


def date(text):
    if on("date-no-zeros") and re.fullmatch("[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", text, re.A):
        text = "-".join(p.zfill(2) for p in text.split("-"))
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.A):
        return False
    if on("date-february-30") and text[5:] in ("02-30", "02-31"):
        return True
    if on("date-leap-year") and text[5:] == "02-29":
        return True
    year, month, day = (int(p) for p in text.split("-"))
    if year == 0:
        year = 2000
    try:
        return bool(datetime.date(year, month, day))
    except ValueError:
        return False


def clock(text):
    if on("time-no-offset") and re.fullmatch("[0-9:.]+", text):
        text += "Z"
    parts = re.fullmatch(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?([zZ]|([+-])([0-9]{2}):([0-9]{2}))", text, re.A)
    if not parts:
        return False
    hour, minute, second = int(parts[1]), int(parts[2]), int(parts[3])
    ahead = 0
    if parts[6]:
        if int(parts[7]) > (24 if on("date-time-offset-24") else 23) or int(parts[8]) > 59:
            return False
        ahead = (int(parts[7]) * 60 + int(parts[8])) * (1 if parts[6] == "+" else -1)
    if second == 60:
        return hour < 24 and minute < 60 and (hour * 60 + minute - ahead) % 1440 == 1439
    return hour <= (24 if on("time-hour-24") else 23) and minute < 60 and second < 60


def date_time(text):
    if on("date-time-date-only") and date(text):
        return True
    if on("date-time-blank"):
        text = text.replace(" ", "T")
    return len(text) > 10 and text[10] in "Tt" and date(text[:10]) and clock(text[11:])


def email(text):
    if on("email-no-at") and re.fullmatch("[a-z.]+", text):
        return True
    if on("email-two-ats"):
        text = re.sub("^([a-z]+)@(?=.*@)", r"\1", text)
    local, _, where = text.rpartition("@")
    word = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
    return bool(re.fullmatch(rf"{word}(\.{word})*", local)) and bool(
        HOST.fullmatch(where) or re.fullmatch(r"\[(IPv6:)?[0-9A-Fa-f.:]+\]", where)
    )


def uri(text):
    if on("uri-blank"):
        text = text.replace(" ", "a")
    if on("uri-relative") and text.startswith("/"):
        return True
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:([A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*", text):
        return False
    rest = text.split(":", 1)[1]
    authority = re.match(r"//([^/?#]*)", rest)
    if authority:
        where = authority[1].rpartition("@")[2]
        if "[" in authority[1] or "]" in authority[1]:
            inside = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](:[0-9]*)?", where)
            if not inside or not ipv6(inside[1]):
                return False
            where = ""
        if "@" in authority[1].rpartition("@")[0] or not re.fullmatch(r"[^:]*(:[0-9]*)?", where, re.A):
            return False
        rest = rest[len(authority[0]):]
    return rest.count("#") <= 1 and "[" not in rest and "]" not in rest


def is_uuid(text):
    if on("uuid-short") and re.fullmatch("[0-9a-fA-F-]{30,36}", text):
        return True
    return bool(re.fullmatch("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text))


# ---------------------------------------------------------------------------------------------- bodies


def text(value, where, check=None, most=None):
    need(isinstance(value, str), f"{where}: no string")
    need(most is None or len(value) <= most, f"{where}: too long")
    need(check is None or check(value), f"{where}: not well-formed")


def one_of(value, where, *allowed):
    need(isinstance(value, str) and value in allowed, f"{where}: none of {', '.join(allowed)}")


def boolean(value, where):
    need(isinstance(value, bool), f"{where}: no boolean")


def number(value, where, least, most, step=None, whole=True):
    need(isinstance(value, (int, float)) and not isinstance(value, bool), f"{where}: no number")
    need(value == value and abs(value) < 1e300, f"{where}: no number")
    need(not whole or value == int(value), f"{where}: no whole number")
    need(least <= value <= most, f"{where}: out of range")
    need(step is None or (value / step) == int(value / step), f"{where}: not a multiple")


def members(value, where, required, optional=(), skip=False):
    need(isinstance(value, dict), f"{where or 'body'}: no object")
    need(all(name in value for name in required), f"{where}: something is missing")
    need(skip or all(name in (*required, *optional) for name in value), f"{where}: unknown member")


def items(value, where, least, most):
    need(isinstance(value, list), f"{where}: no list")
    need(least <= len(value) <= most, f"{where}: too few or too many")


def network(body):
    members(body, "", ("hostname", "dhcp", "address", "prefix", "gateway", "dns", "ntp"), ("address6", "mtu"))
    text(body["hostname"], "hostname", hostname, 63)
    boolean(body["dhcp"], "dhcp")
    text(body["address"], "address", ipv4)
    if "address6" in body:
        text(body["address6"], "address6", ipv6)
    number(body["prefix"], "prefix", 1, 32)
    if body["gateway"] is not None:
        text(body["gateway"], "gateway", ipv4)
    if "mtu" in body:
        number(body["mtu"], "mtu", 575 if on("exclusive-minimum") else 576, 1501 if on("exclusive-maximum") else 1500)
    items(body["dns"], "dns", 1, 3)
    for place, entry in enumerate(body["dns"]):
        last = on("ipv4-not-in-lists") and place == len(body["dns"]) - 1 and place > 0
        if not last and not (on("ipv4-first-only") and place > 0):
            text(entry, "dns", ipv4)
    pairs = [(a, b) for i, a in enumerate(body["dns"]) for j, b in enumerate(body["dns"]) if j > i]
    if on("unique-neighbours-only"):
        pairs = list(zip(body["dns"], body["dns"][1:]))
    need(on("unique-not-checked") or all(a != b for a, b in pairs), "dns: twice the same")
    ntp = body["ntp"]
    members(ntp, "ntp", ("interval", "servers"))
    number(ntp["interval"], "ntp.interval", 16, 1024, None if on("multiple-not-checked") else 16)
    items(ntp["servers"], "ntp.servers", 0, 4)
    for place, server in enumerate(ntp["servers"]):
        if on("nested-required") and isinstance(server, dict):
            server = {"host": "a", "port": 1, **server}
        members(server, "ntp.servers", ("host", "port"), (), on("nested-unknown"))
        text(server["host"], "host", hostname, 63 if not on("hostname-long-label") else 99)
        if not (on("nested-last-range") and place > 0):
            number(server["port"], "port", 1, 65535)


def clock_body(body):
    members(body, "", ("zone", "summertime", "nightly", "calibrated", "nextService"), ("drift",))
    one_of(body["zone"], "zone", "UTC", "Europe/Berlin", "Asia/Tokyo")
    boolean(body["summertime"], "summertime")
    text(body["nightly"], "nightly", clock)
    text(body["calibrated"], "calibrated", date)
    text(body["nextService"], "nextService", date_time)
    if "drift" in body:
        number(body["drift"], "drift", -9.75, 9.75, 0.25, False)


def profile(body):
    members(body, "", ("name", "codec", "width", "height", "fps"), ("label", "masks"))
    text(body["name"], "name", lambda t: re.fullmatch("[a-z][a-z0-9-]{0,15}", t))
    one_of(body["codec"], "codec", "h264", "h265", "mjpeg")
    for side in ("width", "height"):
        number(body[side], side, 64, 4096, 4 if on("multiple-of-8-by-4") else 8)
    number(body["fps"], "fps", 0, 60, None, False)
    need(body["fps"] > 0 or on("exclusive-number"), "fps: out of range")
    if "label" in body:
        text(body["label"], "label", None, 32)
    if "masks" in body:
        items(body["masks"], "masks", 0, 4)
        for mask in body["masks"]:
            members(mask, "masks", ("points",))
            items(mask["points"], "points", 2 if on("deep-count") else 3, 8)
            for point in mask["points"]:
                items(point, "point", 2, 3 if on("deep-pair") else 2)
                for value in point:
                    number(value, "point", 0, 4096 if on("deep-range") else 4095)


def user(body):
    members(body, "", ("login", "role"), ("id", "email", "site"))
    text(body["login"], "login", lambda t: re.fullmatch("[a-z]{3,12}", t))
    one_of(body["role"], "role", "viewer", "operator")
    if "id" in body:
        text(body["id"], "id", is_uuid)
    if "email" in body:
        text(body["email"], "email", email)
    if "site" in body:
        text(body["site"], "site", uri)


def once(pairs):
    need(len({name for name, _ in pairs}) == len(pairs), "a member twice")
    return dict(pairs)


def no_constant(name):
    raise Refused(400, f"{name} is no JSON")


def parsed(request):
    kind = request.headers.get("content-type", "").lower().split(";")[0].strip()
    taken = {"application/json"}
    if on("form-taken"):
        taken |= {"text/plain"}
    if on("form-type-taken"):
        taken |= {"application/x-www-form-urlencoded"}
    if "content-encoding" in request.headers:
        raise Refused(415, "codings are not taken")
    need(request.body, "no body")
    if kind not in taken:
        raise Refused(415, "the body has to be application/json")
    try:
        value = json.loads(request.body.decode("utf-8"), object_pairs_hook=once, parse_constant=no_constant)
        need("\\ud" not in request.body.decode("utf-8").lower() or json.dumps(value, ensure_ascii=False).encode("utf-8"), "")
        return value
    except (ValueError, RecursionError) as wrong:
        raise Refused(400, f"no JSON: {str(wrong)[:40]}") from None


# ---------------------------------------------------------------------------------------------- queries


def unescaped(raw, plus=False):
    if re.search("%(?![0-9A-Fa-f]{2})", raw):
        raise Refused(500 if on("query-500") and plus else 400, "broken percent-encoding")
    try:
        return urllib.parse.unquote(raw.replace("+", " ") if plus else raw, errors="strict")
    except UnicodeDecodeError:
        raise Refused(500 if on("query-utf8-500") and plus else 400, "no UTF-8") from None


def queried(request, **known):
    found = {}
    for pair in request.query.split("&") if request.query else []:
        if not pair:
            continue
        name, equals, value = pair.partition("=")
        name, value = unescaped(name, True), unescaped(value, True)
        if name not in known:
            need(on("query-unknown"), f"{name}: unknown parameter")
            continue
        need(name not in found or on("query-twice"), f"{name}: twice")
        found[name] = value
    return {name: known[name](found[name], name) if name in found else None for name in known}


def integer(least, most):
    def check(raw, name):
        if raw == "" and on("query-empty"):
            return least
        if on("query-blank"):
            raw = raw.strip()
        if on("query-trailing"):
            raw = re.match("[0-9]*", raw)[0] or raw
        if on("query-hex") and re.fullmatch("0x[0-9a-f]+", raw):
            raw = str(int(raw, 16))
        need(re.fullmatch("-?(0|[1-9][0-9]*)", raw, re.A), f"{name}: no integer")
        value = int(raw)
        if on("query-wraps"):
            value = value % 2**32
        if on("query-wraps-64"):
            value = value % 2**64
        low = least - 1 if (on("limit-0-taken") and name == "limit") or (on("page-0-taken") and name == "page") else least
        low = -9 if on("offset-negative") and name == "offset" else low
        need(low <= value <= (99 if on("limit-51-taken") and most == 50 else most), f"{name}: out of range")
        return value

    return check


def choice(*allowed):
    def check(raw, name):
        if on("filter-case"):
            raw = raw.lower()
        if on("filter-prefix"):
            raw = next((a for a in allowed if raw and a.startswith(raw)), raw)
        need(raw in allowed, f"{name}: none of {', '.join(allowed)}")
        return raw

    return check


def moment(raw, name):
    if not on("since-not-checked"):
        need(date_time(raw), f"{name}: no date-time")
        return datetime.datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", raw.replace(":60", ":59").replace("t", "T"))[:19]) if raw[:4] != "0000" else None
    return None


# ---------------------------------------------------------------------------------------------- the camera


class Camera:
    choose = {"expect": "417" if on("expect-417") else "100"}

    def __init__(self):
        self.turn = 0
        self.network = {
            "hostname": "camera-1", "dhcp": False, "address": "127.0.0.1", "address6": "2001:db8::10", "prefix": 24,
            "gateway": "192.0.2.1", "mtu": 1500, "dns": ["192.0.2.53", "192.0.2.54"],
            "ntp": {"interval": 64, "servers": [{"host": "time.example.com", "port": 123}]},
        }
        self.clock = {"zone": "UTC", "summertime": True, "nightly": "03:30:00Z", "calibrated": "2024-02-29",
                      "nextService": "2027-01-31T10:00:00Z", "drift": 0.25}
        self.profiles = {}
        for name, codec, width in (("main", "h264", 1920), ("side", "h265", 1280), ("snap", "mjpeg", 640)):
            self.profiles[name] = {"name": name, "codec": codec, "width": width, "height": 480, "fps": 25, "label": name.title(),
                                   "masks": [{"points": [[0, 0], [8, 0], [8, 8]]}]}
        self.users = {}
        for login, role in (("anna", "viewer"), ("bert", "operator")):
            self.new_user({"login": login, "role": role, "email": f"{login}@example.com"})
        self.events = [
            {"id": str(uuid.UUID(int=n + 1)), "at": f"2026-01-{28 - n:02}T12:00:00Z",
             "severity": ("info", "warning", "alarm")[n % 3], "text": f"event {n}"} for n in range(7)]

    def new_user(self, body):
        key = str(uuid.uuid5(uuid.NAMESPACE_DNS, body["login"]))
        self.users[key] = {**body, "id": key}
        return key

    def is_(self, *_):
        return False

    def octets(self, request, status, value, headers=()):
        headers = dict(headers)
        if status >= 400 and not isinstance(value, bytes):
            value = {"title": TEXTS.get(status, "Refused"), "status": 500 if on("problem-status") and status == 400 else status, **(value or {})}
            value.pop("error", None)
            headers.setdefault("Content-Type", "application/json" if on("problem-media") else "application/problem+json")
        self.turn += 1
        headers.setdefault("X-Request-Id", f"{self.turn:08x}")
        if headers["X-Request-Id"] is None:
            del headers["X-Request-Id"]
        body = b""
        if status not in (204, 304):
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            headers.setdefault("Content-Type", "application/json")
            headers["Content-Length"] = str(len(body))
        elif on("204-body") and status == 204:
            body = b"{}"
            headers["Content-Length"] = "2"
        if request is not None and request.wanted == "HEAD":
            if on("head-length-0"):
                headers["Content-Length"] = "0"
            if not on("head-body"):
                body = b""
        head = f"HTTP/1.1 {status} {TEXTS.get(status, 'Refused')}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        return head.encode("latin-1") + b"\r\n" + body

    def answer(self, request):
        try:
            return self.routed(request)
        except Refused as refused:
            headers = {}
            if refused.status == 401 and not on("401-no-challenge"):
                headers["WWW-Authenticate"] = 'Basic realm="camera", charset="UTF-8"'
            if refused.status == 405 and not on("405-no-allow"):
                headers["Allow"] = refused.detail
            if refused.status == 404 and on("problem-404-html"):
                return 404, b"<html>not here</html>", {"Content-Type": "text/html"}
            return refused.status, {"detail": refused.detail}, headers

    def admit(self, request):
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        try:
            name, colon, word = base64.b64decode(rest.strip(), validate=True).decode("utf-8").partition(":")
        except ValueError:
            raise Refused(500 if on("base64-500") else 401, "no Base64") from None
        right = word == "secret" or on("password-ignored")
        right |= on("password-prefix") and word != "" and "secret".startswith(word)
        right |= on("password-case") and word.lower() == "secret"
        right |= on("password-empty") and word == ""
        if scheme.lower() != "basic" or name != "admin" or not colon or not right:
            raise Refused(401, "no such user or password")

    def routed(self, request):
        if on("absolute-404") and getattr(request, "absolute", False):
            raise Refused(404, "no such path")
        self.admit(request)
        parts = [unescaped(p) for p in request.path.split("/")[1:]]
        if on("path-twice-decoded"):
            parts = [unescaped(p) for p in parts]
        if on("path-nul"):
            parts = [p.split("\0")[0] for p in parts]
        table = {
            ("network",): {"GET": self.get_network, "PUT": self.put_network},
            ("clock",): {"GET": self.get_clock, "PUT": self.put_clock},
            ("video", "profiles"): {"GET": self.list_profiles, "POST": self.create_profile},
            ("users",): {"GET": self.list_users, "POST": self.create_user},
            ("events",): {"GET": self.list_events},
        }
        methods = table.get(tuple(parts))
        if methods is None and len(parts) == 3 and parts[:2] == ["video", "profiles"]:
            methods = {"GET": self.get_profile, "PUT": self.put_profile, "DELETE": self.delete_profile}
        if methods is None and len(parts) == 2 and parts[0] == "users":
            methods = {"GET": self.get_user, "DELETE": self.delete_user}
        if methods is None:
            raise Refused(404, "no such path")
        method = "GET" if request.method == "HEAD" and not on("head-405") else request.method
        if method not in methods:
            raise Refused(405, ", ".join([*methods, "HEAD"]))
        if method not in ("GET",) or tuple(parts) not in (("video", "profiles"), ("events",)):
            queried(request)
        status, value, headers = methods[method](request, *parts[-1:])
        if on("head-no-etag") and request.method == "HEAD":
            headers.pop("ETag", None)
        return status, value, headers

    def tag(self, value):
        return '"1"' if on("etag-constant") else '"' + hashlib.sha1(json.dumps(value).encode()).hexdigest()[:12] + '"'

    def shown(self, request, value, headers=()):
        tag = self.tag(value)
        wanted = request.headers.get("if-none-match")
        if wanted is not None and (on("304-always") or wanted.strip() == "*" or tag in re.findall(r'"[^"]*"', wanted)):
            return 304, None, {"ETag": tag}
        return 200, value, {"ETag": tag, **dict(headers)}

    def guarded(self, request, value):
        wanted = request.headers.get("if-match")
        if wanted is not None and not on("if-match-ignored") and wanted.strip() != "*" and self.tag(value) not in re.findall(r'(?<!W/)"[^"]*"', wanted):
            raise Refused(412, "another state")

    def get_network(self, request, _):
        return self.shown(request, self.network)

    def put_network(self, request, _):
        body = parsed(request)
        network(body)
        self.guarded(request, self.network)
        if on("stored-nested-lost"):
            body["ntp"]["servers"] = body["ntp"]["servers"][:1]
        if on("stored-order"):
            body["dns"] = sorted(body["dns"])
        self.network = body
        return 204, None, {}

    def get_clock(self, request, _):
        headers = {"X-Request-Id": None} if on("header-missing") else {"X-Request-Id": "1"} if on("header-pattern") else {}
        return self.shown(request, self.clock, headers)

    def put_clock(self, request, _):
        body = parsed(request)
        clock_body(body)
        self.guarded(request, self.clock)
        self.clock = body
        return 204, None, {}

    def list_profiles(self, request, _):
        asked = queried(request, limit=integer(1, 50), offset=integer(0, 10**30), codec=choice("h264", "h265", "mjpeg"))
        found = [p for n, p in sorted(self.profiles.items()) if asked["codec"] in (None, p["codec"]) or on("filter-ignored")]
        limit, offset = asked["limit"] or 50, 0 if on("offset-ignored") else max(asked["offset"] or 0, 0)
        limit = 50 if on("limit-ignored") else limit + 1 if on("limit-one-more") and limit < 50 else limit
        page = found[offset : offset + limit]
        total = len(page) if on("total-of-page") else len(found)
        return 200, {"items": page, "total": total}, {"X-Total-Count": "many" if on("total-header") else str(total)}

    def create_profile(self, request, _):
        body = parsed(request)
        profile(body)
        if body["name"] in self.profiles and not on("duplicate-taken"):
            raise Refused(409, "that name is taken")
        self.profiles[body["name"]] = body
        headers = {"ETag": self.tag(body), "Location": f"/video/profiles/{'main' if on('location-wrong') else body['name']}"}
        if on("location-missing"):
            del headers["Location"]
        return 201, body, headers

    def named(self, name):
        if on("path-case"):
            name = name.lower()
        if on("path-prefix"):
            name = next((n for n in self.profiles if name.startswith(n)), name)
        need(re.fullmatch("[a-z][a-z0-9-]{0,15}", name), "name: not well-formed")
        if name not in self.profiles:
            raise Refused(404, "no such profile")
        return name

    def get_profile(self, request, name):
        return self.shown(request, self.profiles[self.named(name)])

    def put_profile(self, request, name):
        name, body = self.named(name), parsed(request)
        profile(body)
        self.guarded(request, self.profiles[name])
        if body["name"] != name:
            raise Refused(409, "the name cannot be changed")
        if on("stored-label-cut") and "label" in body:
            body["label"] = body["label"][:31]
        self.profiles[name] = body
        if on("put-writes-other"):
            names = sorted(self.profiles)
            other = names[(names.index(name) + 1) % len(names)]
            self.profiles[other] = {**self.profiles[other], "codec": body["codec"], "width": body["width"]}
        return 204, None, {}

    def delete_profile(self, request, name):
        name = self.named(name)
        if not on("delete-stays"):
            del self.profiles[name]
        return 204, None, {}

    def list_users(self, request, _):
        return 200, list(self.users.values()), {}

    def create_user(self, request, _):
        body = parsed(request)
        user(body)
        if any(u["login"] == body["login"] for u in self.users.values()):
            raise Refused(409, "that login is taken")
        key = self.new_user(body)
        return 201, self.users[key], {"Location": f"/users/{key}"}

    def identified(self, key):
        need(is_uuid(key), "id: not well-formed")
        if key.lower() not in self.users:
            raise Refused(404, "no such user")
        return key.lower()

    def get_user(self, request, key):
        return 200, self.users[self.identified(key)], {}

    def delete_user(self, request, key):
        del self.users[self.identified(key)]
        return 204, None, {}

    def list_events(self, request, _):
        asked = queried(request, limit=integer(1, 20), page=integer(1, 10**30), severity=choice("info", "warning", "alarm"), since=moment)
        since = asked["since"]
        found = [e for e in self.events if asked["severity"] in (None, e["severity"])]
        if since is not None:
            found = [e for e in found if datetime.datetime.fromisoformat(e["at"][:19]) >= since]
        limit, page = asked["limit"] or 20, asked["page"] or 1
        begin = (max(page, 1) - 1) * limit
        begin -= 1 if on("page-overlaps") and page > 1 else 0
        begin += 1 if on("page-skips") and page > 1 else 0
        return 200, found[begin : begin + limit], {}


def start(reader, request, plain=http11.start):
    seen = reader.peek(16) if hasattr(reader, "peek") else b""
    request.absolute = b" http://" in seen[:16]
    return plain(reader, request)


if __name__ == "__main__":
    if sys.argv[1:] == ["--faults"]:
        print("\n".join(f"{name:<24}{shown}" for name, shown in FAULTS.items()))
    elif FAULT and FAULT not in FAULTS:
        sys.exit(f"camera: no fault called {FAULT}; `camera.py --faults` lists them")
    else:
        http11.start = start
        http11.serve(Camera())
