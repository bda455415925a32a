//! Proofs that a claim set was empty, and its hints, under loom: "none" is said
//! only if there was an instant without a member. Beside each, twins.

use super::fixture::model;
use super::twins::{Real, Set, Words, set, set_of, spawn};
use crate::pool::leaf::{LEAF_BITS, insertions, members};
use crate::sync::{AtomicU64, Ordering};

/// A thread moves membership from one leaf to the other `times` times, always
/// inserting before it withdraws: the set is never empty, so no proof of
/// emptiness may succeed.
fn a_moved_member_is_found<S: Set>(from: usize, times: usize) {
    model(move || {
        let set = set_of::<S>(&[(from, 1)]);
        let mover = spawn(&set, move |set| {
            for time in 0..times {
                let here = (from + time) % 2;
                set.insert(1 - here, 1);
                assert_eq!(set.withdraw(here, 1), 1);
            }
        });
        assert!(!set.is_empty(), "the set was never empty");
        mover.join().unwrap();
    });
}

#[test]
fn loom_prove_empty_finds_a_moved_member() {
    a_moved_member_is_found::<Real>(0, 1);
    a_moved_member_is_found::<Real>(1, 1);
}

#[test]
fn loom_prove_empty_finds_a_member_moved_thrice() {
    a_moved_member_is_found::<Real>(1, 3);
}

/// The same by a claim of all, which a reap makes.
fn a_member_moved_by_claim_all_is_found<S: Set>() {
    model(|| {
        let set = set_of::<S>(&[(1, 0b11)]);
        let mover = spawn(&set, |set| {
            set.insert(0, 1);
            assert!(set.claim_all(1, 0b11));
        });
        assert!(!set.is_empty(), "the set was never empty");
        mover.join().unwrap();
    });
}

#[test]
fn loom_prove_empty_against_claim_all() {
    a_member_moved_by_claim_all_is_found::<Real>();
}

set!(
    /// Claims all with Acquire only.
    ClaimsAllWithoutRelease {
        fn claim_all(&self, leaf: usize, mask: u32) -> bool {
            let word = &self.0.leaves[leaf];
            // ORDERING: Relaxed, as the real one.
            let seen = word.load(Ordering::Relaxed);
            let rest = seen & !u64::from(mask);
            // ORDERING: Acquire only: the fault.
            word.compare_exchange(seen, rest, Ordering::Acquire, Ordering::Relaxed).is_ok()
        }
    }
);

#[test]
#[should_panic(expected = "never empty")]
fn loom_broken_claim_all_without_release() {
    a_member_moved_by_claim_all_is_found::<ClaimsAllWithoutRelease>();
}

set!(
    /// Looks at each leaf once.
    CollectsOnce {
        fn is_empty(&self) -> bool {
            // ORDERING: Acquire, as the real one; the fault is the single pass.
            self.0.leaves.iter().all(|leaf| members(leaf.load(Ordering::Acquire)) == 0)
        }
    }
);

#[test]
#[should_panic(expected = "never empty")]
fn loom_broken_single_collect() {
    a_moved_member_is_found::<CollectsOnce>(1, 1);
}

set!(
    /// Looks twice and does not compare the insertion counts.
    IgnoresCounts {
        fn is_empty(&self) -> bool {
            let empty = |leaf: &AtomicU64| {
                // ORDERING: Acquire, as the real one; the fault is that counts are ignored.
                members(leaf.load(Ordering::Acquire)) == 0
            };
            self.0.leaves.iter().all(empty) && self.0.leaves.iter().all(empty)
        }
    }
);

#[test]
#[should_panic(expected = "never empty")]
fn loom_broken_double_collect_without_counts() {
    a_moved_member_is_found::<IgnoresCounts>(1, 3);
}

set!(
    /// Looks twice with Relaxed loads.
    CollectsRelaxed {
        fn is_empty(&self) -> bool {
            let pass = || {
                let mut sum = 0;
                for leaf in &self.0.leaves {
                    // ORDERING: Relaxed: the fault.
                    let word = leaf.load(Ordering::Relaxed);
                    if members(word) != 0 {
                        return None;
                    }
                    sum += insertions(word);
                }
                Some(sum)
            };
            let first = pass();
            first.is_some() && first == pass()
        }
    }
);

#[test]
#[should_panic(expected = "never empty")]
fn loom_broken_collect_relaxed() {
    a_moved_member_is_found::<CollectsRelaxed>(1, 1);
}

