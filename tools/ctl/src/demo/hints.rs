//! What to try after a demo, in commands that work as they are printed, however the demo was
//! started. Must not know how the demo went.

use std::path::Path;

/// How the demo is started from a checkout.
const BY_CARGO: &str = "cargo run --release --bin sekisho --";

/// The commands for this process.
pub(super) fn hints() -> String {
    let program = std::env::args_os().next().unwrap_or_default();
    hints_for(Path::new(&program), std::env::var_os("CARGO").is_some())
}

/// The commands for a demo that was started as `program`, and whether cargo did it.
fn hints_for(program: &Path, by_cargo: bool) -> String {
    let folder = program.parent().unwrap_or(Path::new(""));
    // Cargo may have run a debug build, and what is measured is not one.
    let folder = if by_cargo { folder.with_file_name("release") } else { folder.into() };
    let bench = folder.join("sekisho-bench");
    let (demo, bench) = if by_cargo {
        // Cargo has built the programs of one package only, and compare needs the daemon as well.
        (BY_CARGO.into(), format!("cargo build --release && {}", bench.display()))
    } else {
        (program.display().to_string(), bench.display().to_string())
    };
    format!(
        "\ntry next\n\n\
         an issuer dies under load and comes back:\n\
         \x20 {demo} demo --scenario issuer-killed\n\
         the switch itself dies, and both ends are compared with its journal:\n\
         \x20 {demo} demo --scenario kill-switch\n\
         issuers answer late, twice or never, and both ends are equal all the same:\n\
         \x20 {demo} demo --scenario late-answers\n\
         two sites, of which the primary dies under load (needs etcd):\n\
         \x20 {demo} demo --sites 2\n\
         more, for longer:\n\
         \x20 {demo} demo --rate 20000 --seconds 60\n\
         what the switch costs beyond moving bytes:\n\
         \x20 {bench} compare\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(program: &str, by_cargo: bool) -> Vec<String> {
        let hints = hints_for(Path::new(program), by_cargo);
        hints.lines().filter_map(|line| line.strip_prefix("  ")).map(Into::into).collect()
    }

    #[test]
    fn from_a_checkout_the_hints_are_for_cargo_and_build_what_they_need() {
        let expected = [
            "cargo run --release --bin sekisho -- demo --scenario issuer-killed",
            "cargo run --release --bin sekisho -- demo --scenario kill-switch",
            "cargo run --release --bin sekisho -- demo --scenario late-answers",
            "cargo run --release --bin sekisho -- demo --sites 2",
            "cargo run --release --bin sekisho -- demo --rate 20000 --seconds 60",
            "cargo build --release && target/release/sekisho-bench compare",
        ];
        assert_eq!(commands("target/release/sekisho", true), expected);
        assert_eq!(commands("target/debug/sekisho", true), expected);
    }

    #[test]
    fn elsewhere_the_hints_name_the_programs_as_this_one_was_named() {
        let expected = [
            "bin/sekisho demo --scenario issuer-killed",
            "bin/sekisho demo --scenario kill-switch",
            "bin/sekisho demo --scenario late-answers",
            "bin/sekisho demo --sites 2",
            "bin/sekisho demo --rate 20000 --seconds 60",
            "bin/sekisho-bench compare",
        ];
        assert_eq!(commands("bin/sekisho", false), expected);
        assert_eq!(commands("sekisho", false)[5], "sekisho-bench compare");
    }
}
