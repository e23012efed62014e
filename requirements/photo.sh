#!/bin/sh
# Take the demo camera's photograph out of the locked scikit-image wheel, which is not installed: photo.sh PYTHON
set -eu
export PYTHONDONTWRITEBYTECODE=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "fetching the demo photograph, $(sed -n '1s/.*, \(about .*\) on x86-64.*/\1/p' requirements/photo.lock)"
"$1" -m pip --quiet --disable-pip-version-check download --no-deps --only-binary :all: --require-hashes \
    --dest "$work" --requirement requirements/photo.lock
"$1" -m device.sources.demo_photo "$work"/*.whl
