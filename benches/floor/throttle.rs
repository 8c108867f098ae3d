//! A proxy that passes on so many requests a second, with a second's worth in hand, and answers the others as S3 does: 503 `SlowDown`.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

const REFUSAL: &str = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";

/// What may still pass.
struct Bucket {
    rate: f64,
    there: f64,
    begun: Instant,
    counted: Instant,
    /// One line for each request: seconds since the first one, and `passed` or `refused`.
    log: File,
}

impl Bucket {
    fn take(&mut self) -> bool {
        let now = Instant::now();
        self.there = (self.there + (now - self.counted).as_secs_f64() * self.rate).min(self.rate);
        self.counted = now;
        let passes = self.there >= 1.0;
        self.there -= f64::from(u8::from(passes));
        let word = if passes { "passed" } else { "refused" };
        writeln!(self.log, "{:.3} {word}", (now - self.begun).as_secs_f64()).unwrap();
        passes
    }
}

/// Stands before `upstream` (address and port) until it is ended; prints its own port first.
pub fn throttle(upstream: &str, rate: f64, file: &Path) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    std::io::stdout().flush().unwrap();
    let mut bucket: Option<Arc<Mutex<Bucket>>> = None;
    for client in listener.incoming() {
        // The clock starts with the first client, not while it is being started.
        let bucket = bucket.get_or_insert_with(|| {
            let now = Instant::now();
            let log = File::create(file).unwrap();
            Arc::new(Mutex::new(Bucket { rate, there: rate, begun: now, counted: now, log }))
        });
        let (bucket, upstream) = (Arc::clone(bucket), upstream.to_owned());
        thread::spawn(move || serve(&client.unwrap(), &upstream, &bucket));
    }
}

/// Requests of one client, until it goes.
fn serve(client: &TcpStream, upstream: &str, bucket: &Mutex<Bucket>) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let server = TcpStream::connect(upstream)?;
    server.set_nodelay(true)?;
    let (mut requests, mut answers) = (BufReader::new(client), BufReader::new(&server));
    loop {
        let (head, length, _) = read_head(&mut requests)?;
        let mut body = vec![0; usize::try_from(length).unwrap()];
        requests.read_exact(&mut body)?;
        let is_head = head.starts_with("HEAD ");
        if !bucket.lock().unwrap().take() {
            let text = if is_head { "" } else { REFUSAL };
            let kind = "Content-Type: application/xml\r\n";
            write!(&*client, "HTTP/1.1 503 Slow Down\r\n{kind}Content-Length: {}\r\n\r\n{text}", REFUSAL.len())?;
            continue;
        }
        (&server).write_all(&[head.as_bytes(), &body].concat())?;
        let (head, length, chunked) = read_head(&mut answers)?;
        let mut answer = head.into_bytes();
        if !is_head {
            copy_body(&mut answers, length, chunked, &mut answer)?;
        }
        (&*client).write_all(&answer)?;
    }
}

/// Everything up to the empty line, how long the body is, and whether it comes in chunks.
fn read_head(from: &mut impl BufRead) -> std::io::Result<(String, u64, bool)> {
    let (mut head, mut length, mut chunked) = (String::new(), 0, false);
    loop {
        let begin = head.len();
        if from.read_line(&mut head)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let line = head[begin..].to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
        if line == "\r\n" {
            return Ok((head, length, chunked));
        }
    }
}

fn copy_body(from: &mut impl BufRead, length: u64, chunked: bool, to: &mut Vec<u8>) -> std::io::Result<()> {
    if !chunked {
        return from.take(length).read_to_end(to).map(drop);
    }
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim(), 16).unwrap();
        to.extend(line.into_bytes());
        from.take(size + 2).read_to_end(to)?;
        if size == 0 {
            return Ok(());
        }
    }
}
