#!/bin/sh
# Debian packages that are not there yet
set -eu
. ./names.sh

export DEBIAN_FRONTEND=noninteractive

fresh=no

fetch() { apt-get install -y -q --no-install-recommends "$1"; } # NAME

install_package() { # NAME NEEDED
    ! dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed' || return 0
    if fetch "$1"; then return 0; fi
    # The list may be older than the archive, or not there at all: one fresh look for all packages.
    if [ "$fresh" = no ]; then
        fresh=yes
        if apt-get update -q && fetch "$1"; then return 0; fi
    fi
    [ "$2" = no ] || fail 5 "package $1 cannot be installed; check the network, then run this again"
    tell "package $1 is not to be had here; going on without it"
}

sed 's/#.*//' packages.txt | while read -r name _reason; do
    case $name in
    '') ;;
    *\?) install_package "${name%\?}" no </dev/null ;;
    *) install_package "$name" yes </dev/null ;;
    esac
done
