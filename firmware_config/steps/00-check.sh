#!/bin/sh
# Check for a 64-bit Pi with a known Python, free space, and an undamaged payload
set -eu
. ./names.sh

[ "$(uname -m)" = aarch64 ] || fail 6 "this machine is $(uname -m), the payload is for aarch64; use a 64-bit Raspberry Pi OS"
python=$(python_version)
[ -f "pi-$python.lock" ] || fail 6 "Python $python has no wheels here, known: $(echo pi-*.lock); use bookworm or trixie"
sha256sum --check --quiet manifest.sha256 || fail 8 "the payload is not what was built; copy it again"
refuse_older "$RELEASE"
mkdir -p "$BASE"
free_kb=$(df --output=avail -k "$BASE" | tail -n 1)
[ "$free_kb" -gt 600000 ] || fail 7 "$((free_kb / 1000)) MB are free on $BASE, wanted 600; remove something"
