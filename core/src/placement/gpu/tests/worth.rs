//! What shares are worth, and what is left over, against plain search.

use alloc::vec::Vec;

use super::super::*;
use super::{node, pod, room};
use crate::rng::Rng;

/// A mix of so many shares of each size.
fn mix(shares: &[(u16, usize)]) -> Mix {
    Mix::new(shares.iter().flat_map(|(milli, count)| (0..*count).map(|_| pod(1, *milli))))
}

#[test]
fn a_half_is_worth_half_and_one_without_a_partner_all() {
    let worth = Worth::new(&mix(&[(470, 100), (810, 50)]));
    assert_eq!((worth.of_share(470), worth.of_share(810)), (500_000, 1_000_000));
    // Sizes between are worth what the next smaller one is.
    assert_eq!((worth.of_share(400), worth.of_share(600)), (0, 500_000));
    assert_eq!(
        (worth.of_left(530), worth.of_left(469), worth.of_left(1_000)),
        (500_000, 0, 1_000_000)
    );
}

#[test]
fn a_share_that_fits_in_a_gap_that_stays_open_anyway_is_worth_nothing() {
    // Fewer small ones than gaps of 190.
    let worth = Worth::new(&mix(&[(810, 50), (160, 10)]));
    assert_eq!((worth.of_share(810), worth.of_share(160)), (1_000_000, 0));
    // More of them: the last lie six to a GPU.
    let worth = Worth::new(&mix(&[(810, 50), (160, 100)]));
    assert_eq!(worth.of_share(160), 166_666);
    assert_eq!(worth.of_share(810), 833_333);
}

#[test]
fn a_loss_is_what_the_rest_can_do_less() {
    let worth = Worth::new(&mix(&[(470, 100), (320, 10), (650, 10)]));
    // 650 with 320, 470 with 470: nothing is lost, but for the rounding.
    assert!(worth.loss(1_000, &pod(1, 650)) <= 1);
    assert!(worth.loss(350, &pod(1, 320)) <= 1);
    assert_eq!(worth.loss(530, &pod(1, 470)), 0);
    // 320 in the gap of a 470: half a GPU is spent on less than that.
    let price = worth.of_share(320);
    assert!(price < 500_000, "{price}");
    assert_eq!(worth.loss(530, &pod(1, 320)), 500_000 - price);
    assert_eq!((worth.loss(1_000, &pod(1, 1_000)), worth.loss(0, &pod(0, 0))), (0, 0));
}

/// The dearest set of shares that fits into `left`, every set tried.
fn dearest(worth: &Worth, sizes: &[u16], left: u16) -> u64 {
    let with = sizes.iter().filter(|size| **size <= left);
    let with =
        with.map(|size| u64::from(worth.of_share(*size)) + dearest(worth, sizes, left - size));
    with.max().unwrap_or(0)
}

#[test]
fn prices_are_feasible_and_as_high_as_the_shares_are_large() {
    let mut rng = Rng::new(5);
    for _ in 0..if cfg!(miri) { 1 } else { 60 } {
        let shares: Vec<(u16, usize)> = (0..1 + rng.below(8))
            .map(|_| {
                (
                    u16::try_from(120 + rng.below(880)).unwrap(),
                    1 + usize::try_from(rng.below(50)).unwrap(),
                )
            })
            .collect();
        let sizes: Vec<u16> = shares.iter().map(|(size, _)| *size).collect();
        let worth = Worth::new(&mix(&shares));
        for left in [1_000, 777, 500, 130] {
            let best = dearest(&worth, &sizes, left);
            assert_eq!(u64::from(worth.of_left(left)), best, "{shares:?} {left}");
        }
        // Weak duality from both sides: no set is worth more than a GPU, and all
        // of them together are worth at least what they fill.
        assert!(worth.of_left(1_000) <= 1_000_000, "{shares:?}");
        let total: u64 =
            shares.iter().map(|(size, n)| u64::from(worth.of_share(*size)) * *n as u64).sum();
        let filled: u64 = shares.iter().map(|(size, n)| u64::from(*size) * 1_000 * *n as u64).sum();
        let rounding = shares.iter().map(|(_, n)| *n as u64).sum::<u64>();
        assert!(total + rounding >= filled, "{shares:?}: {total} of {filled}");
    }
}

#[test]
fn nothing_to_share_is_worth_nothing() {
    let worth = Worth::new(&Mix::new([pod(8, 1_000), pod(0, 0)]));
    assert_eq!((worth.of_left(1_000), worth.of_share(500)), (0, 0));
    assert_eq!(worth, Worth::new(&Mix::default()));
}

/// Starts pods of `shape` one by one, GPU after GPU from the emptiest, until
/// none fits; what is idle then, but for GPUs that hold as many as they can.
fn by_filling(room: &Room, shape: &Pod) -> u64 {
    let mut order: Vec<u8> = (0..room.spec().gpus()).collect();
    order.sort_by_key(|gpu| core::cmp::Reverse(room.gpu_milli()[usize::from(*gpu)]));
    let mut filled = *room;
    for gpu in order {
        let at = usize::from(gpu);
        while filled.fits(shape) && filled.gpu_milli()[at] >= shape.gpu_milli() {
            filled = filled.after(shape, gpu);
        }
    }
    let gpus = filled.gpu_milli().iter().zip(room.gpu_milli());
    let full = |left: u16, before: u16| left < before && left < shape.gpu_milli();
    gpus.filter(|(left, before)| !full(**left, **before)).map(|(left, _)| u64::from(*left)).sum()
}

#[test]
fn the_remainder_is_what_filling_leaves() {
    let mut rng = Rng::new(3);
    for _ in 0..if cfg!(miri) { 5 } else { 500 } {
        let left: Vec<u16> =
            (0..1 + rng.below(8))
                .map(|_| {
                    if rng.below(2) == 0 { 1_000 } else { u16::try_from(rng.below(1_001)).unwrap() }
                })
                .collect();
        let cpu = u32::try_from(1 + rng.below(40_000)).unwrap();
        let (gpus, milli) = match rng.below(2) {
            0 => (u8::try_from(1 + rng.below(4)).unwrap(), 1_000),
            _ => (1, u16::try_from(1 + rng.below(999)).unwrap()),
        };
        let shape = Pod::new(cpu, 1 + cpu / 100, gpus, milli).unwrap();
        let room = room(&left);
        let expected = by_filling(&room, &shape);
        assert_eq!(remainder(&room, &Mix::new([shape])), expected, "{left:?} {shape:?}");
    }
}

#[test]
fn the_remainder_sees_cpu_run_out() {
    let hungry = Pod::new(40_000, 1, 1, 1_000).unwrap();
    let share = Pod::new(40_000, 1, 1, 300).unwrap();
    let room = Room::new(node(8));
    // Two of them, and six idle GPUs that nobody can use. FGD sees nothing.
    assert_eq!(remainder(&room, &Mix::new([hungry])), 6_000);
    assert_eq!(fragmentation(&room, &Mix::new([hungry])), 0);
    // Two shares of 300 do not fill one GPU.
    assert_eq!(remainder(&room, &Mix::new([share])), 7_400);
    // Pods without GPUs and for other models say nothing.
    let elsewhere = hungry.on(super::models(&[7]));
    assert_eq!(remainder(&room, &Mix::new([pod(0, 0), elsewhere])), 0);
}
