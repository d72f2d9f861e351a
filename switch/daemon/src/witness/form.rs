//! The record as it stands in etcd: JSON, so that people can read it with `etcdctl get`. Must not know who reads it.
//!
//! ```text
//! {"version":1,"cluster":"090909090909090909090909090909ff","epoch":7,"primary":{"name":"tokyo","incarnation":"1795300000000000001"},"in_sync":{"name":"osaka","incarnation":"0"}}
//! ```
//!
//! Whose journal, by which epoch which start of which node reigns, and who may take over (null: nobody).
//! What does not read as this is no record at all, and nobody acts on it: a later version has another number.

use journal::format::{Cluster, Epoch};
use journal::roles::name::NodeName;
use journal::roles::witness::{Incarnation, Member, Record};
use serde::{Deserialize, Serialize};

use crate::config::hex;

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    version: u32,
    cluster: String,
    epoch: u32,
    primary: Named,
    in_sync: Option<Named>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    /// Decimal digits: what reads numbers of JSON as floats would round it.
    incarnation: String,
}

/// As it is put there.
pub(super) fn written(record: &Record) -> String {
    let named = |member: Member| Named {
        name: member.name.to_string(),
        incarnation: member.incarnation.0.to_string(),
    };
    let form = Form {
        version: VERSION,
        cluster: hex(&record.cluster),
        epoch: record.epoch.0,
        primary: named(record.primary),
        in_sync: record.in_sync.map(named),
    };
    serde_json::to_string(&form).expect("texts and numbers have a form in JSON")
}

/// What stands there.
///
/// # Errors
/// Why it is no record.
pub(super) fn read(bytes: &[u8]) -> Result<Record, String> {
    let form: Form = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if form.version != VERSION {
        return Err(format!("it is of version {}, and this program knows {VERSION}", form.version));
    }
    let cluster = cluster(&form.cluster).ok_or("its cluster is not 32 hexadecimal digits")?;
    let in_sync = form.in_sync.as_ref().map(member).transpose()?;
    let primary = member(&form.primary)?;
    Ok(Record { cluster, epoch: Epoch(form.epoch), primary, in_sync })
}

fn member(named: &Named) -> Result<Member, String> {
    let name = NodeName::new(&named.name)
        .filter(|name| *name != NodeName::NONE)
        .ok_or_else(|| format!("\"{}\" is no name of a node", named.name))?;
    let incarnation = named.incarnation.parse().map(Incarnation);
    let incarnation = incarnation.map_err(|_| format!("the start of {name} is no number"))?;
    Ok(Member { name, incarnation })
}

fn cluster(digits: &str) -> Option<Cluster> {
    let mut cluster = Cluster::default();
    let are_digits =
        digits.len() == 2 * cluster.len() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if !are_digits {
        return None;
    }
    for (place, byte) in cluster.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(cluster)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let member = |name, start| Member {
            name: NodeName::new(name).unwrap(),
            incarnation: Incarnation(start),
        };
        let mut cluster = [9; 16];
        cluster[15] = 255;
        Record {
            cluster,
            epoch: Epoch(7),
            primary: member("tokyo", 1_795_300_000_000_000_001),
            in_sync: Some(member("osaka", 0)),
        }
    }

    #[test]
    fn the_record_is_the_line_that_is_drawn_above_and_reads_back() {
        let text = written(&record());
        assert!(include_str!("form.rs").contains(&format!("//! {text}\n")), "{text}");
        assert_eq!(read(text.as_bytes()), Ok(record()));
        let alone = Record { in_sync: None, ..record() };
        assert_eq!(read(written(&alone).as_bytes()), Ok(alone));
        let last = Record { epoch: Epoch(u32::MAX), ..record() };
        assert_eq!(read(written(&last).as_bytes()), Ok(last));
    }

    #[test]
    fn what_is_not_wholly_a_record_is_none() {
        let text = written(&record());
        for (from, to) in [
            ("\"version\":1", "\"version\":2"),
            ("\"epoch\":7", "\"epoch\":-7"),
            ("\"epoch\":7", "\"epoch\":4294967296"),
            ("\"epoch\":7", "\"epoch\":7,\"term\":1"),
            ("0909ff", "0909f"),
            ("0909ff", "0909fg"),
            ("tokyo", "to kyo"),
            ("tokyo", ""),
            ("\"0\"", "\"-1\""),
            ("\"0\"", "0"),
            ("}}", "}"),
        ] {
            assert!(text.contains(from), "{from}");
            let other = text.replacen(from, to, 1);
            assert!(read(other.as_bytes()).is_err(), "{other}");
        }
        assert!(read(b"").is_err());
    }
}
