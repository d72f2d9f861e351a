//! The dialects that stations name: built in, or in files beside the configuration. Must not know a
//! station, nor a line of a dialect file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use codec::Dialect;
use codec_specs::{Mistake, Mistakes};

use super::nearest::suggestion;
use super::place::Place;
use super::section::{At, Section};

/// Dialects in use, one of each name: the core compiles one plan for two equal ones.
pub(super) struct Dialects {
    /// Where files are looked for.
    folder: PathBuf,
    /// `None`: its file is no dialect, which was told already.
    known: BTreeMap<String, Option<Arc<Dialect>>>,
}

impl Dialects {
    /// None yet; files are beside this one.
    pub(super) fn beside(file: &str) -> Self {
        let folder = Path::new(file).parent().unwrap_or(Path::new("")).to_path_buf();
        Self { folder, known: BTreeMap::new() }
    }

    /// The dialect of that name, where it stands. Mistakes in its file are reported with their own
    /// places, once.
    pub(super) fn find(
        &mut self,
        section: &mut Section<'_, '_>,
        name: &At<&str>,
    ) -> Option<Arc<Dialect>> {
        if let Some(known) = self.known.get(name.value) {
            return known.clone();
        }
        let found = self.open(section, name).map(Arc::new);
        self.known.insert(name.value.into(), found.clone());
        found
    }

    fn open(&self, section: &mut Section<'_, '_>, name: &At<&str>) -> Option<Dialect> {
        if let Some(built_in) = codec::built_in(name.value) {
            return Some(built_in.clone());
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
        match codec_specs::load(&path) {
            Ok(spec) => Some(spec.dialect),
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
