//! The adaptive policy: its bins, its plan against a plain search, its rules.

use super::{FUNCTION, PROFILE, after, fresh, minutes, seconds, windows};
use crate::function::keep_alive::gaps::{self, BINS};
use crate::function::keep_alive::plan::{Costs, Weights, plan};
use crate::function::keep_alive::{Adaptive, Gap, KeepAlive, Profile, Window};
use crate::rng::Rng;
use crate::time::{Duration, Instant};

#[test]
fn bins_follow_one_another_and_are_a_tenth_long() {
    assert_eq!(gaps::begin(0), Duration::ZERO);
    for bin in 0..BINS {
        let (begin, end) = (gaps::begin(bin), gaps::end(bin));
        assert_eq!(gaps::bin(begin), Some(bin));
        assert_eq!(gaps::bin(Duration::from_nanos(end.as_nanos() - 1)), Some(bin));
        if bin > 0 {
            assert_eq!(begin, gaps::end(bin - 1));
            let share = gaps::length_s(bin) / begin.as_secs_f64();
            assert!((0.066..=0.1251).contains(&share), "bin {bin}: {share}");
        }
    }
    assert_eq!(gaps::bin(gaps::end(BINS - 1)), None);
    assert_eq!(gaps::bin(Duration::MAX), None);
}

/// What a set of warm bins costs, written down plainly.
fn cost(weights: &Weights, costs: Costs, warm: impl Fn(usize) -> bool) -> f64 {
    let mut total = 0.0;
    for bin in 0..BINS {
        let beyond: f64 = weights.bins[bin + 1..].iter().sum::<f64>() + weights.beyond;
        let ends = weights.bins[bin];
        if warm(bin) {
            total += costs.second * gaps::length_s(bin) * (beyond + ends / 2.0);
        } else {
            total += ends;
        }
        if bin > 0 && warm(bin) && !warm(bin - 1) {
            total += costs.restart * (beyond + ends);
        }
    }
    total
}

/// Which bins are warm by the windows, without lead.
fn warm_bins(found: &[Window]) -> Vec<bool> {
    let inside = |bin: usize| {
        let holds = |it: &Window| it.from <= gaps::begin(bin) && it.until >= gaps::end(bin);
        found.iter().any(holds)
    };
    (0..BINS).map(inside).collect()
}

#[test]
fn no_change_of_one_or_two_stretches_makes_the_plan_cheaper() {
    let mut rng = Rng::stream(5, 0);
    for round in 0..40 {
        let mut weights = Weights { bins: [0.0; BINS], beyond: rng.uniform() * 3.0 };
        for _ in 0..1 + round % 7 {
            let bin = usize::try_from(rng.below(BINS as u64)).unwrap();
            weights.bins[bin] += rng.uniform() * 10.0;
        }
        let costs = Costs {
            second: 10f64.powf(-4.0 * rng.uniform()),
            restart: 0.3 * rng.uniform(),
            lead: Duration::ZERO,
        };
        let mut found = vec![];
        plan(&weights, costs, &mut found);
        let best = warm_bins(&found);
        let least = cost(&weights, costs, |bin| best[bin]);
        for from in (0..BINS).step_by(3) {
            for until in (from + 1..=BINS).step_by(5) {
                for value in [false, true] {
                    let changed =
                        |bin| if (from..until).contains(&bin) { value } else { best[bin] };
                    let other = cost(&weights, costs, changed);
                    assert!(least <= other * (1.0 + 1e-9) + 1e-12, "round {round}: {found:?}");
                }
            }
        }
    }
}

#[test]
fn a_timer_is_unloaded_and_loaded_again_in_time() {
    let mut rules = after(Adaptive::new(3_000.0), [minutes(60); 30]);
    let found = windows(&mut rules, 1);
    let around = found.iter().find(|it| it.from <= minutes(60) && minutes(60) < it.until);
    let around = around.expect("it is warm when the timer calls");
    assert!(around.from > minutes(40) && around.until < minutes(90), "{found:?}");
    assert!(found[0].until < minutes(10) || found[0].from > minutes(40), "{found:?}");
}

