#!/bin/sh
# Check that the new release gives the right landmarks, before anything is switched
set -eu
. ./names.sh

python="$RELEASES/$RELEASE/venv/bin/python"
# A setting that the new release does not know would only show as a daemon that never comes up.
settings=$SETTINGS/daemon.toml
[ ! -f "$STAGED/daemon.toml" ] || settings=$STAGED/daemon.toml
"$python" -m device config check "$settings" >/dev/null ||
    fail 3 "release $RELEASE cannot use $(basename "$settings"); correct it and run this again; nothing was switched"
is_right "$python" small || fail 4 "release $RELEASE fails its self-test on this machine; nothing was switched"
