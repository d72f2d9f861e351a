//! A record as a line of a table whose columns stand still, so that records can be shown as they
//! come. Must not know what a record is.

use std::fmt::Write;

use serde_json::Value;

use super::row::Row;

/// The heads of the columns.
pub(super) fn header() -> String {
    laid_out(["POSITION", "WRITTEN", "KIND", "STATIONS", "MTI", "STAN", "CODE", "RRN", "FIELDS"])
}

/// A record.
pub(super) fn line(row: &Row) -> String {
    let stations = match (&row.acquirer, &row.issuer, &row.station) {
        (Some(acquirer), Some(issuer), _) => format!("{acquirer} > {issuer}"),
        (_, Some(one), _) | (_, _, Some(one)) | (Some(one), ..) => one.clone(),
        (None, None, None) => "-".into(),
    };
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    laid_out([
        &row.position.to_string(),
        &row.written,
        row.kind,
        &stations,
        &or_none(&row.mti),
        &or_none(&row.stan),
        &or_none(&row.action),
        &or_none(&row.rrn),
        &rest(row),
    ])
}

/// Columns that are as wide as what is usual in them; what is wider pushes the others on.
fn laid_out(columns: [&str; 9]) -> String {
    let [position, written, kind, stations, mti, stan, action, rrn, fields] = columns;
    let mut line = format!(
        "{position:<10}  {written:<27}  {kind:<13}  {stations:<24}  {mti:<4}  {stan:<6}  \
         {action:<4}  {rrn:<12}  {fields}"
    );
    line.truncate(line.trim_end().len());
    line + "\n"
}

/// The fields of the frame, or why they are not shown, or what else the record says.
fn rest(row: &Row) -> String {
    let mut out = String::new();
    let mut say = |key: &str, value: &str| {
        let blank = if out.is_empty() { "" } else { " " };
        let quote = if value.contains(' ') && !value.starts_with('(') { "\"" } else { "" };
        write!(out, "{blank}{key}={quote}{value}{quote}").expect("a text takes what is written");
    };
    match (&row.fields, &row.unread) {
        (Some(fields), _) => fields.0.iter().for_each(|(n, value)| say(&n.to_string(), value)),
        (None, Some(why)) => out = format!("({why})"),
        (None, None) => {
            for (key, value) in &row.more {
                match value {
                    Value::Object(inner) => {
                        inner.iter().for_each(|(key, value)| say(key, &value.to_string()));
                    }
                    Value::String(text) => say(key, text),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                        say(key, &value.to_string());
                    }
                }
            }
        }
    }
    out
}
