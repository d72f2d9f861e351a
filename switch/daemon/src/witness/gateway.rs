//! Questions and answers of etcd's gateway: keys and values in base64, numbers of 64 bits as texts, and nothing at
//! all where a value is zero, false or empty. Must not know what the keys are for, nor how bytes come and go.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// Transactions: what is read together, and what is changed by comparison.
pub(super) const TRANSACTION: &str = "/v3/kv/txn";
pub(super) const PUT: &str = "/v3/kv/put";
pub(super) const GRANT: &str = "/v3/lease/grant";
pub(super) const KEEP_ALIVE: &str = "/v3/lease/keepalive";
pub(super) const REVOKE: &str = "/v3/lease/revoke";
pub(super) const AUTHENTICATE: &str = "/v3/auth/authenticate";

/// Reads two keys at one revision. Without `serializable`, so that no member answers for itself what a majority
/// may know better.
pub(super) fn both(first: &str, second: &str) -> Value {
    let range = |key: &str| json!({ "request_range": { "key": coded(key.as_bytes()) } });
    json!({ "success": [range(first), range(second)] })
}

/// Puts a value where the key has this `mod_revision`; 0: where there is no such key. Elsewhere it is read, so
/// that the answer shows why it was not put.
pub(super) fn swap(key: &str, expected: u64, value: &str) -> Value {
    let key = coded(key.as_bytes());
    json!({
        "compare": [{
            "key": key,
            "target": "MOD",
            "result": "EQUAL",
            "mod_revision": expected.to_string(),
        }],
        "success": [{ "request_put": { "key": key, "value": coded(value.as_bytes()) } }],
        "failure": [{ "request_range": { "key": key } }],
    })
}

/// Puts a value that goes with its lease.
pub(super) fn put(key: &str, value: &str, lease: u64) -> Value {
    json!({
        "key": coded(key.as_bytes()),
        "value": coded(value.as_bytes()),
        "lease": lease.to_string(),
    })
}

/// Asks for a lease of so many seconds.
pub(super) fn grant(seconds: u64) -> Value {
    json!({ "TTL": seconds.to_string() })
}

/// Of one lease: to keep it alive, or to revoke it.
pub(super) fn of_lease(lease: u64) -> Value {
    json!({ "ID": lease.to_string() })
}

/// Says who we are.
pub(super) fn authenticate(user: &str, password: &str) -> Value {
    json!({ "name": user, "password": password })
}

/// What each answer begins with.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    #[serde(deserialize_with = "number")]
    pub(super) cluster_id: u64,
    #[serde(default, deserialize_with = "number")]
    pub(super) revision: u64,
}

/// To a transaction.
#[derive(Debug, Deserialize)]
pub(super) struct Transacted {
    pub(super) header: Header,
    /// Whether all comparisons held.
    #[serde(default)]
    pub(super) succeeded: bool,
    #[serde(default)]
    pub(super) responses: Vec<Response>,
}

/// What became of a swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Became {
    /// It was done, and made this version.
    Done(u64),
    /// It was not, and never will be: the key has another version than the expected one.
    Refused,
}

impl Transacted {
    /// What became of the swap that expected this version; none where it is not exactly the answer to one, as
    /// whatever is in between etcd and us may give: then nothing is known.
    pub(super) fn became(&self, expected: u64) -> Option<Became> {
        let [response] = &self.responses[..] else { return None };
        match (self.succeeded, &response.response_put, &response.response_range) {
            (true, Some(_), None) if self.header.revision > 0 => {
                Some(Became::Done(self.header.revision))
            }
            (false, None, Some(read)) if read.version()? != expected => Some(Became::Refused),
            _ => None,
        }
    }
}

/// To one part of it.
#[derive(Debug, Deserialize)]
pub(super) struct Response {
    pub(super) response_range: Option<Range>,
    #[serde(default)]
    response_put: Option<Value>,
}

/// What was read of a key.
#[derive(Debug, Deserialize)]
pub(super) struct Range {
    #[serde(default)]
    pub(super) kvs: Vec<KeyValue>,
}

impl Range {
    /// The version of the one key that was read, 0 where it is not there; none where several are.
    fn version(&self) -> Option<u64> {
        match &self.kvs[..] {
            [] => Some(0),
            [one] => Some(one.mod_revision),
            _ => None,
        }
    }
}

/// A key that is there.
#[derive(Debug, Deserialize)]
pub(super) struct KeyValue {
    #[serde(deserialize_with = "number")]
    pub(super) mod_revision: u64,
    #[serde(default)]
    value: String,
}

impl KeyValue {
    /// Its value; none where it is no base64.
    pub(super) fn value(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.value).ok()
    }
}

/// A lease; without seconds left there is none.
#[derive(Debug, Deserialize)]
pub(super) struct Lease {
    #[serde(rename = "ID", default, deserialize_with = "number")]
    pub(super) id: u64,
    #[serde(rename = "TTL", default, deserialize_with = "number")]
    pub(super) seconds: u64,
}

/// The first answer of a stream.
#[derive(Debug, Deserialize)]
pub(super) struct Streamed<T> {
    pub(super) result: T,
}

/// To whoever said who he is.
#[derive(Debug, Deserialize)]
pub(super) struct Authenticated {
    pub(super) token: String,
}

/// What etcd says where it does not do what was asked.
#[derive(Debug, Deserialize)]
pub(super) struct Refused {
    /// A code of gRPC.
    #[serde(default)]
    pub(super) code: u32,
    #[serde(default)]
    pub(super) message: String,
}

