//! The protocol of `claim_set.rs` under loom: each pair of operations, and for
//! each part of the protocol a twin without it, which loom must catch.
//!
//! A body is written once, over the trait [`Set`]; it runs on the real set and
//! on the twins.

use std::sync::Arc;

use loom::thread;

use super::fixture::{model, spawn_touching};
use crate::pool::claim_set::{ClaimSet, LEAF_BITS, members};
use crate::sync::{AtomicU64, Ordering, spin_loop};

const ONE_INSERTION: u64 = 1 << LEAF_BITS;

/// Two leaves, and for each index a word that only its owner touches.
#[derive(Debug)]
struct Words {
    hints: [AtomicU64; 1],
    leaves: [AtomicU64; 2],
    owned: [AtomicU64; 4],
}

impl Words {
    fn new() -> Self {
        Self {
            hints: core::array::from_fn(|_| AtomicU64::new(0)),
            leaves: core::array::from_fn(|_| AtomicU64::new(0)),
            owned: core::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    fn set(&self) -> ClaimSet<'_> {
        ClaimSet::new(&self.hints, &self.leaves)
    }

    /// What an owner does with its index: an increment that is lost if the last
    /// owner's did not become visible with the claim.
    fn use_index(&self, index: u32) {
        let word = &self.owned[index as usize];
        // ORDERING: Relaxed on purpose: the set's orderings must publish it.
        let used = word.load(Ordering::Relaxed);
        // ORDERING: Relaxed on purpose, as above.
        word.store(used + 1, Ordering::Relaxed);
    }

    fn uses(&self, index: u32) -> u64 {
        // ORDERING: Relaxed: read after the threads were joined.
        self.owned[index as usize].load(Ordering::Relaxed)
    }

    fn member_count(&self) -> u32 {
        let mut count = 0;
        self.set().for_each(|_| count += 1);
        count
    }
}

/// The operations of the set; a twin replaces one of them.
trait Set: Send + Sync + 'static {
    fn over(words: Words) -> Self;
    fn words(&self) -> &Words;

    fn insert(&self, leaf: usize, mask: u32) {
        self.words().set().insert(leaf, mask);
    }
    fn withdraw(&self, leaf: usize, mask: u32) -> u32 {
        self.words().set().withdraw(leaf, mask)
    }
    fn claim_all(&self, leaf: usize, mask: u32) -> bool {
        self.words().set().claim_all(leaf, mask)
    }
    fn is_empty(&self) -> bool {
        self.words().set().prove_empty().is_ok()
    }
    fn claim(&self) -> Option<u32> {
        self.words().set().claim().ok()
    }
}

macro_rules! set {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        $(#[$doc])*
        struct $name(Words);

        impl Set for $name {
            fn over(words: Words) -> Self {
                Self(words)
            }
            fn words(&self) -> &Words {
                &self.0
            }
            $($method)*
        }
    };
}

set!(
    /// The set as it is.
    Real {}
);

/// A set with these members; the other indices are the test's to insert.
fn set_of<S: Set>(members: &[(usize, u32)]) -> Arc<S> {
    let set = S::over(Words::new());
    for &(leaf, mask) in members {
        set.insert(leaf, mask);
    }
    Arc::new(set)
}

fn spawn<S: Set, T: 'static>(
    set: &Arc<S>,
    body: impl FnOnce(&S) -> T + 'static,
) -> thread::JoinHandle<T> {
    fn protocol_words<S: Set>(set: &S) -> Vec<&AtomicU64> {
        set.words().hints.iter().chain(&set.words().leaves).collect()
    }
    spawn_touching(set, protocol_words, |set| body(set))
}

// --- Claims -----------------------------------------------------------------

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

// --- Proofs of emptiness ------------------------------------------------------

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
                    sum += word >> LEAF_BITS;
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
        spin_loop();
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
