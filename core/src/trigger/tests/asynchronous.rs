//! Asynchronous invocation, rule by rule.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::at;
use crate::time::{Duration, Instant};
use crate::trigger::*;

const BOTH: Destinations = Destinations { on_success: true, on_failure: true, dead_letter: true };

/// A queue whose host answers nothing by itself.
struct Host {
    queue: AsyncQueue,
}

impl Host {
    fn new(config: AsyncConfig) -> Self {
        Self { queue: AsyncQueue::new(config).unwrap() }
    }

    fn actions(&mut self) -> Vec<AsyncAction> {
        core::iter::from_fn(|| self.queue.poll_action()).collect()
    }

    /// An event that is in flight.
    fn invoked(&mut self, now: Instant) -> EventKey {
        let event = self.queue.accept(now).unwrap();
        assert_eq!(self.actions(), [AsyncAction::Invoke { event, attempt: 1 }]);
        event
    }

    fn end(&mut self, now: Instant, event: EventKey, outcome: Outcome) -> Vec<AsyncAction> {
        self.queue.handle_outcome(now, event, outcome).unwrap();
        self.actions()
    }

    /// The next deadline, and what happens then.
    fn next(&mut self) -> (Instant, Vec<AsyncAction>) {
        let due = self.queue.next_deadline().unwrap();
        self.queue.handle_time(due);
        (due, self.actions())
    }
}

#[test]
fn a_function_error_is_tried_again_after_one_minute_and_after_two() {
    let mut host = Host::new(AsyncConfig { destinations: BOTH, ..AsyncConfig::default() });
    let event = host.invoked(at(0));
    assert_eq!(host.end(at(1), event, Outcome::Failed), []);
    assert_eq!(host.next(), (at(61), [AsyncAction::Invoke { event, attempt: 2 }].into()));
    assert_eq!(host.end(at(62), event, Outcome::Failed), []);
    assert_eq!(host.next(), (at(182), [AsyncAction::Invoke { event, attempt: 3 }].into()));
    let condition = Condition::RetriesExhausted;
    let deliver = |to| AsyncAction::Deliver { event, to, condition };
    let both = [deliver(Destination::OnFailure), deliver(Destination::DeadLetter)];
    assert_eq!(host.end(at(183), event, Outcome::Failed), both);
    assert!(host.queue.is_empty());
    let metrics = *host.queue.metrics();
    assert_eq!((metrics.received, metrics.dropped, metrics.succeeded), (1, 1, 0));
}

#[test]
fn a_success_goes_to_its_destination_or_is_forgotten() {
    let mut host = Host::new(AsyncConfig::default());
    let event = host.invoked(at(0));
    let condition = Condition::Success;
    let forgotten = [AsyncAction::Forget { event, condition }];
    assert_eq!(host.end(at(1), event, Outcome::Succeeded), forgotten);
    let config = AsyncConfig { destinations: BOTH, ..AsyncConfig::default() };
    host.queue.set_config(at(2), config).unwrap();
    let event = host.invoked(at(2));
    let to = Destination::OnSuccess;
    let delivered = [AsyncAction::Deliver { event, to, condition }];
    assert_eq!(host.end(at(3), event, Outcome::Succeeded), delivered);
    assert_eq!(host.queue.metrics().succeeded, 2);
}

#[test]
fn throttles_back_off_from_a_second_to_five_minutes_and_cost_no_retry() {
    let mut host = Host::new(AsyncConfig::default());
    let event = host.invoked(at(0));
    let mut now = at(0);
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        assert_eq!(host.end(now, event, Outcome::Throttled), []);
        let (due, actions) = host.next();
        assert_eq!(due.since(now), Duration::from_secs(wait));
        assert_eq!(actions, [AsyncAction::Invoke { event, attempt: 1 }]);
        now = due;
    }
    // All of its retries are left, and the back-off begins anew after an error.
    host.end(now, event, Outcome::Failed);
    let (now, actions) = host.next();
    assert_eq!(actions, [AsyncAction::Invoke { event, attempt: 2 }]);
    host.end(now, event, Outcome::Throttled);
    assert_eq!(host.queue.next_deadline(), Some(now.after(Duration::from_secs(1))));
}

#[test]
fn an_event_that_waits_expires_at_its_greatest_age() {
    let max_age = Duration::from_secs(90);
    let mut host = Host::new(AsyncConfig { max_age, ..AsyncConfig::default() });
    let event = host.invoked(at(0));
    host.end(at(50), event, Outcome::Failed);
    // The retry would be due at 110 s.
    let condition = Condition::EventAgeExceeded;
    assert_eq!(host.next(), (at(90), [AsyncAction::Forget { event, condition }].into()));
    // In flight it is not recalled, and it may still succeed.
    let event = host.invoked(at(100));
    host.queue.handle_time(at(500));
    assert_eq!(host.actions(), []);
    assert_eq!(host.queue.oldest_age(at(500)), Some(Duration::from_secs(400)));
    let forgotten = [AsyncAction::Forget { event, condition: Condition::Success }];
    assert_eq!(host.end(at(500), event, Outcome::Succeeded), forgotten);
    let event = host.invoked(at(600));
    let forgotten = [AsyncAction::Forget { event, condition }];
    assert_eq!(host.end(at(700), event, Outcome::Failed), forgotten);
}

