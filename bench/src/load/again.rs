//! Requests of an earlier run once more, as repeats: what does the other side make of them? Must not
//! know what it should.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use codec::{Cut, Mti, Slots};

use super::sale::{Particulars, Sale, sequence_of};
use super::station::note;
use super::{Error, Options};
use crate::clock;
use crate::ledger::{Answered, Sent};

/// Bytes read at a time; a frame is shorter.
const READ: usize = 4096;

/// Sends each of these requests of a load with these options as a repeat of it (1201 for 1200), one
/// after the other over a connection of its own. What each was answered within `patience`, in their
/// order; nothing where there was no right answer.
///
/// # Errors
/// See [`Error`].
pub fn again(
    options: &Options,
    requests: &[Sent],
    patience: Duration,
) -> Result<Vec<Option<Answered>>, Error> {
    let mut stream = Err(io::ErrorKind::AddrNotAvailable.into());
    for target in &options.targets {
        stream = TcpStream::connect_timeout(target, patience);
        if stream.is_ok() {
            break;
        }
    }
    let stream = stream.map_err(Error::System)?;
    let ready = stream.set_nodelay(true).and_then(|()| stream.set_read_timeout(Some(patience)));
    ready.map_err(Error::System)?;
    let mut line = Line { stream, carry: Vec::new() };
    let mut answers = Vec::new();
    for request in requests {
        answers.push(line.ask(options, request)?);
    }
    Ok(answers)
}

struct Line {
    stream: TcpStream,
    carry: Vec<u8>,
}

impl Line {
    fn ask(&mut self, options: &Options, request: &Sent) -> Result<Option<Answered>, Error> {
        let (mut sale, particulars) = repeat_of(options, request)?;
        self.stream.write_all(sale.frame(&particulars)).map_err(Error::System)?;
        let mut slots = Slots::new();
        loop {
            match options.framing.cut(&self.carry) {
                Cut::Frame { message, total } => {
                    let tpdu = options.framing.tpdu_back(&self.carry[..total]);
                    let bytes = self.carry[message].to_vec();
                    self.carry.drain(..total);
                    if options.dialect.decode(&bytes, &mut slots).is_err() {
                        return Ok(None);
                    }
                    let answer = slots.message(options.dialect, &bytes);
                    // Echoes and sign-ons are not for this line to answer.
                    if answer.mti().class() != request.mti.class() {
                        continue;
                    }
                    let right = sale.check(&particulars, tpdu, &answer).is_ok();
                    return Ok(right.then(|| note(request.reference, &answer, clock::unix())));
                }
                Cut::Incomplete { .. } => {
                    let mut bytes = [0; READ];
                    let read = match self.stream.read(&mut bytes) {
                        Ok(0) => return Ok(None),
                        Ok(read) => read,
                        Err(error) if is_silence(&error) => return Ok(None),
                        Err(error) => return Err(Error::System(error)),
                    };
                    self.carry.extend_from_slice(&bytes[..read]);
                }
                Cut::Bad(_) => return Ok(None),
            }
        }
    }
}

/// The same sale of the same card at the same acquirer, as its repeat.
fn repeat_of(options: &Options, request: &Sent) -> Result<(Sale, Particulars), Error> {
    let (run, sequence) = sequence_of(request.reference.bytes());
    let particulars = Particulars { sequence, stan: request.stan, second: request.second };
    let kinds = options.acquirers.len() * options.pans.len();
    let kind = usize::try_from(sequence).unwrap_or(0).checked_rem(kinds).ok_or(Error::Bounds)?;
    let acquirer = &options.acquirers[kind / options.pans.len()];
    let pan = &options.pans[kind % options.pans.len()];
    let mti = Mti::new(request.mti.without_repeat().bcd() + 1).ok_or(Error::Bounds)?;
    let sale = Sale::new(options.dialect, &options.framing, mti, pan, acquirer, run);
    Ok((sale.map_err(Error::Sale)?, particulars))
}

fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
