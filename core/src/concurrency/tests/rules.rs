//! AWS's rules of concurrency, one test a rule.
//!
//! Lambda Developer Guide: "Understanding Lambda function scaling",
//! "Configuring reserved concurrency", "Monitoring concurrency".

use crate::concurrency::ThrottleReason::{
    ConcurrentInvocationLimitExceeded as AccountFull,
    ReservedFunctionConcurrentInvocationLimitExceeded as ReservationFull,
};
use crate::concurrency::{Account, Gate, LimitError, Limits, NotHeld};

/// AWS's defaults.
fn aws() -> (Limits, Account) {
    Limits::new(1_000, 100)
}

/// Acquires until refused; how many that were.
fn fill(gate: &Gate, account: &Account) -> u32 {
    let mut admitted = 0;
    while gate.try_acquire(account).is_ok() {
        admitted += 1;
    }
    admitted
}

fn release(count: u32, gate: &Gate, account: &Account) {
    for _ in 0..count {
        gate.release(account).unwrap();
    }
}

#[test]
fn functions_without_a_reservation_share_the_account() {
    let (_, account) = aws();
    let (a, b) = (Gate::new(), Gate::new());
    a.try_acquire(&account).unwrap();
    assert_eq!(fill(&b, &account), 999);
    assert_eq!(a.try_acquire(&account), Err(AccountFull));
    b.release(&account).unwrap();
    assert_eq!(a.try_acquire(&account), Ok(()));
    assert_eq!((a.in_flight(), b.in_flight(), account.in_flight()), (2, 998, 1_000));
}

#[test]
fn an_idle_reservation_of_600_leaves_others_400_of_1000() {
    let (mut limits, account) = aws();
    let (reserved, other) = (Gate::new(), Gate::new());
    limits.set_reserved(&account, &reserved, Some(600)).unwrap();
    assert_eq!(account.limit(), 400);
    assert_eq!(fill(&other, &account), 400);
    assert_eq!(other.try_acquire(&account), Err(AccountFull));
}

#[test]
fn a_reservation_is_a_floor_whatever_the_others_do() {
    let (mut limits, account) = aws();
    let (reserved, other) = (Gate::new(), Gate::new());
    limits.set_reserved(&account, &reserved, Some(50)).unwrap();
    fill(&other, &account);
    assert_eq!(fill(&reserved, &account), 50);
}

#[test]
fn a_reservation_is_a_cap_and_cannot_borrow_from_an_idle_pool() {
    let (mut limits, account) = aws();
    let gate = Gate::new();
    limits.set_reserved(&account, &gate, Some(50)).unwrap();
    assert_eq!(fill(&gate, &account), 50);
    assert_eq!(gate.try_acquire(&account), Err(ReservationFull));
    assert_eq!((account.in_flight(), account.limit()), (0, 950));
}

#[test]
fn a_reservation_of_0_throttles_all() {
    let (mut limits, account) = aws();
    let gate = Gate::new();
    limits.set_reserved(&account, &gate, Some(0)).unwrap();
    assert_eq!(gate.try_acquire(&account), Err(ReservationFull));
    assert_eq!(gate.reserved(), Some(0));
    assert_eq!(account.limit(), 1_000);
    limits.set_reserved(&account, &gate, None).unwrap();
    assert_eq!(gate.try_acquire(&account), Ok(()));
}

#[test]
fn a_reserved_function_leaves_the_accounts_word_alone() {
    let (mut limits, account) = aws();
    let gate = Gate::new();
    limits.set_reserved(&account, &gate, Some(2)).unwrap();
    // Another account would be refused or miscounted if it were looked at.
    let (_, elsewhere) = Limits::new(0, 0);
    gate.try_acquire(&elsewhere).unwrap();
    gate.release(&elsewhere).unwrap();
    assert_eq!((elsewhere.in_flight(), elsewhere.limit()), (0, 0));
}

#[test]
fn reservations_leave_the_pool_100_in_awss_words() {
    let (mut limits, account) = aws();
    let (a, b) = (Gate::new(), Gate::new());
    limits.set_reserved(&account, &a, Some(500)).unwrap();
    limits.set_reserved(&account, &b, Some(400)).unwrap();
    let error = limits.set_reserved(&account, &b, Some(401)).unwrap_err();
    assert_eq!(
        error,
        LimitError::UnreservedMinimum { reserved: 401, unreserved: 99, unreserved_minimum: 100 }
    );
    assert_eq!(
        error.to_string(),
        "Specified ReservedConcurrentExecutions for function decreases account's \
         UnreservedConcurrentExecution below its minimum value of [100]. Reserving 401 leaves 99."
    );
    assert_eq!((b.reserved(), limits.reserved_sum(), account.limit()), (Some(400), 900, 100));
}

