//! The commands: how each is read, who may give it, whether it changes anything, and what a record says
//! of it. Must not know what comes of one.

use journal::roles::wish::Question;
use serde::Deserialize;
use serde_json::Value;

use super::{REQUEST_BYTES_MAX, Role};
use crate::change::ConfigRequest;
use crate::node_requests::NodeRequest;
use crate::saf::{SafRequest, id, parts};

/// A command that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Status,
    Saf(SafRequest),
    Config(ConfigRequest),
    Node(NodeRequest),
}

/// What a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) role: Role,
    /// It is written down before it is done.
    pub(super) changes: bool,
}

/// Every command, with its action: who may give it, and whether it changes anything.
const COMMANDS: [(&str, &str, Role, bool); 22] = [
    ("status", "", Role::Viewer, false),
    ("saf", "list", Role::Viewer, false),
    ("saf", "page", Role::Viewer, false),
    ("saf", "show", Role::Viewer, false),
    ("saf", "hold", Role::Operator, true),
    ("saf", "release", Role::Operator, true),
    ("saf", "purge", Role::Operator, true),
    ("config", "plan", Role::Viewer, false),
    ("config", "progress", Role::Viewer, false),
    ("config", "history", Role::Viewer, false),
    // The files name keys and partners.
    ("config", "version", Role::Administrator, false),
    ("config", "apply", Role::Administrator, true),
    ("node", "status", Role::Viewer, false),
    // Who paid what, and which trace numbers they had.
    ("node", "orphans", Role::Administrator, false),
    ("node", "promote", Role::Administrator, true),
    ("node", "demote", Role::Administrator, true),
    ("node", "switchover", Role::Administrator, true),
    ("node", "join", Role::Administrator, true),
    ("node", "isolate", Role::Administrator, true),
    ("node", "drill", Role::Administrator, true),
    ("node", "evidence", Role::Viewer, false),
    ("node", "back", Role::Administrator, true),
];

#[derive(Deserialize)]
struct Request {
    command: String,
    /// What only this command has.
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

impl Asked {
    /// Reads a line with its end, or says why it is no command.
    pub(super) fn read(line: &[u8]) -> Result<Self, String> {
        if line.len() > REQUEST_BYTES_MAX || !line.ends_with(b"\n") {
            return Err(format!("a request is one line of at most {REQUEST_BYTES_MAX} bytes"));
        }
        let Ok(Request { command, rest }) = serde_json::from_slice(line) else {
            let example = r#"{"command":"status"}"#;
            return Err(format!("not a request; write one object a line, as {example}"));
        };
        match command.as_str() {
            "status" => Ok(Self::Status),
            "saf" => serde_json::from_value(rest.into())
                .map(Self::Saf)
                .map_err(|error| format!("no request about stored messages: {error}")),
            "config" => serde_json::from_value(rest.into())
                .map(Self::Config)
                .map_err(|error| format!("no request about the configuration: {error}")),
            "node" => serde_json::from_value(rest.into())
                .map(Self::Node)
                .map_err(|error| format!("no request about the two nodes: {error}")),
            _ => Err(format!("unknown command {command:?}; there is: status, saf, config, node")),
        }
    }

    /// What it takes. What stands in no table is for administrators alone.
    pub(super) fn needs(&self) -> Needs {
        let (command, action) = self.name();
        let found = COMMANDS.iter().find(|&&(c, a, ..)| (c, a) == (command, action));
        found.map_or(Needs { role: Role::Administrator, changes: true }, |&(.., role, changes)| {
            Needs { role, changes }
        })
    }

    /// The command and its action.
    pub(super) fn name(&self) -> (&'static str, &'static str) {
        match self {
            Self::Status => ("status", ""),
            Self::Saf(request) => ("saf", request.action()),
            Self::Config(request) => {
                let action = match request {
                    ConfigRequest::Plan => "plan",
                    ConfigRequest::Apply { .. } => "apply",
                    ConfigRequest::Progress => "progress",
                    ConfigRequest::History => "history",
                    ConfigRequest::Version { .. } => "version",
                };
                ("config", action)
            }
            Self::Node(request) => ("node", request.action()),
        }
    }

