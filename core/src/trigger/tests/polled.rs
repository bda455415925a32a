//! A polled source, rule by rule.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::at;
use crate::time::{Duration, Instant};
use crate::trigger::*;

fn source(config: PolledConfig) -> PolledSource {
    PolledSource::new(config).unwrap()
}

fn taken(source: &mut PolledSource) -> Vec<(BatchKey, u32)> {
    let actions = core::iter::from_fn(|| source.poll_action());
    actions.map(|PolledAction::Invoke { batch, messages }| (batch, messages)).collect()
}

fn sizes(source: &mut PolledSource) -> Vec<u32> {
    taken(source).into_iter().map(|(_, messages)| messages).collect()
}

const LAMBDA_2022: PolledConfig = PolledConfig {
    batch_size: 10,
    window: Duration::ZERO,
    maximum_concurrency: None,
    scaling: PollerScaling::LAMBDA_2022,
};

#[test]
fn five_batches_at_first_and_sixty_more_each_minute_messages_are_left() {
    let mut source = source(LAMBDA_2022);
    source.handle_messages(at(0), 1_000_000);
    assert_eq!(sizes(&mut source), [10; 5]);
    assert_eq!(source.next_deadline(), Some(at(60)));
    source.handle_time(at(60));
    assert_eq!((sizes(&mut source).len(), source.concurrency()), (60, 65));
    source.handle_time(at(180));
    assert_eq!((sizes(&mut source).len(), source.concurrency()), (120, 185));
    source.handle_time(at(3_600));
    assert_eq!((source.in_flight(), source.concurrency()), (1_000, 1_000));
    assert_eq!(source.next_deadline(), None, "no more pollers");
}

#[test]
fn three_hundred_more_a_minute_since_2023() {
    let mut source = source(PolledConfig::default());
    source.handle_messages(at(0), 1_000_000);
    source.handle_time(at(60));
    assert_eq!(source.concurrency(), 305);
    source.handle_time(at(600));
    assert_eq!(source.concurrency(), 1_250);
}

#[test]
fn the_maximum_concurrency_holds_whatever_the_pollers() {
    let mut source = source(PolledConfig { maximum_concurrency: Some(2), ..LAMBDA_2022 });
    source.handle_messages(at(0), 100);
    let batches = taken(&mut source);
    assert_eq!(batches.len(), 2);
    source.handle_time(at(600));
    assert_eq!(taken(&mut source), []);
    source.handle_end(at(600), batches[0].0, BatchEnd::Succeeded).unwrap();
    assert_eq!(taken(&mut source).len(), 1);
}

#[test]
fn a_batch_waits_to_be_full_for_its_window() {
    let window = Duration::from_secs(20);
    let mut source = source(PolledConfig { batch_size: 100, window, ..LAMBDA_2022 });
    source.handle_messages(at(0), 30);
    assert_eq!((sizes(&mut source), source.next_deadline()), (Vec::new(), Some(at(20))));
    source.handle_messages(at(10), 130);
    assert_eq!(sizes(&mut source), [100], "a full one waits for nothing");
    // The rest began to wait then.
    assert_eq!(source.next_deadline(), Some(at(30)));
    source.handle_time(at(30));
    assert_eq!(sizes(&mut source), [30]);
    assert_eq!(source.next_deadline(), None);
}

#[test]
fn throttles_halve_the_pollers_and_rest_longer_each_time() {
    let mut source = source(LAMBDA_2022);
    source.handle_messages(at(0), 1_000);
    source.handle_time(at(60));
    let batches = taken(&mut source);
    assert_eq!((batches.len(), source.concurrency()), (65, 65));
    source.handle_end(at(61), batches[0].0, BatchEnd::Throttled).unwrap();
    assert_eq!((source.concurrency(), source.next_deadline()), (32, Some(at(62))));
    source.handle_end(at(61), batches[1].0, BatchEnd::Throttled).unwrap();
    assert_eq!((source.concurrency(), source.next_deadline()), (16, Some(at(63))));
    for (batch, _) in &batches[2..] {
        source.handle_end(at(62), *batch, BatchEnd::Throttled).unwrap();
    }
    assert_eq!(source.concurrency(), 1, "never none");
    assert_eq!(source.next_deadline(), Some(at(122)), "a minute at most");
    source.handle_time(at(122));
    let [(batch, 10)] = taken(&mut source)[..] else { panic!("one batch") };
    source.handle_end(at(123), batch, BatchEnd::Succeeded).unwrap();
    let [(batch, _)] = taken(&mut source)[..] else { panic!("at once") };
    source.handle_end(at(123), batch, BatchEnd::Throttled).unwrap();
    assert_eq!(source.next_deadline(), Some(at(124)), "from the beginning again");
}

#[test]
fn an_idle_source_begins_anew() {
    let mut source = source(LAMBDA_2022);
    source.handle_messages(at(0), 1_000);
    source.handle_time(at(60));
    source.handle_messages(at(61), 0);
    for (batch, _) in taken(&mut source) {
        source.handle_end(at(62), batch, BatchEnd::Failed).unwrap();
    }
    assert_eq!((source.in_flight(), source.concurrency()), (0, 5));
}

#[test]
fn a_fixed_number_of_pollers_stays_through_throttles_and_any_time() {
    let scaling = PollerScaling { initial: 2, per_minute: 0, most: 200 };
    let mut source = source(PolledConfig { scaling, ..LAMBDA_2022 });
    source.handle_messages(at(0), 100_000);
    let [(first, _), _] = taken(&mut source)[..] else { panic!("two batches") };
    source.handle_end(at(1), first, BatchEnd::Throttled).unwrap();
    assert_eq!((source.concurrency(), source.next_deadline()), (2, Some(at(2))));
    source.handle_time(at(2));
    assert_eq!((sizes(&mut source).len(), source.next_deadline()), (1, None), "no poller comes");
    source.handle_time(Instant::MAX);
    assert_eq!(source.concurrency(), 2);
    let more = PollerScaling { initial: 7, ..scaling };
    source.set_config(Instant::MAX, PolledConfig { scaling: more, ..LAMBDA_2022 }).unwrap();
    assert_eq!(source.concurrency(), 7);
}

#[test]
fn what_is_out_of_range_is_named() {
    let refused = |config| PolledSource::new(config).unwrap_err().to_string();
    let base = LAMBDA_2022;
    let said = refused(PolledConfig { batch_size: 0, ..base });
    assert_eq!(said, "BatchSize of 0: 1 to 10000 are possible");
    let said = refused(PolledConfig { batch_size: 11, ..base });
    assert_eq!(said, "BatchSize of 11: above 10 MaximumBatchingWindowInSeconds must be at least 1");
    let said = refused(PolledConfig { window: Duration::from_secs(301), ..base });
    assert_eq!(said, "MaximumBatchingWindowInSeconds of 301 s: at most 300 s");
    for concurrency in [0, 1, 1_001] {
        let said = refused(PolledConfig { maximum_concurrency: Some(concurrency), ..base });
        assert!(said.ends_with("2 to 1000 are possible"), "{said}");
    }
    let scaling = PollerScaling { initial: 9, per_minute: 1, most: 8 };
    assert!(refused(PolledConfig { scaling, ..base }).starts_with("9 pollers at first"));
    let mut source = source(base);
    let unknown = source.handle_end(Instant::ZERO, BatchKey(3), BatchEnd::Failed).unwrap_err();
    assert_eq!(unknown.to_string(), "batch 3 is not in flight");
    assert!(source.set_config(at(0), PolledConfig { batch_size: 0, ..base }).is_err());
    assert_eq!(source.config(), &base);
}
