//! The certificates of `[peer]`, read from their files and checked as far as one end can: that they are
//! whole, that key and certificate belong together, that ours has our name. Opens no connection.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::verify_server_name;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;

use super::journal::KeySource;
use super::sealing::contents;
use super::{ConfigErrors, Configuration, Report, TlsFiles};

/// The longest file that is read for certificates.
const FILE_BYTES_MAX: u64 = 256 * 1024;
const DAY: u64 = 86_400;

/// What one end of the line shows, and whom it trusts.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// Ours, what leads from it to the authority, and its private key.
    pub ours: Arc<CertifiedKey>,
    /// Who must have signed the peer's.
    pub roots: Arc<RootCertStore>,
    /// When ours runs out, in seconds since 1970; none where that can not be read.
    pub until: Option<u64>,
    /// One line each.
    pub warnings: Vec<String>,
}

impl Configuration {
    /// Reads the certificates that `[peer]` names; none where it names none. `utc`: the second of now.
    ///
    /// # Errors
    /// Everything that is wrong with them, and what to do.
    pub fn certificates(
        &self,
        credentials: Option<&Path>,
        utc: u64,
    ) -> Result<Option<Certificates>, ConfigErrors> {
        let Some(peer) = &self.peer else { return Ok(None) };
        let Some(files) = &peer.tls else { return Ok(None) };
        let mut report = Report::default();
        let read = read(files, [&self.node, &peer.name], credentials, utc, &mut report);
        if read.is_none() || !report.errors.is_empty() {
            report.errors.sort_by(|a, b| a.place.cmp(&b.place));
            return Err(ConfigErrors(report.errors));
        }
        Ok(read)
    }
}

/// `names`: ours, and the peer's.
fn read(
    files: &TlsFiles,
    names: [&str; 2],
    credentials: Option<&Path>,
    utc: u64,
    report: &mut Report,
) -> Option<Certificates> {
    let mut warnings = Vec::new();
    let chain = certificates(&files.certificate, "the certificate", credentials, report);
    let roots = certificates(&files.authority, "the authority's certificate", credentials, report);
    let key = key(&files.key, credentials, &mut warnings, report);
    let (chain, roots, key) = (chain?, roots?, key?);
    for (name, what) in names.iter().zip(["node.name", "peer.name"]) {
        if ServerName::try_from(*name).is_err() {
            let message = format!(
                "{what} \"{name}\" can stand in no certificate; give the node a name that begins and \
                 ends with a letter"
            );
            report.fail(&files.certificate.place, files.certificate.key, message);
        }
    }
    let until = chain.first().and_then(|ours| runs_out(ours));
    let [own, _] = names;
    if let Some(message) = chain.first().and_then(|ours| not_ours(ours, own)) {
        report.fail(&files.certificate.place, files.certificate.key, message);
    }
    let ours = CertifiedKey::from_der(chain, key, &ring::default_provider());
    let ours = ours.map_err(|why| {
        let message = format!(
            "is not the key of peer.certificate ({why}); name the one that the certificate was made for"
        );
        report.fail(&files.key.place, files.key.key, message);
    });
    let mut store = RootCertStore::empty();
    for root in roots {
        if let Err(why) = store.add(root) {
            let message =
                format!("is no authority ({why}); name the certificate that signed the peer's");
            report.fail(&files.authority.place, files.authority.key, message);
        }
    }
    if let Some(until) = until {
        let told = told_ahead(until, utc);
        warnings.extend(told.map(|told| format!("{}: {told}", files.certificate.key)));
    }
    Some(Certificates { ours: Arc::new(ours.ok()?), roots: Arc::new(store), until, warnings })
}

/// Why a certificate is not that of this node.
fn not_ours(certificate: &CertificateDer<'_>, own: &str) -> Option<String> {
    let parsed = match ParsedCertificate::try_from(certificate) {
        Ok(parsed) => parsed,
        Err(why) => return Some(format!("is no certificate ({why}); make a new one")),
    };
    // A name that can not stand there was told already.
    let name = ServerName::try_from(own).ok()?;
    verify_server_name(&parsed, &name).is_err().then(|| {
        format!(
            "is not for this node; make one with node.name \"{own}\" as a DNS name (subjectAltName), \
             since the peer asks for it"
        )
    })
}

/// All certificates of a file; at least one.
pub(super) fn certificates(
    source: &KeySource,
    what: &str,
    credentials: Option<&Path>,
    report: &mut Report,
) -> Option<Vec<CertificateDer<'static>>> {
    let todo = |_: &Path| "put it there, or name the file that there is".to_owned();
    let read = contents(source, credentials, FILE_BYTES_MAX, what, todo).and_then(|contents| {
        let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&contents.bytes).collect();
        let certificates = parsed.ok().filter(|certificates| !certificates.is_empty());
        let shown = contents.path.display();
        certificates.ok_or_else(|| {
            format!("{shown} holds no certificate; it is PEM, \"-----BEGIN CERTIFICATE-----\"")
        })
    });
    read.map_err(|message| report.fail(&source.place, source.key, message)).ok()
}

