//! The witness of two nodes: their record in etcd, read and swapped over its gateway of JSON, and a leased key
//! that says that a node lives. Must not know what follows from the record: that is `journal::roles`.
//!
//! Below `witness.prefix` and the names of both nodes, the lesser first, so that two pairs never share one:
//!
//! ```text
//! /sekisho/osaka/tokyo/record        changed by comparison of its mod_revision only
//! /sekisho/osaka/tokyo/alive/osaka   there while osaka keeps its lease alive
//! /sekisho/osaka/tokyo/alive/tokyo
//! ```
//!
//! Reads are linearizable, and both keys are read in one transaction of etcd. A swap is sent once. Whatever is no
//! clear answer to it is [`Reply::Unknown`]: it may have been done, or be done later.
//!
//! [`Reply::Unknown`]: journal::roles::witness::Reply::Unknown

mod form;

mod gateway;

mod words;

mod agent;

mod etcd;

mod lease;

mod desk;

mod shown;

mod turning;

mod thread;

use std::io;
use std::sync::Arc;
use std::thread as threads;
use std::time::Duration;

use journal::roles::event::Event;

use crate::config::{Configuration, Peer, Witness};
pub(crate) use desk::Desk;
use etcd::Etcd;
pub(crate) use shown::WitnessShown;
use thread::Witnessing;

/// How long the rules wait for an answer: one endpoint may be in vain.
pub(crate) fn patience(witness: &Witness) -> Duration {
    witness.timeout * 2
}

/// Which witness it is, as two nodes tell each other.
pub(crate) fn digest(cluster: u64) -> [u8; 16] {
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&cluster.to_be_bytes());
    digest
}

/// The keys of two nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Keys {
    record: String,
    ours: String,
    theirs: String,
}

impl Keys {
    fn of(prefix: &str, ours: &str, theirs: &str) -> Self {
        let (lesser, greater) = (ours.min(theirs), ours.max(theirs));
        let below = format!("{prefix}/{lesser}/{greater}");
        Self {
            record: format!("{below}/record"),
            ours: format!("{below}/alive/{ours}"),
            theirs: format!("{below}/alive/{theirs}"),
        }
    }
}

/// Starts the thread `witness`, which asks what is put on `desk` and tells the answers. None where there is no
/// `[witness]`.
///
/// # Errors
/// There is no thread to be had.
pub(crate) fn start(
    configuration: &Arc<Configuration>,
    tell: impl Fn(Event) + Send + 'static,
    desk: &Arc<Desk>,
) -> io::Result<()> {
    let both = configuration.witness.as_deref().zip(configuration.peer.as_ref());
    let Some((witness, peer)) = both else { return Ok(()) };
    let thread = witnessing(configuration, (witness, peer), Box::new(tell), desk);
    threads::Builder::new().name("witness".into()).spawn(move || thread.run())?;
    Ok(())
}

fn witnessing(
    configuration: &Arc<Configuration>,
    (witness, peer): (&Witness, &Peer),
    tell: Box<dyn Fn(Event) + Send>,
    desk: &Arc<Desk>,
) -> Witnessing {
    let keys = Keys::of(&witness.prefix, &configuration.node, &peer.name);
    let etcd = Etcd::new(Arc::clone(configuration), witness);
    Witnessing::new(Arc::clone(desk), tell, etcd, keys, patience(witness))
}

#[cfg(test)]
mod tests;
