#!/bin/sh
# Bring this payload onto the Pi, or go back one release. Root; may be run again at any time.
#   install.sh [SETTINGS_FOLDER]    SETTINGS_FOLDER: what `make flash-pi` made of pi.toml
#   install.sh --back
# Exit codes: the table of README.md; 4: not online, and the release before is running again.
set -eu
cd "$(dirname "$0")"
. ./names.sh

[ -n "$ROOT" ] || [ "$(id -u)" -eq 0 ] || fail 7 "install.sh needs root: sudo sh install.sh"

if [ "${1:-}" = --back ]; then
    previous=$(readlink "$BASE/current.previous") || fail 6 "there is no release before this one to go back to"
    exec sh "$previous/switch.sh" current "$previous"
fi

export NEW_SETTINGS="${1:-}"
RELEASE=$(cat RELEASE)
export RELEASE
for step in steps/[0-9]*.sh; do
    tell "$(basename "$step" .sh): $(sed -n '2s/^# //p' "$step")"
    sh "$step"
done
tell "release $RELEASE is running"
