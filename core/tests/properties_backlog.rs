//! A bounded queue before a function against a plain list: who runs, who waits,
//! who is dropped, in which order; and each request ends once.
#![cfg(feature = "alloc")]

extern crate alloc;

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use proptest::prelude::*;
use warmstow_core::function::{
    Backlog, BacklogAction, BacklogConfig, Dropped, FunctionSpec, Invocation, OfferError, Offered,
    Overflow, Region, RegionConfig, Start, Target,
};
use warmstow_core::time::{Duration, Instant};

#[derive(Clone, Copy, Debug)]
enum Action {
    Offer,
    End(usize),
    Limit(u32),
    Time(u64),
    Withdraw(u64),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        5 => Just(Action::Offer),
        3 => any::<usize>().prop_map(Action::End),
        1 => (0_u32..5).prop_map(Action::Limit),
        2 => (0_u64..30).prop_map(Action::Time),
        1 => (0_u64..60).prop_map(Action::Withdraw),
    ];
    prop::collection::vec(action, 1..120)
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Ran,
    Refused,
    TooLate,
    PushedOut,
}

/// The plain list: tenths of a second, requests by number.
struct Oracle {
    capacity: usize,
    max_wait: u64,
    drops_oldest: bool,
    limit: usize,
    running: usize,
    waiting: VecDeque<(u64, u64)>,
    ends: Vec<(u64, End)>,
}

impl Oracle {
    fn expire(&mut self, now: u64) {
        while self.waiting.front().is_some_and(|(came, _)| came + self.max_wait <= now) {
            let (_, request) = self.waiting.pop_front().unwrap();
            self.ends.push((request, End::TooLate));
        }
    }

    fn fill(&mut self) {
        while self.running < self.limit
            && let Some((_, request)) = self.waiting.pop_front()
        {
            self.running += 1;
            self.ends.push((request, End::Ran));
        }
    }

    fn offer(&mut self, now: u64, request: u64) {
        if self.waiting.is_empty() && self.running < self.limit {
            self.running += 1;
            return self.ends.push((request, End::Ran));
        }
        if self.waiting.len() >= self.capacity {
            if !self.drops_oldest {
                return self.ends.push((request, End::Refused));
            }
            let (_, oldest) = self.waiting.pop_front().unwrap();
            self.ends.push((oldest, End::PushedOut));
        }
        self.waiting.push_back((now, request));
    }
}

struct Host {
    region: Arc<Region>,
    backlog: Backlog,
    running: Vec<Invocation>,
    ends: Vec<(u64, End)>,
}

impl Host {
    fn ran(&mut self, now: Instant, request: u64, invocation: Invocation) {
        if invocation.start != Start::Warm {
            self.region.started(now, &invocation.lease).unwrap();
        }
        self.running.push(invocation);
        self.ends.push((request, End::Ran));
    }

    fn act(&mut self, now: Instant) {
        while let Some(action) = self.backlog.poll_action() {
            match action {
                BacklogAction::Run { request, invocation, .. } => {
                    self.ran(now, request, invocation);
                }
                BacklogAction::Drop { request, why, .. } => {
                    let end = match why {
                        Dropped::TooLate => End::TooLate,
                        Dropped::PushedOut => End::PushedOut,
                        Dropped::Refused(error) => panic!("{error}"),
                    };
                    self.ends.push((request, end));
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn a_backlog_is_a_plain_list(
        actions in actions(),
        capacity in 1_u32..5,
        max_wait in 1_u64..40,
        drops_oldest in any::<bool>(),
    ) {
        let account =
            RegionConfig { account_limit: 2, unreserved_minimum: 0, ..RegionConfig::default() };
        let (region, mut control) = Region::new(account).unwrap();
        let function = control.add_function("f", FunctionSpec::of_memory(128)).unwrap();
        let tenth = |count: u64| Duration::from_millis(100 * count);
        let overflow = if drops_oldest { Overflow::DropOldest } else { Overflow::Refuse };
        let config = BacklogConfig { capacity, max_wait: tenth(max_wait), overflow };
        let backlog = Backlog::new(region.clone(), Target::Function(function), config).unwrap();
        let mut host = Host { region, backlog, running: vec![], ends: vec![] };
        let mut oracle = Oracle {
            capacity: capacity as usize,
            max_wait,
            drops_oldest,
            limit: 2,
            running: 0,
            waiting: VecDeque::new(),
            ends: vec![],
        };
        let (mut now, mut next) = (0_u64, 0_u64);
        for action in actions {
            let at = Instant::ZERO.after(tenth(now));
            match action {
                Action::Offer => {
                    oracle.offer(now, next);
                    let offered = host.backlog.offer(at, next);
                    host.act(at);
                    match offered {
                        Ok(Offered::Admitted(invocation)) => host.ran(at, next, invocation),
                        Ok(Offered::Waits { ahead }) => {
                            prop_assert_eq!(ahead as usize + 1, host.backlog.len());
                        }
                        Err(OfferError::Full { .. }) => host.ends.push((next, End::Refused)),
                        Err(error) => panic!("{error}"),
                    }
                    next += 1;
                }
                Action::End(place) if !host.running.is_empty() => {
                    let place = place % host.running.len();
                    let invocation = host.running.swap_remove(place);
                    host.region.complete(at, invocation.lease).unwrap();
                    host.backlog.handle_freed(at);
                    host.act(at);
                    oracle.running -= 1;
                    oracle.fill();
                }
                Action::End(_) => {}
                Action::Limit(limit) => {
                    control.set_account_limit(limit).unwrap();
                    host.backlog.handle_freed(at);
                    host.act(at);
                    oracle.limit = limit as usize;
                    oracle.fill();
                }
                Action::Time(tenths) => {
                    now += tenths;
                    let end = Instant::ZERO.after(tenth(now));
                    while let Some(due) = host.backlog.next_deadline().filter(|due| *due <= end) {
                        host.backlog.handle_time(due);
                        host.act(due);
                    }
                    oracle.expire(now);
                }
                Action::Withdraw(request) => {
                    let place = oracle.waiting.iter().position(|(_, of)| *of == request);
                    prop_assert_eq!(host.backlog.withdraw(request), place.is_some());
                    place.map(|place| oracle.waiting.remove(place));
                }
            }
            prop_assert_eq!(&host.ends, &oracle.ends);
            prop_assert_eq!(host.running.len(), oracle.running);
            prop_assert_eq!(host.backlog.len(), oracle.waiting.len());
            let of = host.backlog.counts();
            let ended =
                of.admitted + of.waited + of.refused + of.too_late + of.pushed_out + of.gone;
            prop_assert_eq!(of.offered, ended + host.backlog.len() as u64);
        }
    }
}
