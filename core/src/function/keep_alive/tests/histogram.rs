//! The hybrid histogram, rule by rule.

use super::{after, fresh, minutes, seconds, windows};
use crate::function::keep_alive::{Histogram, KeepAlive, Window};
use crate::time::{Duration, Instant};

#[test]
fn nothing_known_is_kept_for_four_hours() {
    let mut rules = after(Histogram::new(), []);
    assert_eq!(windows(&mut rules, 1), [Window::for_the_first(minutes(240))]);
}

#[test]
fn a_pattern_is_unloaded_at_once_and_loaded_before_the_next_request() {
    // All in bin 10: the 5th percentile is 10 minutes less a tenth, the 99th
    // the end of the bin and a tenth.
    let mut rules = after(Histogram::new(), [minutes(10); 20]);
    let window = Window { from: minutes(9), until: seconds(11 * 66) };
    assert_eq!(windows(&mut rules, 1), [window]);
}

#[test]
fn percentiles_leave_out_a_twentieth_below_and_a_hundredth_above() {
    // 4 % of idle times in bin 2, 95 % in bin 20, 1 % in bin 200.
    let gaps = [(2, 4), (20, 95), (200, 1)];
    let gaps = gaps.into_iter().flat_map(|(bin, times)| vec![minutes(bin); times]);
    let mut rules = after(Histogram::new(), gaps);
    let window = Window { from: minutes(18), until: seconds(21 * 66) };
    assert_eq!(windows(&mut rules, 1), [window]);
}

#[test]
fn short_idle_times_are_never_unloaded() {
    let mut rules = after(Histogram::new(), [seconds(59); 9]);
    assert_eq!(windows(&mut rules, 1), [Window::for_the_first(seconds(66))]);
}

#[test]
fn even_bins_say_nothing() {
    // One idle time in each of 240 bins: the coefficient of variation is 0.
    let mut rules = after(Histogram::new(), (0..240).map(minutes));
    assert_eq!(windows(&mut rules, 1), [Window::for_the_first(minutes(240))]);
}

#[test]
fn the_threshold_of_evenness_is_two() {
    // n of 240 bins with one idle time each: CV^2 = 240 / n - 1, which is 4 at 48.
    let count = |n: u64| windows(&mut after(Histogram::new(), (60..60 + n).map(minutes)), 1);
    assert_ne!(count(48), [Window::for_the_first(minutes(240))]);
    assert_eq!(count(49), [Window::for_the_first(minutes(240))]);
}

#[test]
fn long_idle_times_are_forecast() {
    // Half of them or more are 4 hours or longer.
    let mut rules = after(Histogram::new(), [minutes(5), minutes(300)]);
    let window = Window { from: minutes(255), until: minutes(345) };
    assert_eq!(windows(&mut rules, 1), [window]);
    // Smoothed: the next is the mean of the forecast and what came.
    let mut rules = after(Histogram::new(), [minutes(300), minutes(400)]);
    let window = Window { from: seconds(17_850), until: seconds(24_150) };
    assert_eq!(windows(&mut rules, 1), [window]);
    // Fewer than half: the histogram decides.
    let mut rules = after(Histogram::new(), [minutes(5), minutes(5), minutes(300)]);
    assert_eq!(windows(&mut rules, 1)[0].from, seconds(270));
}

#[test]
fn a_request_that_finds_the_function_busy_has_idled_for_nothing() {
    let mut rules = after(Histogram::new(), [minutes(10); 10]);
    assert_eq!(windows(&mut rules, 1)[0].from, minutes(9));
    for _ in 0..1_000 {
        rules.handle_rise(Instant::ZERO, super::FUNCTION, 2, Some(minutes(100)));
    }
    // 1,000 of 1,010 are in bin 0 now, the rest still within the 99th percentile.
    let window = Window::for_the_first(seconds(66));
    assert_eq!(rules.window(Instant::ZERO, fresh(1)), Some(window));
}

#[test]
fn levels_and_functions() {
    let mut rules = after(Histogram::new(), [minutes(10); 20]);
    let first = rules.window(Instant::ZERO, fresh(1));
    assert_eq!(rules.window(Instant::ZERO, fresh(2)), first, "a function has one histogram");
    let other = super::Gap { function: 9, level: 1, idle_for: Duration::ZERO };
    let unknown = Some(Window::for_the_first(minutes(240)));
    assert_eq!(rules.window(Instant::ZERO, other), unknown, "functions do not mix");
}
