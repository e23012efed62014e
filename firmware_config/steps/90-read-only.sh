#!/bin/sh
# A root file system that nothing writes to, where pi.toml asks for it
set -eu
. ./names.sh

[ "$(cat "$SETTINGS/read-only-root" 2>/dev/null || echo no)" = yes ] || exit 0
command -v raspi-config >/dev/null || fail 5 "read_only_root needs raspi-config, which is only in Raspberry Pi OS"
raspi-config nonint do_overlayfs 0
tell "the root file system is read-only from the next start on; before an update: raspi-config nonint do_overlayfs 1, and start again"
