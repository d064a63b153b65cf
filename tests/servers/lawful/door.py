#!/usr/bin/env python3
"""A device that keeps door.yaml, whatever it chooses where the document and HTTP leave a choice.

    door.py [NAME=VALUE]…      prints its port, then serves on loopback until it is killed

Each choice is lawful: nothing that Probity reports about this device is true. CHOICES says what there
is to choose; the first value of each is the default. `GET /_state` without credentials shows all that it
keeps, for whoever compares before and after; no document names it.
"""
import gzip
import json
import re
import sys
import time
import urllib.parse

import http11

TOKEN = "tok-3f9a17c2e5d84b60"
CHOICES = {
    "create": ["201", "409", "403", "423", "404", "303", "429"],
    "write": ["200", "204", "202", "403", "423", "428", "409", "307", "405"],
    "delete": ["204", "403", "405", "409", "423"],
    "refusal": ["400", "422", "problem", "bare", "html"],
    "order": ["content", "place", "rights-last"],
    "stranger": ["401", "403", "404", "302"],
    "show": ["all", "sparse", "null", "extra"],
    "wire": ["plain", "chunked", "charset", "gzip", "close", "late"],
    "tags": ["none", "etag", "not-modified"],
    "throttle": ["no", "429", "503"],
    "head": ["200", "405", "404"],
    "options": ["405", "204", "200"],
    "methods": ["405", "404", "501"],
    "unknown": ["ignore", "refuse", "store"],
    "duplicates": ["last", "first", "refuse"],
    "bom": ["refuse", "accept"],
    "absent": ["drop", "keep", "default"],
    "own": ["ignore", "refuse"],
    "media": ["json", "any"],
    "names": ["free", "unique"],
    "limit": ["65536", "2000"],
    "slash": ["404", "308", "same"],
    "expect": ["100", "417"],
    "ids": ["404", "400"],
    "whole": ["refuse", "accept"],
}


class Refused(Exception):
    def __init__(self, status, text="no", headers=()):
        self.status, self.text, self.headers = status, text, dict(headers)


def strict_json(raw, choose):
    def pairs(found):
        names = [name for name, _ in found]
        if len(set(names)) < len(names) and choose["duplicates"] == "refuse":
            raise ValueError("a name occurs twice")
        return dict(found if choose["duplicates"] == "last" else reversed(found))

    def no(word):
        raise ValueError(word)

    try:
        text = raw.decode("utf-8")
        if choose["bom"] == "accept":
            text = text.removeprefix("\ufeff")
        return json.loads(text, object_pairs_hook=pairs, parse_constant=no)
    except (ValueError, RecursionError) as wrong:
        raise Refused(400, f"not JSON: {type(wrong).__name__}")


def is_whole(value, choose):
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or choose["whole"] == "accept" and isinstance(value, float) and value.is_integer()


def check(rules, value, choose, at="body"):
    """The first rule that a value breaks, by the same rules as door.yaml."""
    kinds = {"string": str, "boolean": bool, "object": dict}
    kind = rules["type"]
    if value is None and rules.get("nullable"):
        return None
    if kind == "integer" and not is_whole(value, choose) or kind in kinds and not isinstance(value, kinds[kind]):
        return f"{at} is no {kind}"
    if "enum" in rules and value not in rules["enum"]:
        return f"{at} is none of {rules['enum']}"
    if kind == "string":
        low, high = rules.get("length", (0, 4000))
        if not low <= len(value) <= high:
            return f"{at} is of another length"
        if "pattern" in rules and not re.search(rules["pattern"], value, re.A):
            return f"{at} is not of its pattern"
        if any(0xD800 <= ord(c) <= 0xDFFF for c in value):
            return f"{at} is no text"
    if kind == "integer" and not rules["range"][0] <= value <= rules["range"][1]:
        return f"{at} is out of range"
    if kind == "object":
        members = rules["members"]
        for name in rules.get("required", []):
            if name not in value:
                return f"{at}.{name} is missing"
        for name, member in value.items():
            if name in members:
                wrong = check(members[name], member, choose, f"{at}.{name}")
                if wrong:
                    return wrong
            elif name in rules.get("own", []):
                if choose["own"] == "refuse":
                    return f"{at}.{name} is read-only"
            elif choose["unknown"] == "refuse":
                return f"{at}.{name} is unknown"
    return None


def text(low, high, **more):
    return {"type": "string", "length": (low, high), **more}


