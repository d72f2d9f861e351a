//! Partners for the stories: messages as lists of fields, an acquirer and an issuer on plain
//! sockets, and the program. Must not use what it tests.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bench::issuer::{self, Issuer};
use bench::load::{Options, Pace};
use bench::relay::{self, Relay};
use codec::{Dialect, Fields, Framing, Mti, Slots, Writer};

pub(crate) const HERE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

pub(crate) fn ascii() -> &'static Dialect {
    codec::built_in("iso93-ascii").unwrap()
}

pub(crate) fn ascii_87() -> &'static Dialect {
    codec::built_in("iso87-ascii").unwrap()
}

/// In which a message of this type is written.
fn dialect_of(version: u8) -> &'static Dialect {
    if version == 0 { ascii_87() } else { ascii() }
}

pub(crate) fn ascii4() -> Framing {
    Framing::built_in("ascii4").unwrap()
}

/// A message as people write it down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) mti: Mti,
    pub(crate) fields: BTreeMap<u8, String>,
}

impl Said {
    pub(crate) fn new(mti: u16, fields: &[(u8, &str)]) -> Self {
        let fields = fields.iter().map(|(n, text)| (*n, (*text).to_owned())).collect();
        Self { mti: Mti::of(mti), fields }
    }

    /// What an honest issuer answers.
    pub(crate) fn approved(&self) -> Self {
        let mut answer = Self { mti: self.mti.answer().unwrap(), fields: self.fields.clone() };
        answer.fields.retain(|n, _| ![14, 22, 24, 26].contains(n));
        answer.with(38, "A1B2C3").with(39, "000")
    }

    pub(crate) fn with(mut self, n: u8, text: &str) -> Self {
        self.fields.insert(n, text.to_owned());
        self
    }

    pub(crate) fn without(mut self, n: u8) -> Self {
        self.fields.remove(&n);
        self
    }

    pub(crate) fn field(&self, n: u8) -> &str {
        self.fields.get(&n).map_or("", String::as_str)
    }

    pub(crate) fn read(message: &[u8]) -> Self {
        let dialect = dialect_of(message[0] - b'0');
        let mut slots = Slots::new();
        dialect.decode(message, &mut slots).unwrap();
        let message = slots.message(dialect, message);
        let text = |n| String::from_utf8(message.value(n).unwrap().bytes().to_vec()).unwrap();
        Self { mti: message.mti(), fields: message.fields().iter().map(|n| (n, text(n))).collect() }
    }

    /// In a frame of four digits.
    pub(crate) fn frame(&self) -> Vec<u8> {
        let mut out = [0; 2048];
        let fields = self.fields.keys().fold(Fields::EMPTY, |fields, n| fields.with(*n));
        let mut writer =
            Writer::new(dialect_of(self.mti.version()), &mut out, self.mti, fields).unwrap();
        for (n, text) in &self.fields {
            writer.put_text(*n, text.as_bytes()).unwrap();
        }
        let length = writer.finish().unwrap();
        let mut frame = format!("{length:04}").into_bytes();
        frame.extend_from_slice(&out[..length]);
        frame
    }
}

/// A sale as an acquirer sends it.
pub(crate) fn sale(stan: &str) -> Said {
    Said::new(
        0x1200,
        &[
            (2, "3530111333300000"),
            (3, "000000"),
            (4, "000000012800"),
            (7, "1121052030"),
            (11, stan),
            (12, "261121142030"),
            (32, "77334000001"),
            (37, "632514000101"),
            (41, "T0000001"),
            (42, "M00000000000001"),
            (49, "392"),
        ],
    )
}

/// A sale of 1987.
pub(crate) fn sale_87(stan: &str) -> Said {
    Said { mti: Mti::of(0x0200), ..sale(stan) }.with(12, "142030").with(13, "1121").with(18, "5411")
}

