#!/bin/sh
# The service's user, and the settings that the new release will run with: staged, not yet in use
set -eu
. ./names.sh

put_file rootfs/etc/sysusers.d/landmarks.conf "$ROOT/etc/sysusers.d/landmarks.conf" 644
systemd-sysusers ${ROOT:+--root="$ROOT"} landmarks.conf
rm -rf "$STAGED"
mkdir -p "$STAGED"
# Secrets pass through here.
chmod 700 "$STAGED"
if [ -n "$NEW_SETTINGS" ]; then
    for file in daemon.toml secrets.env allowed_signers revoked_keys model read-only-root; do
        [ ! -f "$NEW_SETTINGS/$file" ] || cp "$NEW_SETTINGS/$file" "$STAGED/$file"
    done
fi
# A key that was revoked once stays revoked.
if [ -f "$STAGED/revoked_keys" ] && [ -f "$SETTINGS/revoked_keys" ]; then
    sort -u "$SETTINGS/revoked_keys" "$STAGED/revoked_keys" >"$STAGED/.union"
    mv "$STAGED/.union" "$STAGED/revoked_keys"
fi
[ -f "$STAGED/daemon.toml" ] || [ -f "$SETTINGS/daemon.toml" ] || cp default.toml "$STAGED/daemon.toml"
[ -f "$STAGED/model" ] || [ -f "$SETTINGS/model" ] || echo small >"$STAGED/model"
