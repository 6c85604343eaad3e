#!/bin/sh
# sh pkg_config.sh COMPILER PREFIX SOURCE PROGRAM: compiles a program with what pkg-config says of an installed qgraft.
# SPDX-License-Identifier: Apache-2.0
set -eu
compiler=$1 prefix=$2 source=$3 program=$4
PKG_CONFIG_PATH=$prefix/share/pkgconfig
export PKG_CONFIG_PATH
# The flags are words to be split.
# shellcheck disable=SC2046
"$compiler" -std=c++20 $(pkg-config --cflags --libs qgraft) "$source" -o "$program"
[ "$("$program")" = "qgraft $(pkg-config --modversion qgraft)" ]
