"""One strict HTTP/1.1 server over sockets, for door.py: what RFC 9112 forbids is refused."""
import re
import socket
import threading
import time

TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
ONCE = ("content-length", "host", "authorization", "transfer-encoding", "content-type")
MOST = 1 << 20


class Bad(Exception):
    def __init__(self, status):
        self.status = status


class Request:
    method = wanted = path = query = ""
    body = b""
    close = False


def line_of(reader, most=8192):
    line = reader.readline(most + 1)
    if len(line) > most:
        raise Bad(431)
    return line


def start(reader, request):
    line = reader.readline(8193)
    if not line:
        return False
    if len(line) > 8192:
        raise Bad(414)
    parts = re.match(rb"([!-~]+) ([!-~]+) HTTP/(\d)\.(\d)\r\n\Z", line)
    if not parts or not TOKEN.match(parts[1]):
        raise Bad(400)
    if parts[3] != b"1":
        raise Bad(505)
    target = parts[2].decode()
    whole = re.match(r"http://[^/]*(/.*)?\Z", target)
    target = (whole[1] or "/") if whole else target
    if not target.startswith("/") or "#" in target:
        raise Bad(400)
    request.method = request.wanted = parts[1].decode()
    request.path, _, request.query = target.partition("?")
    request.close = parts[4] == b"0"
    return True


def fields(reader, request):
    request.headers, size = {}, 0
    while True:
        line = line_of(reader)
        size += len(line)
        if size > 32768:
            raise Bad(431)
        if line == b"\r\n":
            break
        if not line.endswith(b"\r\n"):
            raise Bad(400)
        name, colon, value = line[:-2].partition(b":")
        if not colon or not TOKEN.match(name) or re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value):
            raise Bad(400)
        name = name.decode().lower()
        if name in ONCE and name in request.headers:
            raise Bad(400)
        request.headers[name] = value.strip(b" \t").decode("latin-1")
    request.close |= "close" in request.headers.get("connection", "").lower()
    host = request.headers.get("host")
    if host is None or not re.fullmatch(r"[A-Za-z0-9.:\[\]_-]*", host):
        raise Bad(400)


def chunks(reader):
    body = b""
    while True:
        size = re.match(rb"([0-9A-Fa-f]{1,8})[ \t]*(;[\t -~]*)?\r\n\Z", line_of(reader, 1024))
        if not size:
            raise Bad(400)
        if int(size[1], 16) == 0:
            break
        body += reader.read(int(size[1], 16))
        if len(body) > MOST:
            raise Bad(413)
        if reader.read(2) != b"\r\n":
            raise Bad(400)
    while True:
        line = line_of(reader)
        if line == b"\r\n":
            return body
        if not line.endswith(b"\r\n"):
            raise Bad(400)


def read(reader, sock, expects):
    request = Request()
    if not start(reader, request):
        return None
    fields(reader, request)
    coding, length = request.headers.get("transfer-encoding"), request.headers.get("content-length")
    if coding is not None and length is not None or length is not None and not re.fullmatch("[0-9]{1,12}", length, re.A):
        raise Bad(400)
    if length is not None and int(length) > MOST:
        raise Bad(413)
    if "expect" in request.headers:
        if expects == "417" or request.headers["expect"].lower() != "100-continue":
            raise Bad(417)
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if coding is not None and coding.lower() != "chunked":
        raise Bad(501)
    if coding is not None:
        request.body = chunks(reader)
    elif length is not None:
        request.body = reader.read(int(length))
        if len(request.body) < int(length):
            return None
    return request


def connection(device, sock, lock):
    sock.settimeout(20)
    reader = sock.makefile("rb")
    try:
        while True:
            try:
                request = read(reader, sock, device.choose["expect"])
            except Bad as bad:
                sock.sendall(device.octets(None, bad.status, {"error": "bad request"}, {"Connection": "close"}))
                sock.shutdown(socket.SHUT_WR)
                sock.settimeout(0.3)
                while sock.recv(65536):
                    pass
                return
            if request is None:
                return
            with lock:
                status, value, headers = device.answer(request)
            close = request.close or device.is_("wire", "close")
            if device.is_("wire", "late"):
                time.sleep(0.01)
            if close:
                headers = {**headers, "Connection": "close"}
            sock.sendall(device.octets(request, status, value, headers))
            if close:
                return
    except OSError:
        pass
    finally:
        reader.close()
        sock.close()


def serve(device):
    server = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(server.getsockname()[1], flush=True)
    lock = threading.Lock()
    while True:
        sock, _ = server.accept()
        threading.Thread(target=connection, args=(device, sock, lock), daemon=True).start()
