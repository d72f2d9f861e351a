//! The journal's commands through the program itself, on journals that the journal's own writer made.
#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]
#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

mod author;

mod condition;

mod records;

mod transactions;

mod outcomes;

mod typing;

use std::process::Command;

use author::Folder;

/// The program, run in a folder.
fn sekisho(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.args(arguments).current_dir(folder.path());
    command.env_remove("CLICOLOR_FORCE").env_remove("CREDENTIALS_DIRECTORY");
    command
}

/// The exit code, and what the program says on both streams.
fn says(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String) {
    let output = sekisho(folder, arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}
