#!/bin/sh
# Install the payload that lies on the boot partition; again at every start until it has worked once.
# What happened stands in status.txt and install.log beside this file, for whoever only has the card.
set -eu

stage=$(dirname "$(readlink -f "$0")")
# Another root is for tests; on a Pi it is empty.
base=${LANDMARKS_ROOT:-}/opt/landmarks

note() {
    echo "$(date -u +%FT%TZ) $*" >"$stage/status.txt"
    sync
}

mkdir -p "$base"
# Before anything can go wrong: everybody with the card can read a FAT.
sh "$stage/take_secrets.sh" "$(dirname "$stage")" "$base/.settings"

unpack_and_install() (
    set -eu
    cd "$stage"
    sha256sum --check payload.tar.zst.sha256
    command -v zstd || apt-get install -y --no-install-recommends zstd ||
        { apt-get update && apt-get install -y --no-install-recommends zstd; }
    rm -rf "$base/.payload"
    mkdir "$base/.payload"
    tar --extract --zstd --no-same-owner --file payload.tar.zst --directory "$base/.payload"
    sh "$base/.payload/install.sh" "$base/.settings"
)

note "installing; install.log grows"
set +e
unpack_and_install >"$stage/install.log" 2>&1
code=$?
set -e
cat "$stage/install.log"
if [ "$code" -ne 0 ]; then
    note "failed with exit code $code: $(tail -n 1 "$stage/install.log")"
    exit "$code"
fi
rm -rf "$base/.payload" "$base/.settings"
systemctl disable --no-reload landmarks-first-boot.service
note "installed: $(basename "$(readlink "$base/current")")"
