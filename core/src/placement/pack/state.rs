//! A packing in the making: bins with what is free in them, and the units that
//! are in none.

use alloc::vec;
use alloc::vec::Vec;

use super::packing::{Packing, UsedBin};
use super::problem::Problem;

/// In no bin.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Bins, what is in each and what is free in it.
#[derive(Clone, Debug)]
pub(super) struct State {
    dims: usize,
    pub(super) kind: Vec<u32>,
    pub(super) members: Vec<Vec<u32>>,
    /// What is free in each bin, `dims` amounts each.
    free: Vec<i64>,
    /// The bin of each unit.
    pub(super) bin_of: Vec<u32>,
    /// The choice that each unit was placed with.
    pub(super) choice_of: Vec<u8>,
}

impl State {
    /// No bins, nothing placed.
    pub(super) fn new(problem: &Problem) -> Self {
        Self {
            dims: problem.dims,
            kind: vec![],
            members: vec![],
            free: vec![],
            bin_of: vec![NOWHERE; problem.units()],
            choice_of: vec![0; problem.units()],
        }
    }

    /// The same bins and places as `packing`.
    pub(super) fn of(problem: &Problem, packing: &Packing) -> Self {
        let mut state = Self::new(problem);
        for used in &packing.bins {
            let bin = state.open(problem, used.kind);
            for &(unit, choice) in &used.units {
                state.put(problem, unit, choice, bin);
            }
        }
        state
    }

    pub(super) fn bins(&self) -> usize {
        self.kind.len()
    }

    #[inline]
    pub(super) fn free(&self, bin: u32) -> &[i64] {
        &self.free[bin as usize * self.dims..][..self.dims]
    }

    /// Opens an empty bin of `kind`.
    pub(super) fn open(&mut self, problem: &Problem, kind: u32) -> u32 {
        self.kind.push(kind);
        self.members.push(vec![]);
        self.free.extend(&problem.kinds[kind as usize].capacity);
        // At most one bin a unit.
        u32::try_from(self.kind.len() - 1).unwrap_or(NOWHERE)
    }

    /// Takes an empty bin away; the last one gets its number.
    pub(super) fn close(&mut self, bin: u32) {
        let at = bin as usize;
        let last = self.kind.len() - 1;
        self.kind.swap_remove(at);
        self.members.swap_remove(at);
        let (head, tail) = self.free.split_at_mut(last * self.dims);
        if at != last {
            head[at * self.dims..][..self.dims].copy_from_slice(tail);
        }
        self.free.truncate(last * self.dims);
        if at != last {
            for &unit in &self.members[at] {
                self.bin_of[unit as usize] = bin;
            }
        }
    }

    /// Whether `size` fits into what is free in `bin`.
    #[inline]
    pub(super) fn fits(&self, size: &[i64], bin: u32) -> bool {
        within(size, self.free(bin))
    }

    /// Puts `unit` into `bin`, whether it fits or not.
    pub(super) fn put(&mut self, problem: &Problem, unit: u32, choice: u8, bin: u32) {
        let free = &mut self.free[bin as usize * self.dims..][..self.dims];
        for (free, amount) in free.iter_mut().zip(problem.size(unit, choice)) {
            *free -= amount;
        }
        self.members[bin as usize].push(unit);
        self.bin_of[unit as usize] = bin;
        self.choice_of[unit as usize] = choice;
    }

    /// Takes `unit` out of its bin.
    pub(super) fn take(&mut self, problem: &Problem, unit: u32) {
        let bin = self.bin_of[unit as usize] as usize;
        let size = problem.size(unit, self.choice_of[unit as usize]);
        for (free, amount) in self.free[bin * self.dims..][..self.dims].iter_mut().zip(size) {
            *free += amount;
        }
        let members = &mut self.members[bin];
        if let Some(at) = members.iter().position(|member| *member == unit) {
            members.swap_remove(at);
        }
        self.bin_of[unit as usize] = NOWHERE;
    }

    /// Makes `bin` one of `kind`.
    pub(super) fn turn_into(&mut self, problem: &Problem, bin: u32, kind: u32) {
        let before = &problem.kinds[self.kind[bin as usize] as usize].capacity;
        let after = &problem.kinds[kind as usize].capacity;
        let free = &mut self.free[bin as usize * self.dims..][..self.dims];
        for ((free, before), after) in free.iter_mut().zip(before).zip(after) {
            *free += after - before;
        }
        self.kind[bin as usize] = kind;
    }

    /// The size that `unit` was placed with.
    #[inline]
    pub(super) fn size<'p>(&self, problem: &'p Problem, unit: u32) -> &'p [i64] {
        problem.size(unit, self.choice_of[unit as usize])
    }

    /// The packing as an answer: empty bins are left out.
    pub(super) fn packing(&self, problem: &Problem) -> Packing {
        let mut packing = Packing::default();
        for (&kind, members) in self.kind.iter().zip(&self.members) {
            if members.is_empty() {
                continue;
            }
            packing.cost += problem.kinds[kind as usize].cost;
            let mut units: Vec<(u32, u8)> =
                members.iter().map(|&unit| (unit, self.choice_of[unit as usize])).collect();
            units.sort_unstable();
            packing.bins.push(UsedBin { kind, units });
        }
        let nowhere = (0_u32..).zip(&self.bin_of).filter(|(_, bin)| **bin == NOWHERE);
        packing.unplaced = nowhere.map(|(unit, _)| unit).collect();
        packing
    }
}

/// Whether `size` is at most `room` in every dimension.
#[inline]
pub(super) fn within(size: &[i64], room: &[i64]) -> bool {
    size.iter().zip(room).all(|(amount, room)| amount <= room)
}