#[test]
fn of_2000_1900_can_be_reserved() {
    let (mut limits, account) = Limits::new(2_000, 100);
    let gate = Gate::new();
    assert!(limits.set_reserved(&account, &gate, Some(1_901)).is_err());
    limits.set_reserved(&account, &gate, Some(1_900)).unwrap();
}

#[test]
fn an_account_below_the_minimum_is_fine_with_nothing_reserved() {
    let (mut limits, account) = Limits::new(10, 100);
    let gate = Gate::new();
    assert_eq!(fill(&gate, &account), 10);
    limits.set_reserved(&account, &gate, Some(0)).unwrap();
    assert!(matches!(
        limits.set_reserved(&account, &gate, Some(1)),
        Err(LimitError::UnreservedMinimum { unreserved: 9, .. })
    ));
}

#[test]
fn the_account_limit_covers_reservations_and_minimum() {
    let (mut limits, account) = aws();
    let gate = Gate::new();
    limits.set_reserved(&account, &gate, Some(600)).unwrap();
    let error = limits.set_account_limit(&account, 699).unwrap_err();
    assert_eq!(
        error.to_string(),
        "account limit 699 does not cover 600 reserved and the unreserved minimum of 100"
    );
    assert_eq!((limits.account_limit(), account.limit()), (1_000, 400));
    limits.set_account_limit(&account, 700).unwrap();
    assert_eq!(account.limit(), 100);
}

#[test]
fn an_account_limit_below_what_is_in_flight_stops_admission_and_kills_nothing() {
    let (mut limits, account) = Limits::new(10, 0);
    let gate = Gate::new();
    fill(&gate, &account);
    limits.set_account_limit(&account, 8).unwrap();
    assert_eq!(gate.in_flight(), 10);
    release(2, &gate, &account);
    assert_eq!(gate.try_acquire(&account), Err(AccountFull));
    gate.release(&account).unwrap();
    assert_eq!(gate.try_acquire(&account), Ok(()));
}

#[test]
fn a_reservation_below_what_is_in_flight_stops_admission_and_kills_nothing() {
    let (mut limits, account) = Limits::new(10, 0);
    let (gate, other) = (Gate::new(), Gate::new());
    limits.set_reserved(&account, &gate, Some(6)).unwrap();
    fill(&gate, &account);
    limits.set_reserved(&account, &gate, Some(2)).unwrap();
    // Four of six run on outside the reservation, so others have 8 - 4.
    assert_eq!((gate.in_flight(), account.in_flight(), account.limit()), (6, 4, 8));
    assert_eq!(fill(&other, &account), 4);
    // Each that ends returns to the pool, until only the reserved are left.
    release(4, &gate, &account);
    assert_eq!(gate.try_acquire(&account), Err(ReservationFull));
    assert_eq!(fill(&other, &account), 4);
    gate.release(&account).unwrap();
    assert_eq!(other.try_acquire(&account), Err(AccountFull));
    assert_eq!(gate.try_acquire(&account), Ok(()));
}

#[test]
fn requests_in_flight_move_with_their_function() {
    let (mut limits, account) = Limits::new(10, 0);
    let gate = Gate::new();
    for _ in 0..5 {
        gate.try_acquire(&account).unwrap();
    }
    for (reserved, in_flight, limit) in [
        (Some(3), 2, 7),
        (Some(4), 1, 6),
        (Some(9), 0, 1),
        (Some(0), 5, 10),
        (None, 5, 10),
        (Some(5), 0, 5),
        (None, 5, 10),
    ] {
        limits.set_reserved(&account, &gate, reserved).unwrap();
        assert_eq!((account.in_flight(), account.limit()), (in_flight, limit), "{reserved:?}");
        assert_eq!(gate.in_flight(), 5);
    }
    release(5, &gate, &account);
    assert_eq!(account.in_flight(), 0);
}

#[test]
fn claimed_is_unreserved_in_flight_and_every_reservation() {
    let (mut limits, account) = aws();
    let (idle, other) = (Gate::new(), Gate::new());
    limits.set_reserved(&account, &idle, Some(600)).unwrap();
    assert_eq!(limits.claimed(&account), 600);
    for _ in 0..30 {
        other.try_acquire(&account).unwrap();
    }
    idle.try_acquire(&account).unwrap();
    assert_eq!(limits.claimed(&account), 630);
    assert_eq!(account.claimed(1_000), 630);
    limits.set_reserved(&account, &idle, None).unwrap();
    assert_eq!(limits.claimed(&account), 31);
}

#[test]
fn a_reservation_serves_at_once_though_the_pool_is_still_full() {
    let (mut limits, account) = aws();
    let (late, other) = (Gate::new(), Gate::new());
    fill(&other, &account);
    limits.set_reserved(&account, &late, Some(100)).unwrap();
    assert_eq!(limits.claimed(&account), 1_100);
    assert_eq!(fill(&late, &account), 100);
    release(100, &other, &account);
    assert_eq!(other.try_acquire(&account), Err(AccountFull));
    assert_eq!(limits.claimed(&account), 1_000);
}

