//! What the rules of two nodes say, in words for people: why a node does not do what it might, and why a life
//! ends. Decides nothing.

use journal::roles::event::{Ending, Halting};
use journal::roles::view::{Part, Waiting};

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
        Ending::Isolated => "an operator has isolated this node".into(),
        Ending::Rejoins => "an operator has ended the isolation of this node".into(),
        Ending::Sick => {
            "this node is sick and has ended its reign; the other one, which has everything, is to take over".into()
        }
        Ending::NotTaken => "this node has handed over, and its peer did not take over".into(),
    }
}

/// The same in one word, for programs.
pub(crate) fn word(ending: Ending) -> &'static str {
    match ending {
        Ending::Epoch(_) => "fenced",
        Ending::HandedOver(_) => "handed-over",
        Ending::NotAnswered => "not-answered",
        Ending::ByOperator => "demoted",
        Ending::Overtaken => "overtaken",
        Ending::NotTaken => "not-taken",
        Ending::Sick => "sick",
        Ending::Isolated => "isolated",
        Ending::Rejoins => "rejoins",
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

/// What a node in this part waits for.
pub(crate) fn waits(part: Part, waiting: Waiting) -> &'static str {
    match waiting {
        Waiting::Nothing => "",
        Waiting::FirstPrimaryOrJoin => {
            "the journal is empty: let this node join (sekisho node join), or promote it if there is no journal \
             at either node yet (sekisho node promote --first)"
        }
        Waiting::Line if part == Part::Standby => {
            "this node was the primary last, and there is no line to the other one, which has to agree that it \
             goes on: bring that one back, or sekisho node promote"
        }
        Waiting::Line => "there is no line to the other node",
        Waiting::Primary => "the primary does not ship its log",
        Waiting::Repair => "damage in the log is being made good from the other node",
        Waiting::Operator => {
            "without a witness that has their record an operator decides who goes on: sekisho node promote"
        }
        Waiting::OperatorAsync => {
            "with journal.sync = \"async\" an operator decides who takes over: sekisho node promote"
        }
        Waiting::NotInSync => {
            "by the record of the witness this node does not have everything: only an operator may promote it"
        }
        Waiting::OtherStart => {
            "this node was started anew since it had everything in its memory: only an operator may promote it"
        }
        Waiting::Joining => "this node joins, and has not had the whole log yet",
        Waiting::SteppedDown => "an operator has ended the reign of this node: promote one of both",
        Waiting::HandedOver => {
            "the other node is to take over, and has not said yet whether it does"
        }
        Waiting::Isolated => {
            "an operator has isolated this node: it has no line, no ports and no lease, and does not reign, until \
             sekisho node isolate --end"
        }
        Waiting::Yields => {
            "this node was sick and has ended its reign: the other one has the first try, and this one goes on \
             ten seconds after its start if nobody does"
        }
        Waiting::Witness => "the witness does not answer",
        Waiting::WitnessDiffers => {
            "the record of the witness is of another journal, or older than the log: an operator decides"
        }
        Waiting::PrimaryAlive => "the primary is not heard, and its lease at the witness stands",
        Waiting::Consent => "the other node has not said yet that this one may go on",
        Waiting::CatchingUp => "the standby is not there, or catches up with what it lacks",
        Waiting::Record => "it is about to be written down whether the standby is in sync",
        Waiting::SoloLease => {
            "the witness does not answer, and a primary that is alone must read it: nothing is released"
        }
        Waiting::Standby => {
            "the standby is away, and when_standby_lost = \"stop\": nothing is released until it is back"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_primary_alone_lacks_its_line_and_one_that_started_anew_is_told_the_way_out_too() {
        assert_eq!(waits(Part::Primary, Waiting::Line), "there is no line to the other node");
        let anew = waits(Part::Standby, Waiting::Line);
        assert!(anew.contains("bring that one back, or sekisho node promote"), "{anew}");
    }
}
