//! Lines of input, one after the other, each of bounded length. Knows nothing of what they say.

use std::io::{self, BufRead, BufReader, Read};

use codec::MESSAGE_BYTES_MAX;

use crate::output::{FAILED, Failure};

/// The longest line: the longest message as an object of JSON, each byte escaped.
const LINE_BYTES_MAX: usize = MESSAGE_BYTES_MAX * 8;

/// Where lines come from.
pub(super) struct Lines {
    from: Box<dyn BufRead>,
    /// Of the line read last, counted from 1.
    pub(super) number: u64,
    line: Vec<u8>,
}

impl Lines {
    /// Of standard input for `-`, or of the text itself.
    pub(super) fn new(argument: &str) -> Self {
        let from: Box<dyn BufRead> = match argument {
            "-" => Box::new(BufReader::new(io::stdin())),
            text => Box::new(io::Cursor::new(text.to_owned())),
        };
        Self { from, number: 0, line: Vec::new() }
    }

    /// The next line that is not blank, without its end; `None` when there is none.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        loop {
            self.line.clear();
            let most = u64::try_from(LINE_BYTES_MAX + 1).unwrap_or(u64::MAX);
            let read = (&mut self.from).take(most).read_until(b'\n', &mut self.line);
            let read = read.map_err(|error| {
                Failure::new(FAILED, format!("standard input can not be read: {error}"))
            })?;
            self.number += 1;
            if read == 0 {
                return Ok(None);
            }
            if self.line.len() > LINE_BYTES_MAX {
                let message = format!(
                    "line {} is longer than {LINE_BYTES_MAX} bytes, which no message is; write one \
                     message a line",
                    self.number
                );
                return Err(Failure::new(FAILED, message));
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some(self.line.trim_ascii_end()));
            }
        }
    }
}
