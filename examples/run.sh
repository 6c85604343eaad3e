#!/bin/sh
# Quantizes a MobileNet: builds qgraft-rewrite, inserts fake quantization into the graph, and draws what changed.
# SPDX-License-Identifier: Apache-2.0
#
# usage: sh examples/run.sh       On a bare Debian it first installs what is missing.
set -eu
cd "$(dirname "$0")/.."

network=tests/data/graphs/mobilenet_v1.before.pb
out=build/out

say() { printf '\n== %s\n' "$1"; }

say "Tools and libraries"
sh cmake/install_missing.sh program

say "Building build/bin/qgraft-rewrite"
cmake --preset default -DQGRAFT_BUILD_TESTS=OFF -DQGRAFT_BUILD_KERNEL_BENCHMARK=OFF -DQGRAFT_GRAPHDEF=ON >/dev/null
cmake --build --preset default -j "$(nproc)" --target qgraft-rewrite

say "Rewriting $network"
mkdir -p "$out"
build/bin/qgraft-rewrite "$network" "$out/mobilenet_v1_quantized.pb" \
    --dot "$out/mobilenet_v1.dot" --report "$out/mobilenet_v1_report.json"

say "Drawing"
dot -Tsvg "$out/mobilenet_v1.dot" -o "$out/mobilenet_v1.svg"

cat <<END

What to look at, in $out:
  mobilenet_v1_quantized.pb     the graph with its fake quantization: train it as you would have trained the original
  mobilenet_v1.svg              what changed, and where; open it in a browser
  mobilenet_v1_report.json      each decision with its node, rule and reason, and the new variables
END
