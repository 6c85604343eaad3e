#!/bin/sh
# Builds the op of this folder, and checks it against PyTorch's own.
# SPDX-License-Identifier: Apache-2.0
#
# usage: sh examples/torch_op/run.sh PYTHON BUILD_FOLDER
#   PYTHON         a Python that has PyTorch and its headers: Debian's python3-torch and libtorch-dev, or pip's torch
#   BUILD_FOLDER   for what is built
# With g++, whose OpenMP is that of PyTorch; clang++ 14 does not take the headers of PyTorch 1.13 as C++20.
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
"$python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)' ||
    give_up "$python has no PyTorch; on Debian: apt-get install python3-torch libtorch-dev"

mkdir -p "$build"
if command -v ninja >/dev/null; then generator=Ninja; else generator='Unix Makefiles'; fi
cmake -S "$here" -B "$build" -G "$generator" -DCMAKE_CXX_COMPILER=g++ -DPython3_EXECUTABLE="$(command -v "$python")" \
    -DCMAKE_BUILD_TYPE=Release >"$build/configure.log" 2>&1 ||
    give_up "configuring fails: $(cat "$build/configure.log")"
cmake --build "$build" -j "$(nproc)"
"$python" -B "$here/check.py" "$build"
