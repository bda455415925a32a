//! What a replay is fed with: arrivals in order of time.

use alloc::boxed::Box;

use super::distribution::Distribution;
use crate::time::{Duration, Instant};

/// One request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrival {
    /// When it arrives.
    pub at: Instant,
    /// Which function: the index in [`SimConfig::functions`](super::SimConfig).
    pub function: u32,
    /// How long it runs on a warm instance.
    pub duration: Duration,
    /// How long it takes where it has to start an instance.
    pub cold: Cold,
}

/// The cost in time of a cold start to the request that causes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cold {
    /// Drawn from the function's [`ColdStart`](super::ColdStart); the request
    /// runs after it.
    Stages,
    /// This much, known from the trace; the request runs after it.
    Extra(Duration),
    /// Drawn; the whole of the service, cold start and run together, as
    /// SimFaaS and published measurements give it. None of it is counted as
    /// initialisation.
    Whole(Distribution),
}

/// A source of arrivals.
///
/// The replay asks for one at a time and holds none back, so a workload may
/// be as long as it likes without being in memory.
pub trait Workload {
    /// The next arrival, never before the last one and never after
    /// [`horizon`](Self::horizon); `None` at the end.
    fn next(&mut self) -> Option<Arrival>;

    /// How many functions it names: the largest index plus one.
    fn functions(&self) -> u32;

    /// Where the observed time ends, counted from 0. Time averages are over
    /// all of it, whether or not requests arrive until then.
    fn horizon(&self) -> Instant;
}

impl<W: Workload + ?Sized> Workload for &mut W {
    fn next(&mut self) -> Option<Arrival> {
        (**self).next()
    }

    fn functions(&self) -> u32 {
        (**self).functions()
    }

    fn horizon(&self) -> Instant {
        (**self).horizon()
    }
}

impl<W: Workload + ?Sized> Workload for Box<W> {
    fn next(&mut self) -> Option<Arrival> {
        (**self).next()
    }

    fn functions(&self) -> u32 {
        (**self).functions()
    }

    fn horizon(&self) -> Instant {
        (**self).horizon()
    }
}
