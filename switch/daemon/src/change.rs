//! A change of the configuration as operators see it, and what they can ask for about one: the shapes
//! that the control socket carries and that `sekisho config` shows. Plain data; knows no key's meaning.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most changes of one reply; of routes alone, [`ROUTES_TOLD_MAX`].
pub const CHANGES_TOLD_MAX: usize = 1_000;
/// The most routes that are told one by one.
pub const ROUTES_TOLD_MAX: usize = 20;

/// What an operator wants of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ConfigRequest {
    /// What would change, if the files were taken up as they are now.
    Plan,
    /// Take the files up. The reply comes at once; [`ConfigRequest::Progress`] says what becomes of it.
    Apply {
        /// Only if they still are what was planned: the digest of that plan.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expect: Option<String>,
    },
    /// How far the running reload is, or how the last one ended.
    Progress,
    /// Which versions there were.
    History,
    /// The files of one version.
    Version {
        /// Which.
        number: u32,
    },
}

/// What is said of the configuration. Each action fills what it is about and leaves the rest empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigReply {
    /// What runs.
    pub running: Version,
    /// The main file that the daemon reads, as an absolute path.
    pub file: String,
    /// What the files say, as far as it differs from what runs (plan, apply).
    pub plan: Option<Planned>,
    /// The reload that is under way, or the last one (apply, progress).
    pub progress: Option<Progress>,
    /// The versions that are kept, the newest first (history).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Version>,
    /// The version that was asked for, with its files in order of merging (version).
    pub version: Option<Version>,
    /// Its files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<File>,
}

/// What the files on the disk would change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Planned {
    /// What tells their settings apart, 64 hexadecimal digits; empty when they can not be read.
    pub digest: String,
    /// What would change.
    pub changes: Changes,
    /// Why it can not be applied, a line each: mistakes, ports that are in use. Empty when it can be,
    /// but for changes that need a restart.
    pub refusals: Vec<String>,
    /// What is configured and does nothing, or is worth a look; a line each.
    pub warnings: Vec<String>,
}

/// Changes, counted all of them and told as many as a reply may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// Those that need a restart first, routes last.
    pub told: Vec<Change>,
    /// How many there are beside these.
    pub more: u64,
    /// How many routes are new.
    pub routes_new: u64,
    /// How many routes lead elsewhere.
    pub routes_changed: u64,
    /// How many routes are gone.
    pub routes_gone: u64,
    /// How many of all changes need a restart.
    pub restart: u64,
}

/// One key that differs, or a whole station or route that is new or gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// As `station.issuer-x.timeout`, `limits.quarantine`; `station.issuer-x` and `route.353011` as a
    /// whole.
    pub key: String,
    /// What it is; none where it is new.
    pub from: Option<String>,
    /// What it becomes; none where it is gone.
    pub to: Option<String>,
    /// Why it takes a restart; none when it can change while the node runs.
    pub restart: Option<String>,
}

/// A configuration that ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Version {
    /// Its number: that of the journal, but where `standby` is set.
    pub number: u32,
    /// What tells its settings apart, 64 hexadecimal digits.
    pub digest: String,
    /// When it was taken up, as a second since 1970.
    pub utc: u64,
    /// Who had it taken up.
    pub by: String,
    /// How: `start`, `signal`, `apply`.
    pub how: String,
    /// Whether the node took it up as a standby: its number is the node's own then, and no record of the
    /// journal means it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub standby: bool,
}

/// A file of a version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct File {
    /// Where it stood, as an absolute path.
    pub path: String,
    /// What it is: `main`, `conf.d`, `dialect`.
    pub kind: String,
    /// What it said.
    pub text: String,
}

/// A reload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Which since the start of the process, from 1.
    pub run: u64,
    /// How far it is.
    pub stage: Stage,
    /// Who asked for it.
    pub by: String,
    /// How: `signal`, `apply`.
    pub how: String,
    /// The number that it gets; 0 before it has one.
    pub number: u32,
    /// The digest of what it takes up; empty before the files are read.
    pub digest: String,
    /// When it began, as a second since 1970.
    pub begun_utc: u64,
    /// Each worker, in order.
    pub workers: Vec<Adoption>,
    /// Why it was refused, a line each.
    pub refusals: Vec<String>,
    /// What a worker could not do, a line each: it goes on without.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// How many changes there were.
    pub changes: u64,
}

