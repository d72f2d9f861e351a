//! One connection of a partner, spoken by hand: message by message. Must not know what a message
//! means.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;

use codec::{Cut, Dialect, Framing, Tpdu};
use rustix::net::{AddressFamily, SocketType, sockopt};

use crate::configuration::Speech;
use crate::letter::Letter;
use crate::patience::{PATIENCE, until_readable};
use crate::place::own_address;

/// A connection.
pub(crate) struct Link {
    stream: TcpStream,
    dialect: &'static Dialect,
    framing: Framing,
    carry: Vec<u8>,
}

/// A partner that waits for our connections.
pub(crate) struct Desk {
    listener: TcpListener,
    speech: Speech,
}

impl Link {
    pub(crate) fn connects(speech: Speech, to: SocketAddr) -> Self {
        Self::over(TcpStream::connect(to).expect("somebody listens there"), speech)
    }

    /// Connects from another address of loopback, taking at most so many bytes unread.
    pub(crate) fn connects_from(
        from: Ipv4Addr,
        taking_bytes: Option<usize>,
        speech: Speech,
        to: SocketAddr,
    ) -> io::Result<Self> {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
        if let Some(bytes) = taking_bytes {
            sockopt::set_socket_recv_buffer_size(&socket, bytes)?;
        }
        rustix::net::bind(&socket, &SocketAddr::new(IpAddr::V4(from), 0))?;
        rustix::net::connect(&socket, &to)?;
        Ok(Self::over(OwnedFd::into(socket), speech))
    }

    fn over(stream: TcpStream, speech: Speech) -> Self {
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket takes timeouts");
        stream.set_nodelay(true).expect("a TCP socket has it");
        Self { stream, dialect: dialect(speech), framing: framing(speech), carry: Vec::new() }
    }

    pub(crate) fn sends(&mut self, letter: &Letter) {
        let message = letter.write(self.dialect);
        self.sends_message(&message);
    }

    /// Sends a message; none when the link is gone.
    pub(crate) fn tries(&mut self, letter: &Letter) -> Option<()> {
        let frame = self.framed(&letter.write(self.dialect));
        self.sends_bytes(&frame).ok()
    }

    /// Sends bytes in a frame.
    pub(crate) fn sends_message(&mut self, message: &[u8]) {
        let frame = self.framed(message);
        self.sends_bytes(&frame).expect("the other side takes it");
    }

    /// Sends bytes in a frame, under this TPDU.
    pub(crate) fn sends_under(&mut self, tpdu: [u8; 5], message: &[u8]) {
        let frame = self.framed_under(Some(Tpdu(tpdu)), message);
        self.sends_bytes(&frame).expect("the other side takes it");
    }

    /// Sends bytes as they are.
    pub(crate) fn sends_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    pub(crate) fn written(&self, letter: &Letter) -> Vec<u8> {
        letter.write(self.dialect)
    }

    pub(crate) fn framed(&self, message: &[u8]) -> Vec<u8> {
        self.framed_under(None, message)
    }

    fn framed_under(&self, tpdu: Option<Tpdu>, message: &[u8]) -> Vec<u8> {
        let mut frame = vec![0; message.len() + self.framing.overhead()];
        let opened = self.framing.open_with(tpdu, message.len(), &mut frame);
        let begin = opened.expect("it fits");
        let end = begin + message.len();
        frame[begin..end].copy_from_slice(message);
        self.framing.close(message.len(), &mut frame[end..]).expect("it fits");
        frame
    }

    /// Waits for the next message.
    pub(crate) fn hears(&mut self) -> Letter {
        self.hears_framed().1
    }

    /// Waits for the next message; none when the link is closed before.
    pub(crate) fn tries_to_hear(&mut self) -> Option<Letter> {
        self.hears_or_ends().ok().map(|(_, letter)| letter)
    }

    /// Waits for the next message; with the bytes of its whole frame.
    pub(crate) fn hears_framed(&mut self) -> (Vec<u8>, Letter) {
        let heard = self.hears_or_ends();
        heard.unwrap_or_else(|why| panic!("{why} where a message was awaited"))
    }

    fn hears_or_ends(&mut self) -> Result<(Vec<u8>, Letter), String> {
        loop {
            if let Cut::Frame { message, total } = self.framing.cut(&self.carry) {
                let letter = Letter::read(self.dialect, &self.carry[message]);
                return Ok((self.carry.drain(..total).collect(), letter));
            }
            let mut bytes = [0; 4_096];
            until_readable("a message", &self.stream);
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err("the link was closed".to_owned()),
                Ok(count) => self.carry.extend_from_slice(&bytes[..count]),
                Err(error) => return Err(format!("the link broke ({error})")),
            }
        }
    }

    /// Waits for the next request; advices and reversals are acknowledged.
    pub(crate) fn hears_request(&mut self) -> Letter {
        loop {
            let heard = self.hears();
            let (mti, taken) = (heard.mti(), if heard.mti() < 0x1000 { "00" } else { "900" });
            match mti & 0x0FF0 {
                0x0400 | 0x0420 if mti >= 0x1000 => self.sends(&heard.answered("400")),
                0x0120 | 0x0220 | 0x0320 | 0x0400 | 0x0420 => self.sends(&heard.answered(taken)),
                _ => return heard,
            }
        }
    }

    /// Waits for so many bytes, whatever they say.
    pub(crate) fn hears_bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        let mut heard = 0;
        while heard < count {
            until_readable("bytes", &self.stream);
            let more = self.stream.read(&mut bytes[heard..]).expect("the link is there");
            assert!(more > 0, "the link was closed where bytes were awaited");
            heard += more;
        }
        bytes
    }

    /// Sends a message and waits for the next one.
    pub(crate) fn asks(&mut self, letter: &Letter) -> Letter {
        self.sends(letter);
        self.hears()
    }

    /// Whether the other side has not closed it; nothing is read that is not an end.
    pub(crate) fn is_open(&self) -> bool {
        self.stream.set_nonblocking(true).expect("a socket can be asked");
        let looked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).expect("a socket can be asked");
        match looked {
            Ok(count) => count > 0,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }

    /// Waits until the other side closes it, with nothing said before.
    pub(crate) fn is_closed(&mut self) {
        until_readable("the link to be closed", &self.stream);
        match self.stream.read(&mut [0]) {
            Ok(0) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Ok(_) => panic!("a message came where the link should have been closed"),
            Err(error) => panic!("the link broke in another way: {error}"),
        }
        assert!(self.carry.is_empty(), "a message came where the link should have been closed");
    }
}

impl Desk {
    /// Listens on an address of its own.
    pub(crate) fn opens(speech: Speech) -> Self {
        let listener = TcpListener::bind(own_address()).expect("loopback is all ours");
        Self { listener, speech }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("it is bound")
    }

    /// Waits for the next connection.
    pub(crate) fn accepts(&self) -> Link {
        until_readable("a connection", &self.listener);
        let (stream, _) = self.listener.accept().expect("somebody is there");
        Link::over(stream, self.speech)
    }
}

pub(crate) fn dialect(speech: Speech) -> &'static Dialect {
    codec::built_in(speech.dialect).unwrap_or_else(|| {
        let spec = codec_specs::load(Path::new(speech.dialect)).expect("it is a dialect");
        Box::leak(Box::new(spec.dialect))
    })
}

/// The framing of that name, or the first that is named in the table. What else the table says is
/// for the switch alone.
pub(crate) fn framing(speech: Speech) -> Framing {
    let named = speech.framing.split('"').find_map(Framing::built_in);
    named.expect("it is built in")
}
