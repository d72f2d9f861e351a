//! `sekisho config check`: reads a configuration as the daemon would, with the keys and dialects that
//! it names, and opens no port. Must not know what is done with it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use daemon::config::{CREDENTIALS, ConfigErrors, Configuration, KeyFile, Mode, load};
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
        let warnings = keys(&configuration)?;
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
    let named = std::env::var_os(CREDENTIALS).map(PathBuf::from);
    let directory = named.or_else(|| Some(PathBuf::from(SERVICE)).filter(|place| place.is_dir()));
    let is_credential =
        |key: &&daemon::config::KeySource| matches!(key.file, KeyFile::Credential(_));
    let sources = || journal.key.iter().chain(&journal.former_keys);
    if directory.is_some() || !sources().any(|key| is_credential(&key)) {
        return journal.read_keys(directory.as_deref()).map(|sealing| sealing.warnings);
    }
    let mut within_reach = journal.clone();
    within_reach.key = journal.key.clone().filter(|key| !is_credential(&key));
    within_reach.former_keys.retain(|key| !is_credential(&key));
    let mut warnings = within_reach.read_keys(None)?.warnings;
    let unseen = sources().filter(is_credential).map(|key| {
        format!(
            "{}: {key} was not looked at: the service that has it does not run here (${CREDENTIALS} \
             is not set)",
            key.key
        )
    });
    warnings.extend(unseen);
    Ok(warnings)
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
