//! The dialects that stations name: built in, or in files beside the configuration. Must not know a
//! station, nor a line of a dialect file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use codec::Dialect;
use codec_specs::{Mistake, Mistakes, Said, Spec};
use ring::digest::{SHA256, digest};

use super::digest::hex;
use super::nearest::suggestion;
use super::place::Place;
use super::section::{At, Section};
use super::{FileKind, Source};

/// Dialects in use, one of each name: the core compiles one plan for two equal ones.
pub(super) struct Dialects {
    /// Where files are looked for.
    folder: PathBuf,
    /// `None`: its file is no dialect, which was told already.
    known: BTreeMap<String, Option<Named>>,
    /// The files that were read, in the order of the stations.
    sources: Vec<Source>,
}

/// A dialect as a station names it.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) dialect: Arc<Dialect>,
    /// What tells it from another one of the same name; nothing of a built-in one.
    pub(super) content: Arc<str>,
}

impl Dialects {
    /// None yet; files are beside this one.
    pub(super) fn beside(file: &str) -> Self {
        let folder = Path::new(file).parent().unwrap_or(Path::new("")).to_path_buf();
        Self { folder, known: BTreeMap::new(), sources: Vec::new() }
    }

    /// The dialect of that name, where it stands. Mistakes in its file are reported with their own
    /// places, once.
    pub(super) fn find(&mut self, section: &mut Section<'_, '_>, name: &At<&str>) -> Option<Named> {
        if let Some(known) = self.known.get(name.value) {
            return known.clone();
        }
        let found = self.open(section, name);
        self.known.insert(name.value.into(), found.clone());
        found
    }

    /// The files of all that were found.
    pub(super) fn into_sources(self) -> Vec<Source> {
        self.sources
    }

    fn open(&mut self, section: &mut Section<'_, '_>, name: &At<&str>) -> Option<Named> {
        if let Some(built_in) = codec::built_in(name.value) {
            return Some(Named { dialect: Arc::new(built_in.clone()), content: "".into() });
        }
        if !name.value.contains(['/', '.']) {
            let names = codec::built_ins().iter().map(|dialect| dialect.name());
            let hint = suggestion(name.value, names);
            let message = format!("\"{}\" is no dialect; {hint}", name.value);
            section.fail("dialect", &name.place, message);
            return None;
        }
        let path = self.folder.join(name.value);
        if !path.exists() {
            let message = format!(
                "there is no file {}; a dialect is built in, or a file beside the \
                                   configuration",
                path.display()
            );
            section.fail("dialect", &name.place, message);
            return None;
        }
        match codec_specs::read(&path) {
            Ok((spec, said)) => {
                for Said { path, text } in said {
                    // One that two others extend is one file.
                    if self.sources.iter().all(|known| known.path != path) {
                        let (kind, text) = (FileKind::Dialect, text.into());
                        self.sources.push(Source { path, kind, text });
                    }
                }
                let content = content(&spec);
                Some(Named { dialect: Arc::new(spec.dialect), content })
            }
            Err(mistakes) => {
                self.tell(section, &mistakes);
                None
            }
        }
    }

    fn tell(&self, section: &mut Section<'_, '_>, mistakes: &Mistakes) {
        for Mistake { file, line, column, key, message } in mistakes.as_slice() {
            // Behind all of the configuration itself, file by file.
            let place = Place::elsewhere(self.known.len(), Arc::clone(file), *line, *column);
            section.report.fail(&place, key.clone(), message.clone());
        }
    }
}

/// The first digits of a hash over all that a dialect says, without what its fields are called.
fn content(spec: &Spec) -> Arc<str> {
    let mut bare = spec.clone();
    bare.fields.values_mut().for_each(|field| field.name.clear());
    let hash = digest(&SHA256, codec_specs::write(&bare).as_bytes());
    hex(hash.as_ref().get(..6).unwrap_or_default()).into()
}
