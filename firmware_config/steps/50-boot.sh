#!/bin/sh
# Our lines in config.txt and cmdline.txt; they count from the next start on
set -eu
. ./names.sh

# The image has them already; a Debian machine that is no Pi has no config.txt.
[ ! -f "$BOOT/config.txt" ] || python3 boot_fragments.py boot "$BOOT"
