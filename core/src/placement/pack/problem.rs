//! What is to be packed: items and kinds of bins, checked once.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// Most dimensions of a problem.
pub const MAX_DIMENSIONS: usize = 32;
/// Largest amount, either way, of an item or a bin in one dimension.
pub const MAX_AMOUNT: i64 = 1 << 40;
/// Most items of a problem, each counted as often as it is wanted.
pub const MAX_ITEMS: usize = 1 << 20;
/// Most kinds of bins.
pub const MAX_KINDS: usize = 1 << 16;
/// Most bins of one kind, and what a kind without a limit has.
pub const MAX_BINS: u32 = 1 << 20;
/// Largest cost of a bin.
pub const MAX_COST: u64 = 1 << 32;
/// Most choices of one item.
pub const MAX_CHOICES: usize = 255;

/// A kind of bin: what each has, what each costs, how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct BinKind {
    /// What a bin of this kind has in each dimension; not below 0.
    pub capacity: Vec<i64>,
    /// What a bin costs that is used; the sum is what is minimised.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub cost: u64,
    /// How many there are; `None`: as many as are needed.
    #[cfg_attr(feature = "serde", serde(default))]
    pub count: Option<u32>,
}

impl BinKind {
    /// Bins of cost 1 without a limit.
    pub const fn new(capacity: Vec<i64>) -> Self {
        Self { capacity, cost: 1, count: None }
    }
}

/// What is left out counts once.
#[cfg(feature = "serde")]
fn one<T: From<u8>>() -> T {
    T::from(1)
}

/// An item: one size, or several of which the packing chooses one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Item {
    /// The sizes to choose from, each with an amount for each dimension. An
    /// amount below 0 gives room: the item brings what others use. (Some of
    /// the published instances have such.)
    pub choices: Vec<Vec<i64>>,
    /// How many such items there are.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub demand: u32,
    /// The kinds of bins that it may go into; `None`: any.
    #[cfg_attr(feature = "serde", serde(default))]
    pub kinds: Option<Vec<u32>>,
}

impl Item {
    /// One item of one size that may go into any bin.
    pub fn new(size: Vec<i64>) -> Self {
        Self { choices: vec![size], demand: 1, kinds: None }
    }
}

/// Why something is no packing problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemError {
    /// No dimension, or more than [`MAX_DIMENSIONS`].
    Dimensions {
        /// How many the first kind of bin has.
        dimensions: usize,
    },
    /// No kind of bin, or more than [`MAX_KINDS`].
    Kinds {
        /// How many there are.
        kinds: usize,
    },
    /// More than [`MAX_ITEMS`], each counted as often as it is wanted.
    TooManyItems {
        /// How many there are, or the largest number.
        items: usize,
    },
    /// A kind's capacity has another number of dimensions than the first's.
    KindDimensions {
        /// The kind, from 0.
        kind: usize,
        /// How many dimensions it has.
        found: usize,
        /// How many the first kind has.
        expected: usize,
    },
    /// A size has another number of dimensions than the bins.
    ItemDimensions {
        /// The item, from 0.
        item: usize,
        /// How many dimensions it has.
        found: usize,
        /// How many the bins have.
        expected: usize,
    },
    /// A capacity below 0 or above [`MAX_AMOUNT`].
    Capacity {
        /// The kind, from 0.
        kind: usize,
        /// The amount.
        amount: i64,
    },
    /// A size further from 0 than [`MAX_AMOUNT`].
    Size {
        /// The item, from 0.
        item: usize,
        /// The amount.
        amount: i64,
    },
    /// A cost above [`MAX_COST`].
    Cost {
        /// The kind, from 0.
        kind: usize,
        /// The cost.
        cost: u64,
    },
    /// An item without a size, or with more than [`MAX_CHOICES`].
    Choices {
        /// The item, from 0.
        item: usize,
        /// How many sizes it has.
        choices: usize,
    },
    /// An item that may go into a kind of bin that there is not.
    UnknownKind {
        /// The item, from 0.
        item: usize,
        /// What it names.
        kind: u32,
        /// How many kinds there are.
        kinds: usize,
    },
}

