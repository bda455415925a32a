//! Admission against a trivial sequential oracle.
//!
//! After every action, for every function and the account:
//! * the same requests are admitted, and refused for the same reason;
//! * the same changes of limits are accepted and refused;
//! * in-flight counts, reservations, limits and claimed concurrency are equal;
//! * a refused change has changed nothing.

use proptest::prelude::*;
use warmstow_core::concurrency::{Account, Gate, LimitError, Limits, NotHeld, ThrottleReason};

const FUNCTIONS: usize = 4;

#[derive(Clone, Copy, Debug)]
enum Action {
    Acquire(usize),
    Release(usize),
    SetReserved(usize, Option<u32>),
    SetAccountLimit(u32),
}

fn action() -> impl Strategy<Value = Action> {
    let function = 0..FUNCTIONS;
    prop_oneof![
        6 => function.clone().prop_map(Action::Acquire),
        3 => function.clone().prop_map(Action::Release),
        3 => (function, prop::option::weighted(0.7, 0..12_u32))
            .prop_map(|(function, reserved)| Action::SetReserved(function, reserved)),
        1 => (0..24_u32).prop_map(Action::SetAccountLimit),
    ]
}

#[derive(Clone, Copy, Default)]
struct Function {
    reserved: Option<u32>,
    in_flight: u32,
}

/// AWS's rules, written down with plain sums.
struct Oracle {
    account_limit: u32,
    minimum: u32,
    functions: [Function; FUNCTIONS],
}

impl Oracle {
    fn reserved_sum(&self) -> u32 {
        self.functions.iter().filter_map(|function| function.reserved).sum()
    }

    fn pool_limit(&self) -> u32 {
        self.account_limit - self.reserved_sum()
    }

    /// In flight outside any reservation.
    fn pool_in_flight(&self) -> u32 {
        let outside = |f: &Function| f.in_flight.saturating_sub(f.reserved.unwrap_or(0));
        self.functions.iter().map(outside).sum()
    }

    fn acquire(&mut self, index: usize) -> Result<(), ThrottleReason> {
        let function = self.functions[index];
        match function.reserved {
            Some(reserved) if function.in_flight >= reserved => {
                return Err(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded);
            }
            None if self.pool_in_flight() >= self.pool_limit() => {
                return Err(ThrottleReason::ConcurrentInvocationLimitExceeded);
            }
            _ => {}
        }
        self.functions[index].in_flight += 1;
        Ok(())
    }

    fn release(&mut self, index: usize) -> Result<(), NotHeld> {
        let in_flight = &mut self.functions[index].in_flight;
        *in_flight = in_flight.checked_sub(1).ok_or(NotHeld)?;
        Ok(())
    }

    /// May the account be like this?
    fn is_allowed(&self) -> bool {
        let sum = self.reserved_sum();
        sum == 0 || sum + self.minimum <= self.account_limit
    }

    fn set_reserved(&mut self, index: usize, reserved: Option<u32>) -> bool {
        let before = self.functions[index].reserved;
        self.functions[index].reserved = reserved;
        let allowed = self.is_allowed();
        if !allowed {
            self.functions[index].reserved = before;
        }
        allowed
    }

    fn set_account_limit(&mut self, limit: u32) -> bool {
        let before = self.account_limit;
        self.account_limit = limit;
        let allowed = self.is_allowed();
        if !allowed {
            self.account_limit = before;
        }
        allowed
    }
}

fn compare(oracle: &Oracle, limits: &Limits, account: &Account, gates: &[Gate; FUNCTIONS]) {
    for (function, gate) in oracle.functions.iter().zip(gates) {
        assert_eq!(gate.in_flight(), function.in_flight);
        assert_eq!(gate.reserved(), function.reserved);
    }
    assert_eq!(limits.account_limit(), oracle.account_limit);
    assert_eq!(limits.reserved_sum(), oracle.reserved_sum());
    assert_eq!(account.limit(), oracle.pool_limit());
    assert_eq!(account.in_flight(), oracle.pool_in_flight());
    let claimed = oracle.pool_in_flight() + oracle.reserved_sum();
    assert_eq!(limits.claimed(account), u64::from(claimed));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..Default::default() })]

    #[test]
    fn admission_equals_the_oracle(
        account_limit in 0..24_u32,
        minimum in 0..6_u32,
        actions in prop::collection::vec(action(), 1..120),
    ) {
        let (mut limits, account) = Limits::new(account_limit, minimum);
        let gates: [Gate; FUNCTIONS] = core::array::from_fn(|_| Gate::new());
        let functions = [Function::default(); FUNCTIONS];
        let mut oracle = Oracle { account_limit, minimum, functions };
        for action in actions {
            match action {
                Action::Acquire(index) => {
                    prop_assert_eq!(gates[index].try_acquire(&account), oracle.acquire(index));
                }
                Action::Release(index) => {
                    prop_assert_eq!(gates[index].release(&account), oracle.release(index));
                }
                Action::SetReserved(index, reserved) => {
                    let result = limits.set_reserved(&account, &gates[index], reserved);
                    prop_assert_eq!(result.is_ok(), oracle.set_reserved(index, reserved));
                    let refused = matches!(result, Err(LimitError::UnreservedMinimum { .. }));
                    prop_assert_eq!(refused, result.is_err());
                }
                Action::SetAccountLimit(limit) => {
                    let result = limits.set_account_limit(&account, limit);
                    prop_assert_eq!(result.is_ok(), oracle.set_account_limit(limit));
                    let refused = matches!(result, Err(LimitError::AccountLimit { .. }));
                    prop_assert_eq!(refused, result.is_err());
                }
            }
            compare(&oracle, &limits, &account, &gates);
        }
    }
}
