#!/usr/bin/env bash
# Installs from Debian whichever of the named packages is missing.
# Usage: setup-system.sh [--fresh] PACKAGE...
# Does nothing where all are there, so the second run costs a moment; with
# --fresh, fetches the lists of packages first and brings all to the newest.
set -eu

fresh=
[ "$1" != --fresh ] || { fresh=yes; shift; }

missing=()
for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ -z "$fresh" ] || missing=("$@")
[ ${#missing[@]} -eq 0 ] && exit 0

echo "installing from Debian: ${missing[*]}"
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
# The lock may be held by another installation on the same machine.
apt=("${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300)
install=("${apt[@]}" install -y --no-install-recommends "${missing[@]}")
export DEBIAN_FRONTEND=noninteractive
# Package lists may be absent or stale: fetch them only if the first try fails.
[ -z "$fresh" ] || "${apt[@]}" update >/dev/null
"${install[@]}" >/dev/null 2>&1 || { "${apt[@]}" update >/dev/null; "${install[@]}" >/dev/null; }