/// How far a reload is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The files are read, compared, and what they name is opened.
    #[default]
    Reading,
    /// What is new is written down in the journal.
    Writing,
    /// The workers take it up.
    Adopting,
    /// New ports and links are opened, old ones closed.
    Opening,
    /// It runs.
    Done,
    /// The files say what runs already.
    Unchanged,
    /// Nothing has changed, and `refusals` says why.
    Refused,
}

/// What one worker has of a reload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Adoption {
    /// Which worker.
    pub worker: u8,
    /// Microseconds from when it was asked to when it had taken up settings and routes; none: not yet.
    pub adopted_us: Option<u64>,
    /// The same for its ports and links.
    pub opened_us: Option<u64>,
}

impl Stage {
    /// Whether nothing more will happen.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Done | Self::Unchanged | Self::Refused)
    }
}

impl Change {
    /// Whether it is about a route.
    pub fn is_route(&self) -> bool {
        self.key.starts_with("route.")
    }
}

impl Changes {
    /// All of them, in the order in which they are told.
    pub fn of(mut all: Vec<Change>) -> Self {
        let count = |wanted: &dyn Fn(&Change) -> bool| {
            u64::try_from(all.iter().filter(|change| wanted(change)).count()).unwrap_or(u64::MAX)
        };
        let mut changes = Self {
            routes_new: count(&|change| change.is_route() && change.from.is_none()),
            routes_gone: count(&|change| change.is_route() && change.to.is_none()),
            routes_changed: count(&|c| c.is_route() && c.from.is_some() && c.to.is_some()),
            restart: count(&|change| change.restart.is_some()),
            ..Self::default()
        };
        let total = count(&|_| true);
        all.sort_by_key(|change| (change.restart.is_none(), change.is_route()));
        let mut routes = 0;
        all.retain(|change| {
            routes += usize::from(change.is_route());
            !change.is_route() || routes <= ROUTES_TOLD_MAX
        });
        all.truncate(CHANGES_TOLD_MAX);
        changes.more = total - u64::try_from(all.len()).expect("it was counted");
        changes.told = all;
        changes
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        u64::try_from(self.told.len()).unwrap_or(u64::MAX).saturating_add(self.more)
    }
}

/// As an operator reads it: `station issuer-x: timeout 10s -> 5s`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.key.splitn(3, '.');
        let (table, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let key = parts.next();
        let (from, to) = (self.from.as_deref(), self.to.as_deref());
        match (table, key) {
            ("station" | "route", None) => {
                write!(f, "{table} {name}")?;
                match (from, to) {
                    (Some(from), Some(to)) => write!(f, ": {from} -> {to}")?,
                    (None, Some(to)) => write!(f, " is new: {to}")?,
                    (Some(from), None) => write!(f, " is gone: {from}")?,
                    (None, None) => {}
                }
            }
            (_, Some(key)) => {
                write!(f, "{table} {name}: {key} ")?;
                arrow(f, from, to)?;
            }
            (_, None) => {
                write!(f, "{table}: {name} ")?;
                arrow(f, from, to)?;
            }
        }
        match &self.restart {
            Some(why) => write!(f, " (needs a restart: {why})"),
            None => Ok(()),
        }
    }
}

