//! The rule of each policy on rooms where it is plain.

use alloc::vec::Vec;

use super::super::*;
use super::{pod, room};

/// The position of the room with the highest score, the first of equals.
fn chosen(policy: &impl Policy, pod: &Pod, rooms: &[Room]) -> usize {
    let scores: Vec<i64> = rooms.iter().map(|room| policy.score(room, pod).score).collect();
    let best = *scores.iter().max().unwrap();
    scores.iter().position(|score| *score == best).unwrap()
}

#[test]
fn best_fit_leaves_the_least() {
    let rooms = [room(&[1_000, 1_000]), room(&[600, 0]), room(&[800, 800])];
    assert_eq!(chosen(&BestFit, &pod(1, 500), &rooms), 1);
    assert_eq!(BestFit.score(&rooms[2], &pod(1, 500)).gpu, 0);
    assert_eq!(BestFit.score(&room(&[900, 400, 500]), &pod(1, 450)).gpu, 2, "the tightest");
    // Half CPU, half GPU of the largest node: (95 / 128 + 0.1 / 8) / 2 is left.
    assert_eq!(BestFit.score(&rooms[1], &pod(1, 500)).score, 62);
}

#[test]
fn dot_product_takes_the_room_that_points_elsewhere() {
    let rooms = [room(&[1_000; 8]), room(&[1_000, 0])];
    assert_eq!(chosen(&DotProduct, &pod(1, 1_000), &rooms), 1);
}

#[test]
fn packing_takes_used_gpus_then_used_nodes_then_small_idle_ones() {
    let share = pod(1, 300);
    let used = room(&[1_000, 400]);
    let rooms = [room(&[1_000; 8]), room(&[1_000; 2]), room(&[1_000, 100]), used, room(&[500, 0])];
    assert_eq!(chosen(&GpuPacking, &share, &rooms), 3);
    assert_eq!(chosen(&GpuPacking, &share, &rooms[..3]), 2);
    assert_eq!(chosen(&GpuPacking, &share, &rooms[..2]), 1);
    assert_eq!(chosen(&GpuPacking, &pod(1, 1_000), &rooms[..4]), 2);
    assert_eq!(GpuPacking.score(&used, &share), Scored { score: 96, gpu: 1 });
    assert_eq!(GpuPacking.score(&rooms[0], &share).score, 25);
    assert_eq!(GpuPacking.score(&rooms[0], &pod(0, 0)).score, 0);
}

#[test]
fn clustering_keeps_kinds_together() {
    let (share, whole) = (pod(1, 300), pod(1, 1_000));
    let idle = room(&[1_000; 4]);
    let shares = idle.after(&share, 0);
    let wholes = idle.after(&whole, 0);
    let both = shares.after(&whole, 0);
    let rooms = [wholes, idle, both, shares];
    assert_eq!(chosen(&GpuClustering, &share, &rooms), 3);
    assert_eq!(chosen(&GpuClustering, &share, &rooms[..3]), 2);
    assert_eq!(chosen(&GpuClustering, &share, &rooms[..2]), 1);
    assert_eq!(chosen(&GpuClustering, &pod(2, 1_000), &rooms), 1);
    // 75 for the kind alone, and 25 x (8,000 - 3,700) / 8,000.
    assert_eq!(GpuClustering.score(&shares, &share).score, 75 + 13);
}

#[test]
fn fgd_closes_a_gap_rather_than_opens_one() {
    // What is expected: halves and whole GPUs.
    let mix = Mix::new([pod(1, 500), pod(1, 1_000), pod(1, 1_000)]);
    let fgd = Fgd::new(mix.clone());
    let rooms = [room(&[1_000, 1_000]), room(&[1_000, 500])];
    assert_eq!(chosen(&fgd, &pod(1, 500), &rooms), 1);
    assert_eq!(fgd.score(&rooms[1], &pod(1, 500)).gpu, 1);
    // 2 of 3 expected pods cannot use the 500 that are gone then: 333 milli less.
    let drop =
        fragmentation(&rooms[1], &mix) - fragmentation(&rooms[1].after(&pod(1, 500), 1), &mix);
    assert_eq!((drop, mix.total()), (1_000, 3));
    // 100 / (1 + e^-0.333) = 58.3.
    assert_eq!(fgd.score(&rooms[1], &pod(1, 500)).score, 58);
    assert_eq!(fgd.mix(), &mix);
}

#[test]
fn fgd_keeps_cpu_where_gpus_are_idle() {
    let hungry = Pod::new(60_000, 1, 1, 1_000).unwrap();
    let fgd = Fgd::new(Mix::new([hungry]));
    let without_gpus = Pod::new(50_000, 1, 0, 0).unwrap();
    let rooms = [room(&[1_000, 1_000]), room(&[0, 0])];
    assert_eq!(chosen(&fgd, &without_gpus, &rooms), 1);
}

#[test]
fn a_pod_that_does_not_fit_is_scored_all_the_same() {
    let rooms = [room(&[]), room(&[100, 0]), room(&[1_000; 8])];
    let large = Pod::new(u32::MAX, u32::MAX, 8, 1_000).unwrap();
    for policy in PolicyName::ALL {
        let policy = policy.policy(&[large, pod(1, 500)]);
        for (room, pod) in rooms.iter().flat_map(|room| [(room, large), (room, pod(1, 500))]) {
            policy.score(room, &pod);
        }
    }
    let full = rooms[1].after(&large, 200);
    assert_eq!((full.cpu_milli(), full.memory_mib(), full.gpu_milli()), (0, 0, &[100, 0][..]));
    assert_eq!(rooms[1].after(&pod(1, 500), 200).gpu_milli(), [100, 0]);
}
