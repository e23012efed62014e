#!/bin/sh
# The service's user, its settings, and its secrets for root's eyes only
set -eu
. ./names.sh

cp -R --no-preserve=ownership rootfs/etc/sysusers.d "$ROOT/etc/"
systemd-sysusers ${ROOT:+--root="$ROOT"} landmarks.conf
mkdir -p "$SETTINGS"
keep() { # FILE MODE: settings that came along replace those that are there
    [ -f "$NEW_SETTINGS/$1" ] || return 0
    install -m "$2" "$NEW_SETTINGS/$1" "$SETTINGS/.$1.new"
    mv "$SETTINGS/.$1.new" "$SETTINGS/$1"
}
if [ -n "$NEW_SETTINGS" ]; then
    keep daemon.toml 644
    keep secrets.env 600
    keep allowed_signers 644
    keep model 644
    keep read-only-root 644
fi
[ -f "$SETTINGS/daemon.toml" ] || install -m 644 default.toml "$SETTINGS/daemon.toml"
[ -f "$SETTINGS/model" ] || echo small >"$SETTINGS/model"
# A model that landmarks-update brought stays; the first, and one that pi.toml asks for, is the release's own.
if [ ! -L "$BASE/model" ] || [ -f "$NEW_SETTINGS/model" ]; then
    point "$BASE/model" "$BASE/current/models/$(cat "$SETTINGS/model")"
fi
