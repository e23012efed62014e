#!/bin/sh
# Releases older than the one before
set -eu
. ./names.sh

for folder in "$RELEASES"/*; do
    case $folder in
    "$(readlink "$BASE/current")" | "$(readlink "$BASE/current.previous" || true)") ;;
    *) rm -rf "$folder" ;;
    esac
done
