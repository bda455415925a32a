//! What stays until memory is short, and what goes first.

use super::{PROFILE, minutes, seconds};
use crate::function::keep_alive::{Fixed, Gap, GreedyDual, KeepAlive, Lru, Profile, Window};
use crate::time::{Duration, Instant};

const NOW: Instant = Instant::ZERO;

fn idle(function: u32, level: u32, idle_for: Duration) -> Gap {
    Gap { function, level, idle_for }
}

#[test]
fn fixed_is_one_time_for_all() {
    let mut rules = Fixed::new(seconds(600));
    rules.adopt(0, PROFILE);
    for level in [1, 2, 50] {
        assert_eq!(rules.window(NOW, idle(0, level, Duration::ZERO)).unwrap().until, seconds(600));
    }
    let late = idle(0, 1, seconds(600));
    assert!(rules.window(NOW, late).unwrap().until <= late.idle_for, "nothing comes after it");
}

#[test]
fn lru_ranks_by_idle_time() {
    let mut rules = Lru::new(Duration::MAX);
    assert_eq!(rules.window(NOW, idle(0, 1, Duration::ZERO)), Some(Window::ALWAYS));
    let worth = |idle_for| rules.worth(NOW, idle(0, 1, idle_for));
    assert!(worth(minutes(2)) < worth(minutes(1)));
    let mut bounded = Lru::new(minutes(10));
    assert_eq!(bounded.window(NOW, idle(0, 1, Duration::ZERO)).unwrap().until, minutes(10));
}

/// Functions 0 and 1 with their memory and cold start.
fn greedy(memory_mib: [u32; 2], cold_start: [Duration; 2]) -> GreedyDual {
    let mut rules = GreedyDual::new();
    for function in 0..2u32 {
        let at = function as usize;
        let profile = Profile { memory_mib: memory_mib[at], cold_start: cold_start[at] };
        rules.adopt(function, profile);
        rules.handle_rise(NOW, function, 1, None);
    }
    rules
}

fn worths(rules: &GreedyDual) -> [f64; 2] {
    [0, 1].map(|function| rules.worth(NOW, idle(function, 1, Duration::ZERO)))
}

#[test]
fn greedy_dual_weighs_frequency_cost_and_size() {
    // 1 request, 1 s, 1 GB: priority 1; four times the memory: a quarter.
    assert_eq!(worths(&greedy([1024, 4096], [seconds(1); 2])), [1.0, 0.25]);
    assert_eq!(worths(&greedy([1024, 1024], [seconds(1), seconds(3)])), [1.0, 3.0]);
    let mut often = greedy([1024, 1024], [seconds(1); 2]);
    often.handle_rise(NOW, 1, 1, Some(seconds(5)));
    assert_eq!(worths(&often), [1.0, 2.0]);
}

#[test]
fn greedy_dual_ages_what_is_not_used() {
    let mut rules = greedy([1024, 1024], [seconds(5), seconds(1)]);
    assert_eq!(worths(&rules), [5.0, 1.0]);
    // Victims of priority 6 went; 1 was used since, 0 was not.
    rules.handle_eviction(7, 6.0, true);
    rules.handle_rise(NOW, 1, 1, Some(seconds(5)));
    assert_eq!(worths(&rules), [5.0, 8.0]);
    // The clock never goes back.
    rules.handle_eviction(7, 2.0, true);
    rules.handle_rise(NOW, 1, 1, Some(seconds(5)));
    assert_eq!(worths(&rules), [5.0, 9.0]);
}

#[test]
fn greedy_dual_forgets_the_frequency_of_what_is_gone() {
    let mut rules = greedy([1024, 1024], [seconds(1); 2]);
    rules.handle_rise(NOW, 0, 2, None);
    assert_eq!(worths(&rules)[0], 2.0);
    rules.handle_eviction(0, 2.0, false);
    assert_eq!(worths(&rules)[0], 2.0, "it has another instance");
    rules.handle_eviction(0, 2.0, true);
    rules.handle_rise(NOW, 0, 1, Some(seconds(1)));
    assert_eq!(worths(&rules)[0], 3.0, "clock 2, one request");
}
