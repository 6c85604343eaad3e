#!/bin/sh
# Builds the program and the op of this folder with each compiler there is, and checks what they do.
# SPDX-License-Identifier: Apache-2.0
#
# usage: sh examples/tensorflow_host/run.sh PYTHON BUILD_FOLDER QGRAFT_REWRITE
#   PYTHON           a Python that has TensorFlow 2.21: pip install tensorflow-cpu==2.21.0
#   BUILD_FOLDER     for what is built; a folder in it for each compiler
#   QGRAFT_REWRITE   the program qgraft-rewrite, to compare with
set -eu
[ $# = 3 ] || {
    sed -n 's/^# usage: /usage: /p' "$0" >&2
    exit 2
}
here=$(cd "$(dirname "$0")" && pwd)
python=$1 build=$2 rewrite=$3

give_up() {
    echo "run.sh: $1" >&2
    exit 1
}

command -v "$python" >/dev/null || give_up "there is no $python"
command -v "$rewrite" >/dev/null || give_up "there is no $rewrite"
"$python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("tensorflow") is None)' ||
    give_up "$python has no TensorFlow; in a virtual environment: pip install tensorflow-cpu==2.21.0"

mkdir -p "$build"
if command -v ninja >/dev/null; then generator=Ninja; else generator='Unix Makefiles'; fi
built=
for compiler in g++ clang++; do
    command -v "$compiler" >/dev/null || continue
    built=$compiler
    printf '\n== A host built with %s\n' "$compiler"
    # No build type: -O0, for building takes longer than anything here runs.
    cmake -S "$here" -B "$build/$compiler" -G "$generator" -DCMAKE_CXX_COMPILER="$compiler" \
        -DPython3_EXECUTABLE="$(command -v "$python")" -DCMAKE_BUILD_TYPE= >"$build/configure.log" 2>&1 ||
        give_up "configuring fails: $(cat "$build/configure.log")"
    cmake --build "$build/$compiler" -j "$(nproc)"
    "$python" -B "$here/check.py" "$build/$compiler/tensorflow_host" "$build/$compiler/qgraft_rewrite_op.so" \
        "$rewrite" "$here/../../tests/data/graphs/mobilenet_v1.before.pb"
done
[ -n "$built" ] || give_up "there is neither g++ nor clang++"
