#!/bin/sh
# Measures what using qgraft costs: builds the benchmarks, runs them, and prints one table.
# SPDX-License-Identifier: Apache-2.0
#
# usage: sh benchmarks/run.sh [OPTION...]     the options of benchmarks/run.py, such as --long, --in GRAPH, --readme
# On a bare Debian it first installs what is missing.
set -eu
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$1"; }

say "Tools and libraries"
sh cmake/install_missing.sh program benchmarks

say "Building"
cmake --preset default -DQGRAFT_BUILD_BENCHMARKS=ON -DQGRAFT_GRAPHDEF=ON >/dev/null
cmake --build --preset default -j "$(nproc)" --target qgraft-rewrite growth file_to_file

say "Measuring; a few minutes"
exec python3 benchmarks/run.py build "$@"
