//! The work that is measured: one trait, which ours, the peers and the floors implement.

/// What a subject is built for.
#[derive(Clone, Copy, Debug)]
pub struct World {
    /// Functions, by index from 0.
    pub functions: u32,
    /// Warm instances of each function, which is the function's limit too.
    pub instances: u32,
    /// The most requests in flight over all functions.
    pub account_limit: u32,
    /// The threads that will call at once.
    pub threads: u32,
}

impl World {
    /// An account limit that no measurement comes near.
    pub const FAR: u32 = 1 << 23;
}

/// Something that gives out warm instances under limits.
///
/// A *pair* is what one request costs its host: a permit of the account, a
/// permit of the function and a warm instance, then all of it given back, with
/// the time at which the instance was last used, because keep-alive needs it.
pub trait Subject: Sync {
    /// What a request holds while it runs.
    type Held<'a>
    where
        Self: 'a;

    /// Builds it with all its instances warm and idle.
    fn new(world: &World) -> Self;

    /// Takes all that a request of `function` needs; `None` if something is
    /// exhausted. `thread` counts from 0 among those of the [`World`].
    fn acquire(&self, thread: usize, function: usize, now_ns: u64) -> Option<Self::Held<'_>>;

    /// Gives it all back.
    fn release<'a>(&'a self, thread: usize, function: usize, now_ns: u64, held: Self::Held<'a>);
}