impl Refused {
    /// Whether it is our token that it refuses: it is not known, or is from before rights were changed, as a
    /// signed one (`--auth-token jwt`) says of itself. The code of the latter has other causes too.
    pub(super) fn is_of_the_token(&self) -> bool {
        const OLD: [&str; 2] = ["revision of auth store is old", "revision in header is old"];
        self.code == UNAUTHENTICATED || OLD.iter().any(|old| self.message.contains(old))
    }
}

/// The token is not known, or is no more.
const UNAUTHENTICATED: u32 = 16;
/// What can not be so: among it, a password that is another one.
pub(super) const INVALID_ARGUMENT: u32 = 3;
/// What is there already or not yet: among it, that nobody is asked who he is.
pub(super) const FAILED_PRECONDITION: u32 = 9;

/// The header of an answer, or of the first of a stream.
pub(super) fn header(answer: &Value) -> Option<Header> {
    let header = answer.get("header").or_else(|| answer.get("result")?.get("header"))?;
    Header::deserialize(header).ok()
}

fn coded(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Int64 and uint64 stand there as texts.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_as_the_gateway_takes_them() {
        let reads =
            r#"{"success":[{"request_range":{"key":"L2E="}},{"request_range":{"key":"L2I="}}]}"#;
        assert_eq!(both("/a", "/b").to_string(), reads);
        let swaps = r#"{"compare":[{"key":"L2E=","mod_revision":"18446744073709551615","result":"EQUAL","target":"MOD"}],"failure":[{"request_range":{"key":"L2E="}}],"success":[{"request_put":{"key":"L2E=","value":"eA=="}}]}"#;
        assert_eq!(swap("/a", u64::MAX, "x").to_string(), swaps);
    }

    #[test]
    fn an_answer_of_etcd_3_4_is_understood_and_one_without_a_header_is_none() {
        let text = r#"{"header":{"cluster_id":"13533008833999102691","member_id":"1","revision":"2","raft_term":"2"},"succeeded":true,"responses":[{"response_range":{"header":{"revision":"2"},"kvs":[{"key":"L2E=","create_revision":"2","mod_revision":"2","version":"1","value":"aGk="}],"count":"1"}},{"response_range":{"header":{"revision":"2"}}}]}"#;
        let answer: Transacted = serde_json::from_str(text).unwrap();
        assert_eq!(
            (answer.header.cluster_id, answer.header.revision),
            (13_533_008_833_999_102_691, 2)
        );
        let ranges: Vec<_> =
            answer.responses.iter().filter_map(|one| one.response_range.as_ref()).collect();
        assert_eq!(ranges[0].kvs[0].value().as_deref(), Some(&b"hi"[..]));
        assert!(answer.succeeded && ranges[1].kvs.is_empty());
        for text in ["{}", r#"{"succeeded":true}"#, r#"{"header":{"revision":"2"}}"#] {
            assert!(serde_json::from_str::<Transacted>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_swap_was_done_or_not_only_by_exactly_the_answer_that_says_so() {
        let became = |rest: &str| {
            let text = format!(r#"{{"header":{{"cluster_id":"1","revision":"9"}},{rest}}}"#);
            serde_json::from_str::<Transacted>(&text).ok()?.became(5)
        };
        let put = r#"{"response_put":{"header":{"revision":"9"}}}"#;
        let read = |version: &str| {
            format!(
                r#"{{"response_range":{{"kvs":[{{"mod_revision":"{version}"}}],"count":"1"}}}}"#
            )
        };
        let (other, same, none) = (read("7"), read("5"), r#"{"response_range":{}}"#);
        let done = format!(r#""succeeded":true,"responses":[{put}]"#);
        assert_eq!(became(&done), Some(Became::Done(9)));
        for there in [other.as_str(), none] {
            assert_eq!(became(&format!(r#""responses":[{there}]"#)), Some(Became::Refused));
        }
        for unclear in [
            format!(r#""responses":[{same}]"#),
            r#""responses":[]"#.to_owned(),
            r#""succeeded":false"#.to_owned(),
            r#""succeeded":true"#.to_owned(),
            format!(r#""responses":[{put}]"#),
            format!(r#""succeeded":true,"responses":[{other}]"#),
            format!(r#""succeeded":true,"responses":[{put},{put}]"#),
            format!(r#""responses":[{other},{other}]"#),
        ] {
            assert_eq!(became(&unclear), None, "{unclear}");
        }
        let without =
            r#"{"header":{"cluster_id":"1"},"succeeded":true,"responses":[{"response_put":{}}]}"#;
        assert_eq!(serde_json::from_str::<Transacted>(without).unwrap().became(5), None);
    }

    #[test]
    fn a_token_is_refused_by_its_code_or_by_what_is_said_of_it() {
        let refused = |code, message: &str| Refused { code, message: message.to_owned() };
        assert!(refused(16, "etcdserver: invalid auth token").is_of_the_token());
        assert!(refused(3, "etcdserver: revision of auth store is old").is_of_the_token());
        assert!(!refused(3, "etcdserver: duplicate key given in txn request").is_of_the_token());
    }

    #[test]
    fn a_lease_that_is_gone_has_no_seconds() {
        let text = r#"{"result":{"header":{"cluster_id":"1","revision":"3"},"ID":"77"}}"#;
        let gone: Streamed<Lease> = serde_json::from_str(text).unwrap();
        assert_eq!((gone.result.id, gone.result.seconds), (77, 0));
        assert_eq!(header(&serde_json::from_str(text).unwrap()).unwrap().cluster_id, 1);
    }
}
