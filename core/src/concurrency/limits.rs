//! The control plane: how much of the account's concurrency is reserved.
//!
//! Plain data with one owner. Every change checks the rules first, then walks
//! the steps told in `gate.rs`, so that an error leaves everything unchanged.

use core::fmt;

use super::gate::MAX_RESERVED;
use super::{Account, Gate};

/// The account's concurrency limit and the sum reserved of it.
///
/// The one writer of its [`Account`]'s limit and of its gates' reservations:
/// `&mut self` keeps changes in line while requests come and go on other
/// threads. Pass the account that [`new`](Self::new) gave out and gates that
/// serve it alone.
///
/// ```
/// use warmstow_core::concurrency::{Gate, Limits};
///
/// let (mut limits, account) = Limits::new(1_000, 100);
/// let gate = Gate::new();
/// limits.set_reserved(&account, &gate, Some(900))?;
/// assert_eq!(account.limit(), 100);
///
/// let error = limits.set_reserved(&account, &gate, Some(901)).unwrap_err();
/// assert!(error.to_string().starts_with(
///     "Specified ReservedConcurrentExecutions for function decreases account's \
///      UnreservedConcurrentExecution below its minimum value of [100]."
/// ));
/// assert_eq!(gate.reserved(), Some(900));
/// # Ok::<(), warmstow_core::concurrency::LimitError>(())
/// ```
#[derive(Debug)]
pub struct Limits {
    account_limit: u32,
    unreserved_minimum: u32,
    reserved_sum: u32,
}

impl Limits {
    /// An account of `account_limit` with nothing reserved or in flight.
    ///
    /// `unreserved_minimum` is what reservations must leave to the pool. AWS:
    /// 1,000 and 100, "You can reserve up to the Unreserved account
    /// concurrency value minus 100" (Lambda Developer Guide, "Configuring
    /// reserved concurrency"). An account below the minimum is fine as long as
    /// nothing is reserved. Any 32-bit values will do; 0 throttles all.
    pub fn new(account_limit: u32, unreserved_minimum: u32) -> (Self, Account) {
        let limits = Self { account_limit, unreserved_minimum, reserved_sum: 0 };
        (limits, Account::new(account_limit))
    }

    /// The account's concurrency limit.
    pub const fn account_limit(&self) -> u32 {
        self.account_limit
    }

    /// What reservations must leave to functions without one.
    pub const fn unreserved_minimum(&self) -> u32 {
        self.unreserved_minimum
    }

    /// The sum of all reservations; in a region, provisioned concurrency of
    /// functions without one among them.
    pub const fn reserved_sum(&self) -> u32 {
        self.reserved_sum
    }

    /// Claimed concurrency: unreserved requests in flight and all
    /// reservations; see [`Account::claimed`].
    pub fn claimed(&self, account: &Account) -> u64 {
        account.claimed(self.account_limit)
    }

    /// Sets the account's limit. If more is in flight nothing is killed, but
    /// functions without a reservation wait until less is. O(1).
    ///
    /// # Errors
    ///
    /// [`LimitError::AccountLimit`] if `limit` leaves less than the minimum
    /// beside what is reserved.
    pub fn set_account_limit(&mut self, account: &Account, limit: u32) -> Result<(), LimitError> {
        let Some(unreserved) = self.unreserved(limit, self.reserved_sum.into()) else {
            return Err(LimitError::AccountLimit {
                account_limit: limit,
                reserved_sum: self.reserved_sum,
                unreserved_minimum: self.unreserved_minimum,
            });
        };
        account.set_limit(unreserved, 0);
        self.account_limit = limit;
        Ok(())
    }

