//! A client for HTTP/1.1 over one plain TCP connection. It needs little processor time, can stop in the middle of a
//! body, and never retries.

pub mod oci;

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The size of the buffer, which is reused for all bodies.
const BUFFER: usize = 256 << 10;

/// The first line and the headers of an answer.
#[derive(Clone, Debug)]
pub struct Head {
    /// The status.
    pub status: u16,
    headers: Vec<(String, String)>,
}

impl Head {
    /// The value of a header; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The `Location`, as a path.
    pub fn location(&self) -> io::Result<String> {
        let location = self.header("location").ok_or_else(|| broken("no Location"))?;
        let path = location.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
        Ok(path.unwrap_or(location).to_owned())
    }

    fn parse(text: &str) -> io::Result<Self> {
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        Ok(Self { status: status.ok_or_else(|| broken("no status line"))?, headers })
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status and headers.
    pub head: Head,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Returns the answer if it has this status.
    pub fn expect(self, status: u16) -> io::Result<Self> {
        if self.head.status == status {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body);
        Err(io::Error::other(format!("status {} instead of {status}: {body}", self.head.status)))
    }
}

fn broken(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

/// How long to wait for a byte.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A client with one connection, opened when it is needed.
pub struct Wire {
    address: SocketAddr,
    /// Header lines that go with every request.
    common: String,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    /// The part of the buffer that is read and not yet used.
    rest: std::ops::Range<usize>,
}

impl Wire {
    /// A client of the server at `address`.
    pub fn new(address: SocketAddr, authorization: Option<&str>) -> Self {
        let mut common = format!("Host: {address}\r\n");
        if let Some(value) = authorization {
            common.push_str(&format!("Authorization: {value}\r\n"));
        }
        Self { address, common, stream: None, buffer: Vec::new(), rest: 0..0 }
    }

    /// Closes the connection at once.
    pub fn close(&mut self) {
        self.stream = None;
        self.rest = 0..0;
    }

    fn stream(&mut self) -> io::Result<&mut TcpStream> {
        if self.stream.is_none() {
            let stream = TcpStream::connect_timeout(&self.address, TIMEOUT)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(TIMEOUT))?;
            stream.set_write_timeout(Some(TIMEOUT))?;
            self.rest = 0..0;
            self.stream = Some(stream);
        }
        self.stream.as_mut().ok_or_else(|| broken("no connection"))
    }

    /// Sends a request and its body, and reads the answer. After an error the next request opens a new connection.
    pub fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> io::Result<Answer> {
        let outcome = self.exchange(method, target, headers, body);
        if outcome.is_err() {
            self.close();
        }
        outcome
    }

    fn exchange(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> io::Result<Answer> {
        let length = body.map(|body| body.len() as u64);
        self.begin(method, target, headers, length, body.filter(|body| body.len() <= 4096))?;
        if let Some(large) = body.filter(|body| body.len() > 4096) {
            let sent = self.write(large);
            // A server that refuses a body may close the connection early. Ignore that, and read its answer.
            if let Err(error) = sent
                && !matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
            {
                return Err(error);
            }
        }
        let head = self.head()?;
        let mut content = Vec::new();
        if method != "HEAD" {
            self.body(&head, u64::MAX, |bytes| content.extend_from_slice(bytes))?;
        }
        Ok(Answer { head, body: content })
    }

    /// Sends the head of a request and `first`, the first bytes of its body. The body has `length` bytes in total.
    pub fn begin(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        length: Option<u64>,
        first: Option<&[u8]>,
    ) -> io::Result<()> {
        let mut head = format!("{method} {target} HTTP/1.1\r\n{}", self.common);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(length) = length {
            let _ = write!(head, "Content-Length: {length}\r\n");
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(first.unwrap_or_default());
        self.stream()?.write_all(&bytes)
    }

    /// Sends bytes of a body.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream()?.write_all(bytes)
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.resize(BUFFER, 0);
        if self.rest.is_empty() {
            self.rest = 0..0;
        } else if self.rest.end == BUFFER {
            self.buffer.copy_within(self.rest.clone(), 0);
            self.rest = 0..self.rest.len();
        }
        if self.rest.end == BUFFER {
            return Err(broken("the head is too long"));
        }
        let Some(stream) = &mut self.stream else { return Err(broken("no connection")) };
        let read = stream.read(&mut self.buffer[self.rest.end..])?;
        self.rest.end += read;
        if read == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// Reads up to `end`, and removes the text and `end` from the buffer.
    fn until(&mut self, end: &[u8]) -> io::Result<String> {
        loop {
            let there = &self.buffer[self.rest.clone()];
            if let Some(at) = there.windows(end.len()).position(|window| window == end) {
                let text = String::from_utf8_lossy(&there[..at]).into_owned();
                self.rest.start += at + end.len();
                return Ok(text);
            }
            self.fill()?;
        }
    }

    /// Reads the head of an answer. Skips informational answers.
    pub fn head(&mut self) -> io::Result<Head> {
        loop {
            let head = Head::parse(&self.until(b"\r\n\r\n")?)?;
            if head.status >= 200 {
                return Ok(head);
            }
        }
    }

    /// Reads the body of an answer. If it is longer than `most` bytes, reads these and closes the connection. Returns
    /// how many bytes were read.
    pub fn body(&mut self, head: &Head, most: u64, mut each: impl FnMut(&[u8])) -> io::Result<u64> {
        if matches!(head.status, 204 | 304) {
            return Ok(0);
        }
        let mut total = 0;
        if head.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            loop {
                let size = u64::from_str_radix(self.until(b"\r\n")?.trim(), 16).map_err(|_| broken("no chunk size"))?;
                total += self.take(size, &mut each)?;
                self.until(b"\r\n")?;
                if size == 0 {
                    break;
                }
            }
        } else {
            let length = head.header("content-length").and_then(|value| value.parse::<u64>().ok());
            let length = length.ok_or_else(|| broken("neither length nor chunks"))?;
            total = self.take(length.min(most), &mut each)?;
            if most < length {
                self.close();
            }
        }
        if head.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            self.close();
        }
        Ok(total)
    }

    fn take(&mut self, length: u64, each: &mut impl FnMut(&[u8])) -> io::Result<u64> {
        let mut left = length;
        while left > 0 {
            if self.rest.is_empty() {
                self.fill()?;
            }
            let take = usize::try_from(left).unwrap_or(usize::MAX).min(self.rest.len());
            each(&self.buffer[self.rest.start..self.rest.start + take]);
            self.rest.start += take;
            left -= take as u64;
        }
        Ok(length)
    }
}
