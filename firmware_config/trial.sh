#!/bin/sh
# A trial: everything that an update changes is kept until the daemon is online, and put back if it never is.
# Needs names.sh. The mark is on the card before the first change, so a start after a power cut finds it.

TRIAL=$BASE/trial

boot_id() { echo "${LANDMARKS_BOOT_ID:-$(cat /proc/sys/kernel/random/boot_id)}"; }

# Standard input: the paths that will change, relative to the root; each is a file, a link, or not there yet.
begin_trial() { # WHAT
    new=$BASE/.trial.new
    rm -rf "$new"
    mkdir -p "$new/saved"
    cp names.sh trial.sh recover.sh "$new/"
    echo "$1" >"$new/what"
    boot_id >"$new/boot_id"
    while read -r path; do
        if [ -e "$ROOT/$path" ] || [ -L "$ROOT/$path" ]; then
            mkdir -p "$new/saved/$(dirname "$path")"
            cp -a "$ROOT/$path" "$new/saved/$path"
        else
            echo "$path"
        fi
    done >"$new/added"
    # What the mark promises must be on the card before the mark is.
    sync
    mv -T "$new" "$TRIAL"
    sync
}

# One rename ends it: a power cut before leads back, one after does not.
end_trial() {
    sync
    rm -rf "$BASE/.trial.done"
    mv -T "$TRIAL" "$BASE/.trial.done"
    sync
    rm -rf "$BASE/.trial.done"
}

# Renames only: this must work on a full disk, and go on where a power cut ended it.
roll_back() {
    while read -r path; do rm -f "$ROOT/$path"; done <"$TRIAL/added"
    (cd "$TRIAL/saved" && find . ! -type d) | while read -r path; do
        mv -fT "$TRIAL/saved/$path" "$ROOT/$path"
    done
    end_trial
    rm -rf "$STAGED"
    systemctl daemon-reload
}

# An update that was cut off is undone before anything else is done.
undo_unfinished() {
    [ -d "$TRIAL" ] || return 1
    what=$(cat "$TRIAL/what")
    roll_back
    tell "$what was still on trial when its update was cut off; what ran before is back"
}