#[test]
fn the_start_ahead_begins_a_cold_start_before_the_bin() {
    let slow = Profile { cold_start: seconds(40), ..PROFILE };
    let from = |profile| {
        let mut rules = after(Adaptive::new(3_000.0), [minutes(60); 30]);
        rules.adopt(FUNCTION, profile);
        let found = windows(&mut rules, 1);
        found.iter().find(|it| it.until > minutes(60)).unwrap().from.as_nanos()
    };
    assert_eq!(from(PROFILE) - from(slow), seconds(39).as_nanos());
}

#[test]
fn a_busy_level_is_kept_and_its_long_tail_is_not() {
    let mut rules = after(Adaptive::new(30.0), [seconds(2); 200]);
    let found = windows(&mut rules, 1);
    assert_eq!(found[0].from, Duration::ZERO);
    assert!(found[0].until > seconds(2) && found[0].until < seconds(60), "{found:?}");
}

#[test]
fn what_a_cold_start_is_worth_buys_time() {
    let gaps = || (0..200).map(|n| seconds(1 + n % 40 * 5));
    let kept = |gb_seconds| {
        let found = windows(&mut after(Adaptive::new(gb_seconds), gaps()), 1);
        found.iter().map(|it| it.until.as_nanos() - it.from.as_nanos()).sum::<u64>()
    };
    let bought = [0.1, 1.0, 10.0, 100.0, 1000.0].map(kept);
    assert!(bought.is_sorted(), "{bought:?}");
    assert!(bought[0] < bought[4]);
}

#[test]
fn a_large_instance_is_kept_for_less_long() {
    let kept = |memory_mib| {
        let mut rules = after(Adaptive::new(300.0), (0..200).map(|n| seconds(1 + n % 40 * 5)));
        rules.adopt(FUNCTION, Profile { memory_mib, ..PROFILE });
        windows(&mut rules, 1)[0].until
    };
    assert!(kept(128) > kept(4096));
}

#[test]
fn an_unknown_function_borrows_from_the_known_ones() {
    let gap = |function, idle_for| Gap { function, level: 1, idle_for };
    let mut rules = Adaptive::new(30.0);
    rules.adopt(1_000, PROFILE);
    let before = rules.window(Instant::ZERO, gap(1_000, Duration::ZERO));
    for function in 0..50 {
        rules.adopt(function, PROFILE);
        for _ in 0..20 {
            rules.handle_rise(Instant::ZERO, function, 1, Some(seconds(45)));
        }
    }
    let until = |window: Option<Window>| window.map_or(Duration::ZERO, |it| it.until);
    let after = until(rules.window(Instant::ZERO, gap(1_000, Duration::ZERO)));
    assert!(after > seconds(45) && after > until(before), "{after:?} against {before:?}");
}

#[test]
fn old_habits_fade() {
    let mut rules = after(Adaptive::new(30.0), [minutes(10); 2_000]);
    for _ in 0..2_000 {
        rules.handle_rise(Instant::ZERO, FUNCTION, 1, Some(seconds(1)));
    }
    let found = windows(&mut rules, 1);
    assert!(found.iter().all(|it| it.until < minutes(5)), "{found:?}");
}

#[test]
fn worth_is_the_chance_of_being_needed_next() {
    let mut rules = after(Adaptive::new(30.0), [minutes(10); 50]);
    let worth =
        |rules: &dyn KeepAlive, idle_for| rules.worth(Instant::ZERO, Gap { idle_for, ..fresh(1) });
    assert!(worth(&rules, minutes(10)) > worth(&rules, minutes(1)));
    assert_eq!(worth(&rules, Duration::MAX), 0.0);
    let at_ten = worth(&rules, minutes(10));
    rules.adopt(FUNCTION, Profile { memory_mib: 2048, ..PROFILE });
    assert_eq!(worth(&rules, minutes(10)), at_ten / 2.0, "twice as large, half as dear");
}

#[test]
fn any_worth_of_a_cold_start_is_brought_into_range() {
    for gb_seconds in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
        let mut rules = after(Adaptive::new(gb_seconds), [seconds(5); 40]);
        let _ = windows(&mut rules, 1);
    }
}