pub(super) fn key(
    source: &KeySource,
    credentials: Option<&Path>,
    warnings: &mut Vec<String>,
    report: &mut Report,
) -> Option<PrivateKeyDer<'static>> {
    let todo = |_: &Path| "put it there, or name the file that there is".to_owned();
    let read =
        contents(source, credentials, FILE_BYTES_MAX, "the key", todo).and_then(|contents| {
            warnings.extend(contents.open_to_all(source));
            let shown = contents.path.display();
            PrivateKeyDer::from_pem_slice(&contents.bytes).map_err(|_| {
                format!("{shown} holds no private key; it is PEM, \"-----BEGIN PRIVATE KEY-----\"")
            })
        });
    read.map_err(|message| report.fail(&source.place, source.key, message)).ok()
}

/// What is to be said of a certificate that runs out soon, or has: 30, 7 and 1 days ahead.
pub(crate) fn told_ahead(until: u64, utc: u64) -> Option<String> {
    let Some(left) = until.checked_sub(utc) else {
        return Some("the certificate has run out; put a new one in its place".to_owned());
    };
    let days = [1, 7, 30].into_iter().find(|days| left <= days * DAY)?;
    Some(match days {
        1 => "the certificate runs out within a day; put a new one in its place".to_owned(),
        days => format!("the certificate runs out within {days} days; put a new one in its place"),
    })
}

/// When a certificate runs out (`notAfter` of RFC 5280, 4.1.2.5), in seconds since 1970; none where it
/// does not read as one.
pub(crate) fn runs_out(certificate: &CertificateDer<'_>) -> Option<u64> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xA0;
    let (_, certificate, _) = element(certificate, SEQUENCE)?;
    let (_, mut rest, _) = element(certificate, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = element(rest, VERSION)?.2;
    }
    // Serial number, algorithm, issuer.
    for tag in [0x02, SEQUENCE, SEQUENCE] {
        rest = element(rest, tag)?.2;
    }
    let (_, validity, _) = element(rest, SEQUENCE)?;
    let (_, _, not_after) = any_element(validity)?;
    let (tag, digits, _) = any_element(not_after)?;
    let digits = std::str::from_utf8(digits.strip_suffix(b"Z")?).ok()?;
    let (years, digits) = match tag {
        // UTCTime: two digits of a year from 1950 to 2049.
        0x17 => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year = year.parse::<u64>().ok()?;
            (if year < 50 { 2_000 + year } else { 1_900 + year }, rest)
        }
        0x18 => {
            let (year, rest) = digits.split_at_checked(4)?;
            (year.parse::<u64>().ok()?, rest)
        }
        _ => return None,
    };
    let two = |at: usize| digits.get(at..at + 2)?.parse::<u64>().ok();
    let day = day_since_1970(years, two(0)?, two(2)?)?;
    Some(day * DAY + two(4)? * 3_600 + two(6)? * 60 + two(8)?)
}

/// Days from the first of 1970 to this one; none before, or for what is no day.
fn day_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    const BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let before = BEFORE.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    // Leap days up to the end of a year.
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    let leap = month > 2 && leaps(year) > leaps(year.checked_sub(1)?);
    let years = year.checked_sub(1_970)?;
    let days = years * 365 + leaps(year - 1) - leaps(1_969);
    Some(days + before + u64::from(leap) + day.checked_sub(1)?)
}

/// The first element of DER: its tag, its contents, and what follows.
fn any_element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
        let mut length = 0_usize;
        for digit in digits {
            length = length.checked_mul(256)?.checked_add(usize::from(*digit))?;
        }
        (length, rest)
    };
    let (contents, behind) = rest.split_at_checked(length)?;
    Some((tag, contents, behind))
}

/// The same, if it is of this kind.
fn element(der: &[u8], tag: u8) -> Option<(u8, &[u8], &[u8])> {
    any_element(der).filter(|found| found.0 == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_counted_from_1970() {
        let day = |year, month, day| day_since_1970(year, month, day);
        assert_eq!(day(1970, 1, 1), Some(0));
        assert_eq!(day(2000, 2, 29), Some(11_016));
        assert_eq!(day(2024, 2, 29), Some(19_782));
        assert_eq!(day(2024, 3, 1), Some(19_783));
        assert_eq!(day(2026, 11, 22), Some(20_779));
        assert_eq!(day(2100, 3, 1), Some(47_541));
        assert_eq!((day(1969, 12, 31), day(2026, 13, 1), day(2026, 0, 1)), (None, None, None));
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        for bytes in [&b""[..], b"\x30", b"\x30\x84\xFF\xFF\xFF\xFF", b"\x30\x03\x30\x01\x02"] {
            assert_eq!(runs_out(&CertificateDer::from(bytes)), None);
        }
    }

    #[test]
    fn an_end_is_told_thirty_seven_and_one_days_ahead() {
        let told = |days: u64| told_ahead(100 * DAY, (100 - days) * DAY).unwrap_or_default();
        assert_eq!(told(31), "");
        assert!(told(30).contains("within 30 days") && told(8).contains("within 30 days"));
        assert!(told(7).contains("within 7 days"));
        assert!(told(1).contains("within a day"));
        assert!(told_ahead(7, 8).unwrap().contains("has run out"));
    }
}
