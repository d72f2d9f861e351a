//! `campaign kill`: SIGKILL at random instants. Must not know how a life goes.

use super::dice::Dice;
use super::ground::Ground;
use super::life::Blow;
use super::switch::Switch;
use super::trouble::Trouble;

/// Kills the process.
pub(super) struct Kill(Ground);

impl Kill {
    pub(super) fn new(seed: u64) -> Result<Self, Trouble> {
        Ground::new(seed).map(Self)
    }
}

impl Blow for Kill {
    fn ground(&self) -> &Ground {
        &self.0
    }

    fn strike(&mut self, switch: &mut Switch, _: &mut Dice) -> Result<(), Trouble> {
        use std::os::unix::process::ExitStatusExt as _;
        let status = switch.is_killed()?;
        if status.signal().is_some() {
            return Ok(());
        }
        let words = switch.last_words();
        Err(Trouble::Found(format!("sekishod ended by itself ({status}){words}")))
    }
}