ITEM = {
    "type": "object",
    "required": ["name", "size"],
    "own": ["id", "created"],
    "members": {
        "name": {"type": "string", "pattern": r"^[a-z][a-z0-9-]{0,19}\Z"},
        "size": {"type": "integer", "range": (1, 100)},
        "color": {"type": "string", "enum": ["red", "green", "blue"]},
        "note": text(0, 40, nullable=True),
    },
}
SETTINGS = {
    "type": "object",
    "required": ["host", "port"],
    "members": {
        "host": text(1, 60),
        "port": {"type": "integer", "range": (1, 65535)},
        "enabled": {"type": "boolean"},
        "mode": {"type": "string", "enum": ["auto", "manual"]},
        "ntp": {
            "type": "object",
            "required": ["server"],
            "members": {"server": text(0, 40), "interval": {"type": "integer", "range": (16, 86400)}},
        },
        "password": text(0, 30),
    },
}
PATCH = {"type": "object", "members": {name: SETTINGS["members"][name] for name in ("host", "port", "enabled")}}
SEARCH = {
    "type": "object",
    "required": ["q"],
    "members": {"q": text(1, 30), "limit": {"type": "integer", "range": (1, 9)}},
}


class Door:
    def __init__(self, choose):
        self.choose = choose
        self.started = time.time()
        self.count = self.last_id = 0
        self.items = {}
        self.settings = {"host": "ntp.example", "port": 123, "enabled": True, "mode": "auto", "password": "s3cret-word"}
        self.soon = []
        for name, size in (("lamp", 3), ("bell", 7)):
            self.add({"name": name, "size": size, "color": "red", "note": "first"})

    def add(self, item):
        self.last_id += 1
        self.items[self.last_id] = {**item, "id": self.last_id, "created": "2026-01-01T00:00:00Z"}
        return self.items[self.last_id]

    def is_(self, name, value):
        return self.choose[name] == value

    # What it shows.
    def shown(self, thing, optional):
        thing = {name: value for name, value in thing.items() if name != "password"}
        if self.is_("show", "sparse") and "created" in thing:
            del thing["created"]
        if self.is_("show", "null") and "note" in optional:
            thing.setdefault("note", None)
        if self.is_("show", "extra"):
            thing["_links"] = {"self": "/"}
            thing["vendor"] = [1, None, {"x": 1.5}]
        return thing

    # Who may, and what stands.
    def rights(self, request):
        if request.headers.get("authorization") == f"Bearer {TOKEN}":
            return
        status = int(self.choose["stranger"])
        more = {401: {"WWW-Authenticate": "Bearer"}, 302: {"Location": "/login"}}
        raise Refused(status, "who are you?", more.get(status, {}))

    def may_write(self, choice, request):
        status = self.choose[choice]
        if status == "428":
            if "if-match" not in request.headers:
                raise Refused(428, "If-Match is missing")
            if request.headers["if-match"] not in ("*", self.tag()):
                raise Refused(412, "another state")
            return
        if status == "307":
            raise Refused(307, "elsewhere", {"Location": "https://127.0.0.1:9/settings"})
        if status == "303":
            raise Refused(303, "see there", {"Location": "/items/1"})
        if status == "429":
            raise Refused(429, "enough for today", {"Retry-After": "86400"})
        if status in ("403", "404", "405", "409", "423"):
            raise Refused(int(status), "not now", {"Allow": "GET"} if status == "405" else {})

    def tag(self):
        return '"%x"' % (hash(json.dumps(self.settings, sort_keys=True)) & 0xFFFFFFFF)

    # Bodies.
    def json(self, request, rules, media):
        given = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if given not in media and (given or self.is_("media", "json")) and not self.is_("media", "any"):
            raise Refused(415, "another media type")
        if not request.body:
            raise Refused(400, "no body")
        value = strict_json(request.body, self.choose)
        wrong = check(rules, value, self.choose)
        if wrong:
            raise Refused(400, wrong)
        return self.kept(rules, value)

    def kept(self, rules, value):
        out = {}
        for name, member in value.items():
            inner = rules["members"].get(name)
            if inner is None:
                if self.is_("unknown", "store") and name not in rules.get("own", []):
                    out[name] = member
                continue
            if inner["type"] == "integer":
                member = int(member)
            out[name] = self.kept(inner, member) if inner["type"] == "object" else member
        return out

    def form(self, request):
        if "x-www-form-urlencoded" not in request.headers.get("content-type", ""):
            raise Refused(415, "another media type")
        try:
            fields = dict(urllib.parse.parse_qsl(request.body.decode(), keep_blank_values=True))
        except (UnicodeDecodeError, ValueError):
            raise Refused(400, "no form")
        if "limit" in fields and re.fullmatch(r"-?[0-9]{1,9}", fields["limit"], re.A):
            fields["limit"] = int(fields["limit"])
        wrong = check(SEARCH, fields, self.choose)
        if wrong:
            raise Refused(400, wrong)
        return fields

    # Operations.
    def list_items(self, request):
        query = dict(urllib.parse.parse_qsl(request.query, keep_blank_values=True))
        limit = query.get("limit", "50")
        if not re.fullmatch(r"[0-9]{1,3}", limit, re.A) or not 1 <= int(limit) <= 50:
            raise Refused(400, "limit")
        if query.get("color", "red") not in ("red", "green", "blue"):
            raise Refused(400, "color")
        items = [i for i in self.items.values() if "color" not in query or i.get("color") == query["color"]]
        return 200, [self.shown(i, ["note"]) for i in items[: int(limit)]]

    def create(self, request):
        if not self.is_("order", "content"):
            self.may_write("create", request)
        item = self.json(request, ITEM, ["application/json"])
        self.may_write("create", request)
        if self.is_("names", "unique") and any(i["name"] == item["name"] for i in self.items.values()):
            raise Refused(409, "the name is taken")
        if len(self.items) > 400:
            raise Refused(409, "full")
        item = self.add(item)
        return 201, self.shown(item, ["note"]), {"Location": f"/items/{item['id']}"}

    def id_of(self, request):
        given = request.path.rsplit("/", 1)[1]
        if not re.fullmatch(r"[1-9][0-9]{0,8}", given, re.A):
            raise Refused(int(self.choose["ids"]), "no id")
        return int(given)

    def item(self, request):
        key = self.id_of(request)
        there = key in self.items
        if request.method != "PUT" or not self.is_("order", "content"):
            if not there:
                raise Refused(404, "no such item")
        if request.method == "GET":
            return 200, self.shown(self.items[key], ["note"])
        if request.method == "DELETE":
            self.may_write("delete", request)
            del self.items[key]
            return 204, None
        item = self.json(request, ITEM, ["application/json"])
        if not there:
            raise Refused(404, "no such item")
        if self.is_("names", "unique") and any(i["name"] == item["name"] and k != key for k, i in self.items.items()):
            raise Refused(409, "the name is taken")
        old = self.items[key]
        own = {"id": key, "created": old["created"]}
        self.items[key] = {**(old if self.is_("absent", "keep") else {}), **item, **own}
        return 200, self.shown(self.items[key], ["note"])

    def get_settings(self, request):
        if self.is_("tags", "not-modified") and request.headers.get("if-none-match") == self.tag():
            return 304, None, {"ETag": self.tag()}
        tags = {} if self.is_("tags", "none") and not self.is_("write", "428") else {"ETag": self.tag()}
        return 200, self.shown(self.settings, []), tags

    def put_settings(self, request):
        patch = request.method == "PATCH"
        if not self.is_("order", "content"):
            self.may_write("write", request)
        media = ["application/merge-patch+json", "application/json"] if patch else ["application/json"]
        new = self.json(request, PATCH if patch else SETTINGS, media)
        self.may_write("write", request)
        if patch or self.is_("absent", "keep"):
            new = {**self.settings, **new}
        if patch:
            # RFC 7396 §1: null removes.
            new = {name: value for name, value in new.items() if value is not None}
        elif self.is_("absent", "default"):
            new.setdefault("mode", "auto")
        if "password" not in new:
            new["password"] = self.settings["password"]
        if self.is_("write", "202") and not patch:
            self.soon.append((time.time() + 0.3, new))
            return 202, None
        self.settings = new
        return (204 if self.is_("write", "204") else 200), None

    def routes(self, path):
        if path == "/items":
            return {"GET": self.list_items, "POST": self.create}
        if re.fullmatch(r"/items/[^/]+", path):
            return {"GET": self.item, "PUT": self.item, "DELETE": self.item}
        if path == "/settings":
            return {"GET": self.get_settings, "PUT": self.put_settings, "PATCH": self.put_settings}
        if path == "/status":
            name = {"name": None} if self.is_("show", "null") else {}
            status = lambda _: (200, {"uptime": time.time() - self.started, "requests": self.count, **name})
            return {"GET": status}
        if path == "/search":
            return {"POST": lambda request: (200, [self.form(request)["q"]])}
        if path == "/actions/blink":
            return {"POST": lambda _: (204, None)}
        return None

    def route(self, request):
        self.count += 1
        if not self.is_("throttle", "no") and self.count % 9 == 0:
            raise Refused(int(self.choose["throttle"]), "busy", {"Retry-After": "0"})
        path = request.path
        if path != "/" and path.endswith("/") and self.routes(path.rstrip("/")):
            if self.is_("slash", "308"):
                raise Refused(308, "there", {"Location": path.rstrip("/")})
            if self.is_("slash", "same"):
                path = request.path = path.rstrip("/")
        ways = self.routes(path)
        if ways is None:
            raise Refused(404, "nothing here")
        method = request.method
        if method == "HEAD" and "GET" in ways and self.is_("head", "200"):
            method = request.method = "GET"
        if method == "OPTIONS" and not self.is_("options", "405"):
            return int(self.choose["options"]), None, {"Allow": ", ".join(ways)}
        if method not in ways:
            status = self.choose["head"] if method == "HEAD" and not self.is_("head", "200") else self.choose["methods"]
            raise Refused(int(status), "not that way", {"Allow": ", ".join(ways)} if status == "405" else {})
        if path == "/status":
            return ways[method](request)
        if not self.is_("order", "rights-last"):
            self.rights(request)
            return ways[method](request)
        # Everything else may be looked at first, as long as nothing is done.
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            if method in ("POST", "PUT", "PATCH") and path in ("/items", "/settings"):
                rules = {"/items": ITEM, "/settings": PATCH if method == "PATCH" else SETTINGS}[path]
                self.json(request, rules, ["application/json", "application/merge-patch+json"])
            if path.startswith("/items/") and self.id_of(request) not in self.items:
                raise Refused(404, "no such item")
        self.rights(request)
        return ways[method](request)

    def answer(self, request):
        now = time.time()
        for when, new in [s for s in self.soon if s[0] <= now]:
            self.settings = new
        self.soon = [s for s in self.soon if s[0] > now]
        if request.path == "/_state":
            return 200, {"items": self.items, "settings": self.settings}, {}
        if len(request.body) > int(self.choose["limit"]):
            return self.refusal(Refused(413, "too much"))
        try:
            status, value, *headers = self.route(request)
        except Refused as refused:
            return self.refusal(refused)
        return status, value, headers[0] if headers else {}

    def refusal(self, refused):
        status, value = refused.status, {"error": refused.text}
        headers = dict(refused.headers)
        if status == 400 and self.is_("refusal", "422"):
            status = 422
        if self.is_("refusal", "problem"):
            headers["Content-Type"] = "application/problem+json"
            value = {"type": "about:blank", "title": refused.text, "status": status}
            if status == 400:
                value["error"] = refused.text
        # What is documented for 400 stays as it is.
        if status != 400 and self.is_("refusal", "bare"):
            value = None
        if status != 400 and self.is_("refusal", "html"):
            headers["Content-Type"] = "text/html"
            value = f"<html><h1>{status}</h1></html>".encode()
        return status, value, headers

    # Octets.
    def octets(self, request, status, value, headers):
        body = b"" if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
        head = {} if value is None else {"Content-Type": "application/json"}
        if self.is_("wire", "charset") and head:
            head["Content-Type"] = 'application/json;charset="UTF-8"'
        if self.is_("wire", "gzip") and body and isinstance(value, (dict, list)) and status == 200:
            body, head["Content-Encoding"] = gzip.compress(body), "gzip"
        head.update(headers)
        if self.is_("wire", "chunked") and body:
            head["Transfer-Encoding"] = "chunked"
            sent = b"".join(b"%x;x=1\r\n%s\r\n" % (len(p), p) for p in (body[:3], body[3:]) if p) + b"0\r\n\r\n"
        else:
            sent = body
            if status not in (204, 304):
                head["Content-Length"] = str(len(body))
        lines = [f"HTTP/1.1 {status} Of its own"] + [f"{name}: {v}" for name, v in head.items()]
        bare = request is not None and request.wanted == "HEAD" or status in (204, 304)
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if bare else sent)


def main():
    choose = {name: values[0] for name, values in CHOICES.items()}
    for word in sys.argv[1:]:
        name, _, value = word.partition("=")
        if value not in CHOICES.get(name, []):
            sys.exit(f"door.py: no choice {word}")
        choose[name] = value
    http11.serve(Door(choose))


if __name__ == "__main__":
    main()
