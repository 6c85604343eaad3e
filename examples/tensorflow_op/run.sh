#!/bin/sh
# Builds the op of this folder with each compiler there is, and checks it against TensorFlow's own.
# SPDX-License-Identifier: Apache-2.0
#
# usage: sh examples/tensorflow_op/run.sh PYTHON BUILD_FOLDER
#   PYTHON         a Python that has TensorFlow 2.21 and scikit-learn: pip install tensorflow-cpu==2.21.0 scikit-learn
#   BUILD_FOLDER   for what is built; a folder in it for each compiler
# Where there is nvcc, the op built with g++ has kernels for NVIDIA's GPUs, too; only those for the CPU are run.
set -eu
[ $# = 2 ] || {
    sed -n 's/^# usage: /usage: /p' "$0" >&2
    exit 2
}
here=$(cd "$(dirname "$0")" && pwd)
python=$1 build=$2

give_up() {
    echo "run.sh: $1" >&2
    exit 1
}

command -v "$python" >/dev/null || give_up "there is no $python"
"$python" -c 'import importlib.util as u, sys; sys.exit(not (u.find_spec("tensorflow") and u.find_spec("sklearn")))' ||
    give_up "$python lacks a module; in a virtual environment: pip install tensorflow-cpu==2.21.0 scikit-learn"

mkdir -p "$build"
if command -v ninja >/dev/null; then generator=Ninja; else generator='Unix Makefiles'; fi
built=
for compiler in g++ clang++; do
    command -v "$compiler" >/dev/null || continue
    built=$compiler
    cuda=OFF devices=CPU
    if [ $compiler = g++ ] && command -v nvcc >/dev/null; then
        cuda=ON devices='CPU GPU'
    fi
    printf '\n== An op built with %s, for: %s\n' "$compiler" "$devices"
    cmake -S "$here" -B "$build/$compiler" -G "$generator" -DCMAKE_CXX_COMPILER="$compiler" \
        -DPython3_EXECUTABLE="$(command -v "$python")" -DCMAKE_BUILD_TYPE=Release -DTENSORFLOW_OP_CUDA=$cuda \
        >"$build/configure.log" 2>&1 ||
        give_up "configuring fails: $(cat "$build/configure.log")"
    cmake --build "$build/$compiler" -j "$(nproc)"
    # The devices are words to be split.
    # shellcheck disable=SC2086
    "$python" -B "$here/check.py" "$build/$compiler" $devices
done
[ -n "$built" ] || give_up "there is neither g++ nor clang++"
