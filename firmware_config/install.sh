#!/bin/sh
# Bring this payload onto the Pi, or go back one release. Root; may be run again at any time.
#   install.sh [--allow-downgrade] [SETTINGS_FOLDER]    SETTINGS_FOLDER: what `make flash-pi` made of pi.toml
#   install.sh --back
# Exit codes: the table of docs/troubles.md; 4: not online, and the release before is running again; 6: refused.
set -eu
cd "$(dirname "$0")"
. ./names.sh
. ./trial.sh

[ -n "$ROOT" ] || [ "$(id -u)" -eq 0 ] || fail 7 "install.sh needs root: sudo sh install.sh"
lock_updates

if [ "${1:-}" = --back ]; then
    # What was on trial when the power went is not the release to go back from.
    if undo_unfinished; then
        await_online || fail 4 "$(basename "$(readlink "$BASE/current")") is not online; journalctl -u $SERVICE says why"
        exit 0
    fi
    previous=$(readlink "$BASE/current.previous") || fail 6 "there is no release before this one to go back to"
    rm -rf "$STAGED"
    [ ! -d "$previous/settings" ] || cp -a "$previous/settings" "$STAGED"
    exec sh "$previous/switch.sh" current "$previous"
fi

undo_unfinished || true
if [ "${1:-}" = --allow-downgrade ]; then
    export LANDMARKS_ALLOW_DOWNGRADE=yes
    shift
fi
export NEW_SETTINGS="${1:-}"
RELEASE=$(cat RELEASE)
export RELEASE
trap 'rm -rf "$STAGED"' EXIT
for step in steps/[0-9]*.sh; do
    tell "$(basename "$step" .sh): $(sed -n '2s/^# //p' "$step")"
    sh "$step"
done
tell "release $RELEASE is running"
