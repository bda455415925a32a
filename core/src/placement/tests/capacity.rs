//! The ledger's own steps, where a fleet's answers do not show them: only a
//! scan that another thread overtakes depends on the count of releases.

use super::{AtomicU64, ONE, node, words};
use crate::placement::capacity::{Ledger, ONE_RELEASE};
use crate::placement::word::Spec;

#[test]
fn each_release_is_counted_and_seen_and_no_reservation_is() {
    let storage: heapless::Vec<AtomicU64, { words(2) }> =
        (0..words(2)).map(|_| AtomicU64::new(0)).collect();
    let ledger = Ledger::new(storage).unwrap();
    for index in 0..2 {
        assert_eq!(ledger.add(Spec::new(node(2))), Some(index));
    }
    let before = ledger.published();
    assert_eq!(before.nodes(), 2);
    ledger.reserve(0, ONE).unwrap();
    assert!(ledger.unchanged_since(before), "a reservation makes no room");
    assert!(ledger.give_back(0, ONE));
    assert!(!ledger.unchanged_since(before), "a release makes room");
    assert_eq!(ledger.published().0, before.0 + ONE_RELEASE);
    assert_eq!(ledger.published().nodes(), 2, "counted beside the nodes");
    assert_eq!(ONE_RELEASE, 1 << 24);
}
