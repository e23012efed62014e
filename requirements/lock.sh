#!/bin/sh
# Write the lock files anew from pyproject.toml and requirements/*.in: each version with the hashes of all its files.
# A locked version stays while it fits; UPGRADE=1 takes the newest. `make lock` calls this with the tools' environment.
set -eu
cd "$(dirname "$0")/.."
tools=${TOOLS:-.venv-tools/bin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compile() { # NAME, then what `uv pip compile` takes
    name=$1
    shift
    cp "requirements/$name.lock" "$work/$name.lock" 2>/dev/null || true
    "$tools/uv" pip compile --quiet --python-version 3.11 --generate-hashes --no-annotate --no-header \
        ${UPGRADE:+--upgrade} --output-file "$work/$name.lock" "$@" >/dev/null
}

# The header's figures are measured. pip holds every file to its hash, so a lock that cannot be installed stops here.
finish() { # NAME
    mkdir "$work/$1"
    "$tools/python" -m pip download --quiet --no-deps --require-hashes --dest "$work/$1" --requirement "$work/$1.lock"
    packages=$(find "$work/$1" -type f | wc -l)
    megabytes=$(du --apparent-size --block-size=1000000 --summarize "$work/$1" | cut -f 1)
    {
        echo "# $packages packages, about $megabytes MB on x86-64 Linux; written by \`make lock\`"
        grep -v '^# ' "$work/$1.lock"
    } >"requirements/$1.lock"
    rm -r "${work:?}/$1"
}

# torch, and what only its CUDA build needs.
cuda='torch|triton|nvidia-[a-z0-9-]+|cuda-[a-z]+'
# Has no wheel, so it wants a C++ compiler.
compiled='meshoptimizer'

pick() { awk -v names="^($1)==" '/^[a-z]/ { hit = $0 ~ names } hit' "$work/all.lock"; }  # NAMES
leave_out() { awk -v names="^($1)==" '/^[a-z]/ { hit = $0 ~ names } !hit' "$work/all.lock"; }  # NAMES

compile tools --universal requirements/tools.in
finish tools
compile docs --universal requirements/docs.in
finish docs

# The backend that builds this project is locked too, so that nothing is fetched without a hash.
sed -n 's/^requires = \["\(.*\)"\]$/\1/p' pyproject.toml >"$work/build.in"

# torch's CPU build has another hash for each Python and is on another index: requirements/torch-cpu.txt, README.md.
{ cat requirements/main.lock requirements/torch-cuda.lock requirements/compiled.lock 2>/dev/null || true; } >"$work/all.lock"
"$tools/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
    ${UPGRADE:+--upgrade} --output-file "$work/all.lock" pyproject.toml "$work/build.in" \
    --extra training --extra convert --extra pretrained --extra rendered --extra dev >/dev/null
leave_out "$cuda|$compiled" >"$work/main.lock"
finish main
{
    echo "# torch's CUDA build with all it needs; written by \`make lock\`"
    pick "$cuda"
} >requirements/torch-cuda.lock
{
    echo "# What has no wheel and wants a C++ compiler; written by \`make lock\`"
    pick "$compiled"
} >requirements/compiled.lock
{
    echo "# torch's CPU build, without hashes: see README.md, \"Environments\"; written by \`make lock\`"
    sed -n 's/^\(torch==[0-9.]*\).*/\1+cpu/p' requirements/torch-cuda.lock
} >requirements/torch-cpu.txt

compile device --universal --constraint requirements/main.lock pyproject.toml "$work/build.in" --extra web
finish device
compile node --universal requirements/node.in
finish node
compile photo --universal --constraint requirements/main.lock --no-deps requirements/photo.in
finish photo

# These pin their neighbours for one Python, so they are resolved for that one alone.
compile convert requirements/convert.in
finish convert
compile bench requirements/bench.in
finish bench
compile ethos-u requirements/ethos-u.in
finish ethos-u
compile quantizer requirements/quantizer.in
finish quantizer

# Wheels for the Pi are resolved by pip for another machine: the versions of device.lock, beside the Pi's own numpy.
.venv-device/bin/python -m firmware_config lock
