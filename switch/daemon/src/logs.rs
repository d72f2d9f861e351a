//! Log lines on stderr, from whoever has one: nobody waits for whoever reads them (`writer.rs`). Must
//! not know what is worth a line.

mod priorities;

mod rate;

mod sparing;

mod writer;

use std::io::{self, IsTerminal};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tracing::{Level, Subscriber, error, warn};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Registry, fmt, reload};

use crate::cli::LogFormat;
use crate::config::LogLevel;
use priorities::Priorities;
pub use rate::{Rate, Said};
pub(crate) use sparing::Sparing;
pub(crate) use writer::LINES_MAX;
use writer::Writer;

/// How long the end of the process waits for its last lines to be taken.
const END_WITHIN: Duration = Duration::from_secs(1);
/// How long a panic waits for its line: as long as it does, other threads go on behind something that does
/// not hold.
const PANIC_WITHIN: Duration = Duration::from_millis(50);

/// The target of events that are lines whatever the level is.
pub(crate) const ALWAYS: &str = "always";

/// The target of events that say why the process ends or begins anew, errors and warnings: they are lines whatever the level is, and neither
/// wait behind others nor are lost where those take all room.
pub(crate) const LAST_WORDS: &str = "last-words";

/// What was started: how to reach the lines that wait, and the level.
static LOG: OnceLock<Log> = OnceLock::new();

struct Log {
    format: LogFormat,
    writer: Writer,
    level: reload::Handle<Targets, Registry>,
    /// Lost lines that a line has told of.
    told: AtomicU64,
}

/// From here on events become lines on stderr: as words on a terminal, with priorities where systemd's
/// journal reads them, and as JSON elsewhere, unless a format is given. `NO_COLOR` (any value but
/// nothing) and `TERM=dumb` switch colours off.
///
/// # Errors
/// When it was called before, or a thread is not to be had.
pub fn start(format: Option<LogFormat>) -> io::Result<()> {
    let terminal = io::stderr().is_terminal();
    let variable = |name: &str| std::env::var_os(name).unwrap_or_default();
    let plain = !variable("NO_COLOR").is_empty() || variable("TERM") == "dumb";
    let format = format.unwrap_or_else(|| {
        let streams = variable("JOURNAL_STREAM");
        let is_journal = streams.to_str().is_some_and(is_journal);
        if is_journal {
            LogFormat::Journald
        } else if terminal {
            LogFormat::Text
        } else {
            LogFormat::Json
        }
    });
    let writer = Writer::start(io::stderr(), LINES_MAX)?;
    let (subscriber, level) = lines(format, terminal && !plain, writer.clone());
    tracing::subscriber::set_global_default(subscriber).map_err(io::Error::other)?;
    drop(LOG.set(Log { format, writer, level, told: AtomicU64::new(0) }));
    say_panics();
    Ok(())
}

/// From here on only events of this level or above become lines, and those of [`ALWAYS`].
pub fn set_level(level: Level) {
    if let Some(log) = LOG.get() {
        // It fails when the subscriber is gone, and no line is written any more.
        drop(log.level.reload(from_level(level)));
    }
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
        }
    }
}

/// An error as a line, for whoever can only write it by hand; it has no time.
pub(crate) fn by_hand(message: &str) -> Vec<u8> {
    let format = LOG.get().map_or(LogFormat::Text, |log| log.format);
    let line = match format {
        LogFormat::Text => format!("ERROR {message}\n"),
        LogFormat::Journald => format!("<3>{message}\n"),
        LogFormat::Json => {
            format!("{}\n", serde_json::json!({ "level": "ERROR", "message": message }))
        }
    };
    line.into_bytes()
}

/// Waits until all lines are written, but no longer than a second: for the end of the process.
pub fn end() {
    if let Some(log) = LOG.get() {
        log.writer.flush(END_WITHIN);
    }
}

/// Lines that were lost so far, as more came than could be written.
pub fn lost() -> u64 {
    LOG.get().map_or(0, |log| log.writer.lost())
}

/// These lines were lost on their way to here.
pub(crate) fn count_lost(lines: u64) {
    if let Some(log) = LOG.get() {
        log.writer.count_lost(lines);
    }
}

/// Says how many lines were lost since that was said last, if any were. For one thread.
pub(crate) fn tell_lost() {
    let Some(log) = LOG.get() else { return };
    let (lost, told) = (log.writer.lost(), log.told.load(Ordering::Relaxed));
    if lost > told {
        warn!(lost = lost - told, "log lines were lost: more came than could be written");
        // Where that line was lost too, it is said again.
        if log.writer.lost() == lost {
            log.told.store(lost, Ordering::Relaxed);
        }
    }
}

