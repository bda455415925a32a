//! loom: takes beside takes, looks and settings, and broken twins.
//!
//! Each model is judged by the plain bucket: some order of all takes in which
//! it gives the same answers, each at its own time.

use loom::sync::Arc;
use loom::thread;

use crate::concurrency::{Rate, TokenBucket};
use crate::sync::Ordering;
use crate::sync::model;
use crate::time::{Duration, Instant};

const INTERVAL: u64 = 10;

fn bucket(burst: u32) -> TokenBucket {
    let per = Duration::from_nanos(INTERVAL);
    TokenBucket::new(Rate { count: 1, per, burst }).unwrap()
}

/// The state of the plain bucket after a take at `now`, if it has a token.
fn plain(full_at: u64, now: u64, burst: u64) -> Option<u64> {
    (full_at <= now + (burst - 1) * INTERVAL).then(|| full_at.max(now) + INTERVAL)
}

/// Some order of the threads' takes explains the answers and the word left.
fn explained(full_at: u64, burst: u64, logs: &[&[(u64, bool)]], left: u64) -> bool {
    if logs.iter().all(|log| log.is_empty()) {
        return full_at == left;
    }
    (0..logs.len()).any(|thread| {
        let Some((&(now, taken), rest)) = logs[thread].split_first() else {
            return false;
        };
        let after = plain(full_at, now, burst);
        let mut logs = logs.to_vec();
        logs[thread] = rest;
        after.is_some() == taken && explained(after.unwrap_or(full_at), burst, &logs, left)
    })
}

type Take = fn(&TokenBucket, u64) -> bool;

fn real(bucket: &TokenBucket, now: u64) -> bool {
    bucket.take(Instant::from_nanos(now)).is_ok()
}

/// Threads that take at these times, by `take`.
fn takes(burst: u32, times: &'static [&'static [u64]], take: Take) {
    model::model(times.len(), move |touches| {
        let bucket = Arc::new(bucket(burst));
        let run = move |bucket: &TokenBucket, thread: usize| {
            let touch = touches.of(thread);
            times[thread]
                .iter()
                .map(move |&now| {
                    touch.all([&bucket.full_at]);
                    (now, take(bucket, now))
                })
                .collect::<Vec<_>>()
        };
        let others: Vec<_> = (1..times.len())
            .map(|thread| {
                let bucket = Arc::clone(&bucket);
                thread::spawn(move || run(&bucket, thread))
            })
            .collect();
        let mut logs = vec![run(&bucket, 0)];
        logs.extend(others.into_iter().map(|thread| thread.join().unwrap()));
        let views: Vec<_> = logs.iter().map(Vec::as_slice).collect();
        let left = bucket.full_at.load(Ordering::Relaxed);
        assert!(explained(0, burst.into(), &views, left), "no order explains {logs:?}, {left}");
    });
}

#[test]
fn loom_rate_two_threads_take_each_token_once() {
    takes(1, &[&[100], &[100]], real);
    takes(2, &[&[100, 100], &[100]], real);
    takes(1, &[&[100], &[105, 110]], real);
}

#[test]
fn loom_rate_clocks_that_differ_are_one_order_of_takes() {
    takes(1, &[&[100, 120], &[90]], real);
    takes(2, &[&[100], &[85, 101]], real);
}

#[test]
fn loom_rate_three_threads_take_two_tokens() {
    takes(2, &[&[100], &[100], &[100]], real);
}

/// A take that looks first and raises afterwards takes a token twice.
fn look_then_add(bucket: &TokenBucket, now: u64) -> bool {
    let has = bucket.look(Instant::from_nanos(now)).is_ok();
    if has {
        bucket.full_at.fetch_max(now, Ordering::Relaxed);
        bucket.full_at.fetch_add(INTERVAL, Ordering::Relaxed);
    }
    has
}

/// One that stores what it computed forgets the other's take.
fn store(bucket: &TokenBucket, now: u64) -> bool {
    let seen = bucket.full_at.fetch_add(0, Ordering::Relaxed);
    let after = plain(seen, now, 2);
    if let Some(after) = after {
        bucket.full_at.swap(after, Ordering::Relaxed);
    }
    after.is_some()
}

/// One that writes by its own time lets the word fall: time goes back.
fn without_max(bucket: &TokenBucket, now: u64) -> bool {
    let mut seen = bucket.full_at.load(Ordering::Relaxed);
    loop {
        if plain(seen, now, 2).is_none() {
            return false;
        }
        let after = now + INTERVAL;
        let order = Ordering::Relaxed;
        match bucket.full_at.compare_exchange(seen, after, order, order) {
            Ok(_) => return true,
            Err(now) => seen = now,
        }
    }
}

#[test]
#[should_panic(expected = "no order explains")]
fn loom_broken_rate_look_then_add() {
    takes(1, &[&[100], &[100]], look_then_add);
}

#[test]
#[should_panic(expected = "no order explains")]
fn loom_broken_rate_store() {
    takes(2, &[&[100], &[100]], store);
}

#[test]
#[should_panic(expected = "no order explains")]
fn loom_broken_rate_without_max() {
    takes(2, &[&[100], &[100]], without_max);
}

/// While the owner changes the rate, a take is judged by one of the two rates
/// or by their words mixed; with equal bursts of time these are two.
#[test]
fn loom_rate_a_change_beside_takes_keeps_the_tighter_bound() {
    model::model(2, |touches| {
        let bucket = Arc::new(bucket(2));
        let other = {
            let bucket = Arc::clone(&bucket);
            thread::spawn(move || {
                let touch = touches.of(1);
                [100, 100, 100].map(|now| {
                    touch.all([&bucket.full_at]);
                    real(&bucket, now)
                })
            })
        };
        let per = Duration::from_nanos(2 * INTERVAL);
        bucket.set(Some(Rate { count: 1, per, burst: 1 })).unwrap();
        let taken = other.join().unwrap().into_iter().filter(|&taken| taken).count();
        assert!((1..=2).contains(&taken), "{taken} of a burst of 2 or 1");
        let left = bucket.full_at.load(Ordering::Relaxed);
        assert!((110..=130).contains(&left), "{left}");
    });
}
