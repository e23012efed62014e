#!/bin/sh
# Move what is secret from the boot partition into the system: take_secrets.sh BOOT_FOLDER INTO_FOLDER
set -eu

boot=$1
into=$2

# Written over before it goes: a FAT only forgets names. What the card's own controller keeps is out of reach.
wipe() {
    [ -f "$1" ] || return 0
    head -c "$(wc -c <"$1")" /dev/zero | dd of="$1" conv=notrunc,fsync status=none
    rm "$1"
}

if [ -d "$boot/landmarks/settings" ]; then
    install -d -m 700 "$into"
    cp "$boot"/landmarks/settings/* "$into/"
    sync
    for file in "$boot"/landmarks/settings/*; do wipe "$file"; done
    rmdir "$boot/landmarks/settings"
fi
if grep -qs '"password"' "$boot/network-config"; then
    wipe "$boot/network-config"
    # cloud-init reads it at every start, but sets up the network only for a new instance.
    printf '# The Wi-Fi key was here; the system has it now.\nversion: 2\n' >"$boot/network-config"
fi
wipe "$boot/firstrun.sh"
sync