#[test]
fn an_event_that_fails_after_its_greatest_age_has_exceeded_it_whatever_retries_are_left() {
    for retries in [0, 1] {
        let max_age = Duration::from_secs(60);
        let mut host = Host::new(AsyncConfig { retries, max_age, ..AsyncConfig::default() });
        let event = host.invoked(at(0));
        let condition = Condition::EventAgeExceeded;
        let said = host.end(at(100), event, Outcome::Failed);
        assert_eq!(said, [AsyncAction::Forget { event, condition }]);
    }
}

#[test]
fn a_reservation_of_zero_sends_events_straight_to_where_failures_go() {
    let destinations = Destinations { dead_letter: true, ..Destinations::default() };
    let mut host = Host::new(AsyncConfig { destinations, ..AsyncConfig::default() });
    let (waits, flies) = (host.invoked(at(0)), host.invoked(at(0)));
    host.end(at(0), waits, Outcome::Failed);
    host.queue.set_stopped(at(1), true);
    let straight = |event| {
        let condition = Condition::ZeroReservedConcurrency;
        [AsyncAction::Deliver { event, to: Destination::DeadLetter, condition }]
    };
    let event = host.queue.accept(at(2)).unwrap();
    assert_eq!(host.actions(), straight(event));
    assert_eq!(host.next(), (at(60), straight(waits).into()));
    assert_eq!(host.end(at(61), flies, Outcome::Throttled), []);
    assert_eq!(host.next(), (at(62), straight(flies).into()));
    host.queue.handle_undelivered(Destination::DeadLetter);
    host.queue.handle_undelivered(Destination::OnFailure);
    let metrics = *host.queue.metrics();
    assert_eq!((metrics.dead_letter_errors, metrics.delivery_failures), (1, 1));
    host.queue.set_stopped(at(70), false);
    host.invoked(at(71));
}

#[test]
fn fewer_retries_and_a_shorter_age_hold_for_events_that_wait() {
    let mut host = Host::new(AsyncConfig::default());
    let event = host.invoked(at(0));
    host.end(at(10), event, Outcome::Failed);
    let config = AsyncConfig { max_age: Duration::from_secs(60), ..AsyncConfig::default() };
    host.queue.set_config(at(20), config).unwrap();
    assert_eq!(host.next().0, at(60), "rather than at 70 s");
    let event = host.invoked(at(70));
    let none = AsyncConfig { retries: 0, ..AsyncConfig::default() };
    host.queue.set_config(at(71), none).unwrap();
    host.actions();
    let forgotten = [AsyncAction::Forget { event, condition: Condition::RetriesExhausted }];
    assert_eq!(host.end(at(72), event, Outcome::Failed), forgotten);
}

#[test]
fn what_is_out_of_range_or_not_in_flight_is_named_and_changes_nothing() {
    let base = AsyncConfig::default();
    let refused = |config| AsyncQueue::new(config).unwrap_err().to_string();
    let short = AsyncConfig { max_age: Duration::from_secs(59), ..base };
    assert_eq!(refused(short), "MaximumEventAgeInSeconds of 59 s: 60 s to 21600 s are possible");
    assert!(AsyncQueue::new(AsyncConfig { max_age: Duration::from_secs(21_601), ..base }).is_err());
    let many = AsyncConfig { retries: 3, ..base };
    assert_eq!(refused(many), "MaximumRetryAttempts of 3: 0 to 2 are possible");
    assert!(AsyncQueue::new(AsyncConfig { capacity: 0, ..base }).is_err());
    let mut host = Host::new(AsyncConfig { capacity: 1, ..base });
    let event = host.invoked(at(0));
    assert_eq!(host.queue.accept(at(0)), Err(QueueFull { capacity: 1 }));
    assert!(host.queue.set_config(at(0), many).is_err());
    assert_eq!(host.queue.config().retries, 2);
    host.end(at(1), event, Outcome::Failed);
    let again = host.queue.handle_outcome(at(1), event, Outcome::Failed).unwrap_err();
    assert_eq!(again.to_string(), "event 1 is not in flight");
    assert!(host.queue.handle_outcome(at(1), EventKey(9), Outcome::Succeeded).is_err());
    assert_eq!((host.queue.len(), host.queue.metrics().received), (1, 1));
}
