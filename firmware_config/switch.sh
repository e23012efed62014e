#!/bin/sh
# Switch a link to a new release or model, wait for the daemon to be online, or go back: switch.sh current|model TARGET
set -eu
cd "$(dirname "$0")"
. ./names.sh

link=$BASE/$1
target=$2
old=$(readlink "$link" || true)

turn_to() { # TARGET
    point "$link" "$1"
    # A release brings its own units; a model does not.
    [ ! -d "$1/rootfs" ] || lay_out "$1"
    # What is not on the card yet would be lost in a power cut that the link survives.
    sync
}

turn_to "$target"
if await_online; then
    # Installing the same release twice must not forget the one before it.
    if [ -n "$old" ] && [ "$old" != "$target" ]; then point "$link.previous" "$old"; fi
    tell "$1 is now $(basename "$target")"
    exit 0
fi
if [ -z "$old" ] || [ "$old" = "$target" ]; then
    fail 4 "$(basename "$target") is not online within $ONLINE_SECONDS s, and there is none to go back to; journalctl -u $SERVICE says why"
fi
turn_to "$old"
if await_online; then
    fail 4 "$(basename "$target") was not online within $ONLINE_SECONDS s; went back to $(basename "$old"), which is; journalctl -u $SERVICE says why"
fi
fail 4 "neither $(basename "$target") nor $(basename "$old") is online within $ONLINE_SECONDS s; journalctl -u $SERVICE says why"
