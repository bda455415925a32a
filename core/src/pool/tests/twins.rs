//! A claim set for the loom models, whole or with one operation replaced by a
//! faulty one.
//!
//! A body of a test is written once, over the trait [`Set`]; it runs on the
//! real set and on the twins that [`set`] makes.

use alloc::sync::Arc;
use alloc::vec::Vec;

use loom::thread;

use super::fixture::spawn_touching;
use crate::pool::claim_set::ClaimSet;
use crate::pool::shape::SetShape;
use crate::sync::{AtomicU64, Ordering};

/// Two leaves, and for each index a word that only its owner touches.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) hints: [AtomicU64; 1],
    pub(super) leaves: [AtomicU64; 2],
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

    pub(super) fn set(&self) -> ClaimSet<'_> {
        ClaimSet::new(&self.hints, &self.leaves, SetShape::dense(4))
    }

    /// What an owner does with its index: an increment that is lost if the last
    /// owner's did not become visible with the claim.
    pub(super) fn use_index(&self, index: u32) {
        let word = &self.owned[index as usize];
        // ORDERING: Relaxed on purpose: the set's orderings must publish it.
        let used = word.load(Ordering::Relaxed);
        // ORDERING: Relaxed on purpose, as above.
        word.store(used + 1, Ordering::Relaxed);
    }

    pub(super) fn uses(&self, index: u32) -> u64 {
        // ORDERING: Relaxed: read after the threads were joined.
        self.owned[index as usize].load(Ordering::Relaxed)
    }

    pub(super) fn member_count(&self) -> u32 {
        let mut count = 0;
        self.set().for_each(|_| count += 1);
        count
    }
}

/// The operations of the set; a twin replaces one of them.
pub(super) trait Set: Send + Sync + 'static {
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
        self.words().set().claim(0).ok()
    }
}

macro_rules! set {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        $(#[$doc])*
        struct $name(crate::pool::tests::twins::Words);

        impl Set for $name {
            fn over(words: crate::pool::tests::twins::Words) -> Self {
                Self(words)
            }
            fn words(&self) -> &crate::pool::tests::twins::Words {
                &self.0
            }
            $($method)*
        }
    };
}

pub(super) use set;

/// The set as it is.
pub(super) struct Real(Words);

impl Set for Real {
    fn over(words: Words) -> Self {
        Self(words)
    }
    fn words(&self) -> &Words {
        &self.0
    }
}

/// A set with these members; the other indices are the test's to insert.
pub(super) fn set_of<S: Set>(members: &[(usize, u32)]) -> Arc<S> {
    let set = S::over(Words::new());
    for &(leaf, mask) in members {
        set.insert(leaf, mask);
    }
    Arc::new(set)
}

pub(super) fn spawn<S: Set, T: 'static>(
    set: &Arc<S>,
    body: impl FnOnce(&S) -> T + 'static,
) -> thread::JoinHandle<T> {
    fn protocol_words<S: Set>(set: &S) -> Vec<&AtomicU64> {
        set.words().hints.iter().chain(&set.words().leaves).collect()
    }
    spawn_touching(set, protocol_words, |set| body(set))
}
