//! Devices that answer what no device should: every row ends in time, with an exit code of the
//! table, without a panic, with bounded memory and a bounded page.

use crate::process::{self, probity};
use crate::small::Scene;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// What a device does to every connection once a request has come.
#[derive(Clone)]
enum Does {
    /// Sends this and closes.
    Sends(Vec<u8>),
    /// Sends this, then this again and again until the other side has had enough.
    Endless(Vec<u8>, Vec<u8>),
    /// Sends this octet by octet, slowly.
    Drips(Vec<u8>),
    /// Sends this and says nothing more.
    Holds(Vec<u8>),
}

fn bytes(text: impl AsRef<[u8]>) -> Vec<u8> {
    text.as_ref().to_vec()
}

/// A whole answer with a body.
fn whole(body: impl AsRef<[u8]>) -> Does {
    typed("application/json", body)
}

fn typed(kind: &str, body: impl AsRef<[u8]>) -> Does {
    let body = body.as_ref();
    let length = body.len();
    let mut all = bytes(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    ));
    all.extend_from_slice(body);
    Does::Sends(all)
}

fn head(fields: &str) -> Does {
    Does::Sends(bytes(format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n{{}}")))
}

fn status(line: &str) -> Does {
    Does::Sends(bytes(format!("{line}\r\nContent-Length: 2\r\n\r\n{{}}")))
}

fn chunked(body: &str) -> Does {
    head(&format!("Transfer-Encoding: chunked\r\n\r\n{body}"))
}

/// Answers that are no HTTP, or hardly.
fn framing() -> Vec<(&'static str, Does)> {
    vec![
        ("nothing", Does::Sends(Vec::new())),
        ("silence", Does::Holds(Vec::new())),
        ("line ends", Does::Sends(bytes("\r\n\r\n"))),
        ("zeros", Does::Sends(vec![0; 4096])),
        ("ones", Does::Sends(vec![0xff; 4096])),
        (
            "TLS alert",
            Does::Sends(bytes(b"\x15\x03\x03\x00\x02\x02\x28")),
        ),
        (
            "HTTP/2 preface",
            Does::Sends(bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
        ),
        ("HTTP/0.9", Does::Sends(bytes("<html>"))),
        ("SSH", Does::Sends(bytes("SSH-2.0-x\r\n"))),
        ("half a status line", Does::Holds(bytes("HTTP/1.1 2"))),
        ("status 0", status("HTTP/1.1 0 X")),
        ("status 99", status("HTTP/1.1 99 X")),
        ("status 1000", status("HTTP/1.1 1000 X")),
        (
            "status 99999999999999999999",
            status("HTTP/1.1 99999999999999999999 X"),
        ),
        ("status -200", status("HTTP/1.1 -200 X")),
        ("status 2e2", status("HTTP/1.1 2e2 X")),
        ("no reason", status("HTTP/1.1 200")),
        ("HTTP/9.9", status("HTTP/9.9 200 OK")),
        (
            "a reason of 1 MiB",
            status(&format!("HTTP/1.1 200 {}", "x".repeat(1 << 20))),
        ),
        (
            "status 100 for ever",
            Does::Endless(vec![], bytes("HTTP/1.1 100 Continue\r\n\r\n")),
        ),
        (
            "status 103 for ever",
            Does::Endless(vec![], bytes("HTTP/1.1 103 Hints\r\n\r\n")),
        ),
        (
            "status 101",
            head("Upgrade: websocket\r\nConnection: upgrade"),
        ),
        (
            "fields for ever",
            Does::Endless(bytes("HTTP/1.1 200 OK\r\n"), bytes("A: b\r\n")),
        ),
        (
            "a field for ever",
            Does::Endless(bytes("HTTP/1.1 200 OK\r\nA: "), vec![b'x'; 4096]),
        ),
        (
            "a status line for ever",
            Does::Endless(vec![], vec![b'H'; 4096]),
        ),
        (
            "a body for ever",
            Does::Endless(bytes("HTTP/1.1 200 OK\r\n\r\n"), vec![b'x'; 65_536]),
        ),
        (
            "trailers for ever",
            Does::Endless(
                bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"),
                bytes("A: b\r\n"),
            ),
        ),
        (
            "chunks for ever",
            Does::Endless(
                bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                bytes("1\r\nx\r\n"),
            ),
        ),
        (
            "chunk extensions for ever",
            Does::Endless(
                bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"),
                bytes("a=b;"),
            ),
        ),
        (
            "a drip",
            Does::Drips(bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")),
        ),
    ]
}

/// Fields that lie or are no fields.
fn fields() -> Vec<(&'static str, Does)> {
    vec![
        ("length 2^64", head("Content-Length: 18446744073709551616")),
        ("length 2^63", head("Content-Length: 9223372036854775808")),
        (
            "length 1e12",
            Does::Holds(bytes(
                "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n",
            )),
        ),
        ("length -1", head("Content-Length: -1")),
        ("length +2", head("Content-Length: +2")),
        ("length 0x2", head("Content-Length: 0x2")),
        (
            "two lengths",
            head("Content-Length: 2\r\nContent-Length: 3"),
        ),
        (
            "length and chunks",
            head("Content-Length: 2\r\nTransfer-Encoding: chunked"),
        ),
        ("chunk of 2^64", chunked("10000000000000000\r\nx")),
        ("chunk of 2^63", chunked("8000000000000000\r\nx")),
        ("chunk of -1", chunked("-1\r\nx")),
        ("chunk without a size", chunked("\r\nx")),
        ("chunk that does not end", chunked("2\r\n{}")),
        ("chunked twice", head("Transfer-Encoding: chunked, chunked")),
        ("unknown coding", head("Transfer-Encoding: brainfuck")),
        (
            "gzip that is none",
            head("Content-Encoding: gzip\r\nContent-Length: 2"),
        ),
        ("no colon", head("Content-Length 2")),
        ("blank in a name", head("Content Length: 2")),
        ("folded", head("A: b\r\n c\r\n\td")),
        ("NUL in a value", head("A: \0")),
        ("CR in a value", head("A: b\rc")),
        (
            "Latin-1 in a value",
            Does::Sends(bytes(b"HTTP/1.1 200 \xe9\r\nA: \xff\xfe\r\n\r\n{}")),
        ),
        (
            "10,000 cookies",
            head(&"Set-Cookie: a=b\r\n".repeat(10_000)),
        ),
        (
            "cookie for everybody",
            head("Set-Cookie: a=b; Domain=.com; Path=/; Max-Age=99999999999999999999"),
        ),
        ("redirect to a file", head("Location: file:///etc/passwd")),
        (
            "redirect to itself",
            Does::Sends(bytes(
                "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
            )),
        ),
        (
            "redirect elsewhere",
            Does::Sends(bytes(
                "HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
            )),
        ),
        (
            "retry after 1e9",
            Does::Sends(bytes(
                "HTTP/1.1 503 X\r\nRetry-After: 1000000000\r\nContent-Length: 0\r\n\r\n",
            )),
        ),
        (
            "retry at a day",
            Does::Sends(bytes(
                "HTTP/1.1 429 X\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n",
            )),
        ),
        (
            "challenge of 64 KiB",
            Does::Sends(bytes(format!(
                "HTTP/1.1 401 X\r\nWWW-Authenticate: Digest nonce=\"{}\"\r\nContent-Length: 0\r\n\r\n",
                "n".repeat(65_536)
            ))),
        ),
        (
            "challenge torn",
            Does::Sends(bytes(
                "HTTP/1.1 401 X\r\nWWW-Authenticate: Digest realm=\"\\\r\nContent-Length: 0\r\n\r\n",
            )),
        ),
    ]
}

/// Bodies.
fn bodies() -> Vec<(&'static str, Does)> {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(50_000), close.repeat(50_000));
    vec![
        ("arrays 50,000 deep", whole(deep("[", "]"))),
        ("objects 50,000 deep", whole(deep("{\"a\":", "}"))),
        ("deep and torn", whole("[".repeat(200_000))),
        ("a number of 100,000 digits", whole("9".repeat(100_000))),
        ("1e999999999", whole("{\"port\": 1e999999999}")),
        ("-0.0", whole("{\"port\": -0.0, \"name\": -0}")),
        (
            "lone surrogates",
            whole("{\"name\": \"\\ud800\", \"mode\": \"\\udfff\\ud800\"}"),
        ),
        ("no UTF-8", whole(b"{\"name\": \"\xff\xfe\xc0\xaf\"}")),
        ("a byte order mark", whole("\u{feff}{\"name\": \"x\"}")),
        ("UTF-16", whole(b"\xff\xfe{\0}\0")),
        (
            "one member 10,000 times",
            whole(format!(
                "{{{}\"name\": 1}}",
                "\"name\": \"x\",".repeat(10_000)
            )),
        ),
        (
            "100,000 members",
            whole(format!(
                "{{{}\"z\": 1}}",
                (0..100_000)
                    .map(|n| format!("\"k{n}\": {n},"))
                    .collect::<String>()
            )),
        ),
        (
            "a string of 4 MiB",
            whole(format!("{{\"name\": \"{}\"}}", "x".repeat(4 << 20))),
        ),
        ("NaN", whole("{\"port\": NaN}")),
        ("comments", whole("/* */ {\"port\": 1} // x")),
        (
            "__proto__",
            whole("{\"__proto__\": {\"port\": 1}, \"constructor\": null}"),
        ),
        ("null", whole("null")),
        ("blanks of 1 MiB", whole(" ".repeat(1 << 20))),
        (
            "billion laughs",
            typed(
                "application/xml",
                "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]><l>&b;</l>",
            ),
        ),
        (
            "a form",
            typed("application/x-www-form-urlencoded", "name=%zz&name=%&=&&"),
        ),
        ("a media type of 64 KiB", typed(&"x".repeat(65_536), "{}")),
        (
            "a media type that is torn",
            typed("application/json; charset=\"", "{}"),
        ),
    ]
}

/// `octets` zeros, coded by gzip `times` times.
fn gzipped(octets: usize, times: usize) -> Vec<u8> {
    let zeros = vec![0; octets];
    (0..times).fold(zeros, |plain, _| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&plain).expect("writes to memory");
        encoder.finish().expect("writes to memory")
    })
}

/// Bodies that are more than they seem.
fn codings() -> Vec<(&'static str, Does)> {
    let coded = |coding: &str, body: &[u8]| {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: {coding}\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        Does::Sends([head.as_bytes(), body].concat())
    };
    let bomb = gzipped(256 << 20, 1);
    vec![
        ("256 MiB of zeros, coded", coded("gzip", &bomb)),
        (
            "the same twice coded",
            coded("gzip, gzip", &gzipped(256 << 20, 2)),
        ),
        ("the same as x-gzip", coded("x-gzip", &bomb)),
        (
            "coded 40 times",
            coded(&["gzip"; 40].join(", "), &gzipped(9, 40)),
        ),
        (
            "coded, and said to be 4,000 times",
            coded(&["gzip"; 4_000].join(","), &bomb),
        ),
        ("a torn bomb", coded("gzip", &bomb[..bomb.len() / 2])),
        ("a bomb that says deflate", coded("deflate", &bomb)),
        ("unknown codings", coded("br, zstd, exi, x-evil", b"{}")),
    ]
}

/// Answers to something that was not asked.
fn asides() -> Vec<(&'static str, Does)> {
    let two = |second: &[u8]| {
        let first = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        Does::Sends([first.as_slice(), second].concat())
    };
    let field = |field: &str| head(&format!("{field}\r\nContent-Length: 2"));
    let many = |n: usize| (0..n).map(|n| format!("X-{n}: 1\r\n")).collect::<String>();
    vec![
        (
            "two answers",
            two(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
        ),
        (
            "an answer and a redirect",
            two(b"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:9/\r\n\r\n"),
        ),
        (
            "an answer and TLS",
            two(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        ),
        (
            "500 times 100",
            Does::Sends(bytes(format!(
                "{}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{{}}",
                "HTTP/1.1 100 C\r\nX: y\r\n\r\n".repeat(500)
            ))),
        ),
        (
            "103 with a link elsewhere",
            Does::Sends(bytes(
                "HTTP/1.1 103 X\r\nLink: <http://127.0.0.1:9/>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            )),
        ),
        (
            "204 with a body",
            Does::Sends(bytes("HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\nabcde")),
        ),
        (
            "304",
            Does::Sends(bytes("HTTP/1.1 304 X\r\nContent-Length: 100\r\n\r\n")),
        ),
        (
            "206 of more than there is",
            Does::Sends(bytes(
                "HTTP/1.1 206 X\r\nContent-Range: bytes 0-99999999999999999999/1\r\nContent-Length: 2\r\n\r\n{}",
            )),
        ),
        ("a link to itself", field("Link: </>; rel=\"next\"")),
        (
            "a link elsewhere",
            field("Link: <http://127.0.0.1:9/>; rel=\"next\""),
        ),
        (
            "a refresh elsewhere",
            field("Refresh: 0; url=http://127.0.0.1:9/"),
        ),
        (
            "a service elsewhere",
            field("Alt-Svc: h2=\"127.0.0.1:9\"; ma=9999999"),
        ),
        (
            "content that lies elsewhere",
            field("Content-Location: //127.0.0.1:9/x"),
        ),
        (
            "connection tokens",
            field(
                "Connection: close, keep-alive, upgrade\r\nKeep-Alive: timeout=99999999999999999999, max=-1",
            ),
        ),
        ("ages", field("Date: x\r\nAge: -1\r\nExpires: 0")),
        ("90 fields, others each time", head(&many(90))),
        ("5,000 fields", head(&many(5_000))),
        (
            "60,000 trailers",
            chunked(&format!("0\r\n{}\r\n", "A: b\r\n".repeat(60_000))),
        ),
        (
            "200,000 chunks",
            chunked(&format!("{}0\r\n\r\n", "1\r\nx\r\n".repeat(200_000))),
        ),
        (
            "UTF-7",
            typed("text/html; charset=utf-7", "+ADw-script+AD4-"),
        ),
        (
            "parts for ever",
            typed("multipart/mixed; boundary=x", "--x\r\n".repeat(50_000)),
        ),
        (
            "10,000 lines of JSON",
            whole("{\"name\": \"a\", \"port\": 1}\n".repeat(10_000)),
        ),
        (
            "settings with 60,000 members of a name",
            whole(format!(
                "{{\"name\": \"a\", \"port\": 1, \"x\": {{{}\"z\": 1}}}}",
                "\"k\": {},".repeat(60_000)
            )),
        ),
        (
            "a number of 1e400",
            whole("{\"name\": \"a\", \"port\": 1e400}"),
        ),
        (
            "a name with a line end",
            whole("{\"name\": \"a\\r\\nX: y\", \"port\": 1, \"x\\r\\ny\": 1}"),
        ),
    ]
}

fn serve(does: Does) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let does = Arc::new(does);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let does = Arc::clone(&does);
            std::thread::spawn(move || answer(stream, &does));
        }
    });
    url
}

fn answer(mut stream: TcpStream, does: &Does) {
    let mut request = [0; 65_536];
    if !matches!(stream.read(&mut request), Ok(n) if n > 0) {
        return;
    }
    let _ = match does {
        Does::Sends(all) => stream.write_all(all),
        Does::Endless(first, more) => {
            let mut sent = stream.write_all(first);
            while sent.is_ok() {
                sent = stream.write_all(more);
            }
            sent
        }
        Does::Drips(all) => all.iter().try_for_each(|byte| {
            std::thread::sleep(Duration::from_millis(100));
            stream.write_all(&[*byte])
        }),
        Does::Holds(first) => {
            let _ = stream.write_all(first);
            while matches!(stream.read(&mut request), Ok(n) if n > 0) {}
            Ok(())
        }
    };
}

/// Kilobytes that a process may take: the limit of the shell, so that more is an abort.
const MEMORY_KIB: usize = 3 << 20;
/// Most octets of a page.
const PAGE: usize = 1 << 20;

fn hold(command: &str, rows: &[(&'static str, Does)]) {
    let scene = Scene::new(&[]);
    process::all_hold(rows, |(name, does)| {
        let url = serve(does.clone());
        let line = format!(
            "ulimit -v {MEMORY_KIB}; exec {} {command} --contract small.yaml --profile device.toml \
             --target {url} --timeout 400ms",
            process::BINARY
        );
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &line]);
        process::settled(&mut shell, scene.folder.path());
        let ended = process::ended(&mut shell);
        // A check may find such an answer good enough to begin; a run never lets it pass.
        match ended.disorder() {
            Some(why) => Err(format!("{name}: {why}")),
            None if ended.code == Some(0) && command != "check" => Err(format!("{name}: passed")),
            None if ended.code == Some(2) => Err(format!("{name}: usage: {}", ended.text())),
            None if ended.text().len() > PAGE => Err(format!("{name}: a page without end")),
            None => Ok(()),
        }
    });
}

fn all() -> Vec<(&'static str, Does)> {
    [framing(), fields(), bodies(), codings(), asides()].concat()
}

#[test]
fn a_check_of_a_hostile_device_ends() {
    hold("check", &all());
}

#[test]
fn a_run_against_a_hostile_device_ends() {
    hold("run --only *.port.type --quiet --time-limit 8s", &all());
}

#[test]
fn a_device_that_keeps_its_promises_passes_the_same_way() {
    let scene = Scene::new(&[]);
    let mut command = probity(
        &format!(
            "run --only *.port.type --quiet --contract small.yaml --profile device.toml --target http://{}",
            scene.mock.addr()
        ),
        scene.folder.path(),
    );
    assert_eq!(process::ended(&mut command).code, Some(0));
}
