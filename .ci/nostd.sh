#!/usr/bin/env bash
# Builds the core for bare-metal targets, which have no std to lean on by accident.
# Usage: nostd.sh TARGET_DIR
#
# A toolchain with the target's libraries (`rustup target add`) is used as it
# is. Otherwise core and alloc are compiled from Debian's sources by Debian's
# own compiler: source and compiler must be of one version, so the compiler in
# PATH cannot take its place. Debian's has no linker for these targets either:
# binutils bring one.
set -eu
target_dir=$1
cortex=thumbv7em-none-eabihf
riscv=riscv32imac-unknown-none-elf

# build TARGET LIBRARIES CARGO_ARGUMENTS...
build() {
    local target=$1 libraries=$2
    shift 2
    echo "--- $target: $*"
    set -- build --locked --target "$target" --target-dir "$target_dir" -p warmstow-core "$@"
    if [ -d "$(rustc --print target-libdir --target "$target" 2>/dev/null)" ]; then
        cargo "$@"
    else
        .ci/setup-system.sh rustc-web cargo-web rust-web-src binutils-arm-none-eabi
        RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc /usr/bin/cargo "$@" -Zbuild-std="$libraries" \
            --config "target.$cortex.linker='arm-none-eabi-ld'" \
            --config "target.$cortex.rustflags=['-Dwarnings', '-Clinker-flavor=ld']"
    fi
}

# Only core is there, without alloc, so a use of the allocator cannot compile;
# and a whole program links, so nothing is missing at the end.
build $cortex core --no-default-features
build $cortex core --no-default-features --release --example bare_metal
build $riscv core,alloc --features sim,serde

program=$target_dir/$cortex/release/examples/bare_metal
[ -s "$program" ]
echo "bare metal: ok, $(stat -c %s "$program") bytes in $(basename "$program")"
