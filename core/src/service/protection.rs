//! Task scale-in protection: how long a task is not to be chosen.
//!
//! Amazon ECS Developer Guide, "Protect your Amazon ECS tasks from being
//! terminated by scale-in events": 1 to 2,880 minutes, 120 by default, against
//! scale-in and deployments. It is no shield against ill health, a draining
//! instance or the service's deletion, of which the guide does not speak.

use core::fmt;

use crate::time::{Duration, Instant};

/// How long a task is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    minutes: u32,
}

impl Protection {
    /// The longest: 48 hours.
    pub const MAX_MINUTES: u32 = 2_880;
    /// Without a time: 2 hours.
    pub const DEFAULT: Self = Self { minutes: 120 };

    /// A protection of `minutes`.
    ///
    /// # Errors
    ///
    /// [`ProtectionError`] unless it is 1 to 2,880.
    pub const fn new(minutes: u32) -> Result<Self, ProtectionError> {
        if minutes == 0 || minutes > Self::MAX_MINUTES {
            return Err(ProtectionError { minutes });
        }
        Ok(Self { minutes })
    }

    /// When it ends; the task can be chosen from that instant on.
    pub const fn ends(self, now: Instant) -> Instant {
        now.after(Duration::from_secs(self.minutes as u64 * 60))
    }
}

/// `expiresInMinutes` is out of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtectionError {
    /// The value.
    pub minutes: u32,
}

impl fmt::Display for ProtectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (minutes, most) = (self.minutes, Protection::MAX_MINUTES);
        write!(f, "expiresInMinutes is {minutes}: it must be 1 to {most}")
    }
}

impl core::error::Error for ProtectionError {}