    /// Sets a function's reservation, or takes it away (`None`).
    ///
    /// Requests in flight go on. Those that the reservation covers stop
    /// counting against the pool; those above a lowered one start to. A
    /// reservation serves its function at once, so that [`Account::claimed`]
    /// can exceed the account's limit until others' requests end.
    ///
    /// The range is 0 (throttle all) to `u32::MAX - 1`. O(1) but for retries
    /// against this function's own traffic.
    ///
    /// # Errors
    ///
    /// * [`LimitError::UnreservedMinimum`] if too little is left to the pool;
    /// * [`LimitError::ReservedRange`] for `u32::MAX`;
    /// * [`LimitError::InFlight`] if, at a reservation lowered or taken away,
    ///   the account's 32-bit count has no room for it;
    /// * [`LimitError::ForeignGate`] if the gate has more reserved than this
    ///   account.
    pub fn set_reserved(
        &mut self,
        account: &Account,
        gate: &Gate,
        reserved: Option<u32>,
    ) -> Result<(), LimitError> {
        let was = gate.reserved();
        if was == reserved {
            return Ok(());
        }
        let (before, after) = (was.unwrap_or(0), reserved.unwrap_or(0));
        let Some(others) = self.reserved_sum.checked_sub(before) else {
            return Err(LimitError::ForeignGate {
                reserved: before,
                reserved_sum: self.reserved_sum,
            });
        };
        let sum = u64::from(others) + u64::from(after);
        let Some(unreserved) = self.unreserved(self.account_limit, sum) else {
            return Err(LimitError::UnreservedMinimum {
                reserved: after,
                unreserved: i64::from(self.account_limit) - i64::from(others) - i64::from(after),
                unreserved_minimum: self.unreserved_minimum,
            });
        };
        if after > MAX_RESERVED {
            return Err(LimitError::ReservedRange { reserved: after, max: MAX_RESERVED });
        }
        if after >= before {
            claim_more(account, gate, reserved, after - before, unreserved);
        } else {
            claim_less(account, gate, reserved, before - after, unreserved)?;
        }
        self.reserved_sum = self.account_limit - unreserved;
        Ok(())
    }

    /// For the broken twins, which walk the steps by themselves.
    #[cfg(all(test, loom))]
    pub(super) fn note_reserved_sum(&mut self, sum: u32) {
        self.reserved_sum = sum;
    }

    /// What `sum` reserved of `account_limit` leaves, if it may.
    fn unreserved(&self, account_limit: u32, sum: u64) -> Option<u32> {
        let left = account_limit.checked_sub(u32::try_from(sum).ok()?)?;
        (sum == 0 || left >= self.unreserved_minimum).then_some(left)
    }
}

/// Steps 7 to 9: the reservation grows by `delta`, the pool shrinks to
/// `unreserved`.
pub(super) fn claim_more(
    account: &Account,
    gate: &Gate,
    reserved: Option<u32>,
    delta: u32,
    unreserved: u32,
) {
    let mut withdrawn = 0;
    let mut seen = gate.load();
    let moved = loop {
        // What this many in flight already hold at the account need not be
        // free there: withdrawing it too would refuse others for nothing.
        let moved = seen.charged().saturating_sub(seen.with_reserved(reserved).charged());
        let needed = delta.saturating_sub(moved);
        if needed > withdrawn {
            withdrawn = needed;
            account.set_limit(unreserved.saturating_add(delta - withdrawn), 0);
        }
        match gate.switch(seen, reserved) {
            Ok(()) => break moved,
            Err(now) => seen = now,
        }
        crate::sync::spin_loop();
    };
    account.set_limit(unreserved, moved);
}

/// Steps 10 to 12: the reservation shrinks by `delta`, the pool grows to
/// `unreserved`. An error comes before the first step.
pub(super) fn claim_less(
    account: &Account,
    gate: &Gate,
    reserved: Option<u32>,
    delta: u32,
    unreserved: u32,
) -> Result<(), LimitError> {
    account
        .set_limit_charged(unreserved, delta)
        .map_err(|in_flight| LimitError::InFlight { in_flight, units: delta })?;
    let mut seen = gate.load();
    while let Err(now) = gate.switch(seen, reserved) {
        seen = now;
        crate::sync::spin_loop();
    }
    let charged = seen.with_reserved(reserved).charged().saturating_sub(seen.charged());
    account.give_back(delta.saturating_sub(charged));
    Ok(())
}

