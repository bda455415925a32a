//! The boundary that every call crosses: nothing unwinds through it, and no
//! pointer, length, size or enumerator is used before it was checked.
//!
//! All dereferencing of the host's pointers is here. A call on behalf of C
//! makes one [`Caller`], the promise that the host keeps the header's rule for
//! pointers, and reads and writes through it.

use core::cell::RefCell;
use core::ffi::c_char;
use core::fmt;
use core::panic::AssertUnwindSafe;
use core::ptr::NonNull;
use core::slice;
use std::panic::catch_unwind;

use crate::failure::Failure;
use crate::region::warmstow_region;
use crate::registry::{self, Entry};
use crate::status::warmstow_status;

/// Bytes of a thread's last message, with its NUL.
const MESSAGE: usize = 512;

/// The longest name, in bytes without its NUL.
pub(crate) const MAX_NAME: usize = 255;

struct Last {
    failure: Failure,
    text: [u8; MESSAGE],
}

thread_local! {
    // Nothing to drop, so it is there until the thread is gone, in the host's
    // own thread destructors too.
    static LAST: RefCell<Last> =
        const { RefCell::new(Last { failure: Failure::None, text: [0; MESSAGE] }) };
}

/// Runs a call and gives its status; a panic ends here.
#[inline]
pub(crate) fn call(work: impl FnOnce() -> Result<(), Failure>) -> i32 {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => warmstow_status::WARMSTOW_OK as i32,
        Ok(Err(failure)) => fail(failure),
        Err(_payload) => fail(Failure::Panic),
    }
}

/// Runs a call on an open region; a panic poisons it.
#[inline]
pub(crate) fn on_region(
    region: warmstow_region,
    work: impl FnOnce(&Entry) -> Result<(), Failure>,
) -> i32 {
    call(|| registry::find(region)?.run(work))
}

/// Notes the failure as this thread's last and gives its status.
#[cold]
fn fail(failure: Failure) -> i32 {
    LAST.with_borrow_mut(|last| last.failure = failure);
    failure.status() as i32
}

/// A failure whose message is written now: for errors that are not plain
/// copies, off the data plane.
#[cold]
pub(crate) fn written(status: warmstow_status, message: impl fmt::Display) -> Failure {
    LAST.with_borrow_mut(|last| write_text(&mut last.text, &message));
    Failure::Written(status)
}

/// This thread's last message, NUL-terminated.
pub(crate) fn last_error() -> *const c_char {
    LAST.with_borrow_mut(|last| {
        let failure = last.failure;
        if !matches!(failure, Failure::Written(_)) {
            write_text(&mut last.text, &failure);
        }
        last.text.as_ptr().cast()
    })
}

/// Writes as much of `message` as fits, cut at a character, and a NUL.
fn write_text(text: &mut [u8; MESSAGE], message: &dyn fmt::Display) {
    struct Cursor<'a> {
        text: &'a mut [u8; MESSAGE],
        at: usize,
    }
    impl fmt::Write for Cursor<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            let room = MESSAGE - 1 - self.at;
            let fits = part.floor_char_boundary(room);
            self.text[self.at..self.at + fits].copy_from_slice(&part.as_bytes()[..fits]);
            self.at += fits;
            if fits < part.len() { Err(fmt::Error) } else { Ok(()) }
        }
    }
    let mut cursor = Cursor { text, at: 0 };
    // An error says that the message was cut, which is what is wanted.
    let _ = fmt::write(&mut cursor, format_args!("{message}"));
    let end = cursor.at;
    text[end] = 0;
}

/// A struct of the ABI that may grow with a new major version, and not within
/// one: its size must be equal.
///
/// # Safety
///
/// The type is `repr(C)`, any bits are a value of it, and its first field is
/// `struct_size: u32`.
pub(crate) unsafe trait Growing: Copy {
    /// The value of that field.
    #[expect(clippy::cast_possible_truncation, reason = "a struct of some hundred bytes")]
    const STRUCT_SIZE: u32 = size_of::<Self>() as u32;
}

/// The host's promise for one call: its pointers keep the header's rule.
#[derive(Clone, Copy)]
pub(crate) struct Caller(());

impl Caller {
    /// # Safety
    ///
    /// Each pointer passed to the methods is one that the host passed to this
    /// call or put into a struct that it passed: null, or pointing to as many
    /// objects as the host says, valid for reads (and for results: writes)
    /// until the call ends, and not changed by another thread meanwhile.
    #[inline]
    pub(crate) const unsafe fn promise() -> Self {
        Self(())
    }

    /// Where a result goes.
    #[inline]
    pub(crate) fn out<T>(self, pointer: *mut T, argument: &'static str) -> Result<Out<T>, Failure> {
        check(pointer, argument).map(Out)
    }

    /// The same where the host may not ask for it: NULL.
    pub(crate) fn out_or_none<T>(
        self,
        pointer: *mut T,
        argument: &'static str,
    ) -> Result<Option<Out<T>>, Failure> {
        if pointer.is_null() { Ok(None) } else { self.out(pointer, argument).map(Some) }
    }