impl fmt::Display for ProblemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Dimensions { dimensions } => {
                write!(f, "the bins have {dimensions} dimensions; needs 1 to {MAX_DIMENSIONS}")
            }
            Self::Kinds { kinds } => {
                write!(f, "there are {kinds} kinds of bins; needs 1 to {MAX_KINDS}")
            }
            Self::TooManyItems { items } => {
                write!(f, "there are {items} items, above the limit, {MAX_ITEMS}")
            }
            Self::KindDimensions { kind, found, expected } => {
                write!(f, "kind {kind} has {found} dimensions, the first kind {expected}")
            }
            Self::ItemDimensions { item, found, expected } => {
                write!(f, "item {item} has {found} dimensions, the bins {expected}")
            }
            Self::Capacity { kind, amount } => {
                write!(f, "kind {kind} has a capacity of {amount}; needs 0 to {MAX_AMOUNT}")
            }
            Self::Size { item, amount } => {
                write!(
                    f,
                    "item {item} has an amount of {amount}; needs at most {MAX_AMOUNT} either way"
                )
            }
            Self::Cost { kind, cost } => {
                write!(f, "kind {kind} costs {cost}, above the limit, {MAX_COST}")
            }
            Self::Choices { item, choices } => {
                write!(f, "item {item} has {choices} sizes; needs 1 to {MAX_CHOICES}")
            }
            Self::UnknownKind { item, kind, kinds } => {
                write!(f, "item {item} may go into kind {kind}; there are {kinds}")
            }
        }
    }
}

impl core::error::Error for ProblemError {}

/// A checked problem, laid out for packing: every item once for each time that
/// it is wanted, all its sizes in one table.
#[derive(Clone, Debug)]
pub struct Problem {
    pub(super) dims: usize,
    pub(super) kinds: Vec<BinKind>,
    /// Of each unit, the item as it was given.
    pub(super) item_of: Vec<u32>,
    /// Of each item, where its sizes start, in sizes; one more at the end.
    choices_at: Vec<u32>,
    /// All sizes, `dims` amounts each.
    sizes: Vec<i64>,
    /// Of each item, a bit for each kind it may go into; empty: any.
    allowed: Vec<u64>,
    /// The largest capacity of any kind in each dimension.
    pub(super) largest: Vec<i64>,
    /// Whether some amount is below 0.
    pub(super) has_negative: bool,
    /// Of each size, the shares of the largest capacity summed, in 2^-16.
    weights: Vec<u64>,
}

impl Problem {
    /// Checks and lays out. O(sizes).
    ///
    /// # Errors
    ///
    /// [`ProblemError`] names the first value that cannot hold, and its limit.
    pub fn new(kinds: Vec<BinKind>, items: &[Item]) -> Result<Self, ProblemError> {
        let dims = check_kinds(&kinds)?;
        let units = check_items(items, dims, kinds.len())?;
        let largest: Vec<i64> = (0..dims)
            .map(|d| kinds.iter().map(|kind| kind.capacity[d]).max().unwrap_or(0))
            .collect();
        let mut problem = Self {
            dims,
            item_of: Vec::with_capacity(units),
            choices_at: vec![0],
            sizes: vec![],
            allowed: vec![],
            has_negative: false,
            weights: vec![],
            largest,
            kinds,
        };
        if items.iter().any(|item| item.kinds.is_some()) {
            problem.allowed = vec![0; items.len() * problem.kinds.len().div_ceil(64)];
        }
        for (at, item) in (0_u32..).zip(items) {
            problem.add(at, item);
        }
        Ok(problem)
    }

    fn add(&mut self, at: u32, item: &Item) {
        self.item_of.extend((0..item.demand).map(|_| at));
        for size in &item.choices {
            self.has_negative |= size.iter().any(|&amount| amount < 0);
            self.weights.push(weight(size, &self.largest));
            self.sizes.extend(size);
        }
        // At most MAX_ITEMS times MAX_CHOICES, which u32 holds.
        self.choices_at.push(u32::try_from(self.weights.len()).unwrap_or(u32::MAX));
        if self.allowed.is_empty() {
            return;
        }
        let words = self.kinds.len().div_ceil(64);
        let own = &mut self.allowed[at as usize * words..][..words];
        match &item.kinds {
            None => own.fill(u64::MAX),
            Some(kinds) => {
                for &kind in kinds {
                    own[kind as usize / 64] |= 1 << (kind % 64);
                }
            }
        }
    }

    /// How many dimensions an amount has.
    pub const fn dimensions(&self) -> usize {
        self.dims
    }

    /// The kinds of bins, in the order given.
    pub fn kinds(&self) -> &[BinKind] {
        &self.kinds
    }

    /// How many items there are, each counted as often as it is wanted. Such
    /// units are numbered in the order of the items.
    pub const fn units(&self) -> usize {
        self.item_of.len()
    }

    /// The item that `unit` is one of, by its place in the order given.
    ///
    /// # Panics
    ///
    /// Where there is no such unit.
    pub fn item_of(&self, unit: u32) -> u32 {
        self.item_of[unit as usize]
    }

    /// How many sizes `unit` may choose from.
    ///
    /// # Panics
    ///
    /// Where there is no such unit.
    #[inline]
    pub fn choices(&self, unit: u32) -> u8 {
        let item = self.item_of[unit as usize] as usize;
        #[expect(clippy::cast_possible_truncation, reason = "at most MAX_CHOICES")]
        let choices = (self.choices_at[item + 1] - self.choices_at[item]) as u8;
        choices
    }