#[test]
fn a_release_with_nothing_in_flight_is_refused_and_changes_nothing() {
    let (mut limits, account) = aws();
    let gate = Gate::new();
    for reserved in [None, Some(0), Some(3)] {
        limits.set_reserved(&account, &gate, reserved).unwrap();
        assert_eq!(gate.release(&account), Err(NotHeld));
        assert_eq!((gate.in_flight(), gate.reserved(), account.in_flight()), (0, reserved, 0));
    }
    assert_eq!(NotHeld.to_string(), "released 1 unit of concurrency with 0 in flight");
}

/// With debug assertions the first of these panics.
#[cfg(not(debug_assertions))]
#[test]
fn a_gate_used_with_a_foreign_account_does_not_block_that_account() {
    let ((_, account), (mut limits, elsewhere)) = (Limits::new(3, 0), Limits::new(3, 0));
    let gate = Gate::new();
    gate.try_acquire(&account).unwrap();
    gate.try_acquire(&account).unwrap();
    gate.release(&elsewhere).unwrap();
    assert_eq!((elsewhere.in_flight(), elsewhere.limit()), (0, 3));
    limits.set_reserved(&elsewhere, &gate, Some(1)).unwrap();
    assert_eq!((elsewhere.in_flight(), elsewhere.limit()), (0, 2));
    assert_eq!(fill(&Gate::new(), &elsewhere), 2);
}

#[cfg(debug_assertions)]
#[test]
#[should_panic(expected = "a gate belongs to one account")]
fn a_gate_used_with_a_foreign_account_is_caught_by_debug_assertions() {
    let ((_, account), (_, elsewhere)) = (aws(), aws());
    let gate = Gate::new();
    gate.try_acquire(&account).unwrap();
    let _ = gate.release(&elsewhere);
}

#[test]
fn limits_reach_to_32_bits() {
    let (mut limits, account) = Limits::new(u32::MAX, 0);
    let (gate, other) = (Gate::new(), Gate::new());
    let error = limits.set_reserved(&account, &gate, Some(u32::MAX)).unwrap_err();
    assert_eq!(error, LimitError::ReservedRange { reserved: u32::MAX, max: u32::MAX - 1 });
    assert_eq!(
        error.to_string(),
        "reserved concurrency 4294967295 is above the largest, 4294967294"
    );
    limits.set_reserved(&account, &gate, Some(u32::MAX - 1)).unwrap();
    assert_eq!(fill(&other, &account), 1);
    gate.try_acquire(&account).unwrap();
    other.release(&account).unwrap();
    limits.set_reserved(&account, &gate, None).unwrap();
    assert_eq!((account.in_flight(), account.limit()), (1, u32::MAX));
}

#[test]
fn what_exceeds_the_account_is_no_reservation() {
    let (mut limits, account) = Limits::new(10, 0);
    let gate = Gate::new();
    let error = limits.set_reserved(&account, &gate, Some(u32::MAX)).unwrap_err();
    assert_eq!(
        error,
        LimitError::UnreservedMinimum {
            reserved: u32::MAX,
            unreserved: 10 - i64::from(u32::MAX),
            unreserved_minimum: 0
        }
    );
    assert_eq!((gate.reserved(), account.limit()), (None, 10));
}

#[test]
fn a_count_without_room_for_the_switch_refuses_it_and_changes_nothing() {
    let (mut limits, account) = Limits::new(u32::MAX, 0);
    let (gate, other) = (Gate::new(), Gate::new());
    for _ in 0..3 {
        other.try_acquire(&account).unwrap();
    }
    limits.set_reserved(&account, &gate, Some(u32::MAX - 2)).unwrap();
    let error = limits.set_reserved(&account, &gate, None).unwrap_err();
    assert_eq!(error, LimitError::InFlight { in_flight: 3, units: u32::MAX - 2 });
    assert_eq!((gate.reserved(), account.limit()), (Some(u32::MAX - 2), 2));
    assert_eq!((account.in_flight(), limits.reserved_sum()), (3, u32::MAX - 2));
    other.release(&account).unwrap();
    limits.set_reserved(&account, &gate, None).unwrap();
    assert_eq!((account.in_flight(), account.limit()), (2, u32::MAX));
}

#[test]
fn a_gate_of_another_account_is_refused() {
    let (mut limits, account) = aws();
    let gate = Gate::new();
    limits.set_reserved(&account, &gate, Some(5)).unwrap();
    let (mut others, elsewhere) = aws();
    assert_eq!(
        others.set_reserved(&elsewhere, &gate, None),
        Err(LimitError::ForeignGate { reserved: 5, reserved_sum: 0 })
    );
    assert_eq!(gate.reserved(), Some(5));
}
