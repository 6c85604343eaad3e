#!/bin/sh
# sh refused.sh SENTENCE COMMAND...: passes where the command fails and prints the sentence, lines joined.
# SPDX-License-Identifier: Apache-2.0
set -u
sentence=$1
shift
if output=$("$@" 2>&1); then
    echo "it succeeded: $*"
    exit 1
fi
# CMake wraps its messages.
case $(printf '%s' "$output" | tr '\n' ' ' | tr -s ' ') in
*"$sentence"*) ;;
*)
    printf '%s\nno line says: %s\n' "$output" "$sentence"
    exit 1
    ;;
esac