    /// As a record says it: the command, and what it is about as far as that is ours. What somebody typed
    /// by mistake, a card number even, is not written down.
    pub(super) fn words(&self) -> String {
        let (command, action) = self.name();
        let about = match self {
            Self::Saf(SafRequest::List { issuer }) => issuer.as_deref().map(plain),
            Self::Saf(SafRequest::Page { issuer, .. }) => Some(plain(issuer)),
            Self::Saf(request) => request.id().map(plain_id),
            Self::Config(ConfigRequest::Version { number }) => Some(number.to_string()),
            Self::Node(NodeRequest::Join { replace: true }) => Some("replace".to_owned()),
            Self::Node(NodeRequest::Isolate { end: true, .. }) => Some("end".to_owned()),
            // The reason is what somebody typed, and may be anything: it stands in a file of the node.
            Self::Node(NodeRequest::Isolate { confirmed, .. }) => Some(confirmed_ids(confirmed)),
            Self::Node(NodeRequest::Drill { drill, for_ms }) => {
                Some(format!("{} {for_ms}ms", drill.word()))
            }
            Self::Node(NodeRequest::Promote { confirmed } | NodeRequest::Demote { confirmed }) => {
                Some(confirmed_ids(confirmed))
            }
            Self::Status | Self::Config(_) | Self::Node(_) => None,
        };
        let words = [command, action, about.as_deref().unwrap_or_default()];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// The questions that were answered, each by its id.
fn confirmed_ids(ids: &[String]) -> String {
    let known = |id: &String| Question::of(id).map_or("?", Question::id);
    let most = Question::ALL.len();
    ids.iter().take(most).map(known).collect::<Vec<_>>().join(" ")
}

/// An item's id, or `?`.
fn plain_id(text: &str) -> String {
    parts(text).map_or("?".into(), |(issuer, stan)| match plain(issuer).as_str() {
        "?" => "?".into(),
        issuer => id(issuer, stan),
    })
}

/// A station's name, or `?`: a name of ours, with fewer digits than a card number has.
fn plain(name: &str) -> String {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let is_plain = (1..=32).contains(&name.len()) && name.bytes().all(letter) && digits < 12;
    if is_plain { name.to_owned() } else { "?".into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drills::Drill;
    use std::collections::BTreeSet;

    /// One of each; the match tells whoever adds one.
    fn every() -> Vec<Asked> {
        let id = || "issuer-x/000123".to_owned();
        let saf = [
            SafRequest::List { issuer: None },
            SafRequest::Page { issuer: "issuer-x".into(), after: (0, 0) },
            SafRequest::Show { id: id() },
            SafRequest::Hold { id: id() },
            SafRequest::Release { id: id() },
            SafRequest::Purge { id: id() },
        ];
        let config = [
            ConfigRequest::Plan,
            ConfigRequest::Apply { expect: None },
            ConfigRequest::Progress,
            ConfigRequest::History,
            ConfigRequest::Version { number: 7 },
        ];
        for one in &saf {
            match one {
                SafRequest::List { .. }
                | SafRequest::Page { .. }
                | SafRequest::Show { .. }
                | SafRequest::Hold { .. }
                | SafRequest::Release { .. }
                | SafRequest::Purge { .. } => {}
            }
        }
        let node = [
            NodeRequest::Status,
            NodeRequest::Orphans { file: None },
            NodeRequest::Promote { confirmed: Vec::new() },
            NodeRequest::Demote { confirmed: Vec::new() },
            NodeRequest::Switchover,
            NodeRequest::Join { replace: true },
            NodeRequest::Isolate { confirmed: Vec::new(), reason: Some("x".into()), end: false },
            NodeRequest::Drill { drill: Drill::Failover, for_ms: 6_000 },
            NodeRequest::Evidence { from: 1 },
            NodeRequest::Back,
        ];
        let saf = saf.into_iter().map(Asked::Saf);
        let all = saf.chain(config.into_iter().map(Asked::Config)).chain([Asked::Status]);
        let all = all.chain(node.into_iter().map(Asked::Node));
        all.collect()
    }

    #[test]
    fn each_command_stands_in_the_table_once_and_the_table_has_no_other() {
        let names: BTreeSet<_> = every().iter().map(Asked::name).collect();
        let table: Vec<_> =
            COMMANDS.iter().map(|&(command, action, ..)| (command, action)).collect();
        assert_eq!(names, table.iter().copied().collect());
        assert_eq!(names.len(), table.len());
    }

    #[test]
    fn whoever_changes_messages_is_an_operator_and_the_configuration_an_administrator() {
        let needs = every().into_iter().map(|asked| (asked.words(), asked.needs()));
        let said: Vec<String> = needs
            .map(|(words, Needs { role, changes })| {
                format!("{words}: {role}{}", if changes { ", recorded before" } else { "" })
            })
            .collect();
        expect_test::expect![[r"
            saf list: viewer
            saf page issuer-x: viewer
            saf show issuer-x/000123: viewer
            saf hold issuer-x/000123: operator, recorded before
            saf release issuer-x/000123: operator, recorded before
            saf purge issuer-x/000123: operator, recorded before
            config plan: viewer
            config apply: administrator, recorded before
            config progress: viewer
            config history: viewer
            config version 7: administrator
            status: viewer
            node status: viewer
            node orphans: administrator
            node promote: administrator, recorded before
            node demote: administrator, recorded before
            node switchover: administrator, recorded before
            node join replace: administrator, recorded before
            node isolate: administrator, recorded before
            node drill failover 6000ms: administrator, recorded before
            node evidence: viewer
            node back: administrator, recorded before"]]
        .assert_eq(&said.join("\n"));
    }

    #[test]
    fn what_was_typed_by_mistake_is_not_written_down() {
        let listed =
            |issuer: &str| Asked::Saf(SafRequest::List { issuer: Some(issuer.to_owned()) }).words();
        assert_eq!(listed("issuer-x"), "saf list issuer-x");
        for mistake in ["3530111333300000", "3530-1113-3330-0000", "a b", "", "Issuer", "x\ny"] {
            assert_eq!(listed(mistake), "saf list ?", "{mistake}");
        }
        let promoted = |ids: &[&str]| {
            let confirmed = ids.iter().map(|&id| id.to_owned()).collect();
            Asked::Node(NodeRequest::Promote { confirmed }).words()
        };
        assert_eq!(promoted(&["peer-fenced", "3530111333300000"]), "node promote peer-fenced ?");
        let shown = |id: &str| Asked::Saf(SafRequest::Show { id: id.to_owned() }).words();
        assert_eq!(shown("issuer-x/7"), "saf show issuer-x/000007");
        for mistake in ["3530111333300000", "3530111333300000/1", "issuer-x/3530111333300000", "x"]
        {
            assert_eq!(shown(mistake), "saf show ?", "{mistake}");
        }
    }
}
