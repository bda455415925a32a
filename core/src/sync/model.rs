//! loom models, with the interleavings that loom would not look for by itself.
//!
//! loom (0.7) tries another order of two steps only where the *last* access to
//! a word, before a write to it, was by the other thread. A thread that loads a
//! word and then changes it hides another's earlier load behind its own, so an
//! order in which that load comes later may never be tried.
//!
//! A *touch*, a `fetch_add` of zero ahead of an operation, shows loom the
//! conflict. It changes no value and orders nothing, but the thread that did it
//! cannot read an older value afterwards: so each model runs once for each
//! choice of the threads that touch.

use super::{AtomicU64, Ordering};

/// Whether a thread of a model touches.
#[derive(Clone, Copy)]
pub(crate) struct Touch(bool);

impl Touch {
    /// Shows loom that the next operation may change any of `words`.
    ///
    /// These are words that only read-modify-writes change from here on: behind
    /// the touch loom would lose a plain store.
    pub(crate) fn all<'a>(self, words: impl IntoIterator<Item = &'a AtomicU64>) {
        if !self.0 {
            return;
        }
        for word in words {
            // ORDERING: Relaxed: changes nothing and orders nothing.
            word.fetch_add(0, Ordering::Relaxed);
        }
    }
}

/// Which threads of a model touch.
#[derive(Clone, Copy)]
pub(crate) struct Touches(u32);

impl Touches {
    pub(crate) const fn of(self, thread: usize) -> Touch {
        Touch(self.0 >> thread & 1 == 1)
    }
}

/// Checks every interleaving of `body`'s `threads` that loom looks for, once
/// for each choice of those that touch; of three threads, at most one touches:
/// more would take minutes.
pub(crate) fn model(threads: usize, body: impl Fn(Touches) + Clone + Send + Sync + 'static) {
    check(loom::model::Builder::new(), threads, body);
}

/// As [`model`] with one pre-emption less, but at least one: for models of so
/// many steps that the full bound would take minutes.
pub(crate) fn long_model(threads: usize, body: impl Fn(Touches) + Clone + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.map(|most| most.saturating_sub(1).max(1));
    check(builder, threads, body);
}

fn check(
    builder: loom::model::Builder,
    threads: usize,
    body: impl Fn(Touches) + Clone + Send + Sync + 'static,
) {
    let most = if threads > 2 { 1 } else { 2 };
    for touches in (0..1_u32 << threads).filter(|touches| touches.count_ones() <= most) {
        let body = body.clone();
        builder.check(move || body(Touches(touches)));
    }
}
