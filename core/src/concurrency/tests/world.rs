//! A small account for loom: two functions, threads that each run a script,
//! and the judgement of what came out.
//!
//! A run is judged twice. *At rest* the two levels must agree: no unit lost or
//! minted. And what each call answered must be *explained*: some order of all
//! steps, each thread's in its own, in which a trivial sequential account
//! gives the same answers. An admission must always be explained; a refusal
//! must be too, but for the early ones that the test allows (see point 4 in
//! `gate.rs`).

use std::sync::Mutex;

use crate::concurrency::{Account, Gate, Limits};
use crate::sync::AtomicU64;
use crate::sync::model::{self, Touch};

/// One of the two functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    F = 0,
    G = 1,
}

/// One step of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Acquire(Function),
    Release(Function),
    /// Sets the reservation of `F`.
    Reserve(Option<u32>),
    AccountLimit(u32),
}

/// A step and whether it succeeded.
pub(super) type Log = Vec<(Op, bool)>;

/// The trivial sequential account; also how a world starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) account_limit: u32,
    pub(super) reserved: Option<u32>,
    /// In flight of `F` and `G`, admitted before `F` got its reservation.
    pub(super) held: [u32; 2],
}

impl Start {
    fn pool_limit(&self) -> u32 {
        self.account_limit - self.reserved.unwrap_or(0)
    }

    fn pool_in_flight(&self) -> u32 {
        self.held[0].saturating_sub(self.reserved.unwrap_or(0)) + self.held[1]
    }

    /// Does `op` succeed now?
    fn allows(&self, op: Op) -> bool {
        match (op, self.reserved) {
            (Op::Acquire(Function::F), Some(reserved)) => self.held[0] < reserved,
            (Op::Acquire(_), _) => self.pool_in_flight() < self.pool_limit(),
            (Op::Release(function), _) => self.held[function as usize] > 0,
            _ => true,
        }
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Acquire(function) => self.held[function as usize] += 1,
            Op::Release(function) => self.held[function as usize] -= 1,
            Op::Reserve(reserved) => self.reserved = reserved,
            Op::AccountLimit(limit) => self.account_limit = limit,
        }
    }
}

/// Which refusals may come early.
#[derive(Clone, Copy, Debug)]
pub(super) struct Early {
    /// Those of `F`, which changes between pool and reservation.
    pub(super) own: bool,
    /// Those of `G` with at most so many units free.
    pub(super) units: u32,
}

/// No refusal without reason.
pub(super) const EXACT: Early = Early { own: false, units: 0 };

impl Early {
    /// May `op` be refused in this state, in which it need not be?
    fn allows(self, state: &Start, op: Op) -> bool {
        match op {
            Op::Acquire(Function::F) => self.own,
            Op::Acquire(Function::G) => state.pool_in_flight() + self.units >= state.pool_limit(),
            _ => false,
        }
    }
}

/// Is there an order of all steps in which every answer is right?
fn explained(state: Start, logs: &[&[(Op, bool)]], early: Early) -> bool {
    if logs.iter().all(|log| log.is_empty()) {
        return true;
    }
    (0..logs.len()).any(|thread| {
        let Some((&(op, succeeded), rest)) = logs[thread].split_first() else {
            return false;
        };
        let mut next = state;
        match (succeeded, state.allows(op)) {
            (true, true) => next.apply(op),
            (false, false) => {}
            (false, true) if early.allows(&state, op) => {}
            _ => return false,
        }
        let mut logs = logs.to_vec();
        logs[thread] = rest;
        explained(next, &logs, early)
    })
}

pub(super) struct World {
    pub(super) start: Start,
    pub(super) account: Account,
    pub(super) gates: [Gate; 2],
    /// One thread at most takes the owner's part: never contended.
    pub(super) limits: Mutex<Limits>,
}

impl World {
    pub(super) fn new(start: Start) -> Self {
        let held: u32 = start.held.iter().sum();
        let (mut limits, account) = Limits::new(start.account_limit + held, 0);
        let gates = [Gate::new(), Gate::new()];
        for (gate, held) in gates.iter().zip(start.held) {
            for _ in 0..held {
                gate.try_acquire(&account).unwrap();
            }
        }
        limits.set_account_limit(&account, start.account_limit).unwrap();
        limits.set_reserved(&account, &gates[0], start.reserved).unwrap();
        Self { start, account, gates, limits: Mutex::new(limits) }
    }

    pub(super) fn gate(&self, function: Function) -> &Gate {
        &self.gates[function as usize]
    }

    /// The words that `op` may change.
    pub(super) fn words(&self, op: Op) -> [&AtomicU64; 2] {
        let function = match op {
            Op::Acquire(function) | Op::Release(function) => function,
            Op::Reserve(_) | Op::AccountLimit(_) => Function::F,
        };
        [&self.account.word, &self.gate(function).word]
    }

