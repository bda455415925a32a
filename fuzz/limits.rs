//! An account, four functions and their limits against plain sums: requests
//! come and go while limits and reservations change under them.

use arbitrary::{Arbitrary, Unstructured};
use warmstow_core::concurrency::{Account, Gate, LimitError, Limits, NotHeld, ThrottleReason};

use crate::actions;

/// Functions in the account.
const FUNCTIONS: usize = 4;

/// One call. The first number of each names a function.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Action {
    /// Asks for a unit.
    Acquire(u8),
    /// Asks for so many units, one after the other.
    AcquireMany(u8, u8),
    /// Gives a unit back, whether one is held or not.
    Release(u8),
    /// Reserves so much.
    Reserve(u8, u16),
    /// Takes the reservation away.
    Unreserve(u8),
    /// Sets the account's limit.
    SetAccountLimit(u16),
}

#[derive(Clone, Copy, Debug, Default)]
struct Function {
    in_flight: u32,
    reserved: Option<u32>,
}

impl Function {
    /// What of its requests the account's pool carries.
    fn charged(self) -> u32 {
        self.in_flight.saturating_sub(self.reserved.unwrap_or(0))
    }
}

struct World {
    limits: Limits,
    account: Account,
    gates: [Gate; FUNCTIONS],
    functions: [Function; FUNCTIONS],
    account_limit: u32,
    unreserved_minimum: u32,
}

/// Carries the actions of `data` out on an account and its model.
///
/// # Panics
///
/// Where the two differ.
pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok((account_limit, unreserved_minimum)) = shape(&mut input) else { return };
    let (limits, account) = Limits::new(account_limit, unreserved_minimum);
    let mut world = World {
        limits,
        account,
        gates: core::array::from_fn(|_| Gate::new()),
        functions: [Function::default(); FUNCTIONS],
        account_limit,
        unreserved_minimum,
    };
    for action in actions(&mut input) {
        world.act(action);
        world.compare();
    }
}

fn shape(input: &mut Unstructured<'_>) -> arbitrary::Result<(u32, u32)> {
    Ok((input.int_in_range(0..=300)?, input.int_in_range(0..=100)?))
}

impl World {
    fn act(&mut self, action: Action) {
        match action {
            Action::Acquire(function) => self.acquire(function),
            Action::AcquireMany(function, units) => {
                (0..units).for_each(|_| self.acquire(function));
            }
            Action::Release(function) => self.release(function),
            // Small reservations often, large ones and the largest sometimes.
            Action::Reserve(function, u16::MAX) => self.reserve(function, Some(u32::MAX)),
            Action::Reserve(function, units) => {
                self.reserve(function, Some(u32::from(units % 400)));
            }
            Action::Unreserve(function) => self.reserve(function, None),
            Action::SetAccountLimit(limit) => self.set_account_limit(u32::from(limit % 400)),
        }
    }

    fn reserved_sum(&self) -> u32 {
        self.functions.iter().filter_map(|function| function.reserved).sum()
    }

    fn charged(&self) -> u32 {
        self.functions.iter().map(|function| function.charged()).sum()
    }

    fn acquire(&mut self, function: u8) {
        let at = usize::from(function) % FUNCTIONS;
        let Function { in_flight, reserved } = self.functions[at];
        let expected = match reserved {
            Some(reserved) if in_flight < reserved => Ok(()),
            Some(_) => Err(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded),
            None if self.charged() < self.account_limit - self.reserved_sum() => Ok(()),
            None => Err(ThrottleReason::ConcurrentInvocationLimitExceeded),
        };
        assert_eq!(self.gates[at].try_acquire(&self.account), expected);
        self.functions[at].in_flight += u32::from(expected.is_ok());
    }

    fn release(&mut self, function: u8) {
        let at = usize::from(function) % FUNCTIONS;
        let expected = self.functions[at].in_flight.checked_sub(1);
        assert_eq!(self.gates[at].release(&self.account), expected.map(drop).ok_or(NotHeld));
        self.functions[at].in_flight = expected.unwrap_or(0);
    }

    fn reserve(&mut self, function: u8, reserved: Option<u32>) {
        let at = usize::from(function) % FUNCTIONS;
        let others = self.reserved_sum() - self.functions[at].reserved.unwrap_or(0);
        let unchanged = self.functions[at].reserved == reserved;
        let allowed = unchanged || self.leaves(self.account_limit, others, reserved.unwrap_or(0));
        match self.limits.set_reserved(&self.account, &self.gates[at], reserved) {
            Ok(()) => {
                assert!(allowed, "{reserved:?} beside {others} was accepted");
                self.functions[at].reserved = reserved;
            }
            Err(LimitError::UnreservedMinimum { .. }) => assert!(!allowed),
            Err(error) => panic!("{error}"),
        }
    }

    /// Whether reservations of `sum` and `more` leave the minimum to the others.
    fn leaves(&self, account_limit: u32, sum: u32, more: u32) -> bool {
        let sum = u64::from(sum) + u64::from(more);
        let minimum = if sum == 0 { 0 } else { u64::from(self.unreserved_minimum) };
        sum + minimum <= u64::from(account_limit)
    }

    fn set_account_limit(&mut self, limit: u32) {
        let allowed = self.leaves(limit, self.reserved_sum(), 0);
        match self.limits.set_account_limit(&self.account, limit) {
            Ok(()) => {
                assert!(allowed, "a limit of {limit} was accepted");
                self.account_limit = limit;
            }
            Err(LimitError::AccountLimit { .. }) => assert!(!allowed),
            Err(error) => panic!("{error}"),
        }
    }

    /// No unit is lost or minted.
    fn compare(&self) {
        for (gate, function) in self.gates.iter().zip(self.functions) {
            assert_eq!(gate.in_flight(), function.in_flight);
            assert_eq!(gate.reserved(), function.reserved);
        }
        assert_eq!(self.account.in_flight(), self.charged());
        assert_eq!(self.account.limit(), self.account_limit - self.reserved_sum());
        assert_eq!(self.limits.account_limit(), self.account_limit);
        assert_eq!(self.limits.reserved_sum(), self.reserved_sum());
    }
}
