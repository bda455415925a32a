//! Floor rounds up, ceiling down.

use crate::service::{Bounds, Percents, PercentsError};

fn bounds(desired: u32, min_healthy_percent: u32, max_percent: u32) -> Bounds {
    Percents { min_healthy_percent, max_percent }.bounds(desired)
}

#[test]
fn the_floor_rounds_up_and_the_ceiling_down() {
    // 75 % of 2 is 1.5: none may stop. 125 % of 3 is 3.75: none may start.
    assert_eq!(bounds(2, 75, 200).floor, 2);
    assert_eq!(bounds(3, 100, 125).ceiling, 3);
    assert_eq!(bounds(4, 50, 150), Bounds { desired: 4, floor: 2, ceiling: 6 });
    assert_eq!(bounds(1, 1, 199), Bounds { desired: 1, floor: 1, ceiling: 1 });
    assert_eq!(bounds(0, 100, 200), Bounds { desired: 0, floor: 0, ceiling: 0 });
}

#[test]
fn the_defaults_are_those_of_ecs() {
    assert_eq!(Percents::REPLICA.bounds(4), Bounds { desired: 4, floor: 4, ceiling: 8 });
    assert_eq!(Percents::DAEMON.bounds(4), Bounds { desired: 4, floor: 0, ceiling: 4 });
}

#[test]
fn large_counts_saturate() {
    assert_eq!(bounds(u32::MAX, 100, Percents::MAX).ceiling, u32::MAX);
    assert_eq!(bounds(u32::MAX, 100, 100).floor, u32::MAX);
}

#[test]
fn percentages_out_of_range_are_named() {
    let check =
        |min_healthy_percent, max_percent| Percents { min_healthy_percent, max_percent }.check();
    assert_eq!(check(101, 200), Err(PercentsError::MinHealthy { value: 101 }));
    assert_eq!(check(100, 99), Err(PercentsError::Max { value: 99 }));
    assert_eq!(check(0, Percents::MAX + 1), Err(PercentsError::Max { value: Percents::MAX + 1 }));
    assert!(check(100, 100).is_ok());
    assert_eq!(
        PercentsError::Max { value: 99 }.to_string(),
        "maximumPercent is 99: it must be 100 to 1000000"
    );
}
