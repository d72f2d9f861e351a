//! Log lines on stderr, written by the log's thread and, at start and stop, by the main one; never
//! by a worker. When stderr stalls they stand still, notices are dropped and counted at their bound,
//! and no transaction waits. Must not know what is worth a line.

mod rate;

use std::io::{self, IsTerminal};

use tracing::subscriber::SetGlobalDefaultError;
use tracing::{Level, Subscriber};
use tracing_subscriber::fmt::format::FmtSpan;

use crate::cli::LogFormat;

pub use rate::{Rate, Said};

/// From here on events become lines on stderr: as words on a terminal and as JSON elsewhere, unless
/// a format is given. `NO_COLOR` (any value but nothing) and `TERM=dumb` switch colours off.
///
/// # Errors
/// When it was called before.
pub fn start(format: Option<LogFormat>) -> Result<(), SetGlobalDefaultError> {
    let terminal = io::stderr().is_terminal();
    let variable = |name: &str| std::env::var_os(name).unwrap_or_default();
    let plain = !variable("NO_COLOR").is_empty() || variable("TERM") == "dumb";
    let format = format.unwrap_or(if terminal { LogFormat::Text } else { LogFormat::Json });
    tracing::subscriber::set_global_default(lines(format, terminal && !plain, io::stderr))
}

/// A subscriber that writes one line an event.
fn lines<W>(format: LogFormat, colours: bool, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> tracing_subscriber::fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt()
        .with_max_level(Level::INFO)
        .with_target(false)
        .with_ansi(colours)
        .with_span_events(FmtSpan::NONE)
        // A line that can not be written is lost. Saying so on stderr, which is what can not be
        // written to, would panic, and end the switch because nobody reads its log.
        .log_internal_errors(false)
        .with_writer(writer);
    match format {
        LogFormat::Text => Box::new(builder.finish()),
        LogFormat::Json => Box::new(
            builder
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false)
                .finish(),
        ),
    }
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
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = lines(format, false, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(station = "issuer-x", link = 3, "link is up");
            tracing::debug!("not shown");
        });
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
}
