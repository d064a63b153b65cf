//! Reproducers are run by the real bash, curl and perl of the machine against a server that
//! remembers what it was sent, and compared with what the device layer sends for the same request.
#![allow(missing_docs)]

use probity::device::{Credentials, Device, Options as DeviceOptions};
use probity::exchange::{
    Alteration, HttpRequest, Original, RawRequest, Request, Secret, Segment, Template,
};
use probity::profile::Profile;
use probity::reproduce::{Curl, Options, basic_lines, login_lines};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

const TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";
const USERNAME: &str = "ad min&=é\"'%$";
const PASSWORD: &str = "p+ss w\\rd\"";

/// What one connection brought: the reads, each with the time since the first.
struct Visit {
    reads: Vec<(Duration, Vec<u8>)>,
    /// Whether the client ended its sending.
    ended: bool,
}

impl Visit {
    fn bytes(&self) -> Vec<u8> {
        self.reads
            .iter()
            .flat_map(|(_, bytes)| bytes.clone())
            .collect()
    }
}

struct Server {
    addr: SocketAddr,
    visits: Receiver<Visit>,
}

impl Server {
    /// Answers `body` to every connection once nothing has come for a while.
    fn start(body: &'static str) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (sender, visits) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serve(stream, body, &sender).is_err() {
                    return;
                }
            }
        });
        Server { addr, visits }
    }

    fn base(&self) -> String {
        format!("http://{}", self.addr)
    }

    fn visit(&self) -> Visit {
        self.visits
            .recv_timeout(Duration::from_secs(10))
            .expect("a connection")
    }

    /// What the device layer sends.
    fn by_device(&self, request: &Request) -> Vec<u8> {
        let options = DeviceOptions {
            base_url: self.base(),
            credentials: Credentials {
                username: Some(USERNAME.to_owned()),
                password: Some(PASSWORD.into()),
                token: Some(TOKEN.into()),
                ..Credentials::default()
            },
            ..DeviceOptions::default()
        };
        let device = Device::new(options, Arc::new(Profile::default())).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let exchange = runtime.block_on(device.send(request, true));
        assert_eq!(exchange.status(), Some(200), "{exchange:?}");
        self.visit().bytes()
    }
}

fn serve(mut stream: TcpStream, body: &str, sender: &Sender<Visit>) -> Result<(), ()> {
    stream
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let mut visit = Visit {
        reads: Vec::new(),
        ended: false,
    };
    let mut first = None;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => {
                visit.ended = true;
                break;
            }
            Ok(n) => {
                let start = *first.get_or_insert_with(Instant::now);
                visit.reads.push((start.elapsed(), buffer[..n].to_vec()));
                // A complete ordinary request needs no waiting.
                let so_far = visit.bytes();
                if complete(&so_far) {
                    break;
                }
            }
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
            Err(_) => break,
        }
    }
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.shutdown(Shutdown::Write);
    sender.send(visit).map_err(|_| ())
}

