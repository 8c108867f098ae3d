//! An endpoint that answers what it was told to answer, and remembers what it was asked: for answers of AWS that no server
//! at hand gives.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::Endpoint;

/// Status, further headers, body.
pub type Answer = (u16, &'static str, String);

/// A running endpoint; gone when dropped.
pub struct Canned {
    pub endpoint: Endpoint,
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<(String, String)>>>,
    task: JoinHandle<()>,
}

impl Canned {
    /// Answers by method and query, such as `GET ?tagging`; all else with 404 `NoSuchKey`.
    pub async fn new(answers: &[(&str, Answer)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers = answers.iter().map(|(name, answer)| ((*name).to_owned(), answer.clone())).collect();
        let answers: Arc<Mutex<HashMap<String, Answer>>> = Arc::new(Mutex::new(answers));
        let asked: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let (known, heard) = (Arc::clone(&answers), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (known, heard) = (Arc::clone(&known), Arc::clone(&heard));
                tokio::spawn(async move { serve(client, &known, &heard).await });
            }
        });
        let endpoint =
            Endpoint { url, region: "eu-north-1", access_key: "AKCANNED".to_owned(), secret_key: "SKCANNED".to_owned() };
        Self { endpoint, answers, asked, task }
    }

    pub fn set(&self, name: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(name.to_owned(), answer);
    }

    /// Bodies of the requests of that method and query so far.
    pub fn bodies(&self, name: &str) -> Vec<String> {
        self.asked.lock().unwrap().iter().filter(|(asked, _)| asked == name).map(|(_, body)| body.clone()).collect()
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request a connection.
async fn serve(
    mut client: TcpStream,
    answers: &Mutex<HashMap<String, Answer>>,
    asked: &Mutex<Vec<(String, String)>>,
) -> Option<()> {
    let mut request = Vec::new();
    let (head, length) = loop {
        if let Some(at) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..at]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                if name.eq_ignore_ascii_case("content-length") { value.trim().parse::<usize>().ok() } else { None }
            });
            let length = length.unwrap_or(0);
            if request.len() >= at + 4 + length {
                break (head, at + 4);
            }
        }
        let mut buffer = [0; 8192];
        let read = client.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&buffer[..read]);
    };
    let mut words = head.split_whitespace();
    let (method, path) = (words.next()?, words.next()?);
    let query = path
        .split_once('?')
        .map_or("", |(_, query)| query.split('&').find(|part| !part.starts_with("x-id=")).unwrap_or(""))
        .trim_end_matches('=');
    let name = if query.is_empty() { method.to_owned() } else { format!("{method} ?{query}") };
    asked.lock().unwrap().push((name.clone(), String::from_utf8_lossy(&request[length..]).into_owned()));
    let missing = || (404, "", "<Error><Code>NoSuchKey</Code><Message>canned</Message></Error>".to_owned());
    let (status, headers, body) = answers.lock().unwrap().get(&name).cloned().unwrap_or_else(missing);
    let length = body.len();
    let answer = format!("HTTP/1.1 {status} Canned\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n");
    client.write_all(answer.as_bytes()).await.ok()?;
    if method != "HEAD" {
        client.write_all(body.as_bytes()).await.ok()?;
    }
    client.shutdown().await.ok()
}
