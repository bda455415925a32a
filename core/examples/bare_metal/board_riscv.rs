//! A 32-bit RISC-V hart: interrupts are enabled by bit 3 of `mstatus`, and the
//! entry sets up the stack itself (`riscv.ld`).

use core::arch::{asm, global_asm};

use super::semihosting;

/// MIE: machine interrupts are enabled.
const INTERRUPTS: u32 = 1 << 3;

global_asm!(".section .entry, \"ax\"", ".global entry", "entry:", "la sp, stack_top", "j start");

pub(super) fn fail() -> ! {
    semihosting::exit(false)
}

/// One operation of the debugger, which knows the breakpoint by its neighbours:
/// three full-width instructions that must not lie across two pages.
pub(super) fn call(operation: usize, operand: usize) {
    // SAFETY: the debugger reads the operand, a number or a text that ends with
    // zero, and writes no memory for the operations that are used.
    unsafe {
        asm!(
            ".balign 16",
            ".option push",
            ".option norvc",
            "slli x0, x0, 0x1f",
            "ebreak",
            "srai x0, x0, 7",
            ".option pop",
            inout("a0") operation => _,
            in("a1") operand,
        );
    };
}

/// The entry, once there is a stack.
// SAFETY: the symbol that the assembly above jumps to; no library defines it.
#[unsafe(no_mangle)]
extern "C" fn start() -> ! {
    semihosting::main()
}

struct OneHart;
critical_section::set_impl!(OneHart);

// SAFETY: on the one hart, with interrupts disabled, nothing else runs; what
// was found is put back.
unsafe impl critical_section::Impl for OneHart {
    unsafe fn acquire() -> bool {
        let status: u32;
        // SAFETY: reads `mstatus` and clears MIE, and touches nothing else.
        unsafe { asm!("csrrci {}, mstatus, 8", out(reg) status) };
        status & INTERRUPTS == 0
    }

    unsafe fn release(was_disabled: bool) {
        if !was_disabled {
            // SAFETY: interrupts were enabled when the section was entered.
            unsafe { asm!("csrsi mstatus, 8") };
        }
    }
}
