//! Every subject by name, in the order of the tables.

use serde::{Deserialize, Serialize};

use crate::peers::{
    BoundedQueue, Counted, DashMapPeer, GlobalMutex, HashbrownTable, LinearPool, MutexEach,
    MutexStack, Opool, ParkingLotPeer, Semaphores, ShardedSlab, StdTable, UnboundedQueue,
};
use crate::{Floor, LimitsAlone, PoolAlone, Subject, WholeRegion};

/// What a row is to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Read-modify-writes and nothing else.
    Floor,
    /// Does the same work from other parts.
    Peer,
    /// A part of ours, which does less; or the whole in a lighter setting.
    Part,
    /// The whole.
    Ours,
}

/// The whole, as every table names it.
pub const OURS: &str = "ours: region";
/// The floor that targets are set beside.
pub const FLOOR: &str = "floor: 4 atomic operations";

/// What is done with each subject.
pub trait Visitor {
    /// The work for one of them.
    fn visit<S: Subject>(&mut self, name: &'static str, kind: Kind);
}

/// Shows every subject to `visitor`.
pub fn visit_all(visitor: &mut impl Visitor) {
    visitor.visit::<Floor<2>>("floor: 2 atomic operations", Kind::Floor);
    visitor.visit::<Floor<4>>(FLOOR, Kind::Floor);
    visitor.visit::<GlobalMutex>("peer: std Mutex, global", Kind::Peer);
    visitor.visit::<MutexEach>("peer: std Mutex per function", Kind::Peer);
    visitor.visit::<ParkingLotPeer<StdTable>>("peer: parking_lot + std HashMap", Kind::Peer);
    visitor.visit::<ParkingLotPeer<HashbrownTable>>("peer: parking_lot + hashbrown", Kind::Peer);
    visitor.visit::<Counted<BoundedQueue>>("peer: ArrayQueue + counters", Kind::Peer);
    visitor.visit::<Counted<UnboundedQueue>>("peer: SegQueue + counters", Kind::Peer);
    visitor.visit::<DashMapPeer>("peer: DashMap + counter", Kind::Peer);
    visitor.visit::<Semaphores>("peer: tokio Semaphores + ArrayQueue", Kind::Peer);
    visitor.visit::<Counted<MutexStack>>("peer: object-pool + counters", Kind::Peer);
    visitor.visit::<Counted<LinearPool>>("peer: lockfree-object-pool + counters", Kind::Peer);
    visitor.visit::<Counted<Opool>>("peer: opool + counters", Kind::Peer);
    visitor.visit::<Counted<ShardedSlab>>("peer: sharded-slab + counters", Kind::Peer);
    visitor.visit::<LimitsAlone>("ours, part: limits alone", Kind::Part);
    visitor.visit::<PoolAlone>("ours, part: pool alone", Kind::Part);
    visitor.visit::<WholeRegion<true>>("ours, variant: reserved function", Kind::Part);
    visitor.visit::<WholeRegion<false>>(OURS, Kind::Ours);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;

    /// Every subject that gives out instances gives out each of them, refuses
    /// one more, and has all of them again afterwards.
    struct Conserves;

    impl Visitor for Conserves {
        fn visit<S: Subject>(&mut self, name: &'static str, kind: Kind) {
            if kind == Kind::Floor || name.ends_with("limits alone") {
                return;
            }
            let world = World { functions: 3, instances: 4, account_limit: World::FAR, threads: 1 };
            let subject = S::new(&world);
            for round in 0..3 {
                let held: Vec<_> =
                    (0..4).map(|at| subject.acquire(0, 1, at).expect(name)).collect();
                // A pool alone would find no instance; the whole may start one more
                // only up to the function's limit.
                assert!(subject.acquire(0, 1, 9).is_none(), "{name}, round {round}");
                let other = subject.acquire(0, 2, 9).expect(name);
                subject.release(0, 2, 10, other);
                for held in held {
                    subject.release(0, 1, 10, held);
                }
            }
        }
    }

    #[test]
    fn every_subject_keeps_the_limit_of_a_function() {
        visit_all(&mut Conserves);
    }

    /// Every whole subject refuses what is above the account's limit.
    struct Limits;

    impl Visitor for Limits {
        fn visit<S: Subject>(&mut self, name: &'static str, kind: Kind) {
            if !matches!(kind, Kind::Peer | Kind::Ours) {
                return;
            }
            let subject =
                S::new(&World { functions: 2, instances: 8, account_limit: 3, threads: 1 });
            let held: Vec<_> =
                (0..3).map(|at| subject.acquire(0, at % 2, 0).expect(name)).collect();
            assert!(subject.acquire(0, 0, 1).is_none(), "{name}");
            for (at, held) in held.into_iter().enumerate() {
                subject.release(0, at % 2, 1, held);
            }
            let again = subject.acquire(0, 0, 2).expect(name);
            subject.release(0, 0, 3, again);
        }
    }

    #[test]
    fn every_whole_subject_keeps_the_limit_of_the_account() {
        visit_all(&mut Limits);
    }
}
