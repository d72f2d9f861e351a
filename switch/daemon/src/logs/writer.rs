//! Where lines wait for stderr: whoever has one puts it here and goes on, and a thread of its own
//! writes. When stderr stalls, that thread stands still and nobody else; lines beyond the bound are
//! lost and counted. Must not know what a line says.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded, select_biased};
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use super::LAST_WORDS;

/// Lines that wait for stderr at most.
pub(crate) const LINES_MAX: usize = 8_192;

/// Last words that wait at most: of all threads that can have some before the process has ended.
const LAST_MAX: usize = 16;

/// What is handed to the thread.
enum Message {
    Line(Vec<u8>),
    /// All lines in front of this are to be written; then it is dropped.
    Flush(Sender<()>),
}

/// The end where lines are put.
#[derive(Clone)]
pub(super) struct Writer {
    to: Sender<Message>,
    /// Past all that wait there: why the process ends.
    last: Sender<Message>,
    /// Lines that were not written, and nobody was told of yet. A plain count.
    lost: Arc<AtomicU64>,
}

impl Writer {
    /// Starts the thread that writes to `out`, with room for so many lines.
    pub(super) fn start(out: impl Write + Send + 'static, lines_max: usize) -> io::Result<Self> {
        let (to, from) = bounded(lines_max);
        let (last, from_last) = bounded(LAST_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        thread::Builder::new()
            .name("stderr".into())
            .spawn(move || write(out, [&from_last, &from], &counted))?;
        Ok(Self { to, last, lost })
    }

    /// Lines lost so far.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// More were lost elsewhere, on their way to here.
    pub(super) fn count_lost(&self, lines: u64) {
        self.lost.fetch_add(lines, Ordering::Relaxed);
    }

    /// From here lines go in front of all that wait.
    pub(super) fn last(&self) -> Self {
        Self { to: self.last.clone(), ..self.clone() }
    }

    /// Waits until what was put here is written, but no longer than this.
    pub(super) fn flush(&self, within: Duration) {
        let (written, all) = bounded(0);
        let deadline = crossbeam::channel::after(within);
        crossbeam::channel::select! {
            send(self.to, Message::Flush(written)) -> _ => {}
            recv(deadline) -> _ => return,
        }
        crossbeam::channel::select! {
            // Nothing is ever sent: the other end is dropped when its turn has come.
            recv(all) -> _ => {}
            recv(deadline) -> _ => {}
        }
    }
}

fn write(mut out: impl Write, [last, from]: [&Receiver<Message>; 2], lost: &AtomicU64) {
    loop {
        // In this order: why the process ends is worth more than what was before.
        let message = select_biased! {
            recv(last) -> message => message,
            recv(from) -> message => message,
        };
        match message {
            Ok(Message::Line(line)) => {
                if out.write_all(&line).is_err() {
                    lost.fetch_add(1, Ordering::Relaxed);
                }
            }
            Ok(Message::Flush(written)) => drop(written),
            // Both go together, with the last writer.
            Err(_) => return,
        }
    }
}

impl Write for Writer {
    /// Takes a whole line, or counts it as lost; never waits and never fails.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.to.try_send(Message::Line(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Writer {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }

    fn make_writer_for(&self, about: &Metadata<'_>) -> Self {
        if about.target() == LAST_WORDS { self.last() } else { self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Stderr that takes a line only when it is let, and keeps what it took.
    struct Gated {
        lets: Receiver<()>,
        took: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gated {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.lets.recv().is_err() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            self.took.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated(lines_max: usize) -> (Writer, Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (let_it, lets) = bounded(100);
        let took = Arc::new(Mutex::new(Vec::new()));
        let out = Gated { lets, took: Arc::clone(&took) };
        (Writer::start(out, lines_max).unwrap(), let_it, took)
    }

    #[test]
    fn lines_beyond_the_bound_are_lost_and_counted_and_those_before_are_written() {
        let (mut writer, let_it, took) = gated(2);
        for line in 1..=9 {
            writer.write_all(format!("{line}\n").as_bytes()).unwrap();
        }
        // Two wait; the thread may have taken one out to write it.
        let lost = writer.lost();
        assert!((6..=7).contains(&lost), "{lost}");
        (0..9).for_each(|_| let_it.send(()).unwrap());
        writer.flush(Duration::from_secs(20));
        let written = String::from_utf8(took.lock().unwrap().clone()).unwrap();
        assert_eq!(u64::try_from(written.lines().count()).unwrap(), 9 - lost);
        assert!(written.starts_with("1\n2\n"), "{written}");
        writer.count_lost(3);
        assert_eq!(writer.lost(), lost + 3);
    }

    #[test]
    fn last_words_are_not_lost_where_all_room_is_taken_and_are_written_before_what_waits() {
        let (mut writer, let_it, took) = gated(2);
        for line in 1..=9 {
            writer.write_all(format!("{line}\n").as_bytes()).unwrap();
        }
        let lost = writer.lost();
        writer.last().write_all(b"why\n").unwrap();
        assert_eq!(writer.lost(), lost);
        // The first may be under way already.
        (0..2).for_each(|_| let_it.send(()).unwrap());
        writer.last().flush(Duration::from_secs(20));
        let written = String::from_utf8(took.lock().unwrap().clone()).unwrap();
        assert!(["why\n", "why\n1\n", "1\nwhy\n"].contains(&written.as_str()), "{written}");
    }

    #[test]
    fn the_end_waits_for_a_stuck_reader_no_longer_than_it_may() {
        for lines_max in [1, 100] {
            let (mut writer, _let_it, took) = gated(lines_max);
            for _ in 0..5 {
                writer.write_all(b"line\n").unwrap();
            }
            writer.flush(Duration::from_millis(10));
            assert_eq!(took.lock().unwrap().len(), 0);
        }
    }

    #[test]
    fn lines_that_can_not_be_written_are_counted_and_the_thread_goes_on() {
        let (mut writer, let_it, _took) = gated(8);
        drop(let_it);
        for _ in 0..3 {
            writer.write_all(b"line\n").unwrap();
        }
        writer.flush(Duration::from_secs(20));
        assert_eq!(writer.lost(), 3);
    }
}
