//! What can happen in a world of two sites, and how often it did: what never happens proves nothing.
//! Must not know why.

macro_rules! happenings {
    ($($name:ident $text:literal)*) => {
        /// Something that can happen there.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Happening {
            $(#[doc = $text] $name,)*
        }

        impl Happening {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// In words.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

happenings! {
    Durable "worlds with `sync = durable`"
    Memory "worlds with `sync = memory`"
    Async "worlds with `sync = async`"
    Stops "worlds with `when_standby_lost = stop`"
    Witness "worlds with a witness"
    NoWitness "worlds without a witness"
    Released "records released"
    Late "records that came too late to leave"
    Kills "processes killed"
    PowerCuts "power cuts of one machine"
    Blackouts "power cuts of both"
    Midst "crashes in the midst of what was done to a disk"
    Pauses "processes that stood still"
    Stalls "threads that stood still"
    Cuts "directions of the line cut"
    Parts "lines cut"
    Drops "connections lost"
    SlowLines "slow lines"
    Outages "outages of the witness"
    Islands "sites that do not reach the witness"
    SlowWitness "times in which the witness was slow"
    SlowDisks "slow disks"
    Rots "sectors rotted"
    DiskFailures "syncs that failed"
    Losses "disks lost"
    Sets "wall clocks set"
    Reigns "reigns"
    Promotions "promotions of the standby"
    Resumptions "reigns of who reigned before"
    LossyPromotions "promotions that may have lost records"
    SwitchOvers "switch-overs"
    WishesRefused "wishes refused to an operator"
    Demotions "reigns that ended with a demotion"
    Solo "times a primary went on alone"
    Sync "times a pair came in sync"
    Swapped "changes of the witness's record"
    Refused "changes refused by the witness"
    Cut "logs cut"
    CutBatches "batches cut"
    CaughtUp "batches shipped from segments and archives"
    Repaired "damaged logs that are whole again"
    Halts "nodes that stopped for good"
    Joins "empty disks that took the other's log"
    Lost "records lost by a promotion that an operator forced"
    Stray "records released by a branch that was given up"
}

/// How often each of them happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened(Vec<u64>);

impl Default for Happened {
    fn default() -> Self {
        Self(vec![0; Happening::ALL.len()])
    }
}

impl Happened {
    /// Once more.
    pub(crate) fn saw(&mut self, what: Happening) {
        self.add(what, 1);
    }

    /// So many times more.
    pub(crate) fn add(&mut self, what: Happening, times: u64) {
        self.0[what as usize] += times;
    }

    /// All that happened elsewhere too.
    pub fn adds(&mut self, other: &Self) {
        for (all, one) in self.0.iter_mut().zip(&other.0) {
            *all += one;
        }
    }

    /// How often one of them happened.
    pub fn times(&self, what: Happening) -> u64 {
        self.0[what as usize]
    }

    /// How often each happened.
    pub fn all(&self) -> impl Iterator<Item = (Happening, u64)> {
        Happening::ALL.iter().copied().zip(self.0.iter().copied())
    }

    /// What never did.
    pub fn missing(&self) -> Vec<&'static str> {
        let never = self.all().filter(|&(_, times)| times == 0);
        never.map(|(what, _)| what.text()).collect()
    }
}
