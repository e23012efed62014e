#!/bin/sh
# Does the new release give the landmarks it should, before anything is switched?
set -eu
. ./names.sh

python="$RELEASES/$RELEASE/venv/bin/python"
# A setting that the new release does not know would only show as a daemon that never comes up.
"$python" -m device config check "$SETTINGS/daemon.toml" >/dev/null ||
    fail 3 "release $RELEASE cannot use $SETTINGS/daemon.toml; mend it and run this again; nothing was switched"
is_right "$python" small || fail 4 "release $RELEASE fails its self-test on this machine; nothing was switched"
