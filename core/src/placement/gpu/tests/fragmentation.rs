//! Fragmentation against its definition, worked out one milli at a time.

use alloc::vec::Vec;

use super::super::*;
use super::{models, pod, room};
use crate::rng::Rng;

/// Section 4.2 of the paper, pod by pod: of the idle milli-GPU of a node, those
/// that one pod of a shape could not be given a part of.
fn by_definition(room: &Room, mix: &[Pod]) -> u64 {
    let mut sum = 0;
    for pod in mix {
        let hosts = |left: u16| pod.gpus() > 0 && left >= pod.gpu_milli();
        let hosting = room.gpu_milli().iter().filter(|left| hosts(**left)).count();
        let fits = pod.cpu_milli() <= room.cpu_milli()
            && pod.memory_mib() <= room.memory_mib()
            && pod.models().contains(room.spec().model())
            && hosting >= usize::from(pod.gpus());
        for left in room.gpu_milli() {
            for _ in 0..*left {
                sum += u64::from(!fits || !hosts(*left));
            }
        }
    }
    sum
}

fn any_pod(rng: &mut Rng) -> Pod {
    let cpu = u32::try_from(rng.below(60_000)).unwrap();
    let memory = u32::try_from(rng.below(600)).unwrap();
    let (gpus, milli) = match rng.below(4) {
        0 => (0, 0),
        1 => (u8::try_from(1 + rng.below(8)).unwrap(), 1_000),
        _ => (1, u16::try_from(1 + rng.below(1_000)).unwrap()),
    };
    let pod = Pod::new(cpu, memory, gpus, milli).unwrap();
    if rng.below(4) == 0 { pod.on(models(&[u8::try_from(rng.below(2)).unwrap()])) } else { pod }
}

fn any_room(rng: &mut Rng) -> Room {
    let gpus = rng.below(9);
    let left: Vec<u16> = (0..gpus)
        .map(|_| if rng.below(3) == 0 { 1_000 } else { u16::try_from(rng.below(1_001)).unwrap() })
        .collect();
    let mut room = room(&left);
    let taken = Pod::new(u32::try_from(rng.below(96_001)).unwrap(), 500, 0, 0).unwrap();
    if rng.below(2) == 0 {
        room.take(&taken, 0);
    }
    room
}

#[test]
fn it_is_what_the_definition_says() {
    let mut rng = Rng::new(11);
    for _ in 0..if cfg!(miri) { 1 } else { 200 } {
        let pods: Vec<Pod> = (0..12).map(|_| any_pod(&mut rng)).collect();
        let room = any_room(&mut rng);
        let mix = Mix::new(pods.iter().copied());
        assert_eq!(fragmentation(&room, &mix), by_definition(&room, &pods), "{room:?} {pods:?}");
    }
}

#[test]
fn a_pod_without_gpus_finds_all_of_it_out_of_reach() {
    let room = room(&[1_000, 250]);
    let mix = Mix::new([pod(0, 0)]);
    assert_eq!(fragmentation(&room, &mix), 1_250);
    assert_eq!(fragmentation(&room, &Mix::new([pod(1, 300)])), 250);
    assert_eq!(fragmentation(&room, &Mix::new([pod(2, 1_000)])), 1_250);
    assert_eq!(fragmentation(&room, &Mix::default()), 0);
}

#[test]
fn a_typical_mix_is_the_most_frequent_shapes_without_memory() {
    let other = |memory| Pod::new(1_000, memory, 1, 300).unwrap();
    let rare = pod(8, 1_000);
    // 19 of 20 are 95 %.
    let pods = (0..18).map(|_| pod(1, 500)).chain([other(1), rare]);
    let mix = Mix::typical(pods);
    let weights: Vec<u64> = mix.shapes().iter().map(|(_, weight)| *weight).collect();
    assert_eq!((weights.as_slice(), mix.total()), (&[18, 1][..], 19));
    assert!(mix.shapes().iter().all(|(pod, _)| pod.memory_mib() == 0));
    // Of two that come as often, the larger is kept, as in the published runs.
    assert_eq!(mix.shapes()[1].0.gpus(), 8);
    // Shapes that differ in memory alone are one.
    assert_eq!(Mix::typical([other(1), other(2)]).shapes().len(), 1);
}
