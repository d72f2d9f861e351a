//! `sekisho config check`: reads a configuration as the daemon would, with the keys, certificates and
//! dialects that it names, and opens no port. Must not know what is done with it.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use daemon::config::{
    CREDENTIALS, ConfigErrors, Configuration, FileKind, KeyFile, KeySource, Mode, Source, TlsFiles,
    load,
};
use serde::Serialize;

use super::json;
use crate::output::{FOUND, Failure, Format, write_out};

/// Where systemd puts the credentials of the service.
const SERVICE: &str = "/run/credentials/sekishod.service";

/// What was found, for programs.
#[derive(Serialize)]
struct Found {
    /// Whether it can run.
    ok: bool,
    /// Why it can not.
    problems: Vec<Problem>,
    /// What is worth a look, a line each.
    warnings: Vec<String>,
    /// What was accepted and does nothing, a line each.
    inactive: Vec<String>,
    /// What tells its settings from others; none where it can not run.
    digest: Option<String>,
}

#[derive(Serialize)]
struct Problem {
    file: String,
    line: usize,
    column: usize,
    key: String,
    message: String,
}

/// Checks a file.
pub(super) fn run(file: &Path, insecure_demo: bool, output: Format) -> Result<ExitCode, Failure> {
    let checked = load(file, Mode { insecure_demo }).and_then(|configuration| {
        let mut warnings = keys(&configuration)?;
        warnings.extend(certificates(&configuration)?);
        warnings.extend(witness(&configuration)?);
        warnings.extend(closed(&configuration.sources));
        Ok((configuration, warnings))
    });
    let code = if checked.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) };
    let text = match (output, checked) {
        (Format::Json, checked) => json(&found(checked))?,
        (Format::Table, Ok((configuration, warnings))) => {
            let mut text = configuration.summary();
            for warning in warnings.iter().chain(&configuration.warnings()) {
                text = text + "warning: " + warning + "\n";
            }
            text
        }
        (Format::Table, Err(errors)) => format!("{errors}\n"),
    };
    write_out(&text)?;
    Ok(code)
}

/// Reads the keys that are named. Outside of the service its credentials may be out of reach, which
/// says nothing of the configuration.
fn keys(configuration: &Configuration) -> Result<Vec<String>, ConfigErrors> {
    let journal = &configuration.journal;
    let directory = credentials();
    let sources = || journal.key.iter().chain(&journal.former_keys);
    if directory.is_some() || !sources().any(is_credential) {
        return journal.read_keys(directory.as_deref()).map(|sealing| sealing.warnings);
    }
    let mut within_reach = journal.clone();
    within_reach.key = journal.key.clone().filter(|key| !is_credential(key));
    within_reach.former_keys.retain(|key| !is_credential(key));
    let mut warnings = within_reach.read_keys(None)?.warnings;
    warnings.extend(sources().filter(|key| is_credential(key)).map(unseen));
    Ok(warnings)
}

/// Reads the certificates of the line to the peer, as far as they are within reach.
fn certificates(configuration: &Configuration) -> Result<Vec<String>, ConfigErrors> {
    let tls = configuration.peer.as_ref().and_then(|peer| peer.tls.as_ref());
    let Some(TlsFiles { certificate, key, authority }) = tls else { return Ok(Vec::new()) };
    let directory = credentials();
    let files = [certificate, key, authority];
    if directory.is_none() && files.into_iter().any(is_credential) {
        return Ok(files.into_iter().filter(|key| is_credential(key)).map(unseen).collect());
    }
    let read = configuration.certificates(directory.as_deref(), now())?;
    Ok(read.map(|read| read.warnings).unwrap_or_default())
}

/// The same of the files of the witness.
fn witness(configuration: &Configuration) -> Result<Vec<String>, ConfigErrors> {
    let Some(witness) = &configuration.witness else { return Ok(Vec::new()) };
    let (directory, files) = (credentials(), witness.files());
    if directory.is_none() && files.iter().any(|file| is_credential(file)) {
        let unseen = files.into_iter().filter(|file| is_credential(file)).map(unseen);
        return Ok(unseen.collect());
    }
    let read = configuration.witness_files(directory.as_deref(), now())?;
    Ok(read.map(|read| read.warnings).unwrap_or_default())
}

