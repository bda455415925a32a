//! The claim set under loom: each pair of its operations. Beside each, a twin
//! without one part of the protocol, which loom must catch.

use alloc::vec::Vec;

use super::fixture::model;
use super::twins::{Real, Set, set, set_of, spawn};
use crate::pool::leaf::{LEAF_BITS, ONE_INSERTION, members};
use crate::sync::Ordering;

/// Two claims of one member: exactly one gets it.
fn one_member_two_claims<S: Set>() {
    model(|| {
        let set = set_of::<S>(&[(1, 0b10)]);
        let other = spawn(&set, |set| set.claim());
        let got = [set.claim(), other.join().unwrap()];
        assert_eq!(got.iter().flatten().collect::<Vec<_>>(), [&(LEAF_BITS + 1)]);
        assert_eq!(set.words().member_count(), 0);
    });
}

#[test]
fn loom_claim_claim() {
    one_member_two_claims::<Real>();
}

set!(
    /// Claims by check-then-act.
    ClaimsByStore {
        fn claim(&self) -> Option<u32> {
            for (leaf, word) in self.0.leaves.iter().enumerate() {
                // ORDERING: Acquire, pairs with the insertion; the fault is the store.
                let seen = word.load(Ordering::Acquire);
                if members(seen) != 0 {
                    let bit = members(seen).trailing_zeros();
                    // ORDERING: Release; the fault is that it is a store.
                    word.store(seen & !(1 << bit), Ordering::Release);
                    return Some(u32::try_from(leaf).unwrap() * LEAF_BITS + bit);
                }
            }
            None
        }
    }
);

#[test]
#[should_panic(expected = "left")]
fn loom_broken_claim_by_load_and_store() {
    one_member_two_claims::<ClaimsByStore>();
}

/// A member is used, inserted, claimed and used by another thread.
fn an_owner_sees_what_the_last_did<S: Set>() {
    model(|| {
        let set = set_of::<S>(&[]);
        let other = spawn(&set, |set| {
            set.words().use_index(0);
            set.insert(0, 1);
        });
        let got = set.claim();
        if let Some(index) = got {
            set.words().use_index(index);
        }
        other.join().unwrap();
        assert_eq!(set.words().uses(0), 1 + u64::from(got.is_some()));
        assert_eq!(set.words().member_count(), u32::from(got.is_none()));
    });
}

#[test]
fn loom_insert_claim_publishes() {
    an_owner_sees_what_the_last_did::<Real>();
}

set!(
    /// Inserts without Release.
    InsertsRelaxed {
        fn insert(&self, leaf: usize, mask: u32) {
            let add = ONE_INSERTION + u64::from(mask);
            // ORDERING: Relaxed: the fault.
            self.0.leaves[leaf].fetch_add(add, Ordering::Relaxed);
            // ORDERING: Relaxed, as the real one.
            self.0.hints[0].fetch_or(1 << leaf, Ordering::Relaxed);
        }
    }
);

#[test]
#[should_panic(expected = "left")]
fn loom_broken_insert_relaxed() {
    an_owner_sees_what_the_last_did::<InsertsRelaxed>();
}

set!(
    /// Claims without Acquire.
    ClaimsWithoutAcquire {
        fn claim(&self) -> Option<u32> {
            // ORDERING: Release only: the fault.
            let before = self.0.leaves[0].fetch_and(!1, Ordering::Release);
            (members(before) & 1 != 0).then_some(0)
        }
    }
);

#[test]
#[should_panic(expected = "left")]
fn loom_broken_claim_without_acquire() {
    an_owner_sees_what_the_last_did::<ClaimsWithoutAcquire>();
}

/// A claim against a withdrawal of the same leaf: no index goes to both.
#[test]
fn loom_claim_withdraw() {
    model(|| {
        let set = set_of::<Real>(&[(0, 0b11)]);
        let other = spawn(&set, |set| set.withdraw(0, 0b11));
        let claimed = set.claim().map_or(0, |index| 1 << index);
        let withdrawn = other.join().unwrap();
        assert_eq!(claimed & withdrawn, 0, "claimed twice");
        assert_eq!(claimed | withdrawn, 0b11, "lost");
    });
}

#[test]
fn loom_withdraw_withdraw() {
    model(|| {
        let set = set_of::<Real>(&[(0, 0b11)]);
        let other = spawn(&set, |set| set.withdraw(0, 0b10));
        let mine = set.withdraw(0, 0b11);
        assert_eq!((mine ^ other.join().unwrap(), set.words().member_count()), (0b11, 0));
    });
}

/// All or nothing: a claim of one and a claim of all never both get theirs.
fn whole_or_part<S: Set>() {
    model(|| {
        let set = set_of::<S>(&[(0, 0b11)]);
        let other = spawn(&set, |set| {
            let all = set.claim_all(0, 0b11);
            if all {
                (0..2).for_each(|index| set.words().use_index(index));
            }
            all
        });
        let one = set.claim();
        if let Some(index) = one {
            set.words().use_index(index);
        }
        let all = other.join().unwrap();
        assert!(all != one.is_some(), "all: {all}, one: {one:?}");
        assert_eq!(set.words().member_count(), u32::from(one.is_some()));
    });
}

#[test]
fn loom_claim_claim_all() {
    whole_or_part::<Real>();
}

set!(
    /// Claims all after a look that they are there, in two steps.
    LooksThenClaimsAll {
        fn claim_all(&self, leaf: usize, mask: u32) -> bool {
            self.0.set().has(leaf, mask) && {
                self.0.set().withdraw(leaf, mask);
                true
            }
        }
    }
);

#[test]
#[should_panic(expected = "all: true, one: Some")]
fn loom_broken_claim_all_in_two_steps() {
    whole_or_part::<LooksThenClaimsAll>();
}

#[test]
fn loom_claim_all_claim_all_insert() {
    model(|| {
        let set = set_of::<Real>(&[(0, 0b01)]);
        let other = spawn(&set, |set| set.claim_all(0, 0b11));
        set.insert(0, 0b10);
        let mine = set.claim_all(0, 0b11);
        assert!(mine != other.join().unwrap(), "exactly one gets all");
    });
}

#[test]
fn loom_claim_all_withdraw() {
    model(|| {
        let set = set_of::<Real>(&[(0, 0b11)]);
        let other = spawn(&set, |set| set.claim_all(0, 0b11));
        let one = set.withdraw(0, 0b10) != 0;
        assert!(one != other.join().unwrap());
    });
}

#[test]
fn loom_insert_insert() {
    model(|| {
        let set = set_of::<Real>(&[]);
        let other = spawn(&set, |set| set.insert(0, 0b01));
        set.insert(0, 0b10);
        other.join().unwrap();
        assert_eq!([set.claim(), set.claim(), set.claim()], [Some(0), Some(1), None]);
    });
}

#[test]
fn loom_insert_withdraw() {
    model(|| {
        let set = set_of::<Real>(&[]);
        let other = spawn(&set, |set| set.insert(1, 0b01));
        let got = set.withdraw(1, 0b11);
        other.join().unwrap();
        assert_eq!(got.count_ones() + set.words().member_count(), 1);
    });
}
