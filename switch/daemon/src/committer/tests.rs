//! What belongs together is handed to the journal's thread at once.

use codec::{Fields, Mti, Slots, Tpdu, Writer, built_in};
use switch_core::ids::StationId;
use switch_core::plan::Plan;
use switch_net::{Net, SocketOptions};

use super::*;
use crate::clocks;
use crate::config::{self, Mode};

/// A card of X.
const CARD: &[u8] = b"3530111333300000";

/// The settings of one acquirer and one issuer.
fn plan() -> Plan {
    let place = std::env::temp_dir().join(format!("sekisho-committer-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    let file = place.join("sekisho.toml");
    let text = r#"
        [node]
        name = "tokyo"
        institution = "49000000001"
        state = "state"
        workers = 1
        [journal]
        sync = "none"
        [control]
        socket = "control.sock"
        [[station]]
        name = "merchant-a"
        role = "acquirer"
        institution = "77334000001"
        dialect = "iso93-ascii"
        framing = "ascii4"
        listen = ["127.0.0.1:0"]
        [[station]]
        name = "issuer-x"
        role = "issuer"
        institution = "49711000001"
        dialect = "iso93-ascii"
        framing = "ascii4"
        listen = ["127.0.0.1:0"]
        [[route]]
        pan = "353011"
        to = ["issuer-x"]
    "#;
    std::fs::write(&file, text).unwrap();
    let loaded = config::load(&file, Mode { insecure_demo: true });
    std::fs::remove_dir_all(&place).unwrap();
    Plan::new(loaded.unwrap().settings).unwrap()
}

/// A core whose acquirer has sent an advice: an item is to be written down, and the advice behind it.
fn advised() -> Core {
    let dialect = built_in("iso93-ascii").unwrap();
    let mut bytes = [0; 512];
    let fields = Fields::of(&[2, 4, 11, 12, 32]);
    let mut writer = Writer::new(dialect, &mut bytes, Mti::of(0x1220), fields).unwrap();
    let said: [(u8, &[u8]); 5] = [
        (2, CARD),
        (4, b"000000002500"),
        (11, b"000101"),
        (12, b"261121142030"),
        (32, b"77334000001"),
    ];
    for (field, value) in said {
        writer.put_text(field, value).unwrap();
    }
    let length = writer.finish().unwrap();
    let mut core = Core::new(Arc::new(plan()), WorkerId(0), 1 << 20, 7);
    let now = clocks::now();
    let link = core.handle_accept(now, StationId(0)).unwrap();
    core.handle_opened(now, link);
    core.handle_frame(now, link, Tpdu::default(), &bytes[..length], &mut Slots::new());
    assert!(core.record_goes_on());
    core
}

/// The positions that the reader sees, and whether each goes on.
fn seen(lane: &mut LaneReceiver) -> Vec<bool> {
    let mut goes_on = Vec::new();
    while let Some(message) = lane.front() {
        let (head, _) = message.split_first_chunk().unwrap();
        goes_on.push(u64::from_le_bytes(*head) & GOES_ON != 0);
        lane.pop();
    }
    lane.release();
    goes_on
}

#[test]
fn an_item_and_its_advice_are_in_the_lane_both_or_none() {
    let net = Net::new(8, 8, SocketOptions::default()).unwrap();
    let mesh = Arc::new(Mesh::new([net.waker()]));
    let (mut committer, mut receiver) = Committer::to_journal(WorkerId(0), mesh);
    let mut core = advised();
    // There is room for one record, and not for two.
    let Way::Journal(journal) = &mut committer.way else { unreachable!() };
    while journal.lane.free() >= 2 * ONE_MAX {
        journal.lane.reserve(1_000).unwrap();
        journal.lane.commit(1_000);
    }
    journal.lane.publish();
    assert!(journal.lane.reserve(ONE_MAX).is_some());
    committer.commit(&mut core);
    assert_eq!(committer.records(), 0);
    seen(&mut receiver);
    committer.commit(&mut core);
    assert_eq!((committer.records(), seen(&mut receiver)), (2, vec![true, false]));
    assert!(core.poll_record().is_none());
}
