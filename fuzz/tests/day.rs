//! A day of virtual time under random faults, each step beside the region's
//! model: no unit, instance or room is lost, and no limit passed.
//!
//! Faults are failed requests, drained instances, reports that never come or
//! come twice, forged leases, limits and reservations that change under load,
//! nodes that come late, and a clock that jumps by years, forward and back.

use warmstow_core::placement::{SpreadBy, Strategy};
use warmstow_core::pool::{Pick, PoolConfig};
use warmstow_core::resources::Resources;
use warmstow_core::rng::Rng;
use warmstow_fuzz::region::{Action, Settings, check};

const DAY_S: u64 = 86_400;

/// Three nodes at first and three later; a function of single requests, one of
/// many at once, and one that seldom finds room.
fn settings(strategy: Strategy) -> Settings {
    let pool = |max_instances, instance_concurrency, pick| PoolConfig {
        max_instances,
        instance_concurrency,
        pick,
        lanes: 4,
    };
    Settings {
        account_limit: 24,
        unreserved_minimum: 4,
        max_functions: 3,
        max_nodes: 6,
        late_nodes: 3,
        strategy,
        functions: [
            (Resources::new(200, 300), pool(12, 1, Pick::Packed)),
            (Resources::new(100, 400), pool(5, 4, Pick::MostRecent)),
            (Resources::new(900, 1_500), pool(9, 1, Pick::LeastRecent)),
        ],
    }
}

/// A day of calls and faults; the same seed gives the same day.
fn day(seed: u64) -> Vec<Action> {
    let mut draws = Rng::stream(seed, 0);
    let mut actions = vec![];
    let mut elapsed = 0;
    let mut late = 3;
    while elapsed < DAY_S {
        let mut number = || draws.below(256) as u8;
        let (one, other) = (number(), number());
        let action = match draws.below(1_000) {
            0..340 => Action::Invoke(one, !other.is_multiple_of(8)),
            340..400 => Action::Started(one),
            400..650 => Action::Complete(one),
            650..690 => Action::Fail(one),
            690..705 => Action::Stale(one),
            705..720 => Action::Forge(one, other),
            720..740 => Action::Drain(one),
            740..770 => Action::Reap(one),
            770..800 => Action::ReapOne(one),
            800..850 => Action::Stop,
            850..980 => {
                let seconds = if other < 8 { one } else { one % 12 };
                elapsed += u64::from(seconds);
                Action::Wait(seconds)
            }
            980..985 => Action::SetAccountLimit(u32::from(one % 40)),
            985..991 => Action::SetReserved(one, (other % 4 != 0).then_some(u32::from(other % 12))),
            991..996 => Action::SetKeepAlive(one, u64::from(other)),
            996..998 if late > 0 && elapsed > DAY_S / 4 => {
                late -= 1;
                Action::AddNode
            }
            _ => Action::Jump(other.cast_signed() / 8),
        };
        actions.push(action);
    }
    actions
}

#[test]
fn a_day_of_faults_loses_nothing_and_passes_no_limit() {
    let strategies = [Strategy::ALL[0], Strategy::Spread(SpreadBy::Node), Strategy::Random];
    for (seed, strategy) in (1..).zip(strategies) {
        let actions = day(seed);
        let jumps = actions.iter().filter(|action| matches!(action, Action::Jump(_))).count();
        assert!(actions.len() > 50_000 && jumps > 50, "a day has faults");
        println!("seed {seed}, {strategy}: {} steps", actions.len());
        check(settings(strategy), &actions);
    }
}
