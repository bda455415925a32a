//! What is taken, what is given back, what is refused.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::super::*;
use super::{model, models, node, pod};
use crate::id::NodeId;

fn fleet<P: Policy>(policy: P, nodes: &[GpuNode]) -> (GpuFleet<P>, Vec<NodeId>) {
    let mut fleet = GpuFleet::new(NonZeroU32::MIN, policy, 1);
    let ids = nodes.iter().map(|node| fleet.add_node(*node).unwrap()).collect();
    (fleet, ids)
}

#[test]
fn whole_gpus_are_the_first_idle_ones() {
    let (mut fleet, ids) = fleet(BestFit, &[node(4)]);
    let share = fleet.place(pod(1, 500)).unwrap();
    assert_eq!(share.gpus().collect::<Vec<_>>(), [0]);
    let two = fleet.place(pod(2, 1_000)).unwrap();
    assert_eq!(two.gpus().collect::<Vec<_>>(), [1, 2]);
    assert_eq!((two.node(), two.pod()), (ids[0], pod(2, 1_000)));
    assert_eq!(fleet.node(ids[0]).unwrap().gpu_milli(), [500, 0, 0, 1_000]);
    assert_eq!(fleet.node(ids[0]).unwrap().cpu_milli(), 94_000);
}

#[test]
fn a_pod_goes_where_its_model_is() {
    let other = GpuNode::new(96_000, 1_000, 8, model(3)).unwrap();
    let (mut fleet, ids) = fleet(BestFit, &[node(1), other]);
    let placed = fleet.place(pod(1, 1_000).on(models(&[3, 5]))).unwrap();
    assert_eq!(placed.node(), ids[1]);
    let why = fleet.place(pod(1, 1_000).on(models(&[5]))).unwrap_err();
    assert_eq!((why.nodes, why.inaccessible, why.short_of_gpu), (2, 2, 0));
    // A pod without GPUs does not care, and is of one shape whatever it says.
    assert_eq!(pod(0, 0).on(models(&[5])), pod(0, 0));
    assert!(fleet.place(pod(0, 0).on(models(&[5]))).is_ok());
}

#[test]
fn a_refusal_says_what_was_short_on_how_many_nodes() {
    let poor = GpuNode::new(500, 1_000, 2, model(0)).unwrap();
    let bare = GpuNode::new(96_000, 0, 0, model(0)).unwrap();
    let (mut fleet, _) = fleet(GpuPacking, &[node(1), poor, bare]);
    let why = fleet.place(pod(2, 1_000)).unwrap_err();
    assert_eq!((why.nodes, why.inaccessible), (3, 0));
    assert_eq!((why.short_of_gpu, why.short_of_cpu, why.short_of_memory), (2, 1, 1));
    assert_eq!(
        why.to_string(),
        "no room for 2 GPUs of 1000 milli, 1000 milli-CPU and 1 MiB; of 3 nodes 0 of another \
         model, 2 short of GPU, 1 short of CPU, 1 short of memory"
    );
    let mut none = GpuFleet::new(NonZeroU32::MIN, Random, 0);
    let why = none.place(pod(0, 0)).unwrap_err();
    assert!(why.to_string().ends_with("the fleet has no nodes"), "{why}");
}

#[test]
fn handles_of_another_fleet_are_refused() {
    let (mut one, ids) = fleet(BestFit, &[node(1)]);
    let mut other = GpuFleet::new(NonZeroU32::new(2).unwrap(), BestFit, 0);
    other.add_node(node(1)).unwrap();
    assert!(other.node(ids[0]).is_none());
    let placed = one.place(pod(1, 400)).unwrap();
    let refused = other.release(placed).unwrap_err();
    assert_eq!(refused, GpuReleaseError::Stale(ids[0]));
    assert_eq!(other.rooms()[0], Room::new(node(1)));
}

#[test]
fn more_than_is_held_is_not_given_back() {
    // Two fleets of one generation: the second holds nothing.
    let (mut one, ids) = fleet(BestFit, &[node(2)]);
    let (mut other, _) = fleet(BestFit, &[node(2)]);
    let placed = one.place(pod(1, 400)).unwrap();
    assert_eq!(other.release(placed), Err(GpuReleaseError::NotHeld { node: ids[0] }));
    assert_eq!(other.rooms()[0], Room::new(node(2)));
}

#[test]
fn another_policy_decides_from_its_setting_on() {
    let small = node(1);
    let (mut fleet, ids) = fleet(PolicyName::Fgd.policy(&[pod(8, 1_000)]), &[node(8), small]);
    // For a mix of whole nodes the idle large one is to be kept.
    assert_eq!(fleet.place(pod(1, 500)).unwrap().node(), ids[1]);
    // Where pods of one kind go together, the one in use comes first too.
    fleet.set_policy(PolicyName::Random.policy(&[]));
    let mut seen = vec![0; 2];
    for _ in 0..40 {
        let placed = fleet.place(pod(0, 0)).unwrap();
        seen[placed.node().index() as usize] += 1;
    }
    assert!(seen.iter().all(|count| *count > 8), "{seen:?}");
}

#[test]
fn pods_and_nodes_that_cannot_be_are_refused_by_name() {
    let error = |gpus, milli| Pod::new(1, 1, gpus, milli).unwrap_err();
    assert_eq!(error(9, 1_000), PodError::TooManyGpus(9));
    assert_eq!(error(0, 5), PodError::ShareOfNone(5));
    assert_eq!((error(1, 0), error(1, 1_001)), (PodError::Share(0), PodError::Share(1_001)));
    assert_eq!(error(2, 999), PodError::SharesOfSeveral { gpus: 2, gpu_milli: 999 });
    assert_eq!(error(2, 999).to_string(), "999 milli of each of 2 GPUs; only one GPU is shared");
    assert_eq!(GpuNode::new(1, 1, 9, model(0)), Err(GpuNodeError { gpus: 9 }));
    assert_eq!(Model::new(32), Err(ModelError(32)));
    let unknown = PolicyName::try_from("tightest").unwrap_err().to_string();
    assert!(unknown.starts_with("`tightest` is no policy for GPUs; one of random,"), "{unknown}");
    for policy in PolicyName::ALL {
        assert_eq!(PolicyName::try_from(policy.name()), Ok(policy));
    }
}
