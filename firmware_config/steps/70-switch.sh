#!/bin/sh
# Switch to the new release, and back by itself if it is not online in time
set -eu
. ./names.sh

sh "$RELEASES/$RELEASE/switch.sh" current "$RELEASES/$RELEASE"
# switch.sh has had the units read already.
systemctl enable --quiet --no-reload "$SERVICE"
udevadm control --reload && udevadm trigger --subsystem-match=usb || tell "udev does not listen; new rules count from the next start on"
systemd-tmpfiles ${ROOT:+--root="$ROOT"} --create landmarks.conf || tell "the processor's governor could not be set"
