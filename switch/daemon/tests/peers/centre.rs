//! The real switch between two partners that speak by pyiso8583. Must not know what they say.

use crate::configuration::{OURS, Speech};
use crate::dice::Row;
use crate::edition::Edition;
use crate::message::Message;
use crate::party::Party;
use crate::place::Directory;
use crate::sekishod::Sekishod;

/// The codes that the acquirer may send in DE 32, the shortest and the longest among them.
pub(crate) const INSTITUTIONS: [&str; 4] = ["7", "7733", "7733400001", "77334000001"];

/// Test cards that have a route.
pub(crate) const CARDS: [&str; 8] = [
    "3530111333300000",
    "3530111333300018",
    "3530112000000006",
    "4111111111111111",
    "4012888888881881",
    "5555555555554444",
    "378282246310005",
    "30569309025904",
];

/// A test card that has none.
pub(crate) const STRANGER: &str = "6011111111111117";

/// Fields that say something about one hop only: never passed on.
pub(crate) const OF_ONE_HOP: [u8; 4] = [53, 64, 96, 128];

/// An acquirer, the switch, an issuer.
pub(crate) struct Centre {
    pub(crate) acquirer: Party,
    pub(crate) switch: Sekishod,
    pub(crate) issuer: Party,
}

impl Centre {
    /// Everybody is connected. `more`: further lines of either station's table.
    pub(crate) fn opens(
        edition: &Edition,
        (acquirer, issuer): (Speech, Speech),
        (of_acquirer, of_issuer): (&str, &str),
    ) -> Self {
        let (issuing, address) = Party::listens(edition, issuer);
        let directory = Directory::new();
        let place = directory.path().display();
        let text = format!(
            "[node]\nname = \"trial\"\ninstitution = \"{OURS}\"\nstate = \"{place}/state\"\n\
             workers = 1\n\
             [journal]\nsegment = \"1MiB\"\n\
             [control]\nsocket = \"{place}/control.sock\"\n\
             [[station]]\nname = \"merchant-a\"\nrole = \"acquirer\"\n\
             institutions = {INSTITUTIONS:?}\ndialect = \"{}\"\nframing = \"{}\"\n\
             listen = [\"127.0.0.1:0\"]\n{of_acquirer}\n\
             [[station]]\nname = \"issuer-x\"\nrole = \"issuer\"\ninstitution = \"49711000001\"\n\
             dialect = \"{}\"\nframing = \"{}\"\nconnect = [\"{address}\"]\n{of_issuer}\n\
             [[route]]\npan = \"3-5\"\nto = [\"issuer-x\"]\n",
            acquirer.dialect, acquirer.framing, issuer.dialect, issuer.framing,
        );
        let switch = Sekishod::tries_file(directory, &text, &["--insecure-demo"]);
        switch.says("serving");
        issuing.links_up();
        switch.says_of("issuer-x", "link open");
        let acquiring = Party::connects(edition, acquirer, switch.address_of("merchant-a"));
        Self { acquirer: acquiring, switch, issuer: issuing }
    }

    /// The acquirer's request comes to the issuer as it should. Says what came.
    pub(crate) fn asks(&mut self, request: &Message) -> Message {
        self.acquirer.sends(request);
        let heard = self.issuer.hears();
        for n in [7, 11] {
            assert_ne!(heard.text(n), "", "DE {n} is ours: {heard:?}");
        }
        let expected = request.clone().without(&OF_ONE_HOP).with_those_of(&heard, &[7, 11]);
        same(&heard, &expected.with(33, OURS), request);
        heard
    }

    /// The issuer's answer to what it heard comes to the acquirer as it should. Says what came.
    pub(crate) fn answers(&mut self, request: &Message, answer: &Message) -> Message {
        self.issuer.sends(answer);
        let heard = self.acquirer.hears();
        let expected = answer.clone().without(&OF_ONE_HOP);
        let expected = expected.with_those_of(request, &[7, 11, 32, 33]);
        same(&heard, &expected, answer);
        heard
    }

    /// What both parties know of a field.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let rows = [&self.acquirer.rows, &self.issuer.rows];
        for (one, other) in rows[0].iter().zip(rows[1]) {
            assert_eq!((one.n, one.least, one.most), (other.n, other.least, other.most));
        }
        rows[0].clone()
    }
}

#[track_caller]
fn same(came: &Message, expected: &Message, sent: &Message) {
    let differences = came.differences(expected);
    assert!(differences.is_empty(), "{differences:#?}\nof {sent:?}");
}
