//! Requests that wait.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::function::*;
use crate::id::FunctionId;
use crate::time::{Duration, Instant};

const TERMS: BacklogConfig =
    BacklogConfig { capacity: 2, max_wait: Duration::from_secs(10), overflow: Overflow::Refuse };

/// A backlog before a function of an account with that limit, which starts its
/// instances at once.
struct Host {
    region: Arc<Region>,
    control: Control,
    function: FunctionId,
    backlog: Backlog,
    running: Vec<(u64, Invocation)>,
    dropped: Vec<(u64, Duration, Dropped)>,
}

fn at(seconds: u64) -> Instant {
    Instant::from_secs(seconds)
}

impl Host {
    fn new(account_limit: u32, config: BacklogConfig) -> Self {
        let account =
            RegionConfig { account_limit, unreserved_minimum: 0, ..RegionConfig::default() };
        Self::of(account, config)
    }

    fn of(account: RegionConfig, config: BacklogConfig) -> Self {
        let (region, mut control) = Region::new(account).unwrap();
        let spec = FunctionSpec { max_instances: 2_000, ..FunctionSpec::of_memory(128) };
        let function = control.add_function("f", spec).unwrap();
        let backlog = Backlog::new(region.clone(), Target::Function(function), config).unwrap();
        let (running, dropped) = (Vec::new(), Vec::new());
        Self { region, control, function, backlog, running, dropped }
    }

    fn offer(&mut self, now: Instant, request: u64) -> Result<Option<u32>, OfferError> {
        let offered = self.backlog.offer(now, request);
        self.act(now);
        match offered? {
            Offered::Admitted(invocation) => {
                self.begin(now, request, invocation);
                Ok(None)
            }
            Offered::Waits { ahead } => Ok(Some(ahead)),
        }
    }

    fn begin(&mut self, now: Instant, request: u64, invocation: Invocation) {
        if invocation.start != Start::Warm {
            self.region.started(now, &invocation.lease).unwrap();
        }
        self.running.push((request, invocation));
    }

    fn end(&mut self, now: Instant, request: u64) {
        let at = self.running.iter().position(|(running, _)| *running == request).unwrap();
        let (_, invocation) = self.running.remove(at);
        self.region.complete(now, invocation.lease).unwrap();
        self.backlog.handle_freed(now);
        self.act(now);
    }

    fn wait(&mut self, now: Instant) {
        while let Some(due) = self.backlog.next_deadline().filter(|due| *due <= now) {
            self.backlog.handle_time(due);
            self.act(due);
            assert!(self.backlog.next_deadline().is_none_or(|next| next > due));
        }
    }

    fn act(&mut self, now: Instant) {
        while let Some(action) = self.backlog.poll_action() {
            match action {
                BacklogAction::Run { request, invocation, .. } => {
                    self.begin(now, request, invocation);
                }
                BacklogAction::Drop { request, waited, why } => {
                    self.dropped.push((request, waited, why));
                }
            }
        }
    }

    fn runs(&self) -> Vec<u64> {
        self.running.iter().map(|(request, _)| *request).collect()
    }
}

#[test]
fn who_came_first_runs_first() {
    let mut host = Host::new(1, TERMS);
    assert_eq!(host.offer(at(0), 1), Ok(None));
    assert_eq!(host.offer(at(1), 2), Ok(Some(0)));
    assert_eq!(host.offer(at(2), 3), Ok(Some(1)));
    assert_eq!(host.backlog.oldest_wait(at(3)), Some(Duration::from_secs(2)));
    host.end(at(4), 1);
    assert_eq!((host.runs(), host.backlog.len()), (Vec::from([2]), 1));
    // One that comes now does not overtake, though it would find room.
    host.control.set_account_limit(2).unwrap();
    assert_eq!(host.offer(at(4), 4), Ok(Some(1)));
    host.end(at(5), 2);
    assert_eq!(host.runs(), [3, 4]);
    assert_eq!(host.backlog.next_deadline(), None);
}

#[test]
fn one_too_many_is_refused_or_pushes_the_oldest_out() {
    let mut host = Host::new(1, TERMS);
    for request in 1..=3 {
        host.offer(at(0), request).unwrap();
    }
    let full = host.offer(at(1), 4).unwrap_err();
    assert_eq!(full.to_string(), "2 requests wait already, as many as may");
    let terms = BacklogConfig { overflow: Overflow::DropOldest, ..TERMS };
    host.backlog.set_config(at(1), terms).unwrap();
    assert_eq!(host.offer(at(2), 5), Ok(Some(1)));
    assert_eq!(host.dropped, [(2, Duration::from_secs(2), Dropped::PushedOut)]);
    let counts = *host.backlog.counts();
    assert_eq!((counts.offered, counts.admitted, counts.refused, counts.pushed_out), (5, 1, 1, 1));
}

