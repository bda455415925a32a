//! The queue beside a sorted list, and the shapes that move events most.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;

use proptest::prelude::*;

use super::{Event, EventQueue, RadixQueue};
use crate::time::Instant;

/// One call. Times are counted from the last time taken.
#[derive(Clone, Copy, Debug)]
enum Action {
    PushRequest(u64),
    PushExpiry(u64),
    /// Takes events up to a time.
    Pop(u64),
}

/// Lengths of time of every magnitude, and few enough of each that instants meet.
fn length() -> impl Strategy<Value = u64> {
    (0_u32..64, 0_u64..4, any::<bool>())
        .prop_map(|(bits, below, over)| (1_u64 << bits).wrapping_sub(u64::from(!over)) ^ below)
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => length().prop_map(Action::PushRequest),
        3 => length().prop_map(Action::PushExpiry),
        4 => length().prop_map(Action::Pop),
    ]
}

/// Plays actions on the queue and on a binary heap of (time, class, number).
fn check(actions: impl IntoIterator<Item = Action>) {
    let mut queue = EventQueue::new();
    let mut heap = BinaryHeap::new();
    let mut now = 0_u64;
    for (number, action) in actions.into_iter().enumerate() {
        match action {
            Action::PushRequest(after) => {
                let at = now.saturating_add(after);
                queue.push_request(Instant::from_nanos(at), number);
                heap.push(Reverse((at, 0, number)));
            }
            Action::PushExpiry(after) => {
                let at = now.saturating_add(after);
                queue.push_expiry(Instant::from_nanos(at), number);
                heap.push(Reverse((at, 1, number)));
            }
            Action::Pop(after) => {
                let until = now.saturating_add(after);
                now = pop(&mut queue, &mut heap, until).unwrap_or(until);
            }
        }
    }
    while pop(&mut queue, &mut heap, u64::MAX).is_some() {}
}

type Pending = BinaryHeap<Reverse<(u64, u8, usize)>>;

/// The next event by both, which must be the same, and its time.
fn pop(queue: &mut EventQueue<usize, usize>, heap: &mut Pending, until: u64) -> Option<u64> {
    let due = heap.peek().is_some_and(|Reverse((at, ..))| *at <= until);
    let expected = if due { heap.pop() } else { None };
    let taken = queue.pop_until(Instant::from_nanos(until)).map(|(at, event)| match event {
        Event::Request(number) => (at.as_nanos(), 0, number),
        Event::Expiry(number) => (at.as_nanos(), 1, number),
    });
    assert_eq!(taken, expected.map(|Reverse(event)| event));
    taken.map(|(at, ..)| at)
}

proptest! {
    #[test]
    fn any_calls_give_what_a_binary_heap_gives(
        actions in prop::collection::vec(action(), 0..2_000),
    ) {
        check(actions);
    }

    /// Many pushes within one front and few pops: the front goes back to
    /// buckets again and again.
    #[test]
    fn bursts_into_the_front_come_out_in_order(
        bursts in prop::collection::vec((0_u64..1 << 20, 0_usize..400, 0_u64..1 << 22), 1..20),
        spread in 1_u64..1 << 12,
    ) {
        let burst = |&(after, events, until): &(u64, usize, u64)| {
            let push = move |event| Action::PushRequest(after + event as u64 * 7_919 % spread);
            (0..events).map(push).chain([Action::Pop(until)])
        };
        check(bursts.iter().flat_map(burst));
    }
}

fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

#[test]
fn events_come_by_time_then_class_then_order_of_scheduling() {
    let mut queue = EventQueue::new();
    queue.push_expiry(at(5), 'd');
    queue.push_request(at(5), 'b');
    queue.push_request(at(7), 'f');
    queue.push_request(at(5), 'c');
    queue.push_expiry(at(1), 'a');
    queue.push_expiry(at(5), 'e');
    let all = core::iter::from_fn(|| queue.pop_until(Instant::MAX));
    let all: Vec<_> = all
        .map(|(at, Event::Request(payload) | Event::Expiry(payload))| (at.as_nanos(), payload))
        .collect();
    assert_eq!(all, [(1, 'a'), (5, 'b'), (5, 'c'), (5, 'd'), (5, 'e'), (7, 'f')]);
}

#[test]
fn an_event_after_the_limit_stays() {
    let mut queue = EventQueue::<char, char>::new();
    queue.push_request(at(5), 'a');
    assert_eq!(queue.pop_until(at(4)), None);
    assert_eq!(queue.pop_until(at(5)), Some((at(5), Event::Request('a'))));
    assert_eq!(queue.pop_until(Instant::MAX), None);
}

#[test]
fn an_event_at_the_end_of_time_is_taken() {
    let mut queue = EventQueue::new();
    for number in 0..1_000 {
        queue.push_expiry(Instant::MAX, number);
        queue.push_request(at(u64::MAX - number % 300), number);
    }
    let mut last = (Instant::ZERO, false);
    let mut taken = 0;
    while let Some((at, event)) = queue.pop_until(Instant::MAX) {
        let next = (at, matches!(event, Event::Expiry(_)));
        assert!(next >= last);
        (last, taken) = (next, taken + 1);
    }
    assert_eq!(taken, 2_000);
}

#[test]
fn times_before_the_last_taken_are_kept_in_order_too() {
    let mut queue = RadixQueue::new();
    for number in 0..10_000_u64 {
        queue.push(at(number << 20), number);
    }
    assert_eq!(queue.pop_until(at(5_000 << 20)).map(|(_, number)| number), Some(0));
    while queue.pop_until(at(5_000 << 20)).is_some() {}
    for number in 0..500_u64 {
        queue.push(at(number * 7_919 % 500), number);
    }
    let mut last = Instant::ZERO;
    for _ in 0..500 + 4_999 {
        let (at, _) = queue.pop_until(Instant::MAX).expect("none is lost");
        assert!(at >= last);
        last = at;
    }
    assert_eq!(queue.pop_until(Instant::MAX), None);
}
