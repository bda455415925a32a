//! Triggers against plain lists: an asynchronous queue does exactly what the rules
//! say, in order, and each event ends once; a polled source takes every message
//! once and never more batches than it may.
#![cfg(feature = "alloc")]

extern crate alloc;

use alloc::collections::BTreeMap;

use proptest::prelude::*;
use warmstow_core::time::{Duration, Instant};
use warmstow_core::trigger::*;

fn at(seconds: u64) -> Instant {
    Instant::from_secs(seconds)
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Accept,
    End(usize, Outcome),
    Time(u64),
    Stopped(bool),
    Config(u8, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![
        1 => Just(Outcome::Succeeded),
        2 => Just(Outcome::Failed),
        2 => Just(Outcome::Throttled)
    ];
    let step = prop_oneof![
        4 => Just(Step::Accept),
        6 => (any::<usize>(), outcome).prop_map(|(place, outcome)| Step::End(place, outcome)),
        4 => (0_u64..200).prop_map(Step::Time),
        1 => any::<bool>().prop_map(Step::Stopped),
        1 => (0_u8..=2, 60_u64..400).prop_map(|(retries, age)| Step::Config(retries, age)),
    ];
    prop::collection::vec(step, 1..100)
}

/// An event by the rules: seconds.
#[derive(Clone, Copy, Debug)]
struct Event {
    accepted: u64,
    errors: u8,
    backoff: u64,
    due: Option<u64>,
}

/// The rules, written down plainly.
struct Rules {
    config: AsyncConfig,
    stopped: bool,
    events: BTreeMap<u64, Event>,
    next: u64,
    actions: Vec<AsyncAction>,
}

impl Rules {
    fn age(&self) -> u64 {
        self.config.max_age.as_nanos() / 1_000_000_000
    }

    fn leave(&mut self, key: u64, condition: Condition) {
        self.events.remove(&key).unwrap();
        let event = EventKey(key);
        let all = self.config.destinations;
        let to = if condition == Condition::Success {
            vec![(all.on_success, Destination::OnSuccess)]
        } else {
            vec![
                (all.on_failure, Destination::OnFailure),
                (all.dead_letter, Destination::DeadLetter),
            ]
        };
        let wanted: Vec<Destination> =
            to.into_iter().filter(|(set, _)| *set).map(|(_, to)| to).collect();
        if wanted.is_empty() {
            self.actions.push(AsyncAction::Forget { event, condition });
        }
        for to in wanted {
            self.actions.push(AsyncAction::Deliver { event, to, condition });
        }
    }

    fn time(&mut self, now: u64) {
        loop {
            let age = self.age();
            let wakes = |of: &Event| Some(of.due?.min(of.accepted + age));
            let first = self.events.iter().filter_map(|(key, of)| Some((wakes(of)?, *key))).min();
            let Some((_, key)) = first.filter(|(at, _)| *at <= now) else { return };
            let of = self.events.get_mut(&key).unwrap();
            if of.accepted + age <= now {
                self.leave(key, Condition::EventAgeExceeded);
            } else if self.stopped {
                self.leave(key, Condition::ZeroReservedConcurrency);
            } else {
                of.due = None;
                let (event, attempt) = (EventKey(key), of.errors + 1);
                self.actions.push(AsyncAction::Invoke { event, attempt });
            }
        }
    }

    fn end(&mut self, now: u64, key: u64, outcome: Outcome) {
        let age = self.age();
        let of = self.events.get_mut(&key).unwrap();
        match outcome {
            Outcome::Succeeded => self.leave(key, Condition::Success),
            Outcome::Failed => {
                of.errors += 1;
                of.backoff = 1;
                if of.errors > self.config.retries && of.accepted + age <= now {
                    self.leave(key, Condition::EventAgeExceeded);
                } else if of.errors > self.config.retries {
                    self.leave(key, Condition::RetriesExhausted);
                } else {
                    of.due = Some(now + if of.errors == 1 { 60 } else { 120 });
                }
            }
            Outcome::Throttled => {
                of.due = Some(now + of.backoff);
                of.backoff = (of.backoff * 2).min(300);
            }
        }
        self.time(now);
    }
}

proptest! {
    #[test]
    fn an_asynchronous_queue_follows_the_rules_to_the_letter(
        steps in steps(),
        capacity in 1_u32..6,
        (on_success, on_failure, dead_letter) in any::<(bool, bool, bool)>(),
    ) {
        let destinations = Destinations { on_success, on_failure, dead_letter };
        let config = AsyncConfig { capacity, destinations, ..AsyncConfig::default() };
        let mut queue = AsyncQueue::new(config).unwrap();
        let mut rules = Rules {
            config,
            stopped: false,
            events: BTreeMap::new(),
            next: 0,
            actions: vec![],
        };
        let mut now = 0;
        for step in steps {
            match step {
                Step::Accept => {
                    let accepted = queue.accept(at(now));
                    if rules.events.len() >= capacity as usize {
                        prop_assert_eq!(accepted, Err(QueueFull { capacity }));
                    } else {
                        rules.next += 1;
                        prop_assert_eq!(accepted, Ok(EventKey(rules.next)));
                        let event = Event { accepted: now, errors: 0, backoff: 1, due: Some(now) };
                        rules.events.insert(rules.next, event);
                        rules.time(now);
                    }
                }
                Step::End(place, outcome) => {
                    let flying = rules.events.iter().filter(|(_, of)| of.due.is_none());
                    let flying: Vec<u64> = flying.map(|(key, _)| *key).collect();
                    if let Some(&key) = flying.get(place % flying.len().max(1)) {
                        queue.handle_outcome(at(now), EventKey(key), outcome).unwrap();
                        rules.end(now, key, outcome);
                    }
                }
                Step::Time(seconds) => {
                    // At each deadline on the way, as a host does.
                    let end = now + seconds;
                    while let Some(due) = queue.next_deadline().filter(|due| *due <= at(end)) {
                        queue.handle_time(due);
                        rules.time(due.as_nanos() / 1_000_000_000);
                    }
                    now = end;
                }
                Step::Stopped(stopped) => {
                    queue.set_stopped(at(now), stopped);
                    rules.stopped = stopped;
                    rules.time(now);
                }
                Step::Config(retries, age) => {
                    let max_age = Duration::from_secs(age);
                    let config = AsyncConfig { retries, max_age, ..rules.config };
                    queue.set_config(at(now), config).unwrap();
                    rules.config = config;
                    rules.time(now);
                }
            }
            let actions: Vec<AsyncAction> =
                core::iter::from_fn(|| queue.poll_action()).collect();
            prop_assert_eq!(actions, core::mem::take(&mut rules.actions));
            let metrics = queue.metrics();
            prop_assert_eq!(queue.len(), rules.events.len());
            let ended = metrics.succeeded + metrics.dropped;
            prop_assert_eq!(metrics.received, ended + queue.len() as u64);
        }
    }

    #[test]
    fn a_polled_source_takes_each_message_once_and_no_more_batches_than_it_may(
        steps in prop::collection::vec((0_u8..4, 0_u64..500), 1..120),
        batch_size in 1_u32..30,
        maximum_concurrency in prop::option::of(2_u32..12),
    ) {
        let scaling = PollerScaling { initial: 3, per_minute: 4, most: 20 };
        let window = Duration::from_secs(5);
        let config = PolledConfig { batch_size, window, maximum_concurrency, scaling };
        let mut source = PolledSource::new(config).unwrap();
        let (mut now, mut visible, mut taken, mut sent) = (0_u64, 0_u64, 0_u64, 0_u64);
        let mut flying: Vec<(BatchKey, u32)> = vec![];
        for (kind, amount) in steps {
            match kind {
                0 => {
                    visible += amount;
                    sent += amount;
                    source.handle_messages(at(now), visible);
                }
                1 => {
                    now += amount;
                    source.handle_time(at(now));
                }
                _ if !flying.is_empty() => {
                    let place = usize::try_from(amount).unwrap() % flying.len();
                    let (batch, messages) = flying.swap_remove(place);
                    let end = [BatchEnd::Succeeded, BatchEnd::Throttled][usize::from(kind == 3)];
                    source.handle_end(at(now), batch, end).unwrap();
                    if end == BatchEnd::Throttled {
                        // They come back when the host says so, at the next look.
                        taken -= u64::from(messages);
                    }
                }
                _ => {}
            }
            while let Some(PolledAction::Invoke { batch, messages }) = source.poll_action() {
                prop_assert!((1..=batch_size).contains(&messages));
                prop_assert!(u64::from(messages) <= visible, "taken twice");
                visible -= u64::from(messages);
                taken += u64::from(messages);
                flying.push((batch, messages));
            }
            // What was throttled is visible again.
            visible = sent - taken;
            prop_assert_eq!(flying.len(), source.in_flight());
            prop_assert!(source.concurrency() >= 1 && source.concurrency() <= 20);
            if kind < 2 {
                prop_assert!(maximum_concurrency.is_none_or(|most| flying.len() <= most as usize));
            }
            prop_assert!(source.next_deadline().is_none_or(|due| due > at(now)));
        }
        // With nothing throttled any more, all is taken in the end.
        source.handle_messages(at(now), visible);
        for _ in 0..100_000 {
            while let Some(PolledAction::Invoke { batch, messages }) = source.poll_action() {
                visible -= u64::from(messages);
                flying.push((batch, messages));
            }
            if let Some((batch, _)) = flying.pop() {
                source.handle_end(at(now), batch, BatchEnd::Succeeded).unwrap();
            } else if let Some(due) = source.next_deadline() {
                now = due.as_nanos() / 1_000_000_000;
                source.handle_time(due);
            } else {
                break;
            }
        }
        prop_assert_eq!((visible, source.in_flight()), (0, 0));
    }
}
