//! A proxy between bdr and an endpoint that breaks what it is told to break.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Passed on as it is.
    None,
    /// Passed on after a while.
    Delay(Duration),
    /// Passed on once the test lets go ([`Proxy::let_go`]), at the latest after that while.
    Hold(Duration),
    /// Answered with 503 `SlowDown` without reaching the endpoint.
    SlowDown,
    /// Answered with 501 `NotImplemented`, as by an endpoint that does not know it.
    Unknown,
    /// Passed on, and the answer replaced by 500 `InternalError`: what was asked for was done.
    DoneButFailed,
    /// Passed on, and the connection reset before the answer: what was asked for was done.
    DoneButCut,
    /// Passed on, and the answer cut after that many bytes.
    CutAfter(usize),
    /// The connection is reset before anything is passed on.
    Reset,
    /// Answered with what the last equal request was answered with.
    Stale,
    /// Answered with 403 `AccessDenied` without reaching the endpoint.
    Deny,
    /// Passed on, and a 404 replaced by 403: what AWS answers to who may read but not list.
    Hide,
    /// Passed on, and the answer tells that of the object's copies.
    Replication(&'static str),
}

/// What the proxy does with each request, in words of its first line such as `PUT /bucket/key?x HTTP/1.1`.
type Plan = Box<dyn FnMut(&str) -> Fault + Send>;

#[derive(Default)]
struct Memory {
    answers: std::collections::HashMap<String, Vec<u8>>,
    seen: Vec<String>,
    let_go: bool,
}

/// A running proxy; gone when dropped.
pub struct Proxy {
    pub url: String,
    memory: Arc<Mutex<Memory>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// In front of `http://host:port`.
    pub async fn before(endpoint: &str, mut plan: impl FnMut(&str) -> Fault + Send + 'static) -> Self {
        Self::reading(endpoint, move |head| plan(&first_line(head.as_bytes()))).await
    }

