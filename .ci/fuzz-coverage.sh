#!/usr/bin/env bash
# How much of each file the fuzz seeds, 2,000 random inputs of each target and
# the corpus of `make fuzz` (if there is one) reach: lines and regions.
# Usage: fuzz-coverage.sh TARGET_DIR
#
# Debian's llvm reads the profile, because rustup's own tools may not be there:
# it has to be of the compiler's major version.
set -eu
target_dir=$1
llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
.ci/setup-system.sh "llvm-$llvm"
tools=/usr/lib/llvm-$llvm/bin

rm -rf "$target_dir"/profiles
RUSTFLAGS="-C instrument-coverage" LLVM_PROFILE_FILE="$target_dir/profiles/%p-%m.profraw" \
    cargo test --locked --manifest-path fuzz/Cargo.toml --target-dir "$target_dir" --test replay
program=$(find "$target_dir"/debug/deps -name 'replay-*' -type f -perm -u+x -printf '%T@ %p\n' |
    sort -n | tail -1 | cut -d' ' -f2)
"$tools"/llvm-profdata merge -sparse "$target_dir"/profiles/*.profraw -o "$target_dir"/fuzz.profdata
"$tools"/llvm-cov report "$program" --instr-profile "$target_dir"/fuzz.profdata \
    --show-branch-summary=false --ignore-filename-regex='/(\.cargo|rustc|fuzz|tests)/'
