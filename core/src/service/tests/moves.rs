//! How tasks move between zones.

use alloc::string::String;
use alloc::vec::Vec;

use super::life::{Rig, at, spec, stop};
use crate::resources::Resources;
use crate::service::{
    Action, DeploymentKey, InstanceKey, ObservedInstance, OrderKey, Protection, StopReason,
    TaskKey, Unplaced, Where, ZoneKey,
};

fn instance(key: u64, zone: u32) -> ObservedInstance {
    ObservedInstance::new(InstanceKey(key), ZoneKey(zone), Resources::new(4_096, 8_192))
}

impl Rig {
    /// A service with so many healthy tasks, all of them in zone 1.
    fn lopsided(desired: u32) -> (Self, Vec<TaskKey>) {
        let mut rig = Self::new(spec(desired));
        let starts = rig.starts();
        let keys: Vec<TaskKey> =
            starts.into_iter().map(|(order, deployment)| rig.place(order, deployment, 1)).collect();
        keys.iter().for_each(|key| rig.runs(*key));
        rig.wait(40);
        (rig, keys)
    }

    fn protects(&mut self, task: TaskKey, protection: Option<Protection>) {
        self.service.protect(self.now, task, protection).unwrap();
    }

    /// The one start that is wanted now: a move to zone 2.
    fn moves(&mut self) -> (OrderKey, DeploymentKey) {
        self.moves_to(2)
    }

    fn moves_to(&mut self, zone: u32) -> (OrderKey, DeploymentKey) {
        let actions = self.drain();
        let [Action::Start { order, deployment, place, .. }] = actions[..] else {
            panic!("{actions:?}")
        };
        assert_eq!(place, Where::Zone(ZoneKey(zone)));
        (order, deployment)
    }
}

#[test]
fn zones_are_balanced_by_starting_in_the_emptiest_and_stopping_in_the_fullest() {
    let (mut rig, keys) = Rig::lopsided(2);
    let (order, deployment) = rig.moves();
    let new = rig.place(order, deployment, 2);
    rig.runs(new);
    assert_eq!(rig.drain(), [], "not before it is healthy");
    rig.wait(40);
    assert_eq!(rig.drain(), [stop(keys[0], StopReason::ScaleIn)]);
    rig.stopped(keys[0]);
    assert_eq!(rig.drain(), []);
    assert!(rig.service.is_steady());
}

#[test]
fn a_move_without_room_is_tried_again_later_and_is_no_news() {
    let (mut rig, _) = Rig::lopsided(2);
    let (order, _) = rig.moves();
    let why = Unplaced { closest: None, reason: String::new() };
    rig.service.handle_unplaced(rig.now, order, &why).unwrap();
    assert_eq!((rig.drain(), rig.said("unable to place")), (Vec::new(), 0));
    assert_eq!(rig.service.next_deadline(), Some(at(340)));
    rig.wait(300);
    assert_eq!(rig.starts().len(), 1);
}

#[test]
fn no_move_begins_while_the_fullest_zone_is_protected() {
    let (mut rig, keys) = Rig::lopsided(3);
    keys.iter().for_each(|key| rig.protects(*key, Some(Protection::DEFAULT)));
    assert_eq!(rig.drain(), []);
    assert!(rig.service.is_steady());
    rig.wait(3_600);
    assert_eq!(rig.drain(), []);
    // The protection of one is over: that one makes way.
    rig.protects(keys[1], None);
    let (order, deployment) = rig.moves();
    let new = rig.place(order, deployment, 2);
    rig.runs(new);
    rig.wait(40);
    assert_eq!(rig.drain(), [stop(keys[1], StopReason::ScaleIn)]);
}

#[test]
fn a_move_gives_up_when_the_zone_it_is_from_has_none_left_to_stop() {
    let (mut rig, keys) = Rig::lopsided(3);
    let (order, deployment) = rig.moves();
    let new = rig.place(order, deployment, 2);
    rig.runs(new);
    keys.iter().for_each(|key| rig.protects(*key, Some(Protection::DEFAULT)));
    rig.wait(40);
    assert_eq!(rig.drain(), [stop(new, StopReason::ScaleIn)]);
    rig.stopped(new);
    // Nor does it begin again as soon as one may go.
    keys.iter().for_each(|key| rig.protects(*key, None));
    assert_eq!(rig.drain(), []);
    rig.wait(300);
    rig.moves();
}

#[test]
fn a_move_takes_its_task_from_the_zone_that_it_began_with() {
    let mut rig = Rig::new(spec(5));
    rig.service.handle_instance(rig.now, instance(3, 3));
    let starts = rig.starts();
    let on = [1, 1, 1, 3, 3];
    let placed = starts.into_iter().zip(on);
    let keys: Vec<TaskKey> =
        placed.map(|((order, deployment), at)| rig.place(order, deployment, at)).collect();
    keys.iter().for_each(|key| rig.runs(*key));
    keys[..3].iter().for_each(|key| rig.protects(*key, Some(Protection::DEFAULT)));
    rig.wait(40);
    // Zone 1 is fuller but protected: the move is from zone 3.
    let (order, deployment) = rig.moves();
    let new = rig.place(order, deployment, 2);
    rig.runs(new);
    keys[..3].iter().for_each(|key| rig.protects(*key, None));
    rig.wait(40);
    assert_eq!(rig.drain(), [stop(keys[3], StopReason::ScaleIn)]);
}

#[test]
fn a_zone_whose_instances_do_not_match_takes_no_move_and_still_gives() {
    let (mut rig, _) = Rig::lopsided(3);
    let unfit = |key, zone| ObservedInstance { matches: false, ..instance(key, zone) };
    rig.service.handle_instance(rig.now, unfit(2, 2));
    assert_eq!(rig.drain(), []);
    rig.service.handle_instance(rig.now, unfit(1, 1));
    rig.service.handle_instance(rig.now, instance(3, 3));
    rig.moves_to(3);
}
