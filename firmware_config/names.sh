#!/bin/sh
# Names and small functions that install.sh, its steps, switch.sh, recover.sh and landmarks-update share.

# Another root is for tests; on a Pi it is empty.
ROOT=${LANDMARKS_ROOT:-}
BASE=$ROOT/opt/landmarks
RELEASES=$BASE/releases
MODELS=$BASE/models
SETTINGS=$ROOT/etc/landmarks
# New settings wait here until the release has passed its self-test.
STAGED=$BASE/.staged
BOOT=$ROOT/boot/firmware
SERVICE=landmarks.service
ONLINE_SECONDS=${LANDMARKS_ONLINE_SECONDS:-60}
# A service that comes up and falls over at once was never online.
SETTLE_SECONDS=${LANDMARKS_SETTLE_SECONDS:-5}

tell() { echo "landmarks: $*"; }

fail() { # CODE SENTENCE...: exit codes are those of docs/troubles.md
    code=$1
    shift
    echo "error: $*" >&2
    exit "$code"
}

# One update at a time. What an update calls inherits the lock; the kernel releases it when the last of them ends.
lock_updates() {
    [ -z "${LANDMARKS_LOCK:-}" ] || return 0
    mkdir -p "$BASE"
    exec 9>"$BASE/.lock"
    flock --nonblock 9 || fail 6 "another update is running; nothing was changed; wait until it has ended, then run this again"
    export LANDMARKS_LOCK=held
}

# A signed release stays signed for ever, with the faults that later ones mended.
refuse_older() { # RELEASE
    [ -L "$BASE/current" ] && [ -z "${LANDMARKS_ALLOW_DOWNGRADE:-}" ] || return 0
    here=$(basename "$(readlink "$BASE/current")")
    oldest=$(printf '%s\n' "${here%%-*}" "${1%%-*}" | sort --version-sort | head -n 1)
    [ "$oldest" = "${here%%-*}" ] ||
        fail 6 "release $1 is older than $here, which is running; nothing was changed; --allow-downgrade installs it all the same"
}

python_version() { python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }

# A link is replaced in one step: a power cut leaves the old one or the new one.
point() { # LINK TARGET
    ln -sfn "$2" "$1.new" && mv -T "$1.new" "$1"
}

# Replaced in one step too, and only where it differs: a full disk must not leave half a file.
put_file() { # FROM TO MODE
    if cmp -s "$1" "$2" && [ "$(stat -c %a "$2")" = "$3" ]; then return 0; fi
    if mkdir -p "$(dirname "$2")" && install -m "$3" "$1" "$2.new" && mv -T "$2.new" "$2"; then return 0; fi
    rm -f "$2.new"
    return 1
}

# Files for the target lie in a tree shaped like the target.
lay_out() { # RELEASE_FOLDER
    (cd "$1/rootfs" && find . -type f) | while read -r path; do
        put_file "$1/rootfs/$path" "$ROOT/$path" 644 || return 1
    done &&
        mkdir -p "$ROOT/usr/local/sbin" "$ROOT/usr/local/bin" &&
        point "$ROOT/usr/local/bin/landmarks" "$BASE/current/venv/bin/landmarks" &&
        point "$ROOT/usr/local/sbin/landmarks-update" "$BASE/current/bin/landmarks-update" &&
        systemctl daemon-reload
}

# Only whether the landmarks are right: the times mean nothing while the daemon runs beside.
is_right() { # PYTHON MODEL
    "$1" -m device selftest --model "$2" --quick
}

restarts() { systemctl show --property=NRestarts --value "$SERVICE"; }

# Online: the daemon has said READY=1 (Type=notify), and has not been started again since.
await_online() {
    systemctl reset-failed "$SERVICE" 2>/dev/null || true
    systemctl restart --no-block "$SERVICE"
    waited=0
    while ! systemctl is-active --quiet "$SERVICE"; do
        [ "$waited" -lt "$ONLINE_SECONDS" ] || return 1
        sleep 1
        waited=$((waited + 1))
    done
    before=$(restarts)
    sleep "$SETTLE_SECONDS"
    systemctl is-active --quiet "$SERVICE" && [ "$(restarts)" = "$before" ]
}
