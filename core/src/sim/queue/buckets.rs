//! Unsorted events in buckets, by the digits of their time.
//!
//! With `pivot` a time that no event is before, an event's level is the highest
//! digit (of eight bits) in which its time differs from the pivot, and its
//! bucket there is that digit. So every bucket of a level is before every
//! bucket of the levels above, and a level's buckets are in order of the digit.
//! The pivot moves on only to the start of the first bucket, which leaves every
//! other event in its place: from the first bucket on they share all digits
//! above their own with the new pivot as with the old.
//!
//! Events lie in chunks, which a bucket links and which are used again, so that
//! memory follows the events that are pending and not the widest moment of each
//! bucket: an event's own size, and at most one chunk that is not full for each
//! bucket in use.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::radix::Timed;

/// A digit is a byte.
const DIGIT_BITS: usize = u8::BITS as usize;
const DIGITS: usize = 1 << DIGIT_BITS;
const LEVELS: usize = size_of::<u64>();
const WORD: usize = u64::BITS as usize;

/// Events of a chunk.
const CHUNK: usize = 24;
/// No chunk.
const NONE: u32 = u32::MAX;

/// Where the events of a stretch of time are, and which that is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    level: usize,
    digit: usize,
}

impl Bucket {
    /// Whether it is one nanosecond wide.
    pub(super) const fn is_instant(self) -> bool {
        self.level == 0
    }

    const fn index(self) -> usize {
        self.level * DIGITS + self.digit
    }
}

#[derive(Clone, Copy, Debug)]
struct List {
    head: u32,
    tail: u32,
    len: u32,
}

const EMPTY: List = List { head: NONE, tail: NONE, len: 0 };

#[derive(Debug)]
struct Chunk<T> {
    events: heapless::Vec<Timed<T>, CHUNK, u8>,
    next: u32,
}

#[derive(Debug)]
pub(super) struct Buckets<T> {
    pivot: u64,
    /// A bit for each bucket that is not empty.
    occupied: [[u64; DIGITS / WORD]; LEVELS],
    lists: Box<[List]>,
    chunks: Vec<Chunk<T>>,
    /// The first of the chunks that are not used.
    unused: u32,
    len: usize,
}

impl<T: Copy> Buckets<T> {
    pub(super) fn new() -> Self {
        Self {
            pivot: 0,
            occupied: [[0; DIGITS / WORD]; LEVELS],
            lists: vec![EMPTY; LEVELS * DIGITS].into_boxed_slice(),
            chunks: Vec::new(),
            unused: NONE,
            len: 0,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A time that no event is before.
    pub(super) const fn pivot(&self) -> u64 {
        self.pivot
    }

    pub(super) fn len_of(&self, bucket: Bucket) -> u32 {
        self.lists[bucket.index()].len
    }

    /// The bucket that has the first event.
    pub(super) fn first(&self) -> Option<Bucket> {
        self.occupied.iter().enumerate().find_map(|(level, words)| {
            let word = words.iter().position(|word| *word != 0)?;
            let digit = word * WORD + words[word].trailing_zeros() as usize;
            Some(Bucket { level, digit })
        })
    }

    /// Where the first bucket starts.
    pub(super) fn first_start(&self) -> Option<u64> {
        self.first().map(|bucket| self.start_of(bucket))
    }

    /// The last nanosecond of a bucket.
    pub(super) fn last_of(&self, bucket: Bucket) -> u64 {
        self.start_of(bucket) | below(bucket.level)
    }

    fn start_of(&self, Bucket { level, digit }: Bucket) -> u64 {
        let above = self.pivot & !(below(level) << DIGIT_BITS | below(1));
        above | (digit as u64) << (level * DIGIT_BITS)
    }

    /// Adds an event, at or after the pivot.
    #[inline]
    pub(super) fn push(&mut self, event: Timed<T>) {
        let level = ((event.at ^ self.pivot) | 1).ilog2() as usize / DIGIT_BITS;
        let digit = usize::from(event.at.to_le_bytes()[level]);
        let bucket = Bucket { level, digit };
        self.occupied[level][digit / WORD] |= 1 << (digit % WORD);
        self.len += 1;
        let list = &mut self.lists[bucket.index()];
        list.len += 1;
        let tail = list.tail;
        let full = match self.chunks.get_mut(tail as usize) {
            Some(chunk) => chunk.events.push(event).err(),
            None => Some(event),
        };
        if let Some(event) = full {
            self.push_chunk(bucket, event);
        }
    }

    /// Adds a chunk with its first event to a bucket whose last is full.
    fn push_chunk(&mut self, bucket: Bucket, event: Timed<T>) {
        let number = self.unused;
        let number = if let Some(chunk) = self.chunks.get_mut(number as usize) {
            self.unused = chunk.next;
            chunk.events.clear();
            number
        } else {
            self.chunks.push(Chunk { events: heapless::Vec::new(), next: NONE });
            // 2^32 chunks would be 2^36 events: no memory holds them.
            u32::try_from(self.chunks.len() - 1).unwrap_or(NONE)
        };
        let chunk = &mut self.chunks[number as usize];
        chunk.next = NONE;
        chunk.events.extend([event]);
        let list = &mut self.lists[bucket.index()];
        let tail = core::mem::replace(&mut list.tail, number);
        match self.chunks.get_mut(tail as usize) {
            Some(last) => last.next = number,
            None => list.head = number,
        }
    }

    /// Takes every event out of the first bucket, in order of pushing.
    pub(super) fn empty(&mut self, first: Bucket, mut take: impl FnMut(Timed<T>)) {
        let mut number = self.unlink(first);
        while let Some(chunk) = self.chunks.get(number as usize) {
            chunk.events.iter().copied().for_each(&mut take);
            number = self.reuse(number);
        }
    }

    /// Moves every event of the first bucket to the levels below, which are
    /// empty, in order of pushing.
    pub(super) fn divide(&mut self, first: Bucket) {
        let mut number = self.unlink(first);
        while let Some(chunk) = self.chunks.get(number as usize) {
            for at in 0..chunk.events.len() {
                self.push(self.chunks[number as usize].events[at]);
            }
            number = self.reuse(number);
        }
    }

    /// Takes the chunks of the first bucket, and moves the pivot to its start.
    fn unlink(&mut self, first: Bucket) -> u32 {
        self.pivot = self.start_of(first);
        self.occupied[first.level][first.digit / WORD] &= !(1 << (first.digit % WORD));
        let list = core::mem::replace(&mut self.lists[first.index()], EMPTY);
        self.len -= list.len as usize;
        list.head
    }

    /// Gives a chunk back; the one after it in its bucket.
    fn reuse(&mut self, number: u32) -> u32 {
        let chunk = &mut self.chunks[number as usize];
        core::mem::replace(&mut chunk.next, core::mem::replace(&mut self.unused, number))
    }
}

/// The greatest number of so many digits.
const fn below(digits: usize) -> u64 {
    if digits == 0 { 0 } else { u64::MAX >> ((LEVELS - digits) * DIGIT_BITS) }
}
