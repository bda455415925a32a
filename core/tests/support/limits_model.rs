//! Admission beside a trivial sequential oracle: AWS's rules as plain sums.
//!
//! [`check`] plays a list of [`Action`]s on both. After every action, for every
//! function and the account:
//! * the same requests were admitted, and refused for the same reason;
//! * the same changes of limits were accepted, and refused with the same error;
//! * in-flight counts, reservations, limits and claimed concurrency are equal,
//!   so no unit is lost or minted and a refused change has changed nothing.
//!
//! An action comes from three bytes, for property tests and fuzz targets alike.

use warmstow_core::concurrency::{Account, Gate, LimitError, Limits, NotHeld, ThrottleReason};

/// Functions in the account.
const FUNCTIONS: usize = 4;

/// The account as it is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The account's limit.
    pub(crate) account_limit: u32,
    /// What reservations must leave of it.
    pub(crate) unreserved_minimum: u32,
}

impl Settings {
    /// The settings that two bytes stand for; every pair is one.
    pub(crate) fn from_bytes([limit, minimum]: [u8; 2]) -> Self {
        Self { account_limit: units(limit), unreserved_minimum: units(minimum / 4 * 3) }
    }
}

/// One call. The first operand picks a function, modulo [`FUNCTIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// `try_acquire`, so many times.
    Acquire(u8, u8),
    /// `release`, whether a unit is held or not.
    Release(u8),
    /// `set_reserved`.
    SetReserved(u8, Option<u32>),
    /// `set_account_limit`.
    SetAccountLimit(u32),
}

impl Action {
    /// The action that three bytes stand for; all of them are one.
    pub(crate) fn from_bytes([kind, function, operand]: [u8; 3]) -> Self {
        match kind % 16 {
            0..=5 => Self::Acquire(function, 1),
            6 => Self::Acquire(function, operand),
            7..=10 => Self::Release(function),
            11..=13 => Self::SetReserved(function, Some(units(operand))),
            14 => Self::SetReserved(function, None),
            _ => Self::SetAccountLimit(units(operand)),
        }
    }
}

/// Small amounts, so that limits are met; some larger ones; now and then the
/// ends of the range.
pub(crate) const fn units(byte: u8) -> u32 {
    match byte {
        0..160 => byte as u32 % 24,
        160..240 => (byte as u32 - 160) * 5,
        240..244 => 1 << 31,
        244..250 => u32::MAX - 1,
        250.. => u32::MAX,
    }
}

#[derive(Clone, Copy, Default)]
struct Function {
    reserved: Option<u32>,
    in_flight: u32,
}

struct Oracle {
    settings: Settings,
    functions: [Function; FUNCTIONS],
}

/// Plays `actions` on an account of these settings and on the oracle.
///
/// # Panics
///
/// Where they differ.
pub(crate) fn check(settings: Settings, actions: &[Action]) {
    let (limits, account) = Limits::new(settings.account_limit, settings.unreserved_minimum);
    let mut world = World {
        limits,
        account,
        gates: core::array::from_fn(|_| Gate::new()),
        oracle: Oracle { settings, functions: [Function::default(); FUNCTIONS] },
    };
    world.compare();
    for &action in actions {
        world.play(action);
        world.compare();
    }
    world.end();
}

impl Oracle {
    fn reserved_sum(&self) -> u32 {
        self.functions.iter().filter_map(|function| function.reserved).sum()
    }

    /// What is left to functions without a reservation.
    fn pool_limit(&self) -> u32 {
        self.settings.account_limit - self.reserved_sum()
    }

    /// In flight outside any reservation.
    fn pool_in_flight(&self) -> u32 {
        let outside = |f: &Function| f.in_flight.saturating_sub(f.reserved.unwrap_or(0));
        self.functions.iter().map(outside).sum()
    }

