#!/usr/bin/env bash
# Builds the core for targets without an operating system, which have no std to
# lean on by accident, runs the example on each and compares its checksum with
# the host's. Usage: nostd.sh TARGET_DIR
#
# A toolchain with the target's libraries (`rustup target add`) is used as it
# is. Otherwise core and alloc are compiled from Debian's sources by Debian's
# own compiler: source and compiler must be of one version, so the compiler in
# PATH cannot take its place. What cannot be installed is skipped, and said.
set -eu
target_dir=$1
cortex=thumbv7em-none-eabihf
riscv=riscv32imac-unknown-none-elf
wasm=wasm32-unknown-unknown
example=core/examples/bare_metal
least=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
log=$target_dir/install.log
mkdir -p "$target_dir"

# try COMMAND...: what it says is shown only if it fails.
try() { "$@" >"$log" 2>&1 || { cat "$log"; return 1; }; }

# Lists of packages that are not fresh name a compiler that is too old.
debian_rust() {
    local packages='rustc-web cargo-web rust-web-src'
    new_enough && return
    try .ci/setup-system.sh --fresh $packages && new_enough
}

new_enough() {
    local version
    version=$(/usr/bin/rustc --version 2>/dev/null | cut -d' ' -f2) && [ -x /usr/bin/cargo ] &&
        [ "$(printf '%s\n' "$least" "$version" | sort -V | head -1)" = "$least" ] &&
        [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]
}

has_target() { [ -d "$(rustc --print target-libdir --target "$1" 2>/dev/null)" ]; }

# build TARGET LIBRARIES CARGO_ARGUMENTS...
build() {
    local target=$1 libraries=$2
    shift 2
    echo "--- $target: $*"
    set -- build --quiet --locked --target "$target" --target-dir "$target_dir" -p warmstow-core \
        --config "target.$cortex.linker='ld.lld-22'" \
        --config "target.$cortex.rustflags=['-Dwarnings', '-Clinker-flavor=ld.lld', '-Clink-arg=-T$example/cortex_m.ld']" \
        --config "target.$riscv.linker='ld.lld-22'" \
        --config "target.$riscv.rustflags=['-Dwarnings', '-Clinker-flavor=ld.lld', '-Clink-arg=-T$example/riscv.ld']" \
        --config "target.$wasm.linker='wasm-ld-22'" \
        --config "target.$wasm.rustflags=['-Dwarnings', '-Clink-arg=--export=checksum']" \
        "$@"
    if has_target "$target"; then
        cargo "$@"
    else
        RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc /usr/bin/cargo "$@" -Zbuild-std="$libraries"
    fi
}

skipped() { echo "SKIPPED: $1: $2"; skips=$((skips + 1)); }

# emulate NAME TARGET PACKAGE COMMAND...: the example on one target.
emulate() {
    local name=$1 target=$2 package=$3 got
    shift 3
    has_target "$target" || [ -n "$rust" ] || { skipped "$name" 'no compiler with its libraries'; return; }
    [ -n "$linker" ] || { skipped "$name" 'no linker (Debian: lld-22)'; return; }
    build "$target" core --no-default-features --release --example bare_metal
    command -v "$1" >/dev/null || [ -z "$package" ] || try .ci/setup-system.sh "$package" || true
    command -v "$1" >/dev/null || { skipped "$name" "built, but no $1 to run it"; return; }
    got=$(timeout 60 "$@") || { echo "$name: failed: $got" >&2; exit 1; }
    [ "$got" = "$want" ] || { printf '%s: %s\nhost: %s\n' "$name" "$got" "$want" >&2; exit 1; }
    echo "$name: $got, as on the host"
}

program() { echo "$target_dir/$1/release/examples/bare_metal$2"; }

skips=0
rust='' linker=''
debian_rust && rust=yes
command -v ld.lld-22 >/dev/null || try .ci/setup-system.sh lld-22 || true
command -v ld.lld-22 >/dev/null && linker=yes

echo '--- host'
want=$(cargo run --quiet --locked --release -p warmstow-core --no-default-features \
    --target-dir "$target_dir" --example bare_metal 2>/dev/null)
echo "host: $want"

semihosting='-display none -monitor none -serial none -chardev stdio,id=host -semihosting-config enable=on,target=native,chardev=host'
emulate 'Cortex-M4' $cortex qemu-system-arm \
    qemu-system-arm -machine mps2-an386 $semihosting -kernel "$(program $cortex '')"
emulate 'RISC-V 32' $riscv qemu-system-misc \
    qemu-system-riscv32 -machine virt -bios none $semihosting -kernel "$(program $riscv '')"
emulate 'WebAssembly' $wasm '' node .ci/wasm.mjs "$(program $wasm .wasm)"

# With an allocator and the simulator.
if has_target $riscv || [ -n "$rust" ]; then
    build $riscv core,alloc --lib --features sim,serde
else
    skipped 'RISC-V 32 with an allocator' 'no compiler with its libraries'
fi
[ $skips -eq 0 ] && echo 'bare metal: ok' || echo "bare metal: $skips SKIPPED, see above"
