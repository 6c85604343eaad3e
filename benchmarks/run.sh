#!/bin/sh
# Measures what using qgraft costs: builds the benchmarks, runs them, and prints one table.
# SPDX-License-Identifier: Apache-2.0
#
# usage: sh benchmarks/run.sh [OPTION...]     the options of benchmarks/run.py, such as --in GRAPH, --reference PYTHON
#        sh benchmarks/run.sh --readme [OPTION...]      everything, TensorFlow 2.21 beside it: README's table and plot
# On a bare Debian it first installs what is missing; TensorFlow goes into a virtual environment in build/clients.
set -eu
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$1"; }

say "Tools and libraries"
sh cmake/install_missing.sh program benchmarks
python=python3
for option; do
    [ "$option" = --readme ] || continue
    sh cmake/install_missing.sh clients
    python=$PWD/build/clients/bin/python
    [ -x "$python" ] || python3 -m venv build/clients
    "$python" -m pip install --quiet --disable-pip-version-check -r examples/clients.txt
    set -- --tensorflow "$python" --long --plot benchmarks/growth.svg "$@"
    break
done

say "Building"
cmake --preset default -DQGRAFT_BUILD_TESTS=OFF -DQGRAFT_BUILD_BENCHMARKS=ON -DQGRAFT_GRAPHDEF=ON >/dev/null
cmake --build --preset default -j "$(nproc)" --target qgraft-rewrite by_hand growth file_to_file

say "Measuring; a few minutes"
exec "$python" benchmarks/run.py build "$@"
