//! Who answers where etcd should be: the same to everything, whatever it is. Must not know what is made of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// It answers until its story ends.
pub(super) struct Stranger(SocketAddr);

impl Stranger {
    /// With this status and this body.
    pub(super) fn says(status: &'static str, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
        std::thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                answers(caller, &answer);
            }
        });
        Self(address)
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.0)
    }
}

/// All that comes on one connection.
fn answers(caller: TcpStream, answer: &str) {
    let mut asked = BufReader::new(caller.try_clone().unwrap());
    let mut into = caller;
    let (mut line, mut length) = (String::new(), 0);
    while let Ok(1..) = asked.read_line(&mut line) {
        let head = line.to_ascii_lowercase();
        if let Some(bytes) = head.strip_prefix("content-length:") {
            length = bytes.trim().parse().unwrap();
        }
        if head.trim().is_empty() {
            asked.by_ref().take(length).read_to_end(&mut Vec::new()).unwrap();
            if into.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
        line.clear();
    }
}
