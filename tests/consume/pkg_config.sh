#!/bin/sh
# Compiles a program and the README's snippets with what pkg-config says of an installed qgraft.
# SPDX-License-Identifier: Apache-2.0
#
# usage: sh pkg_config.sh COMPILER PREFIX SOURCE FOLDER PYTHON SNIPPETS_PY README
set -eu
compiler=$1 prefix=$2 source=$3 folder=$4 python=$5 snippets=$6 readme=$7
PKG_CONFIG_PATH=$(find "$prefix" -type d -name pkgconfig | paste -sd: -)
export PKG_CONFIG_PATH
mkdir -p "$folder"
first="qgraft $(pkg-config --modversion qgraft)"

# The flags are words to be split.
# shellcheck disable=SC2046
"$compiler" -std=c++20 "$source" -o "$folder/program" $(pkg-config --cflags --libs qgraft)
[ "$("$folder/program")" = "$first" ]

if pkg-config --exists qgraft-graphdef; then
    package=qgraft-graphdef
    # shellcheck disable=SC2046
    "$compiler" -std=c++20 -DCONSUME_GRAPHDEF "$source" -o "$folder/graphdef_program" \
        $(pkg-config --cflags --libs qgraft-graphdef)
    [ "$("$folder/graphdef_program" | tr '\n' ' ')" = "$first graphdef: 1 node " ]
else
    package=qgraft
    SNIPPETS_WITHOUT='#include <qgraft/graphdef/'
    echo "without graphdef: $(pkg-config --print-errors --exists qgraft-graphdef 2>&1)"
fi
if [ ! -d "$prefix/include/qgraft/property_tree" ]; then
    SNIPPETS_WITHOUT="${SNIPPETS_WITHOUT-}
#include <qgraft/property_tree/"
fi
export SNIPPETS_WITHOUT="${SNIPPETS_WITHOUT-}"
# shellcheck disable=SC2046
"$python" -B "$snippets" compile "$readme" "$compiler" "$folder" $(pkg-config --cflags "$package")
