#!/usr/bin/env bash
# Builds the core for bare-metal targets, which have no std to lean on by accident.
# Usage: nostd.sh TARGET_DIR
#
# A toolchain with the target's libraries (`rustup target add`) is used as it
# is. Otherwise core and alloc are compiled from Debian's sources by Debian's
# own compiler: source and compiler must be of one version, so the compiler in
# PATH cannot take its place.
set -eu
target_dir=$1

has_libraries() {
    [ -d "$(rustc --print target-libdir --target "$1" 2>/dev/null)" ]
}

# build TARGET LIBRARIES CARGO_ARGUMENTS...
build() {
    local target=$1 libraries=$2
    shift 2
    echo "--- $target: $*"
    if has_libraries "$target"; then
        cargo build --locked --target "$target" --target-dir "$target_dir" "$@"
    else
        .ci/setup-system.sh rustc-web cargo-web rust-web-src
        RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc \
            /usr/bin/cargo build --locked --target "$target" --target-dir "$target_dir" \
            -Zbuild-std="$libraries" "$@"
    fi
}

# Without `alloc` only core is built: a use of the allocator cannot link.
build thumbv7em-none-eabihf core -p warmstow-core --no-default-features
build riscv32imac-unknown-none-elf core,alloc -p warmstow-core --features sim,serde