/// A panic is a line too: written by hand to a stderr that stalls, it would keep the process, which can
/// not go on, from its end.
fn say_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let place = panic.location().map(ToString::to_string);
        let message = panic.payload_as_str().unwrap_or("no message");
        error!(target: LAST_WORDS, thread = thread.name(), place, "panic: {message}");
        if let Some(log) = LOG.get() {
            wait_at_a_panic(&log.writer);
        }
    }));
}

fn wait_at_a_panic(writer: &Writer) {
    writer.last().flush(PANIC_WITHIN);
}

/// What passes at this level.
fn from_level(level: Level) -> Targets {
    Targets::new()
        .with_default(level)
        .with_target(ALWAYS, Level::INFO)
        .with_target(LAST_WORDS, Level::WARN)
}

/// Whether `JOURNAL_STREAM`, device and number of a file, means our stderr.
fn is_journal(streams: &str) -> bool {
    rustix::fs::fstat(io::stderr())
        .is_ok_and(|file| streams == format!("{}:{}", file.st_dev, file.st_ino))
}

/// A subscriber that writes one line an event, and the handle of its level.
fn lines<W>(
    format: LogFormat,
    colours: bool,
    writer: W,
) -> (Box<dyn Subscriber + Send + Sync>, reload::Handle<Targets, Registry>)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let (level, handle) = reload::Layer::new(from_level(Level::INFO));
    let registry = Registry::default().with(level);
    let layer = fmt::layer()
        .with_target(false)
        // Said on stderr by hand, where somebody would wait for it.
        .log_internal_errors(false)
        .with_ansi(colours && format == LogFormat::Text)
        .with_writer(writer);
    let subscriber: Box<dyn Subscriber + Send + Sync> = match format {
        LogFormat::Text => Box::new(registry.with(layer)),
        LogFormat::Journald => Box::new(registry.with(layer.event_format(Priorities::default()))),
        LogFormat::Json => {
            Box::new(registry.with(
                layer.json().flatten_event(true).with_current_span(false).with_span_list(false),
            ))
        }
    };
    (subscriber, handle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat) -> String {
        said(format, |_| {
            tracing::info!(station = "issuer-x", link = 3, "link is up");
            tracing::debug!("not shown");
        })
    }

    fn said(format: LogFormat, says: impl FnOnce(&reload::Handle<Targets, Registry>)) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let (subscriber, level) = lines(format, false, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || says(&level));
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_of_json_is_one_flat_object() {
        let text = logged(LogFormat::Json);
        let object: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!((&object["message"], &object["level"]), (&"link is up".into(), &"INFO".into()));
        assert_eq!((&object["station"], &object["link"]), (&"issuer-x".into(), &3.into()));
        assert!(object["timestamp"].is_string());
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn a_line_of_text_has_its_facts_behind_it() {
        let text = logged(LogFormat::Text);
        assert!(
            text.trim_end().ends_with(r#"INFO link is up station="issuer-x" link=3"#),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn a_line_for_the_journal_has_its_priority_and_no_time_of_its_own() {
        let text = said(LogFormat::Journald, |_| {
            tracing::error!("a disk failed");
            tracing::warn!("two lines\nof one event");
            tracing::info!(station = "issuer-x", link = 3, "link is up");
        });
        let expected = "<3>a disk failed\n<4>two lines\n<4>of one event\n\
                        <6>link is up station=\"issuer-x\" link=3\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_level_can_be_changed_at_any_time() {
        let text = said(LogFormat::Journald, |level| {
            tracing::debug!("one");
            level.reload(from_level(Level::DEBUG)).unwrap();
            tracing::debug!("two");
            level.reload(from_level(Level::ERROR)).unwrap();
            tracing::warn!("three");
            tracing::info!(target: ALWAYS, "all the same");
            level.reload(from_level(Level::INFO)).unwrap();
            tracing::info!("four");
        });
        assert_eq!(text, "<7>two\n<6>all the same\n<6>four\n");
    }

    /// Stderr that takes nothing until its other end is gone.
    struct Stuck(std::sync::mpsc::Receiver<()>);

    impl io::Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().unwrap_or_default();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_does_not_wait_for_a_log_that_nobody_reads_as_an_end_does() {
        let (_holds, held) = std::sync::mpsc::channel();
        let mut writer = Writer::start(Stuck(held), 8).unwrap();
        io::Write::write_all(&mut writer, b"line\n").unwrap();
        let began = crate::clocks::boot();
        wait_at_a_panic(&writer);
        let waited = crate::clocks::boot().since(began);
        // Twenty times what it may, as others use this machine too.
        assert!(waited < END_WITHIN, "{waited:?}");
    }

    #[test]
    fn that_a_process_begins_anew_is_said_at_every_level() {
        for level in [Level::ERROR, Level::INFO, Level::DEBUG] {
            assert!(from_level(level).would_enable(LAST_WORDS, &Level::WARN), "{level}");
        }
    }
}
