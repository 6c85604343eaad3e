#!/bin/sh
# Real clients of qgraft: builds qgraft-rewrite, and has TensorFlow 2.21 and PyTorch use qgraft and what it makes.
# SPDX-License-Identifier: Apache-2.0
#
# usage: sh examples/clients.sh [CLIENT...]     those named, or all:
#   digits            trains a network at several widths, from TensorFlow in Python; a table and a plot
#   lite              runs what digits has trained in integers, by TFLite
#   post_training     quantizes what digits has trained in floats, by ranges that it observes
#   verify            compares what --verify misses with what TFLite's converter leaves in floats
#   modern            converts what the modern profile makes of many networks
#   tensorflow_host   rewrites TensorFlow's own messages in a program and in an op
#   tensorflow_op     fake quantization by qgraft's kernels as an op of TensorFlow
#   torch_op          the same as an op of PyTorch, Debian's
# On a bare Debian it first installs what is missing; TensorFlow goes into a virtual environment in build/clients.
# The last lines say of each client whether it passed. Exits 0 where all did.
set -u
cd "$(dirname "$0")/.." || exit 1

all='digits lite post_training verify modern tensorflow_host tensorflow_op torch_op'
python=$PWD/build/clients/bin/python
rewrite=build/bin/qgraft-rewrite

run_client() {
    case $1 in
    digits) "$python" -B examples/tensorflow/digits.py "$rewrite" build/clients/digits ;;
    lite) "$python" -B examples/tensorflow/lite.py "$rewrite" build/clients/digits ;;
    post_training) "$python" -B examples/tensorflow/post_training.py "$rewrite" build/clients/digits ;;
    verify) "$python" -B examples/tensorflow/verify.py "$rewrite" build/clients/verify ;;
    modern) "$python" -B examples/tensorflow/modern.py "$rewrite" build/clients/modern build/recorded_graphs ;;
    tensorflow_host) sh examples/tensorflow_host/run.sh "$python" build/clients/tensorflow_host "$rewrite" ;;
    tensorflow_op) sh examples/tensorflow_op/run.sh "$python" build/clients/tensorflow_op ;;
    torch_op)
        sh cmake/install_missing.sh torch &&
            sh examples/torch_op/run.sh /usr/bin/python3 build/clients/torch_op
        ;;
    esac
}

say() { printf '\n== %s\n' "$1"; }

give_up() {
    echo "clients.sh: $1" >&2
    exit 1
}

for wanted; do
    case " $all " in
    *" $wanted "*) ;;
    *) give_up "there is no client '$wanted'; there are: $all" ;;
    esac
done

say "Tools and libraries"
sh cmake/install_missing.sh program clients || give_up "what the clients need could not be installed"
[ -x "$python" ] || python3 -m venv build/clients || give_up "python3 cannot make a virtual environment"
"$python" -m pip install --quiet --disable-pip-version-check -r examples/clients.txt ||
    give_up "pip could not install what examples/clients.txt lists"

say "Building build/bin/qgraft-rewrite"
if [ ! -f build/CMakeCache.txt ]; then
    cmake --preset default -DQGRAFT_BUILD_TESTS=OFF -DQGRAFT_BUILD_KERNEL_BENCHMARK=OFF -DQGRAFT_GRAPHDEF=ON >/dev/null || give_up "configuring failed"
fi
cmake --build --preset default -j "$(nproc)" --target qgraft-rewrite || give_up "qgraft-rewrite could not be built"

failed=no
results=
# The names are words to be split.
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $all
for client; do
    say "Client $client"
    result=passed
    run_client "$client" || { result=FAILED failed=yes; }
    results="${results}client $client: $result
"
done
printf '\n%s' "$results"
[ $failed = no ]
