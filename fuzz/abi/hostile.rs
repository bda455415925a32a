//! Places for results: sound, null or askew; and whether they were written.

use core::ffi::c_char;

pub(super) use warmstow::warmstow_status as status;

const BYTES: usize = 1_024;
const UNTOUCHED: u8 = 0xA5;

/// Memory for the results of one call, aligned for all of them.
#[repr(align(16))]
struct Bytes([u8; BYTES]);

/// Two places, so that a call can have two results.
pub(super) struct Scratch(Box<[Bytes; 2]>);

impl Default for Scratch {
    fn default() -> Self {
        Self(Box::new([Bytes([UNTOUCHED; BYTES]), Bytes([UNTOUCHED; BYTES])]))
    }
}

/// How a pointer is wrong.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Good,
    Null,
    Askew,
}

impl Place {
    pub(super) const fn of(byte: u8) -> Self {
        match byte % 16 {
            0 => Self::Null,
            1 => Self::Askew,
            _ => Self::Good,
        }
    }
}

impl Scratch {
    /// A place for `count` results, and its fault.
    pub(super) fn place<T>(
        &mut self,
        which: usize,
        place: Place,
        faults: &mut Vec<status>,
    ) -> *mut T {
        assert!(size_of::<T>() < BYTES, "a larger scratch is needed");
        self.0[which] = Bytes([UNTOUCHED; BYTES]);
        let first = self.0[which].0.as_mut_ptr();
        match place {
            Place::Good => first.cast(),
            Place::Null => {
                faults.push(status::WARMSTOW_ERROR_NULL);
                core::ptr::null_mut()
            }
            Place::Askew => {
                faults.push(status::WARMSTOW_ERROR_MISALIGNED);
                first.wrapping_add(1).cast()
            }
        }
    }

    /// Whether no call wrote there.
    pub(super) fn is_untouched(&self, which: usize) -> bool {
        self.0[which].0.iter().all(|&byte| byte == UNTOUCHED)
    }

    /// The result that a call wrote.
    pub(super) fn read<T: Copy>(&self, which: usize) -> T {
        assert!(size_of::<T>() < BYTES, "within the scratch");
        // SAFETY: within it and aligned; every result is a struct of integers
        // or one, of which any bits are a value.
        unsafe { self.0[which].0.as_ptr().cast::<T>().read() }
    }

    /// The results of a call that wrote `count` of them.
    pub(super) fn read_all<T: Copy>(&self, which: usize, count: usize) -> Vec<T> {
        assert!(count * size_of::<T>() <= BYTES, "within the scratch");
        let first = self.0[which].0.as_ptr().cast::<T>();
        // SAFETY: as above.
        (0..count).map(|at| unsafe { first.add(at).read() }).collect()
    }

    /// How many results of a type fit.
    pub(super) const fn room<T>() -> usize {
        BYTES / size_of::<T>()
    }
}

/// A size, right in most cases, and its fault.
pub(super) fn size<T>(byte: u8, faults: &mut Vec<status>) -> usize {
    let right = size_of::<T>();
    let size = match byte >> 4 {
        0 => right - 1,
        1 => right + 1,
        2 => [0, usize::MAX, right + (1 << 32)][usize::from(byte) % 3],
        _ => right,
    };
    if size != right {
        faults.push(status::WARMSTOW_ERROR_STRUCT_SIZE);
    }
    size
}

/// The size in a struct that the host fills, right in most cases, and its fault.
pub(super) fn struct_size<T>(byte: u8, faults: &mut Vec<status>) -> u32 {
    let right = size_of::<T>() as u32;
    let size = match byte >> 4 {
        0 => right - 1,
        1 => [0, right + 1, u32::MAX][usize::from(byte) % 3],
        _ => right,
    };
    if size != right {
        faults.push(status::WARMSTOW_ERROR_STRUCT_SIZE);
    }
    size
}

/// A name, NUL-terminated or as long as a name may be without one, and its
/// fault; a few names, so that they meet.
pub(super) fn name(byte: u8, buffer: &mut [u8; 320], faults: &mut Vec<status>) -> *const c_char {
    buffer.fill(0);
    match byte {
        0..200 => buffer[..2].copy_from_slice(&[b'f', b'0' + byte % 10]),
        200..210 => faults.push(status::WARMSTOW_ERROR_NAME_EMPTY),
        210..220 => {
            buffer[..2].copy_from_slice(&[b'f', 0xFF]);
            faults.push(status::WARMSTOW_ERROR_TEXT);
        }
        220..230 => buffer[..255].fill(b'n'),
        230..240 => {
            buffer.fill(b'n');
            faults.push(status::WARMSTOW_ERROR_LENGTH);
        }
        240.. => {
            faults.push(status::WARMSTOW_ERROR_NULL);
            return core::ptr::null();
        }
    }
    buffer.as_ptr().cast()
}

/// Numbers at the ends of their ranges.
pub(super) const fn number(byte: u8) -> u32 {
    match byte {
        0..200 => byte as u32 % 8,
        200..220 => 1 << (byte % 32),
        220..240 => u32::MAX - byte as u32 % 3,
        240.. => (1 << 24) - 1 + byte as u32 % 3,
    }
}
