//! What the rules of two nodes say, in words for people: why a node does not do what it might, and why a life
//! ends. Decides nothing.

use journal::roles::event::{Ending, Halting};

/// Why a life of the process ends and another one begins.
pub(crate) fn ended(ending: Ending) -> String {
    match ending {
        Ending::Epoch(epoch) => {
            format!("the reign of this node is over: another one reigns by epoch {}", epoch.0)
        }
        Ending::HandedOver(epoch) => {
            format!("this node has handed over: its peer reigns by epoch {}", epoch.0)
        }
        Ending::NotAnswered => {
            "this node has handed over, and its peer does not say whether it took over".into()
        }
        Ending::ByOperator => "an operator has ended the reign of this node".into(),
        Ending::Overtaken => "this node was about to reign, and another one was first".into(),
        Ending::NotTaken => "this node has handed over, and its peer did not take over".into(),
    }
}

/// Why the process must not go on.
pub(crate) fn halted(halting: Halting) -> String {
    match halting {
        Halting::NotMended(batch) => format!(
            "the log is damaged, and the peer can not mend it: it lacks batch {} too, or has another one. \
             Nothing was changed. Look at both with `sekisho journal verify`; where the other node is \
             whole, move this journal away and let this node join again with `sekisho node join --replace`",
            batch.0
        ),
    }
}
