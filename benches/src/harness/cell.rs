//! Which cells are measured, and the load in each.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::World;

/// How near the load is to the account's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pressure {
    /// Nothing is ever refused.
    Far,
    /// The limit is 1.25 times what is held at once.
    Near,
    /// Twice the limit is wanted at once: half of the attempts are refused.
    At,
}

impl fmt::Display for Pressure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Far => "far from the limit",
            Self::Near => "near the limit",
            Self::At => "at the limit",
        })
    }
}

/// One cell of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cell {
    /// Threads that call at once.
    pub threads: u32,
    /// Functions; their popularity falls as Zipf's law says.
    pub functions: u32,
    /// Warm instances of each.
    pub instances: u32,
    /// What each thread holds at once; 1: given back at once.
    pub held: u32,
    /// How near the limit is.
    pub pressure: Pressure,
}

impl Cell {
    /// What all threads together hold.
    const fn in_flight(&self) -> u32 {
        self.threads * self.held
    }

    /// What each thread would hold if nothing were refused.
    pub const fn wanted(&self) -> u32 {
        match self.pressure {
            Pressure::Far | Pressure::Near => self.held,
            Pressure::At => 2 * self.held,
        }
    }

    /// What a subject is built for.
    pub const fn world(&self) -> World {
        let account_limit = match self.pressure {
            Pressure::Far => World::FAR,
            Pressure::Near => (self.in_flight() * 5).div_ceil(4),
            Pressure::At => self.in_flight(),
        };
        World {
            functions: self.functions,
            instances: self.instances,
            account_limit,
            threads: self.threads,
        }
    }

    /// Whether one function's instances suffice for all that is in flight, so
    /// that only the account's limit refuses.
    const fn is_sensible(&self) -> bool {
        self.in_flight() * 5 <= self.instances * 4
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { threads, functions, instances, held, pressure } = self;
        let threads_s = if *threads == 1 { "" } else { "s" };
        let functions_s = if *functions == 1 { "" } else { "s" };
        write!(
            f,
            "{threads} thread{threads_s}, {functions} function{functions_s} of {instances}, \
             {held} held, {pressure}"
        )
    }
}

/// Functions and instances of each.
const SHAPES: [(u32, u32); 5] = [(1, 4), (1, 64), (1, 4_096), (1_000, 64), (1_000, 4_096)];
/// Those of which the ways to the limit are measured too.
const PRESSED: [(u32, u32); 2] = [(1, 4_096), (1_000, 64)];
/// What a quick run measures.
const QUICK: [(u32, u32); 2] = [(1, 4_096), (1_000, 64)];

/// The cells for these thread counts, in the order of the tables.
pub fn cells(threads: &[u32], quick: bool) -> Vec<Cell> {
    let shapes = if quick { &QUICK[..] } else { &SHAPES[..] };
    let mut cells = vec![];
    for &threads in threads {
        for &(functions, instances) in shapes {
            for pressure in [Pressure::Far, Pressure::Near, Pressure::At] {
                for held in [1, 8] {
                    let cell = Cell { threads, functions, instances, held, pressure };
                    let pressed = PRESSED.contains(&(functions, instances)) && held == 8;
                    // Four million instances take a while to build.
                    let large = u64::from(functions) * u64::from(instances) > 1 << 20;
                    let wanted = match pressure {
                        Pressure::Far => held == 8 || !(quick || large),
                        Pressure::Near => pressed && !quick,
                        Pressure::At => pressed,
                    };
                    if wanted && cell.is_sensible() {
                        cells.push(cell);
                    }
                }
            }
        }
    }
    cells
}

/// 1, 2, 4 and so on up to 16, as far as `cores` go.
pub fn thread_counts(cores: u32) -> Vec<u32> {
    (0..=4).map(|power| 1 << power).filter(|threads| *threads <= cores.max(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_as_near_as_the_pressure_says() {
        let cell = |pressure| Cell { threads: 2, functions: 1, instances: 64, held: 8, pressure };
        assert_eq!(cell(Pressure::Far).world().account_limit, World::FAR);
        assert_eq!(cell(Pressure::Near).world().account_limit, 20);
        assert_eq!(cell(Pressure::At).world().account_limit, 16);
        assert_eq!(cell(Pressure::At).wanted() * 2, 32);
    }

    #[test]
    fn no_cell_wants_more_than_one_function_has() {
        for cell in cells(&[1, 2, 4, 8, 16], false) {
            assert!(cell.in_flight() < cell.instances, "{cell}");
        }
        assert!(cells(&[1, 2], true).len() < cells(&[1, 2], false).len() / 2);
    }

    #[test]
    fn threads_go_as_far_as_the_cores() {
        assert_eq!(thread_counts(2), [1, 2]);
        assert_eq!(thread_counts(6), [1, 2, 4]);
        assert_eq!(thread_counts(64), [1, 2, 4, 8, 16]);
    }
}
