//! The socket side of the mock: hyper's HTTP/1.1 over a listener that can close and come back.

use super::service::{Act, Ask, Service};
use super::tamper::Tampered;
use super::{MockConfig, fault::Planted};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

/// Largest body that is read.
const BODY_LIMIT: usize = 4 << 20;
/// How long a crashed device stays away.
const RESTART: Duration = Duration::from_millis(300);

/// A running mock. It stops when dropped.
#[derive(Debug)]
pub struct Mock {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
    unreadable: BTreeMap<String, BTreeMap<String, Value>>,
}

/// What the listener is told by the connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    Run,
    Restart,
    Die,
}

impl Mock {
    pub(super) async fn start(config: MockConfig) -> io::Result<Mock> {
        let service = service(&config)?;
        let listener = listen(config.listen)?;
        let addr = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let unreadable = service.unreadable();
        tokio::spawn(serve(listener, service, stopped));
        Ok(Mock {
            addr,
            stop,
            thread: None,
            unreadable,
        })
    }

    pub(super) fn spawn(config: MockConfig) -> io::Result<Mock> {
        let service = service(&config)?;
        let unreadable = service.unreadable();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = {
            let _inside = runtime.enter();
            listen(config.listen)?
        };
        let addr = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let thread = std::thread::Builder::new()
            .name("mock".to_owned())
            .spawn(move || runtime.block_on(serve(listener, service, stopped)))?;
        Ok(Mock {
            addr,
            stop,
            thread: Some(thread),
            unreadable,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Settings that its read-back does not show, as they were at the start: operation → JSON
    /// pointer → value. What a user of a real device would know.
    pub fn unreadable(&self) -> BTreeMap<String, BTreeMap<String, Value>> {
        self.unreadable.clone()
    }

    /// Stops it: no connection is taken any more, open ones end.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.end();
    }
}

/// The mock without a socket: one connection over any stream, or one request without HTTP. For
/// fuzzing, where a socket would cost more than the code behind it.
pub struct Front(Arc<Service>);

impl std::fmt::Debug for Front {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Front").finish_non_exhaustive()
    }
}

impl Front {
    /// The mock of a configuration; its `listen` is not looked at.
    ///
    /// # Errors
    /// A fault, choice or reading is not known (kind [`io::ErrorKind::InvalidInput`]).
    pub fn new(config: &MockConfig) -> io::Result<Front> {
        service(config).map(Front)
    }

    /// Serves one connection to its end, as a socket's. Needs a runtime with a clock.
    pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) {
        let (signal, _kept) = watch::channel(Signal::Run);
        let (_stop, stopped) = watch::channel(false);
        connection(stream, self.0.clone(), Arc::new(signal), stopped).await;
    }

    /// Status, header fields and body of the answer to one request; what a planted fault does to
    /// the connection does not show.
    pub fn answer(
        &self,
        method: &str,
        target: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> (u16, Vec<(String, String)>, Vec<u8>) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let reply = self.0.answer(&Ask {
            method,
            path,
            query,
            headers,
            body,
            chunked: false,
            pieces: 1,
            absolute: false,
            open: false,
        });
        (reply.status, reply.headers, reply.body)
    }
}

fn service(config: &MockConfig) -> io::Result<Arc<Service>> {
    Service::new(config)
        .map(Arc::new)
        .map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A device that restarts takes its port again at once.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(1_024)
}

async fn serve(listener: TcpListener, service: Arc<Service>, mut stopped: watch::Receiver<bool>) {
    let Ok(addr) = listener.local_addr() else {
        return;
    };
    let stop = stopped.clone();
    let mut listener = Some(listener);
    loop {
        let (signal, mut signalled) = watch::channel(Signal::Run);
        let signal = Arc::new(signal);
        let Some(open) = listener.take().or_else(|| listen(addr).ok()) else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if *stopped.borrow() {
                return;
            }
            continue;
        };
        let told = loop {
            tokio::select! {
                accepted = open.accept() => {
                    let Ok((stream, _)) = accepted else { continue };
                    let _ = stream.set_nodelay(true);
                    tokio::spawn(connection(stream, service.clone(), signal.clone(), stop.clone()));
                }
                _ = signalled.changed() => break *signalled.borrow(),
                _ = stopped.wait_for(|s| *s) => return,
            }
        };
        drop(open);
        if told == Signal::Die {
            let _ = stopped.wait_for(|s| *s).await;
            return;
        }
        service.restarted();
        tokio::time::sleep(RESTART).await;
        service.restarted();
    }
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    service: Arc<Service>,
    signal: Arc<watch::Sender<Signal>>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut ended = signal.subscribe();
    let planted: Planted = service.planted().clone();
    let closes = service.closes();
    let tampered = Tampered::new(stream, &planted, service.chosen());
    let handler = service_fn(move |request: Request<Incoming>| {
        let (service, signal) = (service.clone(), signal.clone());
        async move { handle(request, &service, &signal).await }
    });
    let io = TokioIo::new(tampered);
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(4))
        .keep_alive(!closes)
        .half_close(true);
    let connection = http.serve_connection(io, handler);
    tokio::pin!(connection);
    tokio::select! {
        _ = &mut connection => {}
        _ = ended.wait_for(|s| *s != Signal::Run) => {}
        _ = stopped.wait_for(|s| *s) => {}
    }
}

/// The connection ends without an answer.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("dropped")
    }
}

impl std::error::Error for Dropped {}

async fn handle(
    request: Request<Incoming>,
    service: &Service,
    signal: &watch::Sender<Signal>,
) -> Result<Response<Full<Bytes>>, Dropped> {
    let (parts, mut incoming) = request.into_parts();
    // hyper sends 100 Continue when the body is asked for.
    if service.planted().has("expect-hangs") && parts.headers.contains_key("expect") {
        std::future::pending::<()>().await;
    }
    let mut body: Vec<u8> = Vec::new();
    let mut pieces = 0;
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|_| Dropped)?;
        if let Some(data) = frame.data_ref() {
            pieces += 1;
            if body.len() + data.len() > BODY_LIMIT {
                return Ok(status(StatusCode::PAYLOAD_TOO_LARGE));
            }
            body.extend_from_slice(data);
        }
    }
    let headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let ask = Ask {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &headers,
        body: &body,
        chunked: parts.headers.contains_key("transfer-encoding"),
        pieces,
        absolute: parts.uri.authority().is_some(),
        open: false,
    };
    let reply = service.answer(&ask);
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    match reply.act {
        Act::Answer => {}
        Act::Hang => std::future::pending().await,
        Act::Drop => return Err(Dropped),
        Act::Restart => {
            let _ = signal.send(Signal::Restart);
            return Err(Dropped);
        }
        Act::Die => {
            let _ = signal.send(Signal::Die);
            return Err(Dropped);
        }
    }
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    Ok(response)
}

fn status(code: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = code;
    response
}
