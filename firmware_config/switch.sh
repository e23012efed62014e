#!/bin/sh
# Try a new release or model: switch.sh current|model TARGET. The settings in $STAGED change with it, and all of it
# goes back where the daemon is not online in time, or where a power cut ends the trial.
set -eu
cd "$(dirname "$0")"
. ./names.sh
. ./trial.sh

lock_updates
kind=$1
target=$2
link=$BASE/$kind
name=$(basename "$target")
old=$(readlink "$link" || true)

changed_paths() {
    printf 'opt/landmarks/%s\n' current current.previous model model.previous
    printf 'usr/local/%s\n' bin/landmarks sbin/landmarks-update
    [ ! -d "$target/rootfs" ] || (cd "$target/rootfs" && find . -type f)
    for file in "$STAGED"/*; do
        [ ! -f "$file" ] || echo "etc/landmarks/$(basename "$file")"
    done
}

# The shell does not end by itself on a failure in here: these run as conditions.
put_settings() {
    mkdir -p "$SETTINGS" || return 1
    for file in "$STAGED"/*; do
        [ -f "$file" ] || continue
        mode=644
        [ "$(basename "$file")" != secrets.env ] || mode=600
        put_file "$file" "$SETTINGS/$(basename "$file")" "$mode" || return 1
    done
    # A model that came by update stays; the first one, and one that pi.toml asks for, is the release's own.
    if [ "$kind" = current ] && { [ ! -L "$BASE/model" ] || [ -f "$STAGED/model" ]; }; then
        point "$BASE/model" "$BASE/current/models/$(cat "$SETTINGS/model")"
    fi
}

turn_to_target() {
    # A release brings its own units; a model does not.
    { [ ! -d "$target/rootfs" ] || lay_out "$target"; } && put_settings && point "$link" "$target" && sync
}

# The settings that the old release ran with, for who goes back to it by hand.
keep_settings() {
    rm -rf "$old/settings"
    [ ! -d "$TRIAL/saved/etc/landmarks" ] || cp -a "$TRIAL/saved/etc/landmarks" "$old/settings"
}

changed_paths | begin_trial "$kind $name"
if turn_to_target && await_online; then
    # Installing the same release twice must not forget the one before it.
    if [ -n "$old" ] && [ "$old" != "$target" ]; then
        [ "$kind" = model ] || keep_settings
        point "$link.previous" "$old"
    fi
    end_trial
    rm -rf "$STAGED"
    tell "$kind is now $name"
    exit 0
fi
rm -rf "$STAGED"
why="$name was not online within $ONLINE_SECONDS s"
if [ -z "$old" ]; then
    end_trial
    fail 4 "$why, and there is none to go back to; journalctl -u $SERVICE says why"
fi
roll_back
if await_online; then
    fail 4 "$why; went back to $(basename "$old") with its settings and model, which is online; journalctl -u $SERVICE says why"
fi
fail 4 "$why; went back to $(basename "$old") with its settings and model, which is not online either; journalctl -u $SERVICE says why"