    /// The same for who decides by a request's whole head, and by the form where one is sent to `/`.
    pub async fn reading(endpoint: &str, plan: impl FnMut(&str) -> Fault + Send + 'static) -> Self {
        let target = endpoint.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let plan: Arc<Mutex<Plan>> = Arc::new(Mutex::new(Box::new(plan)));
        let memory = Arc::new(Mutex::new(Memory::default()));
        let shared = Arc::clone(&memory);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (target, plan, memory) = (target.clone(), Arc::clone(&plan), Arc::clone(&shared));
                tokio::spawn(async move { serve(client, &target, &plan, &memory).await });
            }
        });
        Self { url, memory, task }
    }

    /// First lines of all requests so far.
    pub fn seen(&self) -> Vec<String> {
        self.memory.lock().unwrap().seen.iter().map(|head| first_line(head.as_bytes())).collect()
    }

    /// Passes on what is held, and holds nothing any more.
    pub fn let_go(&self) {
        self.memory.lock().unwrap().let_go = true;
    }

    /// Heads of all requests so far.
    pub fn heads(&self) -> Vec<String> {
        self.memory.lock().unwrap().seen.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request a connection to the endpoint, several a connection from the client; `None` ends the connection.
async fn serve(mut client: TcpStream, target: &str, plan: &Mutex<Plan>, memory: &Mutex<Memory>) -> Option<()> {
    let mut pending = Vec::new();
    loop {
        let request = message(&mut client, &mut pending, None).await?;
        let line = first_line(&request);
        let head = head_of(&request);
        memory.lock().unwrap().seen.push(head.clone());
        let fault = if line.starts_with("POST / ") {
            // What is asked for stands in the form.
            plan.lock().unwrap()(&String::from_utf8_lossy(&request))
        } else {
            plan.lock().unwrap()(&head)
        };
        match fault {
            Fault::Reset => return reset(client),
            Fault::SlowDown => {
                client.write_all(&answer_to(&line, 503, "SlowDown")).await.ok()?;
                continue;
            }
            Fault::Unknown => {
                client.write_all(&refusal(501, "NotImplemented")).await.ok()?;
                continue;
            }
            Fault::Deny => {
                client.write_all(&answer_to(&line, 403, "AccessDenied")).await.ok()?;
                continue;
            }
            Fault::Stale => {
                let earlier = memory.lock().unwrap().answers.get(&line).cloned();
                if let Some(answer) = earlier {
                    client.write_all(&answer).await.ok()?;
                    continue;
                }
            }
            Fault::Delay(time) => tokio::time::sleep(time).await,
            Fault::Hold(longest) => {
                let until = tokio::time::Instant::now() + longest;
                while !memory.lock().unwrap().let_go && tokio::time::Instant::now() < until {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            _ => {}
        }
        let mut server = TcpStream::connect(target).await.ok()?;
        server.write_all(&request).await.ok()?;
        let answer = message(&mut server, &mut Vec::new(), Some(&line)).await?;
        memory.lock().unwrap().answers.insert(line.clone(), answer.clone());
        match fault {
            Fault::DoneButFailed => client.write_all(&refusal(500, "InternalError")).await.ok()?,
            Fault::DoneButCut => return reset(client),
            Fault::Hide if answer.starts_with(b"HTTP/1.1 404") => {
                client.write_all(&answer_to(&line, 403, "AccessDenied")).await.ok()?
            }
            Fault::Replication(status) => client.write_all(&telling(&answer, status)).await.ok()?,
            Fault::CutAfter(bytes) => {
                client.write_all(&answer[..bytes.min(answer.len())]).await.ok()?;
                return reset(client);
            }
            _ => client.write_all(&answer).await.ok()?,
        }
    }
}

fn reset(client: TcpStream) -> Option<()> {
    client.set_zero_linger().ok()?;
    None
}

fn head_of(message: &[u8]) -> String {
    let end = message.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(message.len());
    String::from_utf8_lossy(&message[..end]).into_owned()
}

fn first_line(message: &[u8]) -> String {
    let end = message.iter().position(|byte| *byte == b'\r').unwrap_or(message.len());
    String::from_utf8_lossy(&message[..end]).into_owned()
}

fn refusal(status: u16, code: &str) -> Vec<u8> {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>injected</Message></Error>");
    format!("HTTP/1.1 {status} Injected\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into()
}

/// An answer to `HEAD` has no body.
fn answer_to(line: &str, status: u16, code: &str) -> Vec<u8> {
    if line.starts_with("HEAD ") {
        return format!("HTTP/1.1 {status} Injected\r\nContent-Length: 0\r\n\r\n").into();
    }
    refusal(status, code)
}

fn telling(answer: &[u8], status: &str) -> Vec<u8> {
    let head = head_of(answer);
    let kept = head.split("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("x-amz-replication-status:"));
    let kept = kept.collect::<Vec<_>>().join("\r\n");
    [format!("{kept}\r\nx-amz-replication-status: {status}").as_bytes(), &answer[head.len()..]].concat()
}

/// One whole HTTP message; `answer_to` is the request's first line where it is an answer.
async fn message(stream: &mut TcpStream, pending: &mut Vec<u8>, answer_to: Option<&str>) -> Option<Vec<u8>> {
    let head = loop {
        if let Some(at) = pending.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        more(stream, pending).await.filter(|read| *read > 0)?;
    };
    let text = String::from_utf8_lossy(&pending[..head]).to_ascii_lowercase();
    let header = |name: &str| text.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned()));
    if answer_to.is_none() && header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.ok()?;
    }
    let bodiless = answer_to.is_some_and(|line| line.starts_with("HEAD ")) || text.starts_with("http/1.1 204");
    let length: Option<usize> = header("content-length").and_then(|length| length.parse().ok());
    let chunked = header("transfer-encoding").is_some_and(|how| how.contains("chunked"));
    let done = |pending: &[u8]| match (bodiless, length) {
        (true, _) => true,
        (_, Some(length)) => pending.len() >= head + length,
        _ if chunked => pending[head..].ends_with(b"0\r\n\r\n"),
        _ => answer_to.is_none(),
    };
    while !done(pending) {
        if more(stream, pending).await? == 0 {
            break;
        }
    }
    let end = if bodiless { head } else { length.map_or(pending.len(), |length| (head + length).min(pending.len())) };
    Some(pending.drain(..end).collect())
}

async fn more(stream: &mut TcpStream, pending: &mut Vec<u8>) -> Option<usize> {
    let mut buffer = vec![0; 64 * 1024];
    let read = stream.read(&mut buffer).await.ok()?;
    pending.extend_from_slice(&buffer[..read]);
    Some(read)
}
