#!/bin/sh
# Measures qgraft's kernels as ops of TensorFlow and of PyTorch beside their own: builds the ops, and runs peers.py.
# SPDX-License-Identifier: Apache-2.0
#
# usage: sh benchmarks/peers.sh [--readme]     the options of benchmarks/peers.py
# On a bare Debian it first installs what is missing; TensorFlow and PyTorch go into a virtual environment in
# build/peers, of 7 GB. Leave the machine alone while it measures.
set -eu
cd "$(dirname "$0")/.."
python=$PWD/build/peers/bin/python

say() { printf '\n== %s\n' "$1"; }

say "Tools and libraries"
sh cmake/install_missing.sh clients
[ -x "$python" ] || python3 -m venv build/peers
"$python" -m pip install --quiet --disable-pip-version-check -r benchmarks/peers.txt

say "Building"
for framework in tensorflow torch; do
    cmake -S "examples/${framework}_op" -B "build/peers/${framework}_op" -G Ninja -DPython3_EXECUTABLE="$python" \
        -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release >/dev/null
    cmake --build "build/peers/${framework}_op" -j "$(nproc)"
done

say "Measuring; a minute or two"
exec "$python" -B benchmarks/peers.py build/peers "$@"