/// The second of now.
fn now() -> u64 {
    UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}

/// Where the credentials of the service are, when they are within reach.
fn credentials() -> Option<PathBuf> {
    let named = std::env::var_os(CREDENTIALS).map(PathBuf::from);
    named.or_else(|| Some(PathBuf::from(SERVICE)).filter(|place| place.is_dir()))
}

fn is_credential(source: &KeySource) -> bool {
    matches!(source.file, KeyFile::Credential(_))
}

fn unseen(source: &KeySource) -> String {
    format!(
        "{}: {source} was not looked at: the service that has it does not run here (${CREDENTIALS} is not set)",
        source.key
    )
}

/// Files that whoever checks can read and the service may not: in a folder of root's that is opened to a
/// group, as the package makes it, the daemon reads by that group.
fn closed(sources: &[Source]) -> Vec<String> {
    let main = sources.iter().find(|source| source.kind == FileKind::Main);
    let folder = main.and_then(|main| fs::metadata(main.path.parent()?).ok());
    let Some(folder) = folder.as_ref().map(Rights::of) else { return Vec::new() };
    let is_closed = |source: &&Source| {
        fs::metadata(&source.path).is_ok_and(|file| Rights::of(&file).close(folder))
    };
    let warning = |source: &Source| {
        format!(
            "{}: the group of the configuration's folder can not read it, and so the service may not: \
             give it that group (chgrp) and the mode 640",
            source.path.display()
        )
    };
    sources.iter().filter(is_closed).map(warning).collect()
}

/// Whose something is, and who may read it.
#[derive(Clone, Copy)]
struct Rights {
    uid: u32,
    gid: u32,
    mode: u32,
}

impl Rights {
    fn of(metadata: &Metadata) -> Self {
        Self { uid: metadata.uid(), gid: metadata.gid(), mode: metadata.mode() }
    }

    /// Whether a file of these is closed to the group to which root opened that folder.
    fn close(self, folder: Self) -> bool {
        let is_opened = folder.uid == 0 && folder.gid != 0;
        let by_group = self.gid == folder.gid && self.mode & 0o040 != 0;
        is_opened && !by_group && self.mode & 0o004 == 0
    }
}

fn found(checked: Result<(Configuration, Vec<String>), ConfigErrors>) -> Found {
    match checked {
        Ok((configuration, mut warnings)) => {
            warnings.extend(configuration.warnings());
            let inactive = configuration.inactive.iter().map(ToString::to_string).collect();
            let digest = Some(daemon::config::hex(&configuration.digest()));
            Found { ok: true, problems: Vec::new(), warnings, inactive, digest }
        }
        Err(errors) => {
            let problems = errors.as_slice().iter().map(|error| Problem {
                file: error.place.file().to_owned(),
                line: error.place.line(),
                column: error.place.column(),
                key: error.key.clone(),
                message: error.message.clone(),
            });
            let (warnings, inactive, digest) = (Vec::new(), Vec::new(), None);
            Found { ok: false, problems: problems.collect(), warnings, inactive, digest }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: u32 = 0;
    const SEKISHO: u32 = 990;
    const FOLDER: Rights = Rights { uid: ROOT, gid: SEKISHO, mode: 0o2750 };

    #[test]
    fn a_file_that_the_group_of_the_folder_can_not_read_is_closed_to_the_service() {
        for (gid, mode, is_closed) in [
            (SEKISHO, 0o640, false),
            (ROOT, 0o644, false),
            (SEKISHO, 0o600, true),
            (ROOT, 0o640, true),
        ] {
            let file = Rights { uid: ROOT, gid, mode };
            assert_eq!(file.close(FOLDER), is_closed, "{gid} {mode:o}");
        }
    }

    #[test]
    fn in_a_folder_of_ones_own_nothing_is_said() {
        let file = Rights { uid: 1000, gid: 1000, mode: 0o600 };
        assert!(!file.close(Rights { uid: 1000, gid: 1000, mode: 0o755 }));
        assert!(!file.close(Rights { uid: ROOT, gid: ROOT, mode: 0o755 }));
    }
}