#[test]
fn who_waited_for_the_longest_is_dropped_at_that_moment() {
    let mut host = Host::new(1, TERMS);
    host.offer(at(0), 1).unwrap();
    host.offer(at(1), 2).unwrap();
    host.offer(at(5), 3).unwrap();
    host.wait(Instant::from_nanos(at(11).as_nanos() - 1));
    assert_eq!(host.dropped, []);
    host.wait(at(11));
    assert_eq!(host.dropped, [(2, Duration::from_secs(10), Dropped::TooLate)]);
    // Too late is too late, though room comes at the same moment.
    host.end(at(15), 1);
    assert_eq!((host.runs(), host.dropped.len()), (Vec::new(), 2));
}

#[test]
fn a_limit_that_is_raised_is_seen_within_a_tenth_of_a_second() {
    let mut host = Host::new(1, TERMS);
    host.offer(at(0), 1).unwrap();
    host.offer(at(1), 2).unwrap();
    host.control.set_account_limit(2).unwrap();
    host.wait(at(1).after(Duration::from_millis(99)));
    assert_eq!(host.runs(), [1]);
    host.wait(at(1).after(Duration::from_millis(100)));
    assert_eq!(host.runs(), [1, 2]);
}

#[test]
fn the_scaling_rate_says_when_to_look_again() {
    let account = RegionConfig { scaling_rate: ScalingRate::LAMBDA, ..Default::default() };
    let config = BacklogConfig { capacity: 2_000, ..TERMS };
    let mut host = Host::of(RegionConfig { account_limit: 5_000, ..account }, config);
    for request in 0..1_010 {
        host.offer(at(0), request).unwrap();
    }
    assert_eq!((host.running.len(), host.backlog.len()), (1_000, 10));
    // 100 a second.
    assert_eq!(host.backlog.next_deadline(), Some(at(0).after(Duration::from_millis(10))));
    host.wait(at(0).after(Duration::from_millis(55)));
    assert_eq!((host.running.len(), host.backlog.len()), (1_005, 5));
    host.wait(at(1));
    assert_eq!((host.running.len(), host.backlog.len()), (1_010, 0));
}

#[test]
fn what_waiting_does_not_change_is_refused_at_once() {
    let mut host = Host::new(1, TERMS);
    let (other, mut elsewhere) = Region::new(RegionConfig {
        generation: core::num::NonZeroU32::new(9).unwrap(),
        ..Default::default()
    })
    .unwrap();
    let foreign = elsewhere.add_function("g", FunctionSpec::of_memory(128)).unwrap();
    drop(other);
    let to = Target::Function(foreign);
    host.backlog = Backlog::new(host.region.clone(), to, TERMS).unwrap();
    let error = host.offer(at(0), 1).unwrap_err();
    assert!(matches!(error, OfferError::Refused(InvokeError::UnknownFunction(_))), "{error}");
    assert!(host.backlog.is_empty());
    assert_eq!(host.backlog.counts().refused, 1);
}

#[test]
fn a_stopped_function_lets_them_wait_and_a_client_may_go() {
    let mut host = Host::new(10, TERMS);
    host.control.set_reserved_concurrency(host.function, Some(0)).unwrap();
    assert_eq!(host.offer(at(0), 1), Ok(Some(0)));
    assert_eq!(host.offer(at(0), 2), Ok(Some(1)));
    assert!(host.backlog.withdraw(1));
    assert!(!host.backlog.withdraw(1));
    host.control.set_reserved_concurrency(host.function, None).unwrap();
    host.wait(at(1));
    assert_eq!(host.runs(), [2]);
    assert_eq!(host.backlog.counts().offered, 2 - 1);
}

#[test]
fn terms_that_cannot_be_are_named() {
    let (region, mut control) = Region::new(RegionConfig::default()).unwrap();
    let function = control.add_function("f", FunctionSpec::of_memory(128)).unwrap();
    let refused = |config| {
        let to = Target::Function(function);
        Backlog::new(region.clone(), to, config).unwrap_err().to_string()
    };
    let none = BacklogConfig { capacity: 0, ..TERMS };
    assert_eq!(refused(none), "a backlog of 0: 1 to 1048576 are possible");
    let much = BacklogConfig { capacity: MAX_BACKLOG + 1, ..TERMS };
    assert_eq!(refused(much), "a backlog of 1048577: 1 to 1048576 are possible");
    let at_once = BacklogConfig { max_wait: Duration::ZERO, ..TERMS };
    assert_eq!(refused(at_once), "a wait of 0 s: it must be longer");
    assert_eq!(BacklogConfig::knative(8).capacity, 80);
    assert_eq!(BacklogConfig::knative(u32::MAX).capacity, MAX_BACKLOG);
}