set!(
    /// Withdraws, and so claims, with Acquire only.
    WithdrawsWithoutRelease {
        fn withdraw(&self, leaf: usize, mask: u32) -> u32 {
            // ORDERING: Acquire only: the fault.
            let before = self.0.leaves[leaf].fetch_and(!u64::from(mask), Ordering::Acquire);
            members(before) & mask
        }
    }
);

#[test]
#[should_panic(expected = "never empty")]
fn loom_broken_claim_without_release() {
    a_moved_member_is_found::<WithdrawsWithoutRelease>(1, 1);
}

/// Against a claim too: it finds the member, wherever it is.
#[test]
fn loom_claim_finds_a_moved_member() {
    model(|| {
        let set = set_of::<Real>(&[(1, 1)]);
        let mover = spawn(&set, |set| {
            set.insert(0, 1);
            set.withdraw(1, 1)
        });
        let claimed = set.claim();
        let withdrawn = mover.join().unwrap();
        let claimed = claimed.expect("the set was never empty");
        assert_eq!(withdrawn == 0, claimed == LEAF_BITS, "one owner each");
    });
}

/// Two movers at once: the set always has at least one member.
#[test]
fn loom_prove_empty_against_two_movers() {
    model(|| {
        let set = set_of::<Real>(&[(1, 1)]);
        let first = spawn(&set, |set| {
            set.insert(0, 1);
            if set.withdraw(1, 1) != 0 {
                set.insert(1, 1);
            }
        });
        let second = spawn(&set, |set| {
            if set.withdraw(1, 1) != 0 {
                set.insert(1, 1);
            }
        });
        // Either may hold the member of leaf 1 for a moment: then the set is
        // empty until leaf 0 has its own. Nothing to assert of this answer ...
        let empty = set.is_empty();
        first.join().unwrap();
        second.join().unwrap();
        // ... but that it is no after both are at rest.
        assert!(!set.is_empty(), "empty before: {empty}");
        assert_eq!(set.words().member_count(), 2);
    });
}

// --- Hints ----------------------------------------------------------------------

/// An insertion while a claim clears the hint of the leaf that it found empty:
/// the next claim finds the member.
fn an_inserted_member_is_found<S: Set>() {
    model(|| {
        let set = set_of::<S>(&[(0, 1)]);
        assert_eq!(set.withdraw(0, 1), 1, "the hint stays behind");
        let other = spawn(&set, |set| set.insert(0, 1));
        let during = set.claim();
        other.join().unwrap();
        assert!(during.is_some() || set.claim().is_some(), "the member was lost");
    });
}

#[test]
fn loom_insert_while_a_hint_is_cleared() {
    an_inserted_member_is_found::<Real>();
}

/// A claim that believes the hints and nothing else; `recheck` a leaf after its
/// hint was cleared, or not.
fn claim_by_hints(words: &Words, recheck: bool) -> Option<u32> {
    loop {
        // ORDERING: Relaxed, as the real one.
        let left = words.hints[0].load(Ordering::Relaxed);
        if left == 0 {
            return None;
        }
        let leaf = left.trailing_zeros() as usize;
        if let Some(index) = words.set().claim_in(leaf) {
            return Some(index);
        }
        // ORDERING: Relaxed, as the real one.
        words.hints[0].fetch_and(!(1 << leaf), Ordering::Relaxed);
        // ORDERING: Relaxed, as the real one: it may read an old word.
        if recheck && members(words.leaves[leaf].load(Ordering::Relaxed)) != 0 {
            // ORDERING: Relaxed, as the real one.
            words.hints[0].fetch_or(1 << leaf, Ordering::Relaxed);
        }
    }
}

set!(
    /// Trusts the hints; clears one without a second look at the leaf.
    TrustsHints {
        fn claim(&self) -> Option<u32> {
            claim_by_hints(&self.0, false)
        }
    }
);

#[test]
#[should_panic(expected = "the member was lost")]
fn loom_broken_hints_trusted_without_recheck() {
    an_inserted_member_is_found::<TrustsHints>();
}

set!(
    /// Trusts the hints and looks again: a Relaxed look does not suffice.
    TrustsHintsRechecked {
        fn claim(&self) -> Option<u32> {
            claim_by_hints(&self.0, true)
        }
    }
);

#[test]
#[should_panic(expected = "the member was lost")]
fn loom_broken_hints_trusted_with_a_relaxed_recheck() {
    an_inserted_member_is_found::<TrustsHintsRechecked>();
}
