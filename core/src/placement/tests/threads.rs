//! Many threads on one fleet: nothing is overcommitted, lost or minted.
//!
//! loom proves the pairs; this looks at real threads on real memory.

use std::thread;

use super::{ONE, fleet, fleet_of, node};
use crate::placement::Strategy;
use crate::resources::Resources;

/// As many as the nodes of the fleets below.
const THREADS: usize = 4;

#[test]
fn placing_and_releasing_at_once_conserves_the_room() {
    let fleet = fleet_of(4, 3);
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    thread::scope(|scope| {
        for worker in 0..THREADS {
            let fleet = &fleet;
            scope.spawn(move || {
                let mut held = Vec::new();
                for round in 0..rounds {
                    let strategy = Strategy::ALL[(round + worker) % Strategy::ALL.len()];
                    if round % 3 != 2 {
                        held.extend(fleet.place(ONE, strategy));
                    } else if let Some(room) = held.pop() {
                        fleet.release(room).unwrap();
                    }
                    for view in fleet.nodes() {
                        let left = 3 - view.instances;
                        assert_eq!(view.free, Resources::new(left, left));
                    }
                }
                held.into_iter().for_each(|room| fleet.release(room).unwrap());
            });
        }
    });
    for view in fleet.nodes() {
        assert_eq!((view.free, view.instances), (Resources::new(3, 3), 0));
    }
}

#[test]
fn one_room_for_each_thread_is_never_refused() {
    // Each thread holds at most one of as many rooms: a refusal would be wrong
    // at every instant.
    let fleet = fleet_of(4, 1);
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    thread::scope(|scope| {
        for worker in 0..THREADS {
            let fleet = &fleet;
            scope.spawn(move || {
                for round in 0..rounds {
                    let strategy = Strategy::ALL[(round + worker) % Strategy::ALL.len()];
                    let room = fleet.place(ONE, strategy).unwrap();
                    fleet.release(room).unwrap();
                }
            });
        }
    });
}

#[test]
fn nodes_added_by_many_threads_are_all_there_once() {
    let fleet = fleet(8);
    let mut ids: Vec<_> = thread::scope(|scope| {
        let add = |spec| {
            let fleet = &fleet;
            scope.spawn(move || [fleet.add_node(spec).unwrap(), fleet.add_node(spec).unwrap()])
        };
        let threads: Vec<_> = (1..=4).map(|size| add(node(size))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    ids.sort();
    assert!(ids.iter().map(|id| id.index()).eq(0..8));
    let mut sizes: Vec<_> = fleet.nodes().map(|view| view.free.cpu_units).collect();
    sizes.sort();
    assert_eq!(sizes, [1, 1, 2, 2, 3, 3, 4, 4]);
}
