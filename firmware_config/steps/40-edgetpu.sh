#!/bin/sh
# The Edge TPU's runtime, where the payload brings one
set -eu
. ./names.sh

for deb in edgetpu/*.deb; do
    [ -f "$deb" ] || continue
    dpkg --install "$deb" || tell "the Edge TPU's runtime cannot be installed; the daemon runs on the processor"
done
