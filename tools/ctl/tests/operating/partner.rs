//! One connection of a partner, spoken by hand in `iso93-ascii` behind four digits of length. Must not
//! know what a message means.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use codec::{Dialect, Fields, Mti, Slots, Writer};

/// The longest wait for anything that should come soon, on a machine that has much to do.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
/// A test card.
pub(crate) const CARD: &str = "3530111333300000";
/// The institution of the acquirer.
const ACQUIRER: &str = "77334000001";
/// The most bytes of a message here.
const MESSAGE_MAX: usize = 1_024;

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) mti: u16,
    fields: BTreeMap<u8, String>,
}

/// A connection.
pub(crate) struct Partner(TcpStream);

/// A partner that waits for a connection.
pub(crate) struct Desk(TcpListener);

impl Message {
    pub(crate) fn with(mut self, n: u8, text: &str) -> Self {
        self.fields.insert(n, text.to_owned());
        self
    }

    /// A field; empty when it is not there.
    pub(crate) fn text(&self, n: u8) -> &str {
        self.fields.get(&n).map_or("", String::as_str)
    }

    /// The answer to it with this DE 39.
    pub(crate) fn answered(&self, code: &str) -> Self {
        let mut fields = self.fields.clone();
        fields.retain(|n, _| [2, 3, 4, 7, 11, 12, 32, 33, 37, 41, 42, 49].contains(n));
        Self { mti: self.mti + 0x10 - (self.mti & 1), fields }.with(39, code)
    }
}

/// A sale of 2,500 yen.
pub(crate) fn sale(stan: u32) -> Message {
    let fields = [
        (2, CARD),
        (3, "000000"),
        (4, "000000002500"),
        (7, "1121052030"),
        (12, "261121142030"),
        (24, "200"),
        (32, ACQUIRER),
        (41, "T0000001"),
        (42, "M00000000000001"),
        (49, "392"),
    ];
    let fields = fields.map(|(n, text)| (n, text.to_owned())).into();
    let sale = Message { mti: 0x1200, fields };
    sale.with(11, &format!("{stan:06}")).with(37, &format!("63251405{:04}", stan % 10_000))
}

/// The reversal of the whole of it, as its acquirer sends it.
pub(crate) fn reversal(of: &Message, stan: u32) -> Message {
    let named = format!("{:04x}{}{}11{ACQUIRER}", of.mti, of.text(11), of.text(12));
    let reversal = Message { mti: 0x1420, fields: of.fields.clone() };
    reversal.with(11, &format!("{stan:06}")).with(24, "400").with(25, "4000").with(56, &named)
}

impl Partner {
    pub(crate) fn connects(to: SocketAddr) -> Self {
        Self::over(TcpStream::connect(to).unwrap())
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    pub(crate) fn sends(&mut self, message: &Message) {
        let mut out = [0; MESSAGE_MAX];
        let fields = message.fields.keys().fold(Fields::EMPTY, |fields, &n| fields.with(n));
        let mut writer = Writer::new(dialect(), &mut out, Mti::of(message.mti), fields).unwrap();
        for (&n, text) in &message.fields {
            writer.put_text(n, text.as_bytes()).unwrap();
        }
        let length = writer.finish().unwrap();
        let frame = [format!("{length:04}").as_bytes(), &out[..length]].concat();
        self.0.write_all(&frame).unwrap();
    }

    /// Waits for the next message.
    pub(crate) fn hears(&mut self) -> Message {
        let mut head = [0; 4];
        self.0.read_exact(&mut head).expect("a message was awaited");
        let length: usize = std::str::from_utf8(&head).unwrap().parse().unwrap();
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).unwrap();
        let mut slots = Slots::new();
        dialect().decode(&bytes, &mut slots).unwrap();
        let message = slots.message(dialect(), &bytes);
        let text = |n| {
            let value = message.value(n).unwrap();
            let mut text = vec![0; usize::from(value.units())];
            value.write_text(&mut text).unwrap();
            String::from_utf8(text).unwrap()
        };
        let fields = message.fields().iter().map(|n| (n, text(n))).collect();
        Message { mti: message.mti().bcd(), fields }
    }

    /// Sends a message and waits for the next one.
    pub(crate) fn asks(&mut self, message: &Message) -> Message {
        self.sends(message);
        self.hears()
    }
}

impl Desk {
    pub(crate) fn opens() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    /// Waits for a connection.
    pub(crate) fn accepts(&self) -> Partner {
        Partner::over(self.0.accept().unwrap().0)
    }
}

fn dialect() -> &'static Dialect {
    codec::built_in("iso93-ascii").unwrap()
}
