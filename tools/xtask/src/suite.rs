//! Every test of the project, in steps: the machine, the workspace, the loom models, the campaigns.
//! Knows how tests are started; what they prove is their own affair.

use std::io::{self, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

use crate::Ended;
use crate::cargo;
use crate::report::{self, Row};

/// One step of the suite.
struct Step {
    name: &'static str,
    /// What is run, as one would type it.
    shown: &'static str,
    command: Command,
    /// Whether the steps behind it make no sense when it fails.
    is_needed: bool,
}

/// Runs all steps at the checkout `root`; a failed one does not hide what the next would say.
pub(crate) fn run(root: &Path, out: &mut dyn Write) -> io::Result<Ended> {
    run_steps(steps(root).into_iter().chain(campaigns(out)?), out)
}

fn steps(root: &Path) -> [Step; 4] {
    let setup = Command::new(root.join("tools/setup"));

    let mut workspace = cargo::command(root);
    workspace.args(["test", "--workspace", "--no-fail-fast"]);
    // Stories of two daemons wait most of the time.
    let threads = available_parallelism().map_or(1, NonZero::get).max(6);
    workspace.env("RUST_TEST_THREADS", threads.to_string());

    let mut broken = cargo::command(root);
    broken.args(["test", "--profile", "sim", "--package", "switch-sim", "--features", "broken"]);
    broken.args(["--test", "broken"]);

    let mut models = cargo::loom_command(root, "test");
    models.args(["--package", "switch-sync", "--test", "loom", "--release"]);

    [
        Step { name: "setup", shown: "tools/setup", command: setup, is_needed: true },
        Step {
            name: "workspace",
            shown: "cargo test --workspace --no-fail-fast",
            command: workspace,
            is_needed: false,
        },
        Step {
            name: "broken",
            shown: "cargo test --profile sim --package switch-sim --features broken --test broken",
            command: broken,
            is_needed: false,
        },
        Step {
            name: "models",
            shown: r#"RUSTFLAGS="--cfg loom" cargo test --package switch-sync --test loom --release"#,
            command: models,
            is_needed: false,
        },
    ]
}

/// The long proofs, in short: as many rounds as in the full ones would be too many for every change.
fn campaigns(out: &mut dyn Write) -> io::Result<Vec<Step>> {
    let this = std::env::current_exe()?;
    let campaign = |name, shown: &'static str| {
        let mut command = Command::new(&this);
        command.args(shown.split_whitespace().skip(2));
        Step { name, shown, command, is_needed: false }
    };
    let kill = "cargo xtask campaign kill --count 50 --seconds 60 --at-least 25";
    let power = "cargo xtask campaign power --count 50 --seconds 90 --at-least 25";
    let sim = "cargo xtask campaign sim --count 5000 --seconds 120 --at-least 2500";
    let sites = "cargo xtask campaign sites --count 2000 --seconds 240 --at-least 1000";
    // The same rounds each time; a machine that has much else to do is given three times as long.
    let failover = "cargo xtask campaign failover --count 3 --seed 1 --in-order --patience 3";
    let partition = "cargo xtask campaign partition --count 6 --seed 1 --in-order --patience 3";
    let freeze = "cargo xtask campaign freeze --count 3 --seed 1 --in-order --patience 3";
    let service = "cargo xtask campaign service";
    let mut steps = vec![campaign("sim", sim), campaign("sites", sites), campaign("kill", kill)];
    if rustix::process::geteuid().is_root() {
        steps.extend([campaign("power", power), campaign("failover", failover)]);
        steps.extend([campaign("partition", partition), campaign("freeze", freeze)]);
        steps.push(campaign("service", service));
    } else {
        writeln!(out, "campaign power mounts a file system, which only root may: it is left out")?;
        let laid = "lay lines between networks, which only root may: they are left out";
        writeln!(out, "campaigns failover, partition and freeze {laid}")?;
        writeln!(out, "campaign service boots a Debian, which only root may: it is left out")?;
    }
    Ok(steps)
}

fn run_steps(steps: impl IntoIterator<Item = Step>, out: &mut dyn Write) -> io::Result<Ended> {
    let mut rows = Vec::new();
    let mut ended = Ended::Done;
    for Step { name, shown, mut command, is_needed } in steps {
        writeln!(out, "==> {shown}")?;
        let (status, took) = report::timed(|| command.status());
        let passed = match status {
            Ok(status) => status.success(),
            Err(error) => {
                writeln!(out, "{name}: could not start: {error}")?;
                false
            }
        };
        writeln!(out, "<== {name}: {}", report::seconds(took))?;
        let verdict = if passed { "ok" } else { "FAILED" }.to_owned();
        rows.push(Row { name, verdict, took, about: shown.to_owned() });
        if !passed {
            ended = Ended::Found;
            if is_needed {
                break;
            }
        }
    }
    writeln!(out)?;
    report::table(&rows, out)?;
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &'static str, program: &str, is_needed: bool) -> Step {
        Step { name, shown: name, command: Command::new(program), is_needed }
    }

    fn outcome(steps: impl IntoIterator<Item = Step>) -> (Ended, String) {
        let mut out = Vec::new();
        let ended = run_steps(steps, &mut out).unwrap();
        (ended, String::from_utf8(out).unwrap())
    }

    #[test]
    fn when_every_step_passes_the_suite_passes() {
        let (ended, out) = outcome([step("one", "true", true), step("two", "true", false)]);
        assert_eq!(ended, Ended::Done);
        assert!(out.contains("==> two\n"), "{out}");
    }

    #[test]
    fn a_failed_step_fails_the_suite_and_the_next_still_runs() {
        let (ended, out) = outcome([step("one", "false", false), step("two", "true", false)]);
        assert_eq!(ended, Ended::Found);
        assert!(out.contains("one  FAILED"), "{out}");
        assert!(out.contains("two  ok"), "{out}");
    }

    #[test]
    fn a_failed_step_that_is_needed_ends_the_suite() {
        let (ended, out) =
            outcome([step("one", "no-such-program", true), step("two", "true", false)]);
        assert_eq!(ended, Ended::Found);
        assert!(out.contains("one: could not start"), "{out}");
        assert!(!out.contains("==> two"), "{out}");
    }
}
