//! A Cortex-M: interrupts are masked by PRIMASK, and the first two words of its
//! memory are the stack and the entry (`cortex_m.ld`).

use core::arch::asm;

use super::semihosting;

pub(super) fn fail() -> ! {
    semihosting::exit(false)
}

/// One operation of the debugger.
pub(super) fn call(operation: usize, operand: usize) {
    // SAFETY: the debugger reads the operand, a number or a text that ends with
    // zero, and writes no memory for the operations that are used.
    unsafe { asm!("bkpt 0xab", inout("r0") operation => _, in("r1") operand) };
}

/// The entry.
// SAFETY: the linker script's symbol, which no library defines.
#[unsafe(no_mangle)]
extern "C" fn start() -> ! {
    semihosting::main()
}

struct OneCore;
critical_section::set_impl!(OneCore);

// SAFETY: on the one core, with interrupts masked, nothing else runs; the mask
// that was found is put back.
unsafe impl critical_section::Impl for OneCore {
    unsafe fn acquire() -> bool {
        let masked: u32;
        // SAFETY: reads and sets PRIMASK, and touches nothing else.
        unsafe { asm!("mrs {}, PRIMASK", "cpsid i", out(reg) masked) };
        masked & 1 == 1
    }

    unsafe fn release(was_masked: bool) {
        if !was_masked {
            // SAFETY: interrupts were on when the section was entered.
            unsafe { asm!("cpsie i") };
        }
    }
}
