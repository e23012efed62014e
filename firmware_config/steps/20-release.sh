#!/bin/sh
# The payload and its Python environment, in a folder of their own
set -eu
. ./names.sh

folder=$RELEASES/$RELEASE
if [ -f "$folder/.whole" ]; then exit 0; fi
rm -rf "$folder"
mkdir -p "$folder"
for file in *; do
    # The wheels are not needed once they are installed.
    [ "$file" = wheels ] || cp -R "$file" "$folder/"
done

python=$(python_version)
# The system's packages stay visible: numpy and picamera2 come from there and nowhere else.
python3 -m venv --system-site-packages --without-pip "$folder/venv"
# pip runs out of its own wheel: a Lite system has neither pip nor ensurepip.
pip="$folder/venv/bin/python $(echo wheels/pip-*.whl)/pip --quiet --disable-pip-version-check --no-cache-dir"
ours=$(echo wheels/landmarks-*.whl)
# One call: pip compiles itself anew each time that it runs out of a wheel.
{
    grep -v '^pip==' "pi-$python.lock"
    echo "./$ours --hash=sha256:$(sha256sum "$ours" | cut -d ' ' -f 1)"
} >"$folder/requirements.txt"
$pip install --no-index --no-deps --ignore-installed --no-compile \
    --require-hashes --find-links wheels --requirement "$folder/requirements.txt"
# The service may not write here, and without bytecode each start would compile anew.
"$folder/venv/bin/python" -m compileall -q "$folder/venv/lib" || tell "some files do not compile; they load slower"
ln -s "venv/lib/python$python/site-packages/device/models" "$folder/models"
# What this mark promises must be on the card before the mark is.
sync
touch "$folder/.whole"
