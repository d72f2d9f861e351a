//! Lines as systemd's journal reads them from a service's stderr: the priority of syslog(3) in front
//! (`<4>` for a warning), no time and no level, which the journal has itself. See
//! `SyslogLevelPrefix=` in systemd.exec(5). Knows no event.

use std::fmt::Result;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// A line of text behind its priority.
pub(super) struct Priorities {
    text: Format<Full, ()>,
}

impl Default for Priorities {
    fn default() -> Self {
        let text = Format::default().without_time().with_level(false).with_target(false);
        Self { text: text.with_ansi(false) }
    }
}

impl<S, N> FormatEvent<S, N> for Priorities
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> Result {
        let mut text = String::new();
        self.text.format_event(context, Writer::new(&mut text), event)?;
        let priority = priority(*event.metadata().level());
        // The journal takes each line for itself: a second one without would lose its priority.
        text.lines().try_for_each(|line| writeln!(out, "<{priority}>{line}"))
    }
}

/// As syslog(3) counts them.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}