/// Whether head and a body of its length are there. Raw requests of these tests have no length.
fn complete(bytes: &[u8]) -> bool {
    let Some(head) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else {
        return false;
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    if text.contains("x-raw") {
        return false;
    }
    let length = text
        .lines()
        .find_map(|l| l.strip_prefix("content-length:"))
        .and_then(|v| v.trim().parse::<usize>().ok())
        .unwrap_or(0);
    bytes.len() >= head + 4 + length
}

/// Runs shell lines the way a person does who has set user name, password and token.
fn shell(lines: &str, folder: &Path) -> String {
    let output = Command::new("bash")
        .args(["-c", lines])
        .current_dir(folder)
        .env("PROBITY_TOKEN", TOKEN)
        .env("PROBITY_USERNAME", USERNAME)
        .env("PROBITY_PASSWORD", PASSWORD)
        // A proxy that is not there must not be asked.
        .env("http_proxy", "http://127.0.0.1:9")
        .output()
        .expect("bash");
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Runs a reproducer in a folder of its own, with its file in place.
fn replay(curl: &Curl) -> String {
    let folder = tempfile::tempdir().unwrap();
    if let Some((name, bytes)) = &curl.file {
        std::fs::create_dir_all(folder.path().join("odd dir's")).unwrap();
        std::fs::write(folder.path().join("odd dir's").join(name), bytes).unwrap();
    }
    assert!(!curl.line.contains('\n'), "one line: {}", curl.line);
    shell(&curl.line, folder.path())
}

/// Request line, header fields in any order (names without case, as RFC 9110 has them), body.
fn parts(bytes: &[u8]) -> (String, Vec<String>, Vec<u8>) {
    let end = bytes
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .expect("a head");
    let head: String = bytes[..end].iter().map(|b| char::from(*b)).collect();
    let mut lines = head.split("\r\n").map(str::to_owned);
    let first = lines.next().unwrap();
    let mut fields: Vec<String> = lines
        .map(|l| {
            let (name, value) = l.split_once(':').expect("a field");
            format!("{}: {}", name, value.trim())
        })
        .collect();
    fields.sort();
    (first, fields, bytes[end + 4..].to_vec())
}

fn http(method: &str, target: impl Into<Template>) -> HttpRequest {
    HttpRequest {
        method: method.to_owned(),
        target: target.into(),
        ..HttpRequest::default()
    }
}

fn with_body(body: &[u8]) -> HttpRequest {
    HttpRequest {
        headers: vec![
            ("Content-Type".to_owned(), "application/json".into()),
            (
                "Authorization".to_owned(),
                Template::from("Bearer ").secret(Secret::Token),
            ),
        ],
        body: Some(body.to_vec()),
        ..http("POST", "/api/v1/settings")
    }
}

fn header(name: &str, value: &str) -> HttpRequest {
    HttpRequest {
        headers: vec![(name.to_owned(), value.into())],
        ..http("GET", "/x")
    }
}

const ALTERATIONS: [Alteration; 7] = [
    Alteration::Shortened,
    Alteration::Beheaded,
    Alteration::Halved,
    Alteration::FirstOnly,
    Alteration::TailChanged,
    Alteration::MiddleChanged,
    Alteration::Capitals,
];

#[test]
fn ordinary_requests_are_what_the_device_layer_sends() {
    let every_byte: Vec<u8> = (0..=255).collect();
    let every_byte_but_nul: Vec<u8> = (1..=255).collect();
    let username = || Template::from("/login?x=1%202&username=").secret(Secret::Username);
    let requests: Vec<(&str, HttpRequest)> = vec![
        ("plain", http("GET", "/a/b?c=d")),
        ("body", with_body(br#"{"a": "it's $HOME `x` \"!\" \\"}"#)),
        (
            "no body",
            HttpRequest {
                body: None,
                ..with_body(b"")
            },
        ),
        ("empty body", with_body(b"")),
        ("body from @", with_body(b"@/etc/passwd")),
        ("line ends", with_body(b"\r\n{\n\t\"a\":\r1}\n\n")),
        ("every byte", with_body(&every_byte)),
        ("every byte but NUL", with_body(&every_byte_but_nul)),
        ("not UTF-8", with_body(b"\xff\xfe{\x00}")),
        (
            "unicode",
            with_body("{\"é\": \"\u{202e}漢\u{feff}\"}".as_bytes()),
        ),
        ("middling body", with_body("x".repeat(1_500).as_bytes())),
        ("large body", with_body("y".repeat(300_000).as_bytes())),
        (
            "body without media type",
            HttpRequest {
                headers: vec![],
                ..with_body(b"{}")
            },
        ),
        (
            "other media type",
            HttpRequest {
                body: Some(b"<a/>".to_vec()),
                method: "POST".into(),
                ..header("Content-Type", "text/xml; charset=\"x\"")
            },
        ),
        (
            "two media types",
            HttpRequest {
                headers: vec![
                    ("Content-Type".to_owned(), "application/json".into()),
                    ("content-type".to_owned(), "text/plain".into()),
                ],
                ..with_body(b"{}")
            },
        ),
        (
            "GET with body",
            HttpRequest {
                method: "GET".into(),
                ..with_body(b"{}")
            },
        ),
        ("DELETE", http("DELETE", "/x")),
        ("odd method", http("pO!$ST", "/x")),
        ("HEAD", http("HEAD", "/x")),
        ("OPTIONS *", http("OPTIONS", "*")),
        ("absolute form", http("GET", "http://other.example/x")),
        ("dots", http("GET", "/a/../b/./c//d")),
        ("globs", http("GET", "/a[1-3]{x,y}?q=[]")),
        ("fragment", http("GET", "/a#b")),
        ("odd characters", http("GET", "/a\"<>\\^`{|}é?'$!")),
        ("percent", http("GET", "/%2e%2E/%00%ff?a=%20+")),
        ("own agent", header("User-Agent", "x/1")),
        ("own accept", header("Accept", "text/html")),
        ("own host", header("Host", "other.example")),
        ("empty field", header("X-Empty", "")),
        ("blank field", header("X-Blank", "  ")),
        ("quotes in a field", header("X-Q", "a'b\"c\\d $e `f` !g;")),
        ("name in lower case", header("x-lower", "1")),
        ("long field", header("X-Long", &"a".repeat(9_000))),
        ("connection", header("Connection", "close")),
        (
            "token in query",
            http(
                "GET",
                Template::from("/x?a=1&t=").secret(Secret::Token).text("&b"),
            ),
        ),
        (
            "MD5 in path",
            http(
                "GET",
                Template::from("/").secret(Secret::PasswordMd5).text("/y"),
            ),
        ),
        ("user in query", http("GET", username())),
        (
            "user and more",
            http(
                "GET",
                username()
                    .text("z%26&password=")
                    .secret(Secret::PasswordMd5)
                    .text("&c=%3d&@d"),
            ),
        ),
        (
            "user in path",
            http("GET", Template::from("/u/").secret(Secret::Username)),
        ),
        (
            "user in query of a POST",
            HttpRequest {
                target: username(),
                ..with_body(b"{}")
            },
        ),
        (
            "basic",
            HttpRequest {
                headers: vec![(
                    "Authorization".to_owned(),
                    Template::from("Basic ").secret(Secret::Basic),
                )],
                ..http("GET", "/x")
            },
        ),
        (
            "two tokens",
            HttpRequest {
                headers: vec![(
                    "Authorization".to_owned(),
                    Template::from("Bearer ")
                        .secret(Secret::Token)
                        .text("x")
                        .secret(Secret::Token),
                )],
                ..http("GET", "/x")
            },
        ),
    ];
    let mut requests = requests;
    for original in [Original::Token, Original::PasswordMd5, Original::Password] {
        for how in ALTERATIONS {
            let altered = Secret::Altered(original, how);
            requests.push((
                "altered",
                HttpRequest {
                    headers: vec![(
                        "Authorization".to_owned(),
                        Template::from("Bearer ").secret(altered).text("x"),
                    )],
                    ..http("GET", Template::from("/x?t=").secret(altered))
                },
            ));
        }
    }
    let server = Server::start("ok");
    // The secrets that are derived from the password, as the lines for the login set them.
    let profile = Profile::from_toml(
        "[login]\npath = \"/l\"\ntoken = \"/token\"\n[login.query]\np = \"{password-md5}\"\n",
    )
    .unwrap();
    let derived = login_lines(&profile, "http://127.0.0.1:1").unwrap();
    let md5 = derived.lines().next().unwrap();
    for (name, request) in requests {
        let request = Request::Http(request);
        let want = parts(&server.by_device(&request));
        let curl = Curl::new(&request, &server.base(), "odd dir's", "it");
        let prepared = Curl {
            line: format!("{md5}; {}; {}", basic_lines(), curl.line),
            ..curl
        };
        let shown = replay(&prepared);
        let got = parts(&server.visit().bytes());
        // The library path spells field names its own way; the rest is to the byte.
        assert_eq!(got.0, want.0, "{name}: {}", prepared.line);
        assert_eq!(got.1, want.1, "{name}: {}", prepared.line);
        assert!(got.2 == want.2, "{name}: bodies differ: {}", prepared.line);
        assert!(
            shown.contains("200 OK"),
            "{name}: {}\n{shown}",
            prepared.line
        );
    }
}

#[test]
fn raw_requests_are_the_same_bytes() {
    let every_byte: Vec<u8> = (0..=255).collect();
    let raws: Vec<(&str, Vec<Segment>)> = vec![
        (
            "plain",
            vec![Segment::Bytes(
                b"GET / HTTP/1.1\r\nX-Raw: 1\r\n\r\n".to_vec(),
            )],
        ),
        ("every byte", vec![Segment::Bytes(every_byte.clone())]),
        (
            "perl's own",
            vec![Segment::Bytes(b"$s @ARGV \\n \" ' ${x} %s q{}\n".to_vec())],
        ),
        (
            "inserts",
            vec![
                Segment::Bytes(b"GET / HTTP/1.1\r\nX-Raw: 1\r\nHost: ".to_vec()),
                Segment::Host,
                Segment::Bytes(b"\r\nAuthorization: Bearer ".to_vec()),
                Segment::Secret(Secret::Token),
                Segment::Bytes(b"[0]{x}->y\r\n\r\n".to_vec()),
            ],
        ),
        (
            "long run",
            vec![Segment::Bytes(
                [b"X-Raw: ".to_vec(), vec![b'A'; 70_000], b"\r\n'".to_vec()].concat(),
            )],
        ),
        (
            "file",
            vec![
                Segment::Bytes(every_byte.repeat(40)),
                Segment::Secret(Secret::Token),
                Segment::Bytes(every_byte.repeat(10)),
            ],
        ),
        ("nothing", vec![]),
        (
            "altered",
            ALTERATIONS
                .into_iter()
                .flat_map(|how| {
                    let altered = Segment::Secret(Secret::Altered(Original::Token, how));
                    [Segment::Bytes(b"X-Raw ".to_vec()), altered]
                })
                .collect(),
        ),
    ];
    let server = Server::start("ok");
    for (name, segments) in raws {
        let request = Request::Raw(RawRequest {
            segments,
            answers: 1,
            head: false,
        });
        let want = server.by_device(&request);
        let curl = Curl::new(&request, &server.base(), "odd dir's", "it");
        let shown = replay(&curl);
        assert!(
            server.visit().bytes() == want,
            "{name}: {}\n{shown}",
            curl.line
        );
        assert!(shown.contains("200 OK"), "{name}: {}\n{shown}", curl.line);
    }
}

#[test]
fn pauses_and_the_end_of_sending_are_kept() {
    let server = Server::start("ok");
    let request = Request::Raw(RawRequest {
        segments: vec![
            Segment::Bytes(b"GET / HTTP/1.1\r\nX-Raw: a\r\nmany: lines\r\n".to_vec()),
            Segment::Pause(Duration::from_millis(300)),
            Segment::Bytes(b"b\r\n".to_vec()),
            Segment::ShutdownWrite,
        ],
        answers: 1,
        head: false,
    });
    let curl = Curl::new(&request, &server.base(), "", "it");
    let shown = replay(&curl);
    let visit = server.visit();
    // One write each: a server that reads once sees what it saw in the run.
    assert_eq!(visit.reads.len(), 2, "{}", curl.line);
    assert!(
        visit.reads[1].0 >= Duration::from_millis(250),
        "{:?}",
        visit.reads[1].0
    );
    assert!(visit.ended, "{}", curl.line);
    assert!(
        shown.contains("200 OK"),
        "after the end of sending the answer still comes: {shown}"
    );
}

#[test]
fn a_raw_line_ends_where_no_answer_comes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    // It takes the connection and says nothing.
    let silent = std::thread::spawn(move || {
        let connection = listener.accept();
        std::thread::sleep(Duration::from_secs(4));
        drop(connection);
    });
    let request = Request::Raw(RawRequest {
        segments: vec![Segment::Bytes(b"x".to_vec())],
        answers: 1,
        head: false,
    });
    let options = Options {
        base,
        timeout: Some(Duration::from_millis(900)),
        ..Options::default()
    };
    let start = Instant::now();
    let shown = replay(&Curl::with(&request, &options, "", "it"));
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    assert!(shown.contains("nothing more in 1 s"), "{shown}");
    drop(silent);
}

#[test]
fn the_login_sets_the_token() {
    let query = r#"
[login]
path = "/api/v1/login"
token = "/data/to~1ken"
[login.query]
password = "{password-md5}"
username = "{username}"
"#;
    let body = r#"
[login]
method = "POST"
path = "/session"
token = "/data/to~1ken"
[login.body]
user = "{username}"
note = "it's {username}!"
deep = [{ pass = "{password}", md5 = "{password-md5}" }]
"#;
    let answer = "{\"token\": \"wrong\",\n \"data\": {\"to/ken\" : \"00ffee\"}}";
    for profile in [query, body] {
        let profile = Profile::from_toml(profile).unwrap();
        let server = Server::start(answer);
        let lines = login_lines(&profile, &server.base()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let shown = shell(
            &format!("{lines}\nbash -c 'echo \"token is $PROBITY_TOKEN\"'"),
            folder.path(),
        );
        assert!(shown.contains("token is 00ffee"), "{lines}\n{shown}");
        let got = parts(&server.visit().bytes());
        let login = profile.login.clone().unwrap();
        let wanted = login.request_with(&|secret| {
            probity::exchange::Part::Text(match secret {
                Secret::Username => USERNAME.to_owned(),
                Secret::Password => PASSWORD.to_owned(),
                _ => md5_hex(PASSWORD),
            })
        });
        let want = parts(&server.by_device(&Request::Http(wanted)));
        assert_eq!(got.0, want.0, "{lines}");
        assert_eq!(
            String::from_utf8_lossy(&got.2),
            String::from_utf8_lossy(&want.2),
            "{lines}"
        );
        assert_eq!(got.1, want.1, "{lines}");
    }
}

fn md5_hex(text: &str) -> String {
    use md5::{Digest as _, Md5};
    Md5::digest(text.as_bytes())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

#[test]
fn options_become_flags() {
    let options = Options {
        base: "https://[::1]:8443/device/".to_owned(),
        insecure: true,
        ca_file: Some("my ca.pem".into()),
        client_cert: Some("me.pem".into()),
        timeout: Some(Duration::from_millis(2_500)),
    };
    let request = Request::Http(http("GET", "/x"));
    insta::assert_snapshot!(
        Curl::with(&request, &options, "", "it").line.replace(env!("CARGO_PKG_VERSION"), "VERSION"),
        @"curl -sS -i --http1.1 --noproxy '*' -m 2.5 -k --cacert 'my ca.pem' --cert me.pem -X GET -A probity/VERSION 'https://[::1]:8443/device/x'"
    );
    let request = Request::Raw(RawRequest {
        segments: vec![Segment::Bytes(b"x\r\n".to_vec()), Segment::ShutdownWrite],
        answers: 1,
        head: false,
    });
    insta::assert_snapshot!(
        Curl::with(&request, &options, "", "it").line,
        @r#"perl -e '$|=1;syswrite STDOUT,"x\r\n";close STDOUT;' | perl -e 'alarm shift;exec@ARGV' 3 openssl s_client -quiet -connect '[::1]:8443' -servername ::1 -no_ign_eof -CAfile 'my ca.pem' -cert me.pem -key me.pem"#
    );
}