    /// Where a result goes whose struct may grow: the host says how large it
    /// knows it, in its argument `struct_size`.
    pub(crate) fn out_sized<T>(
        self,
        pointer: *mut T,
        size: usize,
        argument: &'static str,
    ) -> Result<Out<T>, Failure> {
        let pointer = check(pointer, argument)?;
        let (given, known) = (size as u64, size_of::<T>());
        if given == known as u64 {
            Ok(Out(pointer))
        } else {
            Err(Failure::ResultSize { argument, given, known })
        }
    }

    /// Where up to `capacity` results go; at least one.
    pub(crate) fn buffer<T>(
        self,
        pointer: *mut T,
        capacity: Count,
        argument: &'static str,
    ) -> Result<Buffer<T>, Failure> {
        check_length::<T>(capacity, 1)?;
        Ok(Buffer { first: check(pointer, argument)?, capacity: capacity.given, count: 0 })
    }

    /// The same where the host may not ask for it: NULL, and no capacity.
    pub(crate) fn buffer_or_none<T>(
        self,
        pointer: *mut T,
        capacity: Count,
        argument: &'static str,
    ) -> Result<Option<Buffer<T>>, Failure> {
        if pointer.is_null() && capacity.given == 0 {
            return Ok(None);
        }
        self.buffer(pointer, capacity, argument).map(Some)
    }

    /// A struct that the host filled.
    pub(crate) fn read<T: Growing>(
        self,
        pointer: *const T,
        argument: &'static str,
    ) -> Result<T, Failure> {
        let pointer = check(pointer.cast_mut(), argument)?;
        // SAFETY: it points to a struct of the host's, which begins with its
        // size whatever that is (`Growing`); checked for null and alignment.
        let given = unsafe { pointer.cast::<u32>().read() };
        if given != T::STRUCT_SIZE {
            return Err(Failure::StructSize { argument, given, known: size_of::<T>() });
        }
        // SAFETY: as above, and as large as T by its own size.
        Ok(unsafe { pointer.read() })
    }

    /// An array of structs that the host filled; may be empty.
    pub(crate) fn read_all<T: Growing>(
        self,
        pointer: *const T,
        count: Count,
        argument: &'static str,
    ) -> Result<Vec<T>, Failure> {
        check_length::<T>(count, 0)?;
        // Each is checked before the next is looked at: one of another size
        // would put it elsewhere.
        (0..count.given).map(|row| self.read(pointer.wrapping_add(row), argument)).collect()
    }

    /// A copy of an array of numbers.
    pub(crate) fn copy<T: Number>(
        self,
        pointer: *const T,
        count: Count,
        argument: &'static str,
    ) -> Result<Vec<T>, Failure> {
        check_length::<T>(count, 0)?;
        if count.given == 0 {
            return Ok(Vec::new());
        }
        let pointer = check(pointer.cast_mut(), argument)?;
        // SAFETY: `count` numbers of the host's, not changed meanwhile; checked
        // for null, alignment and a length that fits the address space.
        let numbers = unsafe { slice::from_raw_parts(pointer.as_ptr(), count.given) };
        Ok(numbers.to_vec())
    }

    /// Writes as much of a text as `capacity` bytes have room for, with a NUL, and
    /// how much all of it takes.
    pub(crate) fn write_text(
        self,
        text: &str,
        to: *mut c_char,
        capacity: usize,
        needed: *mut usize,
        argument: &'static str,
    ) -> Result<(), Failure> {
        let out = self.out(needed, "needed")?;
        let capacity = Count { given: capacity, name: "capacity" };
        self.buffer(to.cast::<u8>(), capacity, argument)?.text(text);
        out.set(text.len() + 1);
        Ok(())
    }

    /// A copy of a text of `length` bytes.
    pub(crate) fn long_text(
        self,
        pointer: *const c_char,
        length: usize,
        argument: &'static str,
    ) -> Result<String, Failure> {
        let length = Count { given: length, name: "length" };
        let bytes = self.copy::<u8>(pointer.cast(), length, argument)?;
        String::from_utf8(bytes)
            .map_err(|error| Failure::Text { argument, at: error.utf8_error().valid_up_to() })
    }

    /// A NUL-terminated text of at most [`MAX_NAME`] bytes.
    pub(crate) fn text<'a>(
        self,
        pointer: *const c_char,
        argument: &'static str,
    ) -> Result<&'a str, Failure> {
        let first = check(pointer.cast_mut().cast::<u8>(), argument)?;
        let mut length = 0;
        loop {
            // SAFETY: no byte before this one is NUL, so the text reaches here.
            let place = unsafe { first.add(length) };
            // SAFETY: as above.
            let byte = unsafe { place.read() };
            if byte == 0 {
                break;
            }
            length += 1;
            if length > MAX_NAME {
                return Err(Failure::Unterminated { argument, most: MAX_NAME });
            }
        }
        // SAFETY: the bytes just read; the host keeps them until the call ends,
        // and no text outlives its call.
        let bytes = unsafe { slice::from_raw_parts(first.as_ptr(), length) };
        core::str::from_utf8(bytes)
            .map_err(|error| Failure::Text { argument, at: error.valid_up_to() })
    }
}

