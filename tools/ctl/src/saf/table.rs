//! Stored messages as people read them. Pure functions of what the daemon said.

use daemon::saf::{SafItem, SafReply};

use crate::grid::{grid, left_grid};
use crate::journal::second;
use crate::output::duration;

/// All of a list, a row each.
pub(super) fn list(reply: &SafReply) -> String {
    if reply.items.is_empty() {
        return "No stored message waits.\n".into();
    }
    let rows = reply.items.iter().map(|item| {
        vec![
            item.id.clone(),
            item.state.clone(),
            item.mti.clone(),
            said(item.reason.as_ref()),
            duration(item.age_s),
            item.failures.to_string(),
            item.again_s.map_or("-".into(), duration),
            said(item.last_action.as_ref()),
            said(item.original.as_ref()),
            said(item.card.as_ref()),
        ]
    });
    let header = [
        "ID",
        "STATE",
        "MTI",
        "REASON",
        "AGE",
        "FAILURES",
        "AGAIN IN",
        "LAST CODE",
        "ORIGINAL",
        "CARD",
    ];
    let mut out = grid(&header, rows.collect());
    if reply.more > 0 {
        let more = reply.more;
        out += "and ";
        out += &more.to_string();
        out += " more; --issuer NAME shows all of one issuer\n";
    }
    out
}

/// One, a row for each thing that is known of it.
pub(super) fn item(item: &SafItem) -> String {
    let mut rows = [
        ("issuer", item.issuer.clone()),
        ("state", item.state.clone()),
        ("MTI", item.mti.clone()),
        ("reason (DE 25)", item.reason.as_deref().map_or("-".into(), reason)),
        ("original's STAN", said(item.original.as_ref())),
        ("made", format!("{} ({} ago)", second(item.made_utc), duration(item.age_s))),
        ("failed sends", item.failures.to_string()),
        ("sent again in", item.again_s.map_or("-".into(), duration)),
        ("last code (DE 39)", said(item.last_action.as_ref())),
        ("by", said(item.by.as_ref())),
        ("card", said(item.card.as_ref())),
    ]
    .map(|(what, value)| vec![what.to_owned(), value])
    .to_vec();
    rows.extend(item.fields.iter().map(|(n, value)| vec![format!("DE {n}"), value.clone()]));
    left_grid(&[&item.id, ""], rows)
}

/// Why a reversal is sent, with what it means where that is one of ours or the usual one.
fn reason(code: &str) -> String {
    let words = match code {
        "4000" => "the customer cancelled",
        "4006" => "approved too late",
        "4013" => "the approval did not reach the acquirer",
        "4021" => "no answer in time, or none before a start",
        _ => return code.to_owned(),
    };
    format!("{code}, {words}")
}

fn said(value: Option<&String>) -> String {
    value.cloned().unwrap_or_else(|| "-".into())
}
