//! A proxy that writes down the request lines that pass through it.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

const METHODS: [&str; 5] = ["GET ", "HEAD ", "PUT ", "POST ", "DELETE "];

/// Forwards every connection to `upstream` (address and port) until it is ended; prints its own port first.
pub fn record(upstream: &str, file: &Path) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    std::io::stdout().flush().unwrap();
    let log = Arc::new(Mutex::new(File::create(file).unwrap()));
    for client in listener.incoming() {
        let (client, server) = (client.unwrap(), TcpStream::connect(upstream).unwrap());
        let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut answers, &mut back));
        let log = Arc::clone(&log);
        thread::spawn(move || forward(client, server, &log));
    }
}

fn forward(mut client: TcpStream, mut server: TcpStream, log: &Mutex<File>) {
    let mut buffer = [0_u8; 64 * 1024];
    while let Ok(length) = client.read(&mut buffer) {
        if length == 0 || server.write_all(&buffer[..length]).is_err() {
            return;
        }
        let text = String::from_utf8_lossy(&buffer[..length]);
        for line in
            text.lines().filter(|line| METHODS.iter().any(|method| line.starts_with(method)) && line.ends_with("HTTP/1.1"))
        {
            writeln!(log.lock().unwrap(), "{line}").unwrap();
        }
    }
}
