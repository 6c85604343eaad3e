#!/bin/sh
# Installs, on Debian and its kin, what building qgraft needs and this machine lacks.
# SPDX-License-Identifier: Apache-2.0
#
# usage: sh cmake/install_missing.sh PART...
# The parts: program (qgraft-rewrite), tests, full (what the longer tests need), ci (what .ci/run needs), cuda (beside
# nvcc), clients, torch (PyTorch for the system's Python), benchmarks.
# Elsewhere it says what is missing, and fails.
set -eu

missing=

# needs command NAME PACKAGE, or: needs header NAME PACKAGE, or: needs module NAME PACKAGE, of the system's Python, or:
# needs sanitizers COMPILER PACKAGE
needs() {
    case $1 in
    sanitizers) echo 'int main() {}' | "$2" -fsanitize=address,undefined -x c++ -o /dev/null - >/dev/null 2>&1 ;;
    command) command -v "$2" >/dev/null 2>&1 ;;
    module) /usr/bin/python3 -c "import importlib.util as u, sys; sys.exit(not u.find_spec('$2'))" 2>/dev/null ;;
    header) printf '#include <%s>\n' "$2" | c++ -std=c++20 -E -x c++ - >/dev/null 2>&1 ;;
    esac || missing="$missing $3"
}

needs command c++ g++
needs command cmake cmake
needs command ninja ninja-build
for part; do
    case $part in
    program)
        needs command protoc protobuf-compiler
        needs header google/protobuf/message.h libprotobuf-dev
        needs header CLI/CLI.hpp libcli11-dev
        needs header boost/property_tree/ptree.hpp libboost-dev
        needs header nlohmann/json.hpp nlohmann-json3-dev
        needs command dot graphviz
        ;;
    tests)
        needs command python3 python3
        needs command pkg-config pkg-config
        needs header doctest/doctest.h doctest-dev
        needs header benchmark/benchmark.h libbenchmark-dev
        needs header boost/graph/adjacency_list.hpp libboost-dev
        ;;
    full)
        needs command clang++ clang
        needs command ld.lld lld
        needs command qemu-x86_64 qemu-user
        needs command aarch64-linux-gnu-g++ g++-aarch64-linux-gnu
        ;;
    ci)
        needs command g++ g++
        needs command clang++ clang
        needs sanitizers clang++ libclang-rt-dev
        needs command qemu-x86_64 qemu-user
        needs command aarch64-linux-gnu-g++ g++-aarch64-linux-gnu
        needs header benchmark/benchmark.h libbenchmark-dev
        ;;
    clients | cuda)
        needs command python3 python3
        python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing="$missing python3-venv"
        ;;
    torch)
        needs command g++ g++
        needs module torch python3-torch
        needs header c10/core/Device.h libtorch-dev
        ;;
    benchmarks)
        needs command python3 python3
        needs command valgrind valgrind
        needs command clang++ clang
        needs header benchmark/benchmark.h libbenchmark-dev
        needs header boost/graph/adjacency_list.hpp libboost-dev
        ;;
    *)
        echo "install_missing.sh: there is no part '$part'" >&2
        exit 2
        ;;
    esac
done

if [ -z "$missing" ]; then
    echo "Nothing is missing."
    exit 0
fi
echo "Missing:$missing"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Please install these (the names are Debian's packages), and run this again." >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
else
    echo "Please run as root: apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
# The package names are words to be split.
# shellcheck disable=SC2086
{
    $as_root apt-get update -qq
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing
}
