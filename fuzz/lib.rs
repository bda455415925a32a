//! The fuzz targets, shared by libFuzzer (`make fuzz`) and by the stable replay
//! of seeds and random inputs (`make fuzz-smoke`).
//!
//! A target turns bytes into settings and a list of actions, plays them on the
//! real object and on a plain model of it, and panics at the first difference.
//! Any bytes are a case, and each case prints as a unit test. The models of the
//! parts are those of the property tests; those of a region, of the C ABI and of
//! the readers of traces are here.

use core::fmt::{self, Debug};

pub mod abi;
#[path = "../core/tests/support/door_model.rs"]
mod door_model;
#[path = "../core/tests/support/ecs_model.rs"]
mod ecs_model;
#[path = "../core/tests/support/limits_model.rs"]
mod limits_model;
pub mod models;
#[path = "../core/tests/support/placement_model.rs"]
mod placement_model;
#[path = "../core/tests/support/pool_model.rs"]
mod pool_model;
pub mod region;
#[path = "../core/tests/support/service_model.rs"]
mod service_model;
pub mod traces;
#[path = "../core/tests/support/victim_model.rs"]
mod victim_model;

/// What an input stands for. `Debug` prints it as a unit test.
pub trait Case: Debug + Sized {
    /// The case that any bytes stand for.
    fn from_bytes(data: &[u8]) -> Self;

    /// Plays it.
    ///
    /// # Panics
    ///
    /// Where the real object and its model differ.
    fn check(&self);
}

/// A target by its name, which is also the name of its folder in `seeds/`.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name.
    pub name: &'static str,
    /// [`Case::check`] of the case that the bytes stand for.
    pub check: fn(&[u8]),
    /// The same case as a unit test.
    pub show: fn(&[u8]) -> String,
}

impl Target {
    const fn new<C: Case>(name: &'static str) -> Self {
        let check = |data: &[u8]| C::from_bytes(data).check();
        let show = |data: &[u8]| format!("{:?}", C::from_bytes(data));
        Self { name, check, show }
    }
}

/// Every target.
pub const TARGETS: [Target; 10] = [
    Target::new::<abi::Case>("abi"),
    Target::new::<models::Door>("door"),
    Target::new::<models::Ecs>("ecs"),
    Target::new::<models::Limits>("limits"),
    Target::new::<models::Placement>("placement"),
    Target::new::<models::Pool>("pool"),
    Target::new::<region::Case>("region"),
    Target::new::<models::Service>("service"),
    Target::new::<traces::Case>("traces"),
    Target::new::<models::Victims>("victims"),
];

/// libFuzzer's way from bytes to a case.
#[cfg(feature = "libfuzzer")]
pub struct Input<C>(pub C);

#[cfg(feature = "libfuzzer")]
impl<C: Debug> Debug for Input<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "libfuzzer")]
impl<'a, C: Case> libfuzzer_sys::arbitrary::Arbitrary<'a> for Input<C> {
    fn arbitrary(
        input: &mut libfuzzer_sys::arbitrary::Unstructured<'a>,
    ) -> libfuzzer_sys::arbitrary::Result<Self> {
        input.bytes(input.len()).map(|data| Self(C::from_bytes(data)))
    }
}

/// The most actions in one input; models are compared after each of them.
const MAX_ACTIONS: usize = 512;

/// The first bytes of an input, zero where it has none, and the rest.
fn head<const N: usize>(data: &[u8]) -> ([u8; N], &[u8]) {
    let (start, rest) = data.split_at(data.len().min(N));
    let mut head = [0; N];
    head[..start.len()].copy_from_slice(start);
    (head, rest)
}

/// The actions that the rest of an input holds, one in every `N` bytes.
fn actions<const N: usize, A>(data: &[u8], from_bytes: fn([u8; N]) -> A) -> Vec<A> {
    data.as_chunks().0.iter().take(MAX_ACTIONS).map(|bytes| from_bytes(*bytes)).collect()
}

/// Prints a case as a test for the end of `file`.
fn print_test(
    f: &mut fmt::Formatter<'_>,
    file: &str,
    imports: &[&str],
    settings: &dyn Debug,
    actions: &[impl Debug],
) -> fmt::Result {
    writeln!(f, "// {file}\n#[test]\nfn found_by_fuzzing() {{")?;
    imports.iter().try_for_each(|import| writeln!(f, "    use {import};"))?;
    // Not `{:#?}`, whatever the caller asked for: one line for each action.
    writeln!(f, "    let settings = {settings:?};\n    let actions = [")?;
    actions.iter().try_for_each(|action| writeln!(f, "        {action:?},"))?;
    writeln!(f, "    ];\n    check(settings, &actions);\n}}")
}
