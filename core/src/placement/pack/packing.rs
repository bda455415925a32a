//! The answer: which bins are used, and what is in each.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::problem::Problem;

/// A bin that is used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UsedBin {
    /// Its kind, by its place in the order given.
    pub kind: u32,
    /// The units in it, in order, each with the choice of its size.
    pub units: Vec<(u32, u8)>,
}

/// Bins and what is in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Packing {
    /// The bins that are used.
    pub bins: Vec<UsedBin>,
    /// The units in no bin, in order: too large for every bin they may go
    /// into, or more than the bins hold.
    pub unplaced: Vec<u32>,
    /// The costs of the bins, summed.
    pub cost: u64,
}

/// What is wrong with a packing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// A bin is over its capacity.
    Over {
        /// The bin, by its place in [`Packing::bins`].
        bin: usize,
        /// The dimension.
        dimension: usize,
    },
    /// A unit is in no place, or in two.
    Places {
        /// The unit.
        unit: u32,
        /// How many places it has.
        places: u32,
    },
    /// A unit, choice or kind that there is not.
    Unknown {
        /// The bin that names it.
        bin: usize,
    },
    /// A unit is in a bin of a kind that it may not go into.
    Forbidden {
        /// The unit.
        unit: u32,
    },
    /// More bins of a kind than there are.
    Count {
        /// The kind.
        kind: u32,
    },
    /// The costs are not summed right.
    Cost,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Over { bin, dimension } => {
                write!(f, "bin {bin} is over its capacity in dimension {dimension}")
            }
            Self::Places { unit, places } => write!(f, "unit {unit} is in {places} places"),
            Self::Unknown { bin } => write!(f, "bin {bin} names what there is not"),
            Self::Forbidden { unit } => write!(f, "unit {unit} may not go where it is"),
            Self::Count { kind } => write!(f, "more bins of kind {kind} than there are"),
            Self::Cost => f.write_str("the cost is not that of the bins"),
        }
    }
}

impl core::error::Error for Flaw {}

impl Packing {
    /// Whether this packs better than `other`: fewer units left out, else
    /// cheaper, else fewer bins.
    pub fn beats(&self, other: &Self) -> bool {
        let key = |packing: &Self| (packing.unplaced.len(), packing.cost, packing.bins.len());
        key(self) < key(other)
    }

    /// Checks the packing against the problem, from nothing but the two.
    ///
    /// # Errors
    ///
    /// The first [`Flaw`].
    pub fn verify(&self, problem: &Problem) -> Result<(), Flaw> {
        let mut places = vec![0_u32; problem.units()];
        let mut used = vec![0_u32; problem.kinds.len()];
        let mut cost = 0;
        for (at, bin) in self.bins.iter().enumerate() {
            let Some(kind) = problem.kinds.get(bin.kind as usize) else {
                return Err(Flaw::Unknown { bin: at });
            };
            used[bin.kind as usize] += 1;
            cost += kind.cost;
            let mut free = kind.capacity.clone();
            for &(unit, choice) in &bin.units {
                if unit as usize >= places.len() || choice >= problem.choices(unit) {
                    return Err(Flaw::Unknown { bin: at });
                }
                if !problem.is_allowed(unit, bin.kind) {
                    return Err(Flaw::Forbidden { unit });
                }
                places[unit as usize] += 1;
                let size = problem.size(unit, choice);
                free.iter_mut().zip(size).for_each(|(free, amount)| *free -= amount);
            }
            if let Some(dimension) = free.iter().position(|free| *free < 0) {
                return Err(Flaw::Over { bin: at, dimension });
            }
        }
        for &unit in &self.unplaced {
            *places.get_mut(unit as usize).ok_or(Flaw::Unknown { bin: self.bins.len() })? += 1;
        }
        if let Some((unit, &places)) = (0_u32..).zip(&places).find(|(_, places)| **places != 1) {
            return Err(Flaw::Places { unit, places });
        }
        let over = (0..used.len()).find(|&kind| used[kind] > problem.count(kind));
        if let Some(kind) = over {
            return Err(Flaw::Count { kind: u32::try_from(kind).unwrap_or(u32::MAX) });
        }
        if cost == self.cost { Ok(()) } else { Err(Flaw::Cost) }
    }
}
