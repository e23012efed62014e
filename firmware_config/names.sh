#!/bin/sh
# Names and small functions that install.sh, its steps, switch.sh and landmarks-update share.

# Another root is for tests; on a Pi it is empty.
ROOT=${LANDMARKS_ROOT:-}
BASE=$ROOT/opt/landmarks
RELEASES=$BASE/releases
MODELS=$BASE/models
SETTINGS=$ROOT/etc/landmarks
BOOT=$ROOT/boot/firmware
SERVICE=landmarks.service
ONLINE_SECONDS=${LANDMARKS_ONLINE_SECONDS:-60}
# A service that comes up and falls over at once was never online.
SETTLE_SECONDS=${LANDMARKS_SETTLE_SECONDS:-5}

tell() { echo "landmarks: $*"; }

fail() { # CODE SENTENCE...: exit codes are those of README.md
    code=$1
    shift
    echo "error: $*" >&2
    exit "$code"
}

python_version() { python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }

# A link is replaced in one step: a power cut leaves the old one or the new one.
point() { # LINK TARGET
    ln -sfn "$2" "$1.new"
    mv -T "$1.new" "$1"
}

# Files for the target lie in a tree shaped like the target.
lay_out() { # RELEASE_FOLDER
    cp -R --no-preserve=ownership "$1/rootfs/." "$ROOT/"
    mkdir -p "$ROOT/usr/local/sbin" "$ROOT/usr/local/bin"
    point "$ROOT/usr/local/bin/landmarks" "$BASE/current/venv/bin/landmarks"
    point "$ROOT/usr/local/sbin/landmarks-update" "$BASE/current/bin/landmarks-update"
    systemctl daemon-reload
}

# An update asks whether the landmarks are right, not whether the board is idle: the daemon runs meanwhile.
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