    /// Runs a script by the real operations. What is refused is not released.
    pub(super) fn run(&self, script: &[Op], touch: Touch) -> Log {
        let mut log = Log::new();
        for &op in script {
            let refused = match (log.last(), op) {
                (Some(&(Op::Acquire(last), false)), Op::Release(this)) => last == this,
                _ => false,
            };
            if !refused {
                touch.all(self.words(op));
                log.push((op, self.step(op)));
            }
        }
        log
    }

    pub(super) fn step(&self, op: Op) -> bool {
        match op {
            Op::Acquire(function) => self.gate(function).try_acquire(&self.account).is_ok(),
            Op::Release(function) => self.gate(function).release(&self.account).is_ok(),
            Op::Reserve(reserved) => {
                let mut limits = self.limits.lock().unwrap();
                limits.set_reserved(&self.account, &self.gates[0], reserved).is_ok()
            }
            Op::AccountLimit(limit) => {
                let mut limits = self.limits.lock().unwrap();
                limits.set_account_limit(&self.account, limit).is_ok()
            }
        }
    }

    /// Judges a run after all its threads have ended.
    pub(super) fn judge(&self, logs: &[Log], early: Early) {
        let views: Vec<_> = logs.iter().map(Vec::as_slice).collect();
        assert!(
            explained(self.start, &views, early),
            "no order explains {:?}: {logs:?}",
            self.start
        );
        let count = |done: Op| logs.iter().flatten().filter(|&&log| log == (done, true)).count();
        let held = [Function::F, Function::G].map(|function| {
            let admitted =
                self.start.held[function as usize] as usize + count(Op::Acquire(function));
            admitted - count(Op::Release(function))
        });
        let words = [self.gates[0].load(), self.gates[1].load()];
        assert_eq!(words.map(|word| word.in_flight() as usize), held, "units lost or minted");
        assert_eq!(
            self.account.in_flight(),
            words.iter().map(|word| word.charged()).sum::<u32>(),
            "units lost or minted at the account: {:?}: {logs:?}",
            self.start
        );
        let limits = self.limits.lock().unwrap();
        assert_eq!(self.account.limit(), limits.account_limit() - limits.reserved_sum());
        assert_eq!(limits.reserved_sum(), self.gates[0].reserved().unwrap_or(0));
    }
}

/// Runs `first` beside `scripts`, under every interleaving, and judges it.
pub(super) fn model_with(
    start: Start,
    scripts: &[&'static [Op]],
    early: Early,
    first: impl Fn(&World, Touch) -> Log + Copy + Send + Sync + 'static,
) {
    let scripts = scripts.to_vec();
    model::model(1 + scripts.len(), move |touches| {
        let world = loom::sync::Arc::new(World::new(start));
        let others: Vec<_> = (1..)
            .zip(&scripts)
            .map(|(thread, &script)| {
                let world = loom::sync::Arc::clone(&world);
                loom::thread::spawn(move || world.run(script, touches.of(thread)))
            })
            .collect();
        let mut logs = vec![first(&world, touches.of(0))];
        logs.extend(others.into_iter().map(|thread| thread.join().unwrap()));
        world.judge(&logs, early);
    });
}

/// Runs scripts of real operations, one a thread.
pub(super) fn model(start: Start, scripts: &[&'static [Op]], early: Early) {
    let first = scripts[0];
    model_with(start, &scripts[1..], early, move |world, touch| world.run(first, touch));
}

/// A body and its twin: the twin's first thread runs `$twin` where the real
/// one runs `$script`.
macro_rules! twin {
    ($real:ident, $broken:ident, $start:expr, $script:expr, $others:expr, $early:expr, $message:literal, $twin:expr) => {
        #[test]
        fn $real() {
            model_with($start, $others, $early, |world, touch| world.run($script, touch));
        }

        #[test]
        #[should_panic(expected = $message)]
        fn $broken() {
            model_with($start, $others, $early, |world, touch| {
                let twin: fn(&World) -> bool = $twin;
                touch.all(world.words($script[0]));
                let done = twin(world);
                vec![($script[0], done)]
            });
        }
    };
}
pub(super) use twin;

/// Every way to begin within `account_limit`, small enough to try them all.
pub(super) fn starts(account_limit: u32, reserved: &[Option<u32>]) -> Vec<Start> {
    let mut all = Vec::new();
    for &reserved in reserved {
        for f in 0..=2 {
            for g in 0..=1 {
                all.push(Start { account_limit, reserved, held: [f, g] });
            }
        }
    }
    all
}
