//! An atomic counter for each limit, around any set of idle instances.

use super::counter::Counter;
use crate::{Subject, World};

/// The idle instances of one function.
pub trait IdleSet: Sync {
    /// An instance that was taken.
    type Taken<'a>
    where
        Self: 'a;

    /// `instances` of them, all idle.
    fn new(instances: u32) -> Self;

    /// Takes one.
    fn take(&self) -> Option<Self::Taken<'_>>;

    /// Puts it back, last used at `now_ns`.
    fn put_back<'a>(&'a self, taken: Self::Taken<'a>, now_ns: u64);
}

/// One counter for the account, and for each function a counter and a set.
#[derive(Debug)]
pub struct Counted<I> {
    account: Counter,
    account_limit: u32,
    function_limit: u32,
    functions: Vec<(Counter, I)>,
}

impl<I: IdleSet> Subject for Counted<I> {
    type Held<'a>
        = I::Taken<'a>
    where
        I: 'a;

    fn new(world: &World) -> Self {
        let function = |_| (Counter::default(), I::new(world.instances));
        Self {
            account: Counter::default(),
            account_limit: world.account_limit,
            function_limit: world.instances,
            functions: (0..world.functions).map(function).collect(),
        }
    }

    #[inline]
    fn acquire(&self, _thread: usize, function: usize, _now_ns: u64) -> Option<I::Taken<'_>> {
        if !self.account.try_take(self.account_limit) {
            return None;
        }
        let (in_flight, idle) = &self.functions[function];
        if in_flight.try_take(self.function_limit) {
            if let Some(taken) = idle.take() {
                return Some(taken);
            }
            in_flight.give_back();
        }
        self.account.give_back();
        None
    }

    #[inline]
    fn release<'a>(&'a self, _thread: usize, function: usize, now_ns: u64, held: I::Taken<'a>) {
        let (in_flight, idle) = &self.functions[function];
        idle.put_back(held, now_ns);
        in_flight.give_back();
        self.account.give_back();
    }
}
