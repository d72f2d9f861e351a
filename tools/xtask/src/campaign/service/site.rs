//! A machine of the proof: its disk and, of a node, the issuers beside it. Must not know what becomes of it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use ctl::parties::ISSUERS;

use crate::campaign::centres::Bank;
use crate::campaign::dice::Dice;
use crate::campaign::trouble::Trouble;
use crate::machine::Machine;
use crate::machine::disk::Disk;

/// Where the package lies in the machine, and where commands are typed.
pub(super) const PLACE: &str = "/srv";
/// Where the switch's state is in the machine.
pub(super) const STATE: &str = "/var/lib/sekisho";
/// Bytes of a disk that is soon full.
pub(super) const SMALL: u64 = 768 << 20;
/// Bytes of a disk that lasts for hours; only what is written takes memory.
pub(super) const LARGE: u64 = 16 << 30;
/// Links to each issuer.
pub(super) const LINKS: usize = 2;

/// A node, or another machine.
#[derive(Debug)]
pub(super) struct Site {
    /// The name of the machine, and of the node in it.
    pub(super) name: &'static str,
    pub(super) machine: Machine,
    pub(super) disk: Disk,
    /// Where its disk is in it.
    state: &'static str,
    /// The issuers in its network, each in its place, unless it is away.
    pub(super) banks: [Option<Bank>; 2],
}

impl Site {
    /// A machine with the package in it and nothing installed, and issuers in its network; this thread is in
    /// that then.
    pub(super) fn node(
        name: &'static str,
        base: &Path,
        package: &Path,
        disk_bytes: u64,
    ) -> Result<Self, Trouble> {
        let mut site = Self::other(name, base, STATE, disk_bytes)?;
        let mut dice = Dice::new(1);
        let mut bank = |place: usize| Bank::at(&ISSUERS[place], issuer(place), &mut dice).map(Some);
        site.banks = [bank(0)?, bank(1)?];
        site.takes(package)?;
        Ok(site)
    }

    /// A machine alone, with its disk at that place of it; this thread is in its network then.
    pub(super) fn other(
        name: &'static str,
        base: &Path,
        state: &'static str,
        disk_bytes: u64,
    ) -> Result<Self, Trouble> {
        let disk = Disk::new(name, disk_bytes).map_err(Trouble::failed("a disk"))?;
        let machine = Machine::boot(name, base, &[(disk.mount(), state)]);
        let machine = machine.map_err(Trouble::failed("a machine"))?;
        machine.network().enter().map_err(Trouble::failed("the machine's network"))?;
        Ok(Self { name, machine, disk, state, banks: [None, None] })
    }

    /// Whether the switch is there.
    pub(super) fn is_node(&self) -> bool {
        self.state == STATE
    }

    /// A file of this side is copied to where commands are typed; its mode stays.
    pub(super) fn takes(&self, file: &Path) -> Result<(), Trouble> {
        let name =
            file.file_name().ok_or_else(|| Trouble::Failed("a file without a name".into()))?;
        fs::copy(file, self.file(PLACE).join(name)).map_err(Trouble::failed("a copy")).map(drop)
    }

    /// A file of the machine as this side sees it.
    pub(super) fn file(&self, path: &str) -> PathBuf {
        match path.strip_prefix(self.state) {
            Some(below) => self.disk.mount().join(below.trim_start_matches('/')),
            None => self.machine.root().join(path.trim_start_matches('/')),
        }
    }

    /// Whether all issuers have all their connections.
    pub(super) fn is_linked(&self) -> bool {
        let has_all = |bank: &Option<Bank>| bank.as_ref().is_some_and(|bank| bank.links() >= LINKS);
        self.banks.iter().all(has_all)
    }
}

/// Where the switch listens for an acquirer.
pub(super) fn acquirer(place: usize) -> SocketAddr {
    here(7001, place)
}

/// Where an issuer listens.
pub(super) fn issuer(place: usize) -> SocketAddr {
    here(8001, place)
}

/// The machine has a network of its own, so nobody else has these ports.
fn here(first: u16, place: usize) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port(first, place)))
}

/// The port of the centre at that place, or for it.
pub(super) fn port(first: u16, place: usize) -> u16 {
    first + u16::try_from(place).unwrap_or_default()
}
