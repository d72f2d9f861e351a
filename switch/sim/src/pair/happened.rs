//! What can happen in a world of two sites, and how often it did: what never happens proves nothing.
//! Must not know why.

use crate::happened::happenings;

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
    Hangs "disks that hung"
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
    GivenUp "reigns that ended as their node was sick"
    Solo "times a primary went on alone"
    Sync "times a pair came in sync"
    Swapped "changes of the witness's record"
    Refused "changes refused by the witness"
    Cut "logs cut"
    CutBatches "batches cut"
    CaughtUp "batches shipped from segments and archives"
    Repaired "damaged logs that are whole again"
    Checkpoints "checkpoints made"
    LetGo "archives let go of"
    Restored "checkpoints of the other site that took a log's place"
    SetAside "logs set aside that part from the other site's before all checkpoints"
    Found "files that a scrub found rotten"
    Mended "rotten files that are whole again"
    Halts "nodes that stopped for good"
    Joins "empty disks that took the other's log"
    Lost "records lost by a promotion that an operator forced"
    Stray "records released by a branch that was given up"
}

impl Happened {
    /// How often one of them happened.
    pub fn times(&self, what: Happening) -> u64 {
        self.0[what as usize]
    }
}