/// Why a limit cannot be set. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitError {
    /// The reservation leaves the pool less than its minimum.
    UnreservedMinimum {
        /// The reservation asked for.
        reserved: u32,
        /// What would be left to functions without one; below 0 if the sum of
        /// reservations exceeds the account's limit.
        unreserved: i64,
        /// What must be left.
        unreserved_minimum: u32,
    },
    /// Provisioned concurrency of a function without a reservation leaves the
    /// pool less than its minimum.
    ProvisionedMinimum {
        /// What was to be prepared, beside what can be used already.
        provisioned: u32,
        /// What would be left; below 0 if more is claimed than the account's limit.
        unreserved: i64,
        /// What must be left.
        unreserved_minimum: u32,
    },
    /// The reservation is not below `u32::MAX`.
    ReservedRange {
        /// The reservation asked for.
        reserved: u32,
        /// The largest one.
        max: u32,
    },
    /// The account's limit does not cover what is reserved and the minimum.
    AccountLimit {
        /// The limit asked for.
        account_limit: u32,
        /// What is reserved of it.
        reserved_sum: u32,
        /// What must be left.
        unreserved_minimum: u32,
    },
    /// The account counts so many requests in flight that those of the
    /// function may not fit in 32 bits.
    InFlight {
        /// Counted by the account.
        in_flight: u32,
        /// What would be added.
        units: u32,
    },
    /// The gate was given its reservation by another account's limits.
    ForeignGate {
        /// What the gate has reserved.
        reserved: u32,
        /// What this account has reserved in all.
        reserved_sum: u32,
    },
}

impl LimitError {
    /// The same of a reservation that stands for provisioned concurrency.
    #[cfg(feature = "alloc")]
    pub(crate) const fn of_provisioned(self) -> Self {
        match self {
            Self::UnreservedMinimum { reserved, unreserved, unreserved_minimum } => {
                Self::ProvisionedMinimum { provisioned: reserved, unreserved, unreserved_minimum }
            }
            _ => self,
        }
    }
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            // The first sentence is AWS's own (PutFunctionConcurrency,
            // InvalidParameterValueException), brackets and all.
            Self::UnreservedMinimum { reserved, unreserved, unreserved_minimum } => write!(
                f,
                "Specified ReservedConcurrentExecutions for function decreases account's \
                 UnreservedConcurrentExecution below its minimum value of \
                 [{unreserved_minimum}]. Reserving {reserved} leaves {unreserved}."
            ),
            // PutProvisionedConcurrencyConfig's sentence.
            Self::ProvisionedMinimum { provisioned, unreserved, unreserved_minimum } => write!(
                f,
                "Specified ConcurrentExecutions for function decreases account's \
                 UnreservedConcurrentExecution below its minimum value of \
                 [{unreserved_minimum}]. Preparing {provisioned} leaves {unreserved}."
            ),
            Self::ReservedRange { reserved, max } => {
                write!(f, "reserved concurrency {reserved} is above the largest, {max}")
            }
            Self::AccountLimit { account_limit, reserved_sum, unreserved_minimum } => write!(
                f,
                "account limit {account_limit} does not cover {reserved_sum} reserved and the \
                 unreserved minimum of {unreserved_minimum}"
            ),
            Self::InFlight { in_flight, units } => write!(
                f,
                "{units} units do not fit beside {in_flight} in flight in a count of at most {}",
                u32::MAX
            ),
            Self::ForeignGate { reserved, reserved_sum } => write!(
                f,
                "the gate has {reserved} reserved, more than its account's {reserved_sum} in all"
            ),
        }
    }
}

impl core::error::Error for LimitError {}
