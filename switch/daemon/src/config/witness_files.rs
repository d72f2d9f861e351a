//! The files that `[witness]` names, read and checked as far as one end can: certificates that are whole, a key
//! that belongs to its own, a password. Opens no connection and never shows a secret.

use std::fmt;
use std::path::Path;

use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::certificates::{certificates, key, runs_out, told_ahead};
use super::journal::KeySource;
use super::sealing::contents;
use super::{ConfigErrors, Configuration, Report};

/// The longest file that is read for a password.
const PASSWORD_BYTES_MAX: u64 = 4_096;

/// What a connection to the witness needs.
#[derive(Debug, Default)]
pub struct WitnessFiles {
    /// Who must have signed the certificates of its members.
    pub roots: Vec<CertificateDer<'static>>,
    /// Ours, what leads from it to an authority, and its private key; none where etcd asks for none.
    pub ours: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    /// Of the user.
    pub password: Option<Password>,
    /// When our certificate runs out, in seconds since 1970; none where there is none, or that can not be read.
    pub until: Option<u64>,
    /// One line each.
    pub warnings: Vec<String>,
}

/// A password, which nobody prints.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl Configuration {
    /// Reads the files that `[witness]` names; none where there is no such table. `utc`: the second of now.
    ///
    /// # Errors
    /// Everything that is wrong with them, and what to do.
    pub fn witness_files(
        &self,
        credentials: Option<&Path>,
        utc: u64,
    ) -> Result<Option<WitnessFiles>, ConfigErrors> {
        let Some(witness) = &self.witness else { return Ok(None) };
        let mut report = Report::default();
        let mut files = WitnessFiles::default();
        let encrypted = witness.endpoints.iter().any(|endpoint| endpoint.encrypted);
        if let Some(source) = witness.authority.as_ref().filter(|_| encrypted) {
            files.roots = authority(source, credentials, &mut report);
        }
        if let Some((certificate, key)) = witness.ours.as_ref().filter(|_| encrypted) {
            let sources = (certificate, key);
            files.ours = ours(sources, credentials, &mut files.warnings, &mut report);
            let chain = files.ours.as_ref().map(|(chain, _)| chain);
            files.until = chain.and_then(|chain| runs_out(chain.first()?));
            let told = files.until.and_then(|until| told_ahead(until, utc));
            files.warnings.extend(told.map(|told| format!("{}: {told}", certificate.key)));
        }
        if let Some(user) = &witness.user {
            let read = password(&user.password, credentials, &mut files.warnings);
            let noted = |message| report.fail(&user.password.place, user.password.key, message);
            files.password = read.map_err(noted).ok();
        }
        if report.errors.is_empty() {
            return Ok(Some(files));
        }
        report.errors.sort_by(|a, b| a.place.cmp(&b.place));
        Err(ConfigErrors(report.errors))
    }
}

fn authority(
    source: &KeySource,
    credentials: Option<&Path>,
    report: &mut Report,
) -> Vec<CertificateDer<'static>> {
    let read = certificates(source, "the authority's certificate", credentials, report);
    let roots = read.unwrap_or_default();
    for root in &roots {
        if let Err(why) = RootCertStore::empty().add(root.clone()) {
            let message = format!(
                "is no authority ({why}); name the certificate that signed those of the endpoints"
            );
            report.fail(&source.place, source.key, message);
        }
    }
    roots
}

fn ours(
    (certificate, of): (&KeySource, &KeySource),
    credentials: Option<&Path>,
    warnings: &mut Vec<String>,
    report: &mut Report,
) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain = certificates(certificate, "the certificate", credentials, report);
    let key = key(of, credentials, warnings, report);
    let (chain, key) = (chain?, key?);
    let provider = ring::default_provider();
    if let Err(why) = CertifiedKey::from_der(chain.clone(), key.clone_key(), &provider) {
        let message = format!(
            "is not the key of witness.certificate ({why}); name the one that the certificate was \
             made for"
        );
        report.fail(&of.place, of.key, message);
    }
    Some((chain, key))
}

/// All of the file but a line's end behind it.
fn password(
    source: &KeySource,
    credentials: Option<&Path>,
    warnings: &mut Vec<String>,
) -> Result<Password, String> {
    let todo = |_: &Path| "put it there, or name the file that there is".to_owned();
    let contents = contents(source, credentials, PASSWORD_BYTES_MAX + 1, "the password", todo)?;
    warnings.extend(contents.open_to_all(source));
    let shown = contents.path.display();
    // What is behind these is not read, and half a password is none.
    if u64::try_from(contents.bytes.len()).is_ok_and(|bytes| bytes > PASSWORD_BYTES_MAX) {
        return Err(format!(
            "{shown} is longer than {PASSWORD_BYTES_MAX} bytes; a password is one line"
        ));
    }
    let text = String::from_utf8(contents.bytes)
        .map_err(|_| format!("{shown} is no text; a password is one line of UTF-8"))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() || text.contains('\n') {
        return Err(format!("{shown} holds no password; it is one line"));
    }
    Ok(Password(text.to_owned()))
}
