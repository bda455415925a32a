//! GPU placement against a plain model: never overcommitted, given back in
//! full, kept scores as good as fresh ones.

#![cfg(feature = "alloc")]

use core::num::NonZeroU32;

use proptest::prelude::*;
use warmstow_core::placement::gpu::{
    GpuFleet, GpuNode, GpuPlacement, Model, Models, Pod, Policy, PolicyName, Room, WHOLE_GPU,
};

#[derive(Clone, Debug)]
enum Action {
    Place(Pod),
    /// The placement at that position of those that run, modulo their number.
    Release(usize),
}

fn any_pod() -> impl Strategy<Value = Pod> {
    let gpus = prop_oneof![
        1 => Just((0_u8, 0_u16)),
        3 => (1_u16..1_000).prop_map(|milli| (1, milli)),
        3 => prop::sample::select(vec![1_u8, 1, 2, 4, 8]).prop_map(|gpus| (gpus, WHOLE_GPU)),
    ];
    let models = prop_oneof![3 => Just(None), 1 => (0_u8..2).prop_map(Some)];
    (0_u32..40_000, 0_u32..40_000, gpus, models).prop_map(|(cpu, memory, (gpus, milli), model)| {
        let pod = Pod::new(cpu, memory, gpus, milli).unwrap();
        model.map_or(pod, |model| pod.on(Models::NONE.with(Model::new(model).unwrap())))
    })
}

fn any_node() -> impl Strategy<Value = GpuNode> {
    (0_u32..100_000, 0_u32..100_000, 0_u8..=8, 0_u8..2).prop_map(|(cpu, memory, gpus, model)| {
        GpuNode::new(cpu, memory, gpus, Model::new(model).unwrap()).unwrap()
    })
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![3 => any_pod().prop_map(Action::Place), 1 => any::<usize>().prop_map(Action::Release)]
}

/// What is left of a node once the placements there are taken from it.
fn left_of(node: GpuNode, held: &[&GpuPlacement]) -> (i64, i64, Vec<i64>) {
    let mut cpu = i64::from(node.cpu_milli());
    let mut memory = i64::from(node.memory_mib());
    let mut gpus = vec![i64::from(WHOLE_GPU); usize::from(node.gpus())];
    for placed in held {
        cpu -= i64::from(placed.pod().cpu_milli());
        memory -= i64::from(placed.pod().memory_mib());
        for gpu in placed.gpus() {
            gpus[usize::from(gpu)] -= i64::from(placed.pod().gpu_milli());
        }
    }
    (cpu, memory, gpus)
}

fn check<P: Policy>(fleet: &GpuFleet<P>, nodes: &[GpuNode], running: &[GpuPlacement]) {
    for (index, (room, node)) in fleet.rooms().iter().zip(nodes).enumerate() {
        let here = |placed: &&GpuPlacement| placed.node().index() as usize == index;
        let held: Vec<_> = running.iter().filter(here).collect();
        let (cpu, memory, gpus) = left_of(*node, &held);
        assert!(cpu >= 0 && memory >= 0 && gpus.iter().all(|left| *left >= 0), "overcommitted");
        assert_eq!((i64::from(room.cpu_milli()), i64::from(room.memory_mib())), (cpu, memory));
        assert!(room.gpu_milli().iter().map(|left| i64::from(*left)).eq(gpus));
    }
}

/// The first node with the highest score, every score worked out anew.
fn best<P: Policy>(policy: &P, rooms: &[Room], pod: &Pod) -> Option<usize> {
    let fits = rooms.iter().enumerate().filter(|(_, room)| room.fits(pod));
    let scores: Vec<_> = fits.map(|(node, room)| (node, policy.score(room, pod).score)).collect();
    let highest = scores.iter().map(|(_, score)| *score).max()?;
    scores.into_iter().find(|(_, score)| *score == highest).map(|(node, _)| node)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_policy_keeps_the_books(
        policy in prop::sample::select(PolicyName::ALL.to_vec()),
        nodes in prop::collection::vec(any_node(), 1..8),
        actions in prop::collection::vec(any_action(), 1..60),
        expected in prop::collection::vec(any_pod(), 0..10),
        seed: u64,
    ) {
        let mut fleet = GpuFleet::new(NonZeroU32::MIN, policy.policy(&expected), seed);
        for node in &nodes {
            fleet.add_node(*node).unwrap();
        }
        let idle = fleet.rooms().to_vec();
        let mut running: Vec<GpuPlacement> = vec![];
        for action in actions {
            match action {
                Action::Place(pod) => {
                    let fits = fleet.rooms().iter().any(|room| room.fits(&pod));
                    let expected = best(fleet.policy(), fleet.rooms(), &pod);
                    match fleet.place(pod) {
                        Ok(placed) => {
                            let gpus: Vec<u8> = placed.gpus().collect();
                            prop_assert_eq!(gpus.len(), usize::from(pod.gpus()));
                            let model = nodes[placed.node().index() as usize].model();
                            prop_assert!(pod.gpus() == 0 || pod.models().contains(model));
                            if policy != PolicyName::Random {
                                prop_assert_eq!(Some(placed.node().index() as usize), expected);
                            }
                            running.push(placed);
                        }
                        Err(why) => {
                            prop_assert!(!fits, "refused where there was room: {}", why);
                            prop_assert_eq!(why.nodes as usize, nodes.len());
                            let short = why.short_of_gpu + why.short_of_cpu + why.short_of_memory;
                            prop_assert!(short + why.inaccessible >= why.nodes);
                        }
                    }
                }
                Action::Release(at) if !running.is_empty() => {
                    let placed = running.swap_remove(at % running.len());
                    fleet.release(placed).unwrap();
                }
                Action::Release(_) => {}
            }
            check(&fleet, &nodes, &running);
        }
        for placed in running {
            fleet.release(placed).unwrap();
        }
        prop_assert_eq!(fleet.rooms(), &idle[..]);
    }
}