/// One end of a connection, reading and writing frames of four digits.
pub(crate) struct Line(TcpStream);

impl From<TcpStream> for Line {
    fn from(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self(stream)
    }
}

impl Line {
    pub(crate) fn to(address: SocketAddr) -> Self {
        TcpStream::connect(address).unwrap().into()
    }

    pub(crate) fn says(&mut self, said: &Said) {
        self.says_bytes(&said.frame());
    }

    pub(crate) fn says_bytes(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    pub(crate) fn hears(&mut self) -> Said {
        self.next().unwrap().expect("the other end is still there")
    }

    pub(crate) fn hears_the_end(&mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0) | Err(_))
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Said>> {
        let mut prefix = [0; 4];
        match self.0.read_exact(&mut prefix) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let length: usize = std::str::from_utf8(&prefix).unwrap().parse().unwrap();
        let mut message = vec![0; length];
        self.0.read_exact(&mut message)?;
        Ok(Some(Said::read(&message)))
    }
}

/// An issuer that answers as the story says: for each request (its number from 1 on its connection,
/// and itself) the bytes to send, or `None` to close the connection.
pub(crate) fn issuer_that(
    answers: impl Fn(u64, &Said) -> Option<Vec<u8>> + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind(HERE).unwrap();
    let address = listener.local_addr().unwrap();
    let answers = Arc::new(answers);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answers = Arc::clone(&answers);
            thread::spawn(move || serve(stream.into(), &*answers));
        }
    });
    address
}

fn serve(mut line: Line, answers: &dyn Fn(u64, &Said) -> Option<Vec<u8>>) {
    for number in 1.. {
        let Ok(Some(request)) = line.next() else { return };
        let Some(bytes) = answers(number, &request) else { return };
        if line.0.write_all(&bytes).is_err() {
            return;
        }
    }
}

/// A load that is over soon, and patient with a machine that is busy.
pub(crate) fn short_load(target: SocketAddr) -> Options {
    Options {
        pace: Pace::Window(1),
        duration: Duration::from_millis(200),
        warmup: Duration::ZERO,
        grace: Duration::from_secs(15),
        ..Options::new(target, ascii(), ascii4())
    }
}

/// Something that runs on a thread until the story is over.
pub(crate) struct Running<T> {
    pub(crate) address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<T>>,
}

impl<T> Running<T> {
    /// What it did.
    pub(crate) fn ends(self) -> T {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap().unwrap()
    }
}

pub(crate) fn running_issuer(options: &issuer::Options) -> Running<issuer::Summary> {
    let issuer = Issuer::open(options).unwrap();
    let address = issuer.addresses()[0];
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let thread = thread::spawn(move || issuer.run(&flag, &mut |_| ()));
    Running { address, stop, thread }
}

pub(crate) fn running_relay(framing: Framing, to: SocketAddr) -> Running<relay::Summary> {
    let options = relay::Options { listen: HERE, to: vec![to; 4], framing };
    let relay = Relay::open(&options).unwrap();
    let address = relay.address();
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let thread = thread::spawn(move || relay.run(&flag));
    Running { address, stop, thread }
}

/// An honest issuer in the dialect of the stories.
pub(crate) fn honest_issuer() -> issuer::Options {
    issuer::Options::new(vec![HERE], ascii(), ascii4())
}

/// Runs the program to its end.
pub(crate) fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sekisho-bench"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The program while it runs; ended with the story.
pub(crate) struct Program {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Program {
    pub(crate) fn starts(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_sekisho-bench"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Its address, from its first line.
    pub(crate) fn listening(&mut self) -> SocketAddr {
        self.line().strip_prefix("listening ").unwrap().parse().unwrap()
    }

    /// Asked to end: what it still says, and its exit code.
    pub(crate) fn asked_to_end(mut self) -> (String, Option<i32>) {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        (rest, self.process.wait().unwrap().code())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _ended_already = self.process.wait();
    }
}
