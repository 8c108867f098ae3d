//! The least client that makes given requests: threads, kept connections, signatures (AWS Signature Version 4), nothing else.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::thread;

use sha2::{Digest, Sha256};

const BLOCK: usize = 64;
const REGION: &str = "us-east-1";

/// Makes the requests of a file of request lines, `workers` at a time, and counts the answers.
pub fn replay(upstream: &str, file: &str, workers: usize) -> usize {
    let text = std::fs::read_to_string(file).unwrap();
    let requests: Mutex<Vec<&str>> = Mutex::new(text.lines().rev().collect());
    let keys = (std::env::var("AWS_ACCESS_KEY_ID").unwrap(), std::env::var("AWS_SECRET_ACCESS_KEY").unwrap());
    let count = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut connection = BufReader::new(TcpStream::connect(upstream).unwrap());
                connection.get_ref().set_nodelay(true).unwrap();
                loop {
                    let Some(line) = requests.lock().unwrap().pop() else { return };
                    let mut words = line.split(' ');
                    let (method, target) = (words.next().unwrap(), words.next().unwrap());
                    connection.get_mut().write_all(signed(method, target, upstream, &keys).as_bytes()).unwrap();
                    take_answer(&mut connection, method == "HEAD");
                    *count.lock().unwrap() += 1;
                }
            });
        }
    });
    count.into_inner().unwrap()
}

/// Reads one answer to its end; the body is thrown away.
fn take_answer(connection: &mut BufReader<TcpStream>, head: bool) {
    let (mut length, mut chunked, mut line) = (0_u64, false, String::new());
    loop {
        line.clear();
        assert!(connection.read_line(&mut line).unwrap() > 0, "the endpoint closed the connection");
        assert!(!line.starts_with("HTTP/1.1 403"), "the endpoint did not accept the signature");
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        chunked |= lower.starts_with("transfer-encoding:") && lower.contains("chunked");
        if line == "\r\n" {
            break;
        }
    }
    if head {
        return;
    }
    while chunked {
        line.clear();
        connection.read_line(&mut line).unwrap();
        let size = u64::from_str_radix(line.trim(), 16).unwrap();
        std::io::copy(&mut connection.by_ref().take(size + 2), &mut std::io::sink()).unwrap();
        chunked = size > 0;
    }
    std::io::copy(&mut connection.take(length), &mut std::io::sink()).unwrap();
}

fn signed(method: &str, target: &str, host: &str, keys: &(String, String)) -> String {
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &now[..8];
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut pairs: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") })
        .collect();
    pairs.sort();
    let headers = format!("host:{host}\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:{now}\n");
    let names = "host;x-amz-content-sha256;x-amz-date";
    let canonical = format!("{method}\n{path}\n{}\n{headers}\n{names}\nUNSIGNED-PAYLOAD", pairs.join("&"));
    let scope = format!("{day}/{REGION}/s3/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let key = [day, REGION, "s3", "aws4_request"]
        .iter()
        .fold(format!("AWS4{}", keys.1).into_bytes(), |key, part| hmac(&key, part.as_bytes()));
    let signature = hex(&hmac(&key, to_sign.as_bytes()));
    format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nX-Amz-Date: {now}\r\nX-Amz-Content-Sha256: UNSIGNED-PAYLOAD\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}\r\n\r\n",
        keys.0
    )
}

/// HMAC-SHA256 (RFC 2104) with keys of at most one block.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; BLOCK];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