fn arrow(f: &mut fmt::Formatter<'_>, from: Option<&str>, to: Option<&str>) -> fmt::Result {
    write!(f, "{} -> {}", from.unwrap_or("not said"), to.unwrap_or("not said"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: &str, from: Option<&str>, to: Option<&str>) -> Change {
        let [from, to] = [from, to].map(|text| text.map(str::to_owned));
        Change { key: key.to_owned(), from, to, restart: None }
    }

    #[test]
    fn a_change_reads_like_a_sentence() {
        let said = [
            change("station.issuer-x.timeout", Some("10s"), Some("5s")),
            change("station.merchant-b", None, Some("acquirer, iso93-ascii")),
            change("station.merchant-a", Some("acquirer, iso93-ascii"), None),
            change("route.353011", Some("issuer-x"), Some("issuer-y, then issuer-x")),
            change("limits.quarantine", Some("1m"), Some("30s")),
            change("control.viewers", None, Some("hana @ops")),
            Change {
                restart: Some("it is asked for once".into()),
                ..change("node.workers", Some("2"), Some("3"))
            },
        ];
        assert_eq!(
            said.map(|change| change.to_string()),
            [
                "station issuer-x: timeout 10s -> 5s",
                "station merchant-b is new: acquirer, iso93-ascii",
                "station merchant-a is gone: acquirer, iso93-ascii",
                "route 353011: issuer-x -> issuer-y, then issuer-x",
                "limits: quarantine 1m -> 30s",
                "control: viewers not said -> hana @ops",
                "node: workers 2 -> 3 (needs a restart: it is asked for once)",
            ]
        );
    }

    #[test]
    fn what_needs_a_restart_is_told_first_and_all_is_counted() {
        let mut all: Vec<Change> = (0..100_000)
            .map(|pan| {
                let to = (pan % 4 != 0).then_some("issuer-y");
                change(&format!("route.{pan:06}"), (pan % 2 == 0).then_some("issuer-x"), to)
            })
            .collect();
        all.push(change("station.issuer-x.timeout", Some("10s"), Some("5s")));
        let workers = change("node.workers", Some("1"), Some("2"));
        all.push(Change { restart: Some("because".into()), ..workers });
        let changes = Changes::of(all);
        assert_eq!(changes.total(), 100_002);
        assert_eq!((changes.told.len(), changes.more), (ROUTES_TOLD_MAX + 2, 99_980));
        assert_eq!(
            (changes.routes_new, changes.routes_changed, changes.routes_gone, changes.restart),
            (50_000, 25_000, 25_000, 1)
        );
        assert_eq!(changes.told[0].key, "node.workers");
        assert_eq!(changes.told[1].key, "station.issuer-x.timeout");
        assert_eq!(changes.told[2].key, "route.000000");
    }

    #[test]
    fn a_reply_has_a_most_number_of_changes() {
        let of = |count: usize| {
            let key = |n| format!("station.s{n}.timeout");
            Changes::of((0..count).map(|n| change(&key(n), Some("1s"), Some("2s"))).collect())
        };
        assert_eq!((of(CHANGES_TOLD_MAX).told.len(), of(CHANGES_TOLD_MAX).more), (1_000, 0));
        let one_more = of(CHANGES_TOLD_MAX + 1);
        assert_eq!((one_more.told.len(), one_more.more), (1_000, 1));
    }

    #[test]
    fn what_is_wanted_survives_the_wire() {
        for (request, said) in [
            (ConfigRequest::Plan, r#"{"action":"plan"}"#),
            (ConfigRequest::Apply { expect: None }, r#"{"action":"apply"}"#),
            (
                ConfigRequest::Apply { expect: Some("ab".into()) },
                r#"{"action":"apply","expect":"ab"}"#,
            ),
            (ConfigRequest::Progress, r#"{"action":"progress"}"#),
            (ConfigRequest::History, r#"{"action":"history"}"#),
            (ConfigRequest::Version { number: 7 }, r#"{"action":"version","number":7}"#),
        ] {
            assert_eq!(serde_json::to_string(&request).unwrap(), said);
            assert_eq!(serde_json::from_str::<ConfigRequest>(said).unwrap(), request);
        }
        assert!(serde_json::from_str::<ConfigRequest>(r#"{"action":"apply","force":1}"#).is_err());
    }

    #[test]
    fn what_is_said_survives_the_wire() {
        let adoption = Adoption { worker: 1, adopted_us: Some(7), opened_us: None };
        let version = Version { number: 3, digest: "ab".into(), ..Version::default() };
        let planned = Planned {
            digest: "cd".into(),
            changes: Changes::of(vec![change("node.spin_us", Some("0"), Some("50"))]),
            refusals: vec!["no".into()],
            warnings: vec!["look".into()],
        };
        let stages = [
            Stage::Reading,
            Stage::Writing,
            Stage::Adopting,
            Stage::Opening,
            Stage::Done,
            Stage::Unchanged,
            Stage::Refused,
        ];
        for stage in stages {
            let workers = vec![adoption.clone()];
            let reply = ConfigReply {
                running: version.clone(),
                plan: Some(planned.clone()),
                progress: Some(Progress { run: 1, stage, workers, ..Progress::default() }),
                versions: vec![version.clone()],
                version: Some(version.clone()),
                files: vec![File { text: "[node]\n".into(), ..File::default() }],
                file: "/etc/sekisho/sekisho.toml".into(),
            };
            let text = serde_json::to_string(&reply).unwrap();
            assert_eq!(serde_json::from_str::<ConfigReply>(&text).unwrap(), reply);
        }
        assert_eq!(stages.map(Stage::is_end), [false, false, false, false, true, true, true]);
    }
}