    fn acquire(&mut self, index: usize) -> Result<(), ThrottleReason> {
        let Function { reserved, in_flight } = self.functions[index];
        match reserved {
            Some(reserved) if in_flight >= reserved => {
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

    /// What an account of this limit with this much reserved leaves to the
    /// others, and whether it may be so.
    fn leaves(&self, account_limit: u32, reserved: u64) -> (i64, bool) {
        let left = i64::from(account_limit) - i64::try_from(reserved).expect("a few 32-bit sums");
        let minimum = i64::from(self.settings.unreserved_minimum);
        (left, reserved == 0 || left >= minimum)
    }

    fn set_reserved(&mut self, index: usize, reserved: Option<u32>) -> Result<(), LimitError> {
        let before = self.functions[index].reserved;
        if before == reserved {
            return Ok(());
        }
        let (before, after) = (before.unwrap_or(0), reserved.unwrap_or(0));
        let sum = u64::from(self.reserved_sum() - before) + u64::from(after);
        let (unreserved, allowed) = self.leaves(self.settings.account_limit, sum);
        let unreserved_minimum = self.settings.unreserved_minimum;
        if !allowed {
            let reserved = after;
            return Err(LimitError::UnreservedMinimum { reserved, unreserved, unreserved_minimum });
        }
        if after == u32::MAX {
            return Err(LimitError::ReservedRange { reserved: after, max: u32::MAX - 1 });
        }
        // The account counts what was reserved as in flight for a moment.
        let (in_flight, units) = (self.pool_in_flight(), before.saturating_sub(after));
        if in_flight.checked_add(units).is_none() {
            return Err(LimitError::InFlight { in_flight, units });
        }
        self.functions[index].reserved = reserved;
        Ok(())
    }

    fn set_account_limit(&mut self, account_limit: u32) -> Result<(), LimitError> {
        let (reserved_sum, unreserved_minimum) =
            (self.reserved_sum(), self.settings.unreserved_minimum);
        if !self.leaves(account_limit, reserved_sum.into()).1 {
            return Err(LimitError::AccountLimit {
                account_limit,
                reserved_sum,
                unreserved_minimum,
            });
        }
        self.settings.account_limit = account_limit;
        Ok(())
    }
}

/// The account and the oracle side by side.
struct World {
    limits: Limits,
    account: Account,
    gates: [Gate; FUNCTIONS],
    oracle: Oracle,
}

impl World {
    fn play(&mut self, action: Action) {
        let at = |function: u8| usize::from(function) % FUNCTIONS;
        match action {
            Action::Acquire(function, times) => {
                for _ in 0..times {
                    let expected = self.oracle.acquire(at(function));
                    let acquired = self.gates[at(function)].try_acquire(&self.account);
                    assert_eq!(acquired, expected, "{action:?}");
                }
            }
            Action::Release(function) => {
                let released = self.gates[at(function)].release(&self.account);
                assert_eq!(released, self.oracle.release(at(function)), "{action:?}");
            }
            Action::SetReserved(function, reserved) => {
                let gate = &self.gates[at(function)];
                let set = self.limits.set_reserved(&self.account, gate, reserved);
                assert_eq!(set, self.oracle.set_reserved(at(function), reserved), "{action:?}");
            }
            Action::SetAccountLimit(limit) => {
                let set = self.limits.set_account_limit(&self.account, limit);
                assert_eq!(set, self.oracle.set_account_limit(limit), "{action:?}");
            }
        }
    }

    fn compare(&self) {
        let Oracle { settings, functions } = &self.oracle;
        for (gate, function) in self.gates.iter().zip(functions) {
            assert_eq!(gate.in_flight(), function.in_flight);
            assert_eq!(gate.reserved(), function.reserved);
        }
        let (in_flight, reserved) = (self.oracle.pool_in_flight(), self.oracle.reserved_sum());
        assert_eq!(self.limits.account_limit(), settings.account_limit);
        assert_eq!(self.limits.unreserved_minimum(), settings.unreserved_minimum);
        assert_eq!(self.limits.reserved_sum(), reserved);
        assert_eq!(self.account.limit(), self.oracle.pool_limit());
        assert_eq!(self.account.in_flight(), in_flight);
        let claimed = u64::from(in_flight) + u64::from(reserved);
        assert_eq!(self.limits.claimed(&self.account), claimed);
    }

    /// Gives everything back: the account is then as empty as a new one.
    fn end(self) {
        for (gate, function) in self.gates.iter().zip(self.oracle.functions) {
            for _ in 0..function.in_flight {
                assert_eq!(gate.release(&self.account), Ok(()));
            }
            assert_eq!(gate.release(&self.account), Err(NotHeld));
        }
        assert_eq!(self.account.in_flight(), 0);
    }
}
