//! Where a journal is, what opens it, and which dialects its stations speak: by the daemon's own
//! configuration, or by what the operator says. Must not know what is in a journal.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use codec::Dialect;
use daemon::config::{CREDENTIALS, Configuration, Mode};

use journal::disk::{Disk, DiskFile, SystemDisk};
use journal::format::{BLOCK, Cluster, SegmentHeader};
use journal::names::Name;
use journal::seal::{Key, Keys};

use crate::output::{FAILED, Failure, NOT_FOUND, NOT_PERMITTED};

/// What the daemon reads when nobody says otherwise.
const CONFIGURATION: &str = "/etc/sekisho/sekisho.toml";
/// The journal's directory within `node.state`.
const WITHIN_STATE: &str = "journal";
/// Beside the segments of a trial.
const TRIAL_KEY: &str = "insecure-demo.key";
/// The longest file that is read for a key.
const KEY_FILE_BYTES_MAX: u64 = 4_096;

/// Which journal.
#[derive(Debug, clap::Args)]
pub(crate) struct Where {
    /// The journal's own directory, STATE/journal; without a configuration
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// The daemon's configuration: where the journal is, its keys and its stations' dialects
    /// [default: /etc/sekisho/sekisho.toml, unless --dir is given]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What opens it.
#[derive(Debug, clap::Args)]
pub(crate) struct KeyFiles {
    /// A file with a key that sealed records, instead of those of the configuration; repeatable
    #[arg(long = "key", value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// A journal's directory, and what is known of it from elsewhere.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) directory: PathBuf,
    pub(crate) disk: SystemDisk,
    configuration: Option<Configuration>,
}

impl Site {
    /// Opens the directory, to read only. There is a journal in it.
    pub(crate) fn open(place: &Where) -> Result<Self, Failure> {
        let configuration = match (&place.config, &place.dir) {
            (Some(file), _) => Some(configured(file)?),
            (None, Some(_)) => None,
            (None, None) => Some(configured(Path::new(CONFIGURATION))?),
        };
        let directory = match (&place.dir, &configuration) {
            (Some(directory), _) => directory.clone(),
            (None, Some(configuration)) => configuration.state.join(WITHIN_STATE),
            (None, None) => unreachable!("one of them says where"),
        };
        let shown = directory.display();
        let disk =
            SystemDisk::open(&directory, false).map_err(|error| not_opened(&directory, &error))?;
        let names = disk
            .list()
            .map_err(|error| Failure::new(FAILED, format!("{shown} can not be read: {error}")))?;
        let is_of_a_journal = |name: &String| {
            matches!(
                Name::parse(name),
                Some(Name::Segment(_) | Name::Archive(_) | Name::Checkpoint(_))
            )
        };
        if !names.iter().any(is_of_a_journal) {
            let within = directory.join(WITHIN_STATE);
            let hint = if within.is_dir() {
                format!("is it --dir {}?", within.display())
            } else {
                "the switch has not written anything there yet, or it is another directory".into()
            };
            return Err(Failure::new(NOT_FOUND, format!("no journal in {shown}; {hint}")));
        }
        Ok(Self { directory, disk, configuration })
    }

    /// The keys that there are: those that the operator names, else those of the configuration, and
    /// that of a trial.
    pub(crate) fn keys(&self, given: &KeyFiles) -> Result<Keys, Failure> {
        let mut keys = Vec::new();
        for file in &given.files {
            keys.push(key_of(file)?);
        }
        if let Some(configuration) = self.configuration.as_ref().filter(|_| keys.is_empty()) {
            let credentials = std::env::var_os(CREDENTIALS).map(PathBuf::from);
            let sealing = configuration.journal.read_keys(credentials.as_deref());
            let sealing = sealing.map_err(|errors| {
                let message = format!(
                    "{errors}\nThe records are sealed. Name the key's file by --key FILE; `journal \
                     verify` needs none."
                );
                Failure::new(NOT_PERMITTED, message)
            })?;
            keys.extend(sealing.current);
            keys.extend(sealing.former);
        }
        // What was cut from a journal lies two folders below it, and was sealed with the same key.
        let beside = self.directory.ancestors().step_by(2).take(2);
        if let Some(trial) = beside.map(|place| place.join(TRIAL_KEY)).find(|key| key.exists()) {
            keys.push(key_of(&trial)?);
        }
        let mut keys = keys.into_iter();
        let Some(current) = keys.next() else {
            let message = format!(
                "the records in {} are sealed, and there is no key: name its file by --key FILE, or \
                 the daemon's configuration by --config FILE; `journal verify` needs none",
                self.directory.display()
            );
            return Err(Failure::new(NOT_FOUND, message));
        };
        Ok(Keys { current, former: keys.collect() })
    }

    /// Whose journal it is, by the newest segment that says so.
    pub(crate) fn cluster(&self) -> Option<Cluster> {
        let names = self.disk.list().ok()?;
        names.iter().rev().find_map(|name| {
            let Some(Name::Segment(_)) = Name::parse(name) else { return None };
            let mut block = [0; BLOCK];
            self.disk.open(name, false).ok()?.read_at(0, &mut block).ok()?;
            SegmentHeader::read(&block).ok().map(|header| header.cluster)
        })
    }

    /// The dialects of the configuration's stations.
    pub(crate) fn dialects(&self) -> Vec<Arc<Dialect>> {
        let stations = self.configuration.iter().flat_map(|known| &known.settings.stations);
        stations.map(|station| Arc::clone(&station.dialect)).collect()
    }
}

fn configured(file: &Path) -> Result<Configuration, Failure> {
    if !file.exists() {
        let message = format!(
            "there is no configuration {}; say where the journal is: --config FILE, or --dir DIR",
            file.display()
        );
        return Err(Failure::new(NOT_FOUND, message));
    }
    // Whether the daemon runs on trial is not asked: what is there is read.
    daemon::config::load(file, Mode { insecure_demo: true }).map_err(|errors| {
        let message = format!(
            "{errors}\nThe configuration can not be read; --dir DIR says where the journal is without it."
        );
        Failure::new(FAILED, message)
    })
}

fn not_opened(directory: &Path, error: &io::Error) -> Failure {
    let shown = directory.display();
    let exit = exit_for(error);
    let hint = match exit {
        NOT_FOUND => "is it another directory? --dir DIR, --config FILE",
        NOT_PERMITTED => "the journal is for the daemon's user alone: run this as that user",
        _ => "is it a directory?",
    };
    Failure::new(exit, format!("no journal in {shown}: {error}; {hint}"))
}

fn exit_for(error: &io::Error) -> u8 {
    let kind = error.kind();
    if kind == ErrorKind::NotFound {
        NOT_FOUND
    } else if kind == ErrorKind::PermissionDenied {
        NOT_PERMITTED
    } else {
        FAILED
    }
}

/// The key that stands in a file.
fn key_of(file: &Path) -> Result<Key, Failure> {
    let shown = file.display();
    let bytes = File::open(file).and_then(|opened| {
        let mut bytes = Vec::new();
        opened.take(KEY_FILE_BYTES_MAX).read_to_end(&mut bytes).map(|_| bytes)
    });
    let bytes = bytes.map_err(|error| {
        Failure::new(exit_for(&error), format!("the key in {shown} can not be read: {error}"))
    })?;
    Key::parse(&bytes).map_err(|_| {
        let message = format!(
            "{shown} has {} bytes and is no key: 32 bytes, or 64 hexadecimal digits",
            bytes.len()
        );
        Failure::new(FAILED, message)
    })
}
