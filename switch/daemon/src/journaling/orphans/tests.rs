//! What a log that was cut had of approvals, from records to the listing on the disk.

use codec::{Fields, Mti};
use journal::disk::SystemDisk;
use journal::mark::Mark;
use journal::seal::Key;
use switch_core::ids::{LinkNumber, RouteId};
use switch_core::plan::Limits;
use switch_core::time::Time;

use super::super::ground::Ground;
use super::super::numbers::written;
use super::*;

const ACQUIRER: StationNumber = StationNumber(1);
const ISSUER: StationNumber = StationNumber(2);

fn decision(stan: u32) -> Record<'static> {
    Record::Decision {
        acquirer: ACQUIRER,
        link: LinkNumber(0),
        issuer: ISSUER,
        mti: Mti::of(0x1100),
        route: RouteId(0),
        stan: Stan(stan),
        sent_at: 0,
        arrived: Time(7),
        utc: 1_795_238_430,
        configuration: 1,
        key: u128::from(stan),
        check: 0,
        reference: 0,
        present: Fields::EMPTY,
        inputs: b"",
    }
}

fn settlement(stan: u32, action: u16) -> Record<'static> {
    let (issuer, stan, at) = (ISSUER, Stan(stan), Time(8));
    Record::Settlement { issuer, stan, action, at, utc: 1_795_238_431, answer: b"" }
}

#[test]
fn approvals_of_a_log_that_was_cut_are_listed_with_what_the_log_says_of_their_release() {
    let (ground, mut writer) = Ground::begins("orphans", 2);
    let station = |number, name| Record::Station { number, name, dialect: "iso93-ascii" };
    let first = [station(ACQUIRER, "merchant-a"), station(ISSUER, "issuer-x"), decision(7)];
    let second = [decision(8), settlement(7, 0x000), settlement(8, 0x116), decision(9)];
    let third = [settlement(9, 0x000)];
    for batch in [&first[..], &second, &third] {
        for record in batch {
            writer.append(&written(record)).unwrap();
        }
        writer.commit(writer.durable(), 1).unwrap();
        while writer.under_way() > 0 {
            writer.poll(true).unwrap();
        }
    }
    drop(writer);
    let disk = SystemDisk::open(&ground.path, false).unwrap();
    let keys = Arc::new(Keys::only(Key::of(&[1; 32])));
    assert_eq!(kept_bytes(&disk), 0);
    let tail = cut::finish(&disk, &keys, &Mark::ZERO).unwrap().tail.expect("all of it");
    assert_eq!(tail.records, 8);
    let [name] = &names(&disk)[..] else { panic!("one was cut") };
    assert_eq!(shown(&disk)[0].utc, 0, "it is not listed yet");
    let listed = Listing::of(&State::new(&Limits::default()), &[]).read(&disk, &keys, name, &|| ());
    let listed = listed.unwrap();
    assert_eq!((listed.of.released, listed.of.perhaps_released, listed.of.records), (1, 1, 8));
    let said = listed.approvals.iter().map(|orphan| {
        let stan = orphan.issuer_stan.as_deref().unwrap_or_default();
        (orphan.position, orphan.station.as_str(), stan, orphan.action.as_str(), orphan.released)
    });
    let said: Vec<_> = said.collect();
    assert_eq!(
        said,
        [(5, "merchant-a", "000007", "000", true), (8, "merchant-a", "000009", "000", false)]
    );
    let folder = ground.path.join(cut::DIVERGED);
    let (path, batches) = (folder.join(format!("{name}{LISTING}")), kept_bytes(&disk));
    keep(&folder, &path, &listed).unwrap();
    assert!(batches > 4_096, "{batches}");
    assert_eq!(kept_bytes(&disk), batches + fs::metadata(path).unwrap().len());
    assert_eq!(listing(&disk, name).unwrap(), listed);
    assert_eq!(shown(&disk), [listed.of]);
    assert_eq!(listing(&disk, "../control").unwrap_err().kind(), io::ErrorKind::NotFound);
}
