#!/bin/sh
# At a start of the system: go back from what a power cut left on trial. landmarks-rollback.service runs it.
set -eu
cd "$(dirname "$0")"
. ./names.sh
. ./trial.sh

# The trial itself starts the daemon too, and this with it.
[ "$(cat "$TRIAL/boot_id")" != "$(boot_id)" ] || exit 0
undo_unfinished
