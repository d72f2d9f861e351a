//! Where a journal is, what opens it, and which dialects its stations speak: by the daemon's own
//! configuration, or by what the operator says. Must not know what is in a journal.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, symlink};
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

    /// A file of segments alone, as the folder `diverged` of a journal keeps what was cut from it
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    file: Option<PathBuf>,
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
    /// Or the one file.
    pub(crate) directory: PathBuf,
    pub(crate) disk: SystemDisk,
    configuration: Option<Configuration>,
    _alone: Option<Alone>,
}

impl Site {
    /// Opens the directory, to read only. There is a journal in it.
    pub(crate) fn open(place: &Where) -> Result<Self, Failure> {
        let is_said = place.dir.is_some() || place.file.is_some();
        let configuration = match &place.config {
            Some(file) => Some(configured(file)?),
            None if is_said => None,
            None => Some(configured(Path::new(CONFIGURATION))?),
        };
        match &place.file {
            Some(file) => Self::of_file(file, configuration),
            None => Self::of_directory(place, configuration),
        }
    }

    fn of_file(file: &Path, configuration: Option<Configuration>) -> Result<Self, Failure> {
        let alone = Alone::new(file)?;
        let disk = SystemDisk::open(&alone.0, false).map_err(|error| not_opened(file, &error))?;
        Ok(Self { directory: file.to_path_buf(), disk, configuration, _alone: Some(alone) })
    }

    fn of_directory(place: &Where, configuration: Option<Configuration>) -> Result<Self, Failure> {
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
        Ok(Self { directory, disk, configuration, _alone: None })
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
        // Of a file that was cut from a journal: beside that one, two folders up.
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

/// A folder in which one file stands as the only segment of a journal; it goes away with this.
#[derive(Debug)]
struct Alone(PathBuf);

impl Alone {
    fn new(file: &Path) -> Result<Self, Failure> {
        let failed = |error: &io::Error| {
            Failure::new(exit_for(error), format!("{}: {error}", file.display()))
        };
        let whole = file.canonicalize().map_err(|error| failed(&error))?;
        let mut block = [0; BLOCK];
        let read = File::open(&whole).and_then(|mut opened| opened.read_exact(&mut block));
        read.map_err(|error| failed(&error))?;
        let header = SegmentHeader::read(&block).map_err(|_| {
            Failure::new(NOT_FOUND, format!("{} does not begin as a segment", file.display()))
        })?;
        let name = format!("sekisho-journal-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&folder).map_err(|error| failed(&error))?;
        let alone = Self(folder);
        let segment = alone.0.join(Name::Segment(header.segment).to_string());
        symlink(whole, segment).map_err(|error| failed(&error))?;
        Ok(alone)
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // What is left of it is a link in the folder of temporary files.
        drop(fs::remove_dir_all(&self.0));
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
