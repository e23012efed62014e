#!/bin/sh
# Build an environment from its lock file: install.sh FOLDER LOCK [system] [torch] [compiled] [project]
# With `system` it sees the system's packages, picamera2 among them, and PYTHON in the name of its lock file stands for Python's version.
# uv does it where it is on the PATH, else pip; either holds every file to its hash. PYTHON names the interpreter.
set -eu
folder=$1
lock=$2
shift 2
python=${PYTHON:-python3}
# Where torch's builds without CUDA lie. torch-cuda.lock is the same version with CUDA, some 2.7 GB.
cpu_index=https://download.pytorch.org/whl/cpu

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "error: PYTHON=$python is no Python 3.11 or newer; apt-get install python3 python3-venv, or name another with PYTHON=" >&2
    exit 5
}
say() { echo "$folder: $*"; }
site_flag=

see_system() {
    site_flag=--system-site-packages
    lock=$(echo "$lock" | sed "s/PYTHON/$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')/")
    [ -f "$lock" ] || {
        echo "error: no $lock: wanted the Python of Raspberry Pi OS, 3.11 or 3.13, as PYTHON=/usr/bin/python3" >&2
        exit 5
    }
    "$python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("picamera2") is None)' || {
        echo "error: $python has no picamera2: sudo apt install python3-picamera2" >&2
        exit 5
    }
}

pip_install() { "$folder/bin/python" -m pip --disable-pip-version-check install --no-deps --no-compile "$@"; }

make_environment() {
    say "installing $(sed -n '1s/^# \(.*\); written by .*/\1/p' "$lock")"
    if command -v uv >/dev/null; then
        uv venv --quiet --seed --allow-existing $site_flag --python "$python" "$folder"
        uv pip install --python "$folder/bin/python" --no-deps --require-hashes --requirement "$lock"
    else
        "$python" -m venv $site_flag "$folder"
        pip_install --require-hashes --requirement "$lock"
    fi
}

install_torch() {
    if ! nvidia-smi -L 2>/dev/null | grep -q GPU; then
        say "installing torch without CUDA, about 200 MB"
        if pip_install --retries 1 --extra-index-url "$cpu_index" --requirement requirements/torch-cpu.txt; then return 0; fi
        say "no build without CUDA is to be had here: taking the one that the package index has"
    fi
    say "installing torch"
    pip_install --require-hashes --requirement requirements/torch-cuda.lock
}

# Nothing but rendered faces needs these: without a compiler they are left out.
install_compiled() {
    if command -v c++ >/dev/null; then
        say "compiling $(sed -n 's/==.*//p' requirements/compiled.lock | xargs)"
        if pip_install --quiet --require-hashes --requirement requirements/compiled.lock; then return 0; fi
    fi
    say "going on without $(sed -n 's/==.*//p' requirements/compiled.lock | xargs): apt-get install g++ python3-dev, then run this again"
}

# The build backend is in the lock: nothing is fetched for it.
# setuptools warns of folders named as the package: the package is that folder.
install_project() {
    (
        export PYTHONWARNINGS=ignore
        pip_install --quiet --no-build-isolation --editable .
    )
}

if [ "${1:-}" = system ]; then
    shift
    see_system
fi
make_environment
for part in "$@"; do "install_$part"; done
# pip has done its work here; what Python has compiled of it takes 8 MB.
find "$folder" -path '*/site-packages/pip/*' -name __pycache__ -prune -exec rm -r {} +
