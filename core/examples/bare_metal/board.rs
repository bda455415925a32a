//! What a board's support crate brings: an entry, a way to say the result, a
//! panic handler, and a critical section, which targets without 64-bit atomics
//! need. The chips speak to the debugger (or the emulator) by semihosting.

use core::panic::PanicInfo;

#[cfg_attr(target_arch = "arm", path = "board_cortex_m.rs")]
#[cfg_attr(target_arch = "riscv32", path = "board_riscv.rs")]
#[cfg_attr(target_arch = "wasm32", path = "board_wasm.rs")]
mod chip;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    chip::fail()
}

#[cfg(any(target_arch = "arm", target_arch = "riscv32"))]
mod semihosting {
    //! Arm's protocol, which RISC-V has taken over: an operation, its operand
    //! and a breakpoint that the debugger answers.

    use core::fmt::Write;

    use super::chip::call;
    use crate::workload;

    const WRITE_TEXT: usize = 0x04;
    const EXIT: usize = 0x18;
    const EXIT_OK: usize = 0x2_0026;
    const EXIT_FAILED: usize = 0x2_0023;

    /// The whole program.
    pub(super) fn main() -> ! {
        let Some((checksum, _)) = workload::run() else { exit(false) };
        let mut line = heapless::String::<64>::new();
        // The protocol's texts end with a zero byte.
        let written = write!(line, "checksum {checksum:016x}\n\0");
        call(WRITE_TEXT, line.as_ptr().addr());
        exit(written.is_ok())
    }

    /// Ends the emulation.
    pub(super) fn exit(ok: bool) -> ! {
        loop {
            call(EXIT, if ok { EXIT_OK } else { EXIT_FAILED });
        }
    }
}
