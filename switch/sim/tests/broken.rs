//! Each rule that can be broken on purpose is broken, and the worlds of chance notice. Must not know
//! how.

use switch_core::broken::{Variant, break_only};
use switch_sim::seeds::live;

/// Seeds within which each has to be noticed.
const SEEDS: u64 = 300;

#[test]
fn a_world_of_chance_notices_every_rule_that_is_broken() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut unseen = Vec::new();
    for &variant in Variant::ALL {
        break_only(Some(variant));
        let noticed = (1..=SEEDS).find_map(|seed| live(seed, false).err());
        break_only(None);
        match noticed {
            Some(why) => println!("{variant:?}: {why:.160}"),
            None => unseen.push(variant),
        }
    }
    let sound = (1..=SEEDS).find_map(|seed| live(seed, false).err());
    drop(std::panic::take_hook());
    assert_eq!(sound, None, "with all rules in force");
    assert!(unseen.is_empty(), "nobody notices {unseen:?}");
}
