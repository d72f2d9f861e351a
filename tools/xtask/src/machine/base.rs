//! The Debian that every machine begins as: made once by `mmdebstrap`, of the release and from the
//! sources that apt of this system is set up with. Must not know what is installed later.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::done;

/// What it has beside the packages that every Debian has: what boots, and what an operator reaches for.
const PACKAGES: &str = "systemd,systemd-sysv,dbus,procps,iproute2,adduser";
/// Packages that apt of a machine finds without a network, for whoever types their installation there.
const AT_HAND: &str = "etcd-server etcd-client";
/// One line of apt's list of sources, and where it came from.
const LINE: &str = "deb $(REPO_URI) $(RELEASE) $(COMPONENT)";

/// The folder of the base below `target`; it is made when it is not there, or was made otherwise.
pub(crate) fn base(target: &Path) -> io::Result<PathBuf> {
    let folder = target.join("debian-base");
    let (root, stamp) = (folder.join("root"), folder.join("stamp"));
    let release = release(&fs::read_to_string("/etc/os-release")?)?;
    let wanted = format!("{release} {PACKAGES} {AT_HAND}\n");
    if fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == wanted) {
        return Ok(root);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let list = folder.join("sources.list");
    fs::write(&list, sources(&release)?)?;
    let mut make = Command::new("mmdebstrap");
    make.args(["--quiet", "--variant=minbase", "--format=directory"]);
    make.arg(format!("--include={PACKAGES}"));
    // What apt knows and has brought is taken away at the end, unless it is told otherwise.
    make.args(["--skip=cleanup/apt", "--customize-hook"]);
    make.arg(format!(
        r#"chroot "$1" apt-get --yes --download-only --no-install-recommends install {AT_HAND}"#
    ));
    make.args(settings()?.iter().map(|setting| format!("--aptopt={setting}")));
    make.arg(&release).arg(&root).arg(&list);
    done(&mut make)?;
    // Who has the same number as the host would share its log.
    fs::write(root.join("etc/machine-id"), "")?;
    fs::write(&stamp, wanted)?;
    Ok(root)
}

/// The release of this system: what is built here runs there.
fn release(text: &str) -> io::Result<String> {
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    match (value("ID"), value("VERSION_CODENAME")) {
        (Some("debian"), Some(codename)) => Ok(codename.to_owned()),
        _ => Err(io::Error::other("this system is no Debian")),
    }
}

/// Debian's own sources of that release, as apt of this system has them; it asks the network when it
/// has no lists yet.
fn sources(release: &str) -> io::Result<String> {
    let mut list = listed(release)?;
    if list.is_empty() {
        done(Command::new("apt-get").args(["--quiet=2", "update"]))?;
        list = listed(release)?;
    }
    if list.is_empty() {
        return Err(io::Error::other(format!("apt has no source of Debian {release}")));
    }
    Ok(list)
}

fn listed(release: &str) -> io::Result<String> {
    let mut ask = Command::new("apt-get");
    ask.args(["indextargets", "--format", LINE, "Created-By: Packages", "Origin: Debian"]);
    let output = ask.output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(of_release(&text, release))
}

/// The lines of that release, of its updates and its security.
fn of_release(list: &str, release: &str) -> String {
    let is_of = |line: &&str| {
        line.split(' ').nth(2).and_then(|suite| suite.strip_prefix(release)).is_some_and(|more| {
            ["", "-updates", "-security"].contains(&more.trim_end_matches("/updates"))
        })
    };
    list.lines().filter(is_of).flat_map(|line| [line, "\n"]).collect()
}

/// How apt of this system reaches them: its proxies, and what it does not look at.
fn settings() -> io::Result<Vec<String>> {
    let output = Command::new("apt-config").arg("dump").output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let ways = ["Acquire::http::", "Acquire::https::", "Acquire::Check-"];
    let is_way = |line: &&str| ways.iter().any(|way| line.starts_with(way));
    Ok(text.lines().filter(is_way).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_that_of_this_debian() {
        let text = "NAME=\"Debian GNU/Linux\"\nVERSION_CODENAME=bookworm\nID=debian\n";
        assert_eq!(release(text).unwrap(), "bookworm");
        assert!(release("ID=fedora\nVERSION_CODENAME=x\n").is_err());
    }

    #[test]
    fn only_sources_of_the_release_are_taken() {
        let list = "deb http://mirror.example/debian/ bookworm main\n\
                    deb http://mirror.example/debian/ trixie main\n\
                    deb http://mirror.example/debian/ bookworm-backports main\n\
                    deb http://mirror.example/debian-security/ bookworm-security main\n";
        assert_eq!(
            of_release(list, "bookworm"),
            "deb http://mirror.example/debian/ bookworm main\n\
             deb http://mirror.example/debian-security/ bookworm-security main\n"
        );
    }
}
