#!/bin/sh
# Write the lock files from fresh environments: what a bare `pip install` chose, pinned.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

lock() { # NAME, then what to install
    name=$1
    shift
    python3 -m venv "$work/$name"
    "$work/$name/bin/python" -m pip install --quiet "$@"
    # The project itself is no dependency of its own.
    "$work/$name/bin/python" -m pip freeze --exclude landmarks --exclude pip --exclude setuptools |
        sed 's/ @ file:.*//; s/+cpu$//' >"requirements/$name.lock"
}

# Wheels for the Pi are resolved for another machine, without an environment.
.venv/bin/python -m firmware_config lock
lock main 'torch==2.13.0' '.[training,convert,pretrained,rendered,dev]'
lock convert --requirement requirements/convert.in
lock bench --requirement requirements/bench.in
lock ethos-u --requirement requirements/ethos-u.in
