//! What is free on each node, and which nodes changed last.
//!
//! The nodes form a list, the one that changed last at its head. Whoever
//! remembers the clock of its last look walks from the head to the first node
//! that is not newer: each node that changed since, once.

use alloc::vec::Vec;

use crate::resources::Resources;

/// No group's tasks changed.
pub(super) const NO_GROUP: u32 = u32::MAX;

/// The end of the list.
const NONE: u32 = u32::MAX;

/// The part of a node that placing looks at, in one cache line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) free: Resources,
    pub(super) gpus: u32,
    pub(super) enis: u32,
    /// Tasks that hold room, and those of them that run.
    pub(super) tasks: u32,
    pub(super) running: u32,
    /// Registered, active and its agent connected.
    pub(super) open: bool,
    /// Counts changes of what constraints can ask, except for tasks.
    pub(super) facts: u32,
    changed: u64,
    /// The change before that.
    before: u64,
    /// The group whose tasks changed last, if that was what changed.
    group: u32,
    newer: u32,
    older: u32,
}

impl Room {
    /// Whether the number of that group's tasks may have changed after `clock`:
    /// no where the only change since was of another group.
    #[inline]
    pub(super) fn may_have_moved(&self, group: u32, clock: u64) -> bool {
        self.before > clock || self.group == group || self.group == NO_GROUP
    }
}

/// The rooms of all nodes by index.
#[derive(Debug)]
pub(super) struct Rooms {
    rooms: Vec<Room>,
    newest: u32,
    clock: u64,
}

impl Rooms {
    pub(super) const fn new() -> Self {
        Self { rooms: Vec::new(), newest: NONE, clock: 0 }
    }

    /// Makes room for a node at `index`, which is at most one past the last.
    pub(super) fn open(&mut self, index: u32) {
        if index as usize == self.rooms.len() {
            self.rooms.push(Room {
                free: Resources::new(0, 0),
                gpus: 0,
                enis: 0,
                tasks: 0,
                running: 0,
                open: false,
                facts: 0,
                changed: 0,
                before: 0,
                group: NO_GROUP,
                newer: NONE,
                older: NONE,
            });
            self.link(index);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rooms.len()
    }

    pub(super) fn get(&self, index: u32) -> Option<&Room> {
        self.rooms.get(index as usize)
    }

    /// The room of a node, for a change: of tasks of that group, or of none. O(1).
    pub(super) fn change(&mut self, index: u32, group: u32) -> Option<&mut Room> {
        if self.newest != index {
            self.unlink(index)?;
            self.link(index);
        }
        self.clock += 1;
        let clock = self.clock;
        let room = self.rooms.get_mut(index as usize)?;
        room.before = core::mem::replace(&mut room.changed, clock);
        room.group = group;
        Some(room)
    }

    fn unlink(&mut self, index: u32) -> Option<()> {
        let Room { newer, older, .. } = *self.rooms.get(index as usize)?;
        if let Some(room) = self.rooms.get_mut(older as usize) {
            room.newer = newer;
        }
        match self.rooms.get_mut(newer as usize) {
            Some(room) => room.older = older,
            None => self.newest = older,
        }
        Some(())
    }

    fn link(&mut self, index: u32) {
        let next = self.newest;
        if let Some(room) = self.rooms.get_mut(next as usize) {
            room.newer = index;
        }
        if let Some(room) = self.rooms.get_mut(index as usize) {
            (room.newer, room.older) = (NONE, next);
        }
        self.newest = index;
    }

    /// The time of the last change.
    pub(super) const fn clock(&self) -> u64 {
        self.clock
    }

    /// The nodes that changed after `clock`, the last one first.
    pub(super) fn changed_since(&self, clock: u64) -> impl Iterator<Item = (u32, &Room)> {
        let mut next = self.newest;
        core::iter::from_fn(move || {
            let room = self.rooms.get(next as usize).filter(|room| room.changed > clock)?;
            let index = core::mem::replace(&mut next, room.older);
            Some((index, room))
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn changed(rooms: &Rooms, clock: u64) -> Vec<u32> {
        rooms.changed_since(clock).map(|(index, _)| index).collect()
    }

    #[test]
    fn each_node_that_changed_is_named_once_the_last_first() {
        let mut rooms = Rooms::new();
        (0..4).for_each(|index| rooms.open(index));
        for index in [0, 1, 2, 3] {
            rooms.change(index, NO_GROUP).unwrap();
        }
        let clock = rooms.clock();
        assert!(changed(&rooms, clock).is_empty());
        for index in [2, 0, 2, 2, 0] {
            rooms.change(index, NO_GROUP).unwrap();
        }
        assert_eq!(changed(&rooms, clock), [0, 2]);
        assert_eq!(changed(&rooms, 0), [0, 2, 3, 1]);
        assert!(rooms.change(4, NO_GROUP).is_none());
    }

    #[test]
    fn a_change_of_one_other_group_moves_no_task_of_this() {
        let mut rooms = Rooms::new();
        rooms.open(0);
        let moved = |rooms: &Rooms, clock| rooms.get(0).unwrap().may_have_moved(7, clock);
        rooms.change(0, 3).unwrap();
        let clock = rooms.clock();
        rooms.change(0, 4).unwrap();
        assert!(!moved(&rooms, clock) && moved(&rooms, clock - 1));
        rooms.change(0, 7).unwrap();
        assert!(moved(&rooms, clock) && moved(&rooms, clock + 1));
    }

    #[test]
    fn the_part_of_a_node_that_placing_reads_is_one_cache_line() {
        assert!(size_of::<Room>() <= 64);
    }
}
