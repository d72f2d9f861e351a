//! What tells configurations apart: a hash over all that they say, whatever their files look like.
//! Knows no key.

use std::fmt::Write;

use ring::digest::{Context, SHA256};

use super::Configuration;
use super::difference::{parties, routes};
use super::rows::{NODE, STATION};

impl Configuration {
    /// SHA-256 over what all keys say: equal for two that run the same, in whichever order and with
    /// whatever comments they are written.
    pub fn digest(&self) -> [u8; 32] {
        let mut context = Context::new(&SHA256);
        let mut add = |parts: &[&str]| {
            for part in parts {
                context.update(part.as_bytes());
                context.update(b"\0");
            }
        };
        for row in NODE {
            if let Some(said) = (row.show)(self) {
                add(&[row.key, &said]);
            }
        }
        for (name, party) in parties(self) {
            add(&["station", name]);
            for row in STATION {
                if let Some(said) = (row.show)(&party) {
                    add(&[row.key, &said]);
                }
            }
        }
        for (pan, issuers) in routes(self) {
            add(&["route", pan]);
            self.names(issuers).for_each(|name| add(&[name]));
        }
        context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
    }
}

/// Bytes as digits, two each.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        write!(out, "{byte:02x}").expect("a text takes what is written");
        out
    })
}