    /// The size of `unit` for a choice of it.
    ///
    /// # Panics
    ///
    /// Where there is no such unit or choice.
    #[inline]
    pub fn size(&self, unit: u32, choice: u8) -> &[i64] {
        let at = self.size_at(unit, choice) * self.dims;
        &self.sizes[at..at + self.dims]
    }

    #[inline]
    fn size_at(&self, unit: u32, choice: u8) -> usize {
        self.choices_at[self.item_of[unit as usize] as usize] as usize + choice as usize
    }

    /// The amounts of a size as shares of the largest capacities, summed, in
    /// 2^-16; at least 1.
    #[inline]
    pub(super) fn weight(&self, unit: u32, choice: u8) -> u64 {
        self.weights[self.size_at(unit, choice)]
    }

    /// The least weight of the choices of `unit`.
    pub(super) fn least_weight(&self, unit: u32) -> u64 {
        (0..self.choices(unit)).map(|choice| self.weight(unit, choice)).min().unwrap_or(1)
    }

    /// Whether `unit` may go into bins of `kind`, its size aside.
    #[inline]
    pub(super) fn is_allowed(&self, unit: u32, kind: u32) -> bool {
        if self.allowed.is_empty() {
            return true;
        }
        let words = self.kinds.len().div_ceil(64);
        let item = self.item_of[unit as usize] as usize;
        self.allowed[item * words + kind as usize / 64] >> (kind % 64) & 1 == 1
    }

    /// Whether any item is kept from some kind of bin.
    pub(super) const fn is_restricted(&self) -> bool {
        !self.allowed.is_empty()
    }

    /// Whether every item has one size.
    pub(super) const fn has_one_choice(&self) -> bool {
        self.weights.len() + 1 == self.choices_at.len()
    }

    /// How many bins of `kind` there are.
    pub(super) fn count(&self, kind: usize) -> u32 {
        self.kinds[kind].count.map_or(MAX_BINS, |count| count.min(MAX_BINS))
    }
}

/// See [`Problem::weight`].
fn weight(size: &[i64], largest: &[i64]) -> u64 {
    let share = |(&amount, &most): (&i64, &i64)| (amount.max(0) << 16) / most.max(1);
    let sum: i64 = size.iter().zip(largest).map(share).sum();
    sum.max(1).unsigned_abs()
}

fn check_kinds(kinds: &[BinKind]) -> Result<usize, ProblemError> {
    if kinds.is_empty() || kinds.len() > MAX_KINDS {
        return Err(ProblemError::Kinds { kinds: kinds.len() });
    }
    let dims = kinds[0].capacity.len();
    if dims == 0 || dims > MAX_DIMENSIONS {
        return Err(ProblemError::Dimensions { dimensions: dims });
    }
    for (at, kind) in kinds.iter().enumerate() {
        let found = kind.capacity.len();
        if found != dims {
            return Err(ProblemError::KindDimensions { kind: at, found, expected: dims });
        }
        if let Some(&amount) = kind.capacity.iter().find(|a| !(0..=MAX_AMOUNT).contains(*a)) {
            return Err(ProblemError::Capacity { kind: at, amount });
        }
        if kind.cost > MAX_COST {
            return Err(ProblemError::Cost { kind: at, cost: kind.cost });
        }
    }
    Ok(dims)
}

/// How many units there are.
fn check_items(items: &[Item], dims: usize, kinds: usize) -> Result<usize, ProblemError> {
    let mut units = 0_usize;
    for (at, item) in items.iter().enumerate() {
        let choices = item.choices.len();
        if choices == 0 || choices > MAX_CHOICES {
            return Err(ProblemError::Choices { item: at, choices });
        }
        for size in &item.choices {
            if size.len() != dims {
                let found = size.len();
                return Err(ProblemError::ItemDimensions { item: at, found, expected: dims });
            }
            if let Some(&amount) = size.iter().find(|a| !(-MAX_AMOUNT..=MAX_AMOUNT).contains(*a)) {
                return Err(ProblemError::Size { item: at, amount });
            }
        }
        let unknown = item.kinds.iter().flatten().find(|kind| **kind as usize >= kinds);
        if let Some(&kind) = unknown {
            return Err(ProblemError::UnknownKind { item: at, kind, kinds });
        }
        units = units.saturating_add(item.demand as usize);
    }
    if units > MAX_ITEMS || items.len() > MAX_ITEMS {
        return Err(ProblemError::TooManyItems { items: units.max(items.len()) });
    }
    Ok(units)
}