/// How many objects the host says there are, and what it calls that number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    pub(crate) given: usize,
    pub(crate) name: &'static str,
}

/// Numbers of which any bits are a value.
pub(crate) trait Number: Copy {}
impl Number for u8 {}
impl Number for u32 {}
impl Number for u64 {}

/// A checked place for one result; dropped unwritten it is untouched.
#[must_use = "a result is to be written"]
pub(crate) struct Out<T>(NonNull<T>);

impl<T> Out<T> {
    #[inline]
    pub(crate) fn set(self, value: T) {
        // SAFETY: the host's, valid for writes for this call (`Caller`);
        // checked for null and alignment.
        unsafe { self.0.write(value) }
    }
}

/// A checked place for several results.
pub(crate) struct Buffer<T> {
    first: NonNull<T>,
    capacity: usize,
    count: usize,
}

impl<T> Buffer<T> {
    pub(crate) const fn is_full(&self) -> bool {
        self.count == self.capacity
    }

    pub(crate) const fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// Appends a result; there is room, see [`Buffer::is_full`].
    pub(crate) fn push(&mut self, value: T) {
        assert!(self.count < self.capacity, "no room in the host's buffer");
        // SAFETY: within the host's array of `capacity`, which fits the address
        // space.
        let place = unsafe { self.first.add(self.count) };
        // SAFETY: valid for writes for this call (`Caller`).
        unsafe { place.write(value) };
        self.count += 1;
    }
}

impl Buffer<u8> {
    /// Fills it with as much of a text as fits, cut at a character, and a NUL.
    pub(crate) fn text(mut self, text: &str) {
        let fits = text.floor_char_boundary(self.capacity - 1);
        text.bytes().take(fits).for_each(|byte| self.push(byte));
        self.push(0);
    }
}

/// The enumerator of that number, where they are numbered from 0. `argument`
/// names it for the host. Off the data plane.
pub(crate) fn choose<T: Copy>(
    value: u32,
    all: &[T],
    argument: impl fmt::Display,
) -> Result<T, Failure> {
    let chosen = all.get(value as usize).copied();
    chosen.ok_or_else(|| {
        let most = all.len() - 1;
        let message = format_args!("{argument} is {value}: it must be 0 to {most}");
        written(warmstow_status::WARMSTOW_ERROR_ENUM, message)
    })
}

/// A field that is kept for later versions: 0, so that a program which fills it
/// with anything meets an error now and no surprise then.
pub(crate) fn unused(reserved_field: u32, of: impl fmt::Display) -> Result<(), Failure> {
    if reserved_field == 0 {
        return Ok(());
    }
    let message = format_args!("{of}.reserved_field is {reserved_field}: it must be 0");
    Err(written(warmstow_status::WARMSTOW_ERROR_NOT_ZERO, message))
}

#[inline]
fn check<T>(pointer: *mut T, argument: &'static str) -> Result<NonNull<T>, Failure> {
    let pointer = NonNull::new(pointer).ok_or(Failure::Null { argument })?;
    if pointer.is_aligned() { Ok(pointer) } else { Err(Failure::Misaligned { argument }) }
}

/// Whether `count` objects can stand in the address space.
fn check_length<T>(count: Count, least: usize) -> Result<(), Failure> {
    count.within(least, isize::MAX.unsigned_abs() / size_of::<T>().max(1))
}

impl Count {
    /// Whether there are so many.
    pub(crate) fn within(self, least: usize, most: usize) -> Result<(), Failure> {
        if (least..=most).contains(&self.given) {
            Ok(())
        } else {
            Err(Failure::Length { count: self, least, most })
        }
    }
}

#[cfg(test)]
mod tests {
    use core::ffi::CStr;

    use super::*;

    fn message() -> String {
        // SAFETY: this thread's own text, NUL-terminated.
        unsafe { CStr::from_ptr(last_error()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_panic_becomes_a_status() {
        let status = call(|| panic!("a bug"));
        assert_eq!(status, warmstow_status::WARMSTOW_ERROR_PANIC as i32);
        assert_eq!(message(), "a bug in warmstow stopped the call");
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let long = "ä".repeat(600);
        let failure = written(warmstow_status::WARMSTOW_ERROR_TRACE, &long);
        assert_eq!(call(|| Err(failure)), -600);
        assert_eq!(message(), "ä".repeat(255));
    }

    #[test]
    fn a_success_leaves_the_last_message() {
        assert_eq!(message(), "");
        let _ = call(|| Err(Failure::Null { argument: "name" }));
        let _ = call(|| Ok(()));
        assert_eq!(message(), "name is NULL");
    }
}
