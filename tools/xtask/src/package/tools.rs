//! Calls of other programs, whose failure is an error that says what they said. Must not know which.

use std::ffi::OsStr;
use std::io;
use std::process::Command;

/// What the program wrote to stdout.
///
/// # Errors
/// It could not be started, or ended with anything but 0.
pub(super) fn output(command: &mut Command) -> io::Result<String> {
    let name = command.get_program().to_owned();
    // Dates, and the order of names, must not depend on who builds.
    let output = command.env("LC_ALL", "C").output().map_err(|error| failed(&name, &error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(&name, &format!("{}: {}", output.status, said.trim_end())));
    }
    String::from_utf8(output.stdout).map_err(|error| failed(&name, &error))
}

fn failed(name: &OsStr, why: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("{}: {why}", name.display()))
}
