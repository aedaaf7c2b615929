//! Requests as the generated client sends them through urllib3's `PoolManager`.

use std::collections::HashMap;
use std::io;
use std::thread::sleep;
use std::time::Duration;

use super::failure::ApiError;
use super::url::Url;
use crate::wire::{Answer, Connection};

/// urllib3's default: so many times more after the first.
const RETRIES: u32 = 3;

/// A request that was on the wire, also those that were retried or redirected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// As in the request line.
    pub method: String,
    /// As in the request line, with prefix and query.
    pub target: String,
    /// The head as it was sent.
    pub head: Vec<u8>,
    /// Of the answer; `None` when there was none.
    pub status: Option<u16>,
    /// Whether it went over a connection that was used before.
    pub kept: bool,
}

impl Exchange {
    /// Method, last words of the path and status: `POST upload 200`, `GET status 200`,
    /// `POST requirements 200`, `POST create 200`, `POST jobs 200`.
    pub fn brief(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        let what = match (self.method.as_str(), path.contains("/shaman/files/")) {
            ("GET", true) => "status",
            ("POST", true) => "upload",
            _ => path.rsplit('/').next().unwrap_or_default(),
        };
        let status = self.status.map_or_else(|| "broken".to_owned(), |status| status.to_string());
        format!("{} {what} {status}", self.method)
    }
}

/// What to send, but for what urllib3 adds.
#[derive(Debug, Clone, Default)]
pub(super) struct Sending<'a> {
    pub(super) method: &'static str,
    /// Appended to the base URL.
    pub(super) path: String,
    /// Headers of the operation; they come before `Accept`.
    pub(super) fields: Vec<(&'static str, Vec<u8>)>,
    pub(super) body: Option<(&'static str, &'a [u8])>,
}

#[derive(Debug)]
pub(super) struct Client {
    base: Url,
    pub(super) user_agent: String,
    pub(super) patience: Duration,
    idle: HashMap<(String, u16), Connection>,
    pub(super) exchanges: Vec<Exchange>,
}

/// Where one try ended without an answer.
enum Broken {
    /// Before anything was sent: urllib3 tries again, whatever the method.
    Connecting(io::Error),
    /// Later: only methods that may be repeated are.
    Exchanging(io::Error),
}

impl Client {
    pub(super) fn new(base: Url, user_agent: String) -> Self {
        let patience = Duration::from_mins(2);
        Self { base, user_agent, patience, idle: HashMap::new(), exchanges: Vec::new() }
    }

    /// Sends, with urllib3's retries and redirects; an answer of any status is `Ok`.
    pub(super) fn request(&mut self, mut sending: Sending<'_>) -> Result<Answer, ApiError> {
        let mut url = self.base.join(&sending.path);
        let mut tries_left = RETRIES;
        loop {
            let repeatable = sending.method != "POST";
            let spent = match self.once(&url, &sending) {
                Err(Broken::Connecting(error)) => ApiError::Connection(error),
                Err(Broken::Exchanging(error)) if repeatable => ApiError::Connection(error),
                Err(Broken::Exchanging(error)) => return Err(ApiError::Connection(error)),
                Ok(answer) => {
                    let location =
                        answer.head.text("Location").filter(|_| is_redirect(answer.status));
                    let pause = answer.head.text("Retry-After");
                    let pause =
                        pause.filter(|_| repeatable && is_busy(answer.status) && tries_left > 0);
                    if let Some(location) = location {
                        url = url.redirected(&location).ok_or(ApiError::Redirected(location))?;
                        if answer.status == 303 {
                            (sending.method, sending.body) = ("GET", None);
                        }
                    } else if let Some(pause) = pause {
                        sleep(Duration::from_secs(pause.parse().unwrap_or_default()));
                    } else {
                        return Ok(answer);
                    }
                    ApiError::RedirectedTooOften { status: answer.status }
                }
            };
            tries_left = tries_left.checked_sub(1).ok_or(spent)?;
        }
    }

    /// A connection of its own that sent the head and this much of the body, and stands still.
    pub(super) fn begin(&self, sending: &Sending<'_>, sent_bytes: usize) -> io::Result<Connection> {
        let url = self.base.join(&sending.path);
        let mut connection = Connection::open(&url.host, url.port, self.patience)?;
        let body = sending.body.map_or(&[] as &[u8], |(_, bytes)| bytes);
        connection.send(&self.head(&url, sending), body.get(..sent_bytes).unwrap_or(body))?;
        Ok(connection)
    }

    fn once(&mut self, url: &Url, sending: &Sending<'_>) -> Result<Answer, Broken> {
        let key = (url.host.clone(), url.port);
        let idle = self.idle.remove(&key).filter(|connection| !connection.is_dropped());
        let mut connection = match idle {
            Some(connection) => connection,
            None => {
                Connection::open(&url.host, url.port, self.patience).map_err(Broken::Connecting)?
            }
        };
        let head = self.head(url, sending);
        let body = sending.body.map_or(&[] as &[u8], |(_, bytes)| bytes);
        self.exchanges.push(Exchange {
            method: sending.method.to_owned(),
            target: url.target.clone(),
            head: head.clone(),
            status: None,
            kept: connection.used(),
        });
        connection.send(&head, body).map_err(Broken::Exchanging)?;
        let (answer, keep) = connection.receive(sending.method).map_err(Broken::Exchanging)?;
        if let Some(exchange) = self.exchanges.last_mut() {
            exchange.status = Some(answer.status);
        }
        if keep {
            self.idle.insert(key, connection);
        }
        Ok(answer)
    }

    /// In the order that urllib3 2.2.3 was seen to send: its own fields first, then the operation's,
    /// then those of the generated client.
    fn head(&self, url: &Url, sending: &Sending<'_>) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: identity\r\n",
            sending.method,
            url.target,
            url.host_field()
        )
        .into_bytes();
        if let Some((_, bytes)) = sending.body {
            head.extend(format!("Content-Length: {}\r\n", bytes.len()).bytes());
        }
        for (name, value) in &sending.fields {
            head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        head.extend(b"Accept: application/json\r\n");
        if let Some((kind, _)) = sending.body {
            head.extend(format!("Content-Type: {kind}\r\n").bytes());
        }
        head.extend(format!("User-Agent: {}\r\n\r\n", self.user_agent).bytes());
        head
    }
}

fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

fn is_busy(status: u16) -> bool {
    matches!(status, 413 | 429 | 503)
}
