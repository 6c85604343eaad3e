#!/bin/sh
# Builds qgraft and runs its tests; on a bare Debian it first installs what is missing.
# SPDX-License-Identifier: Apache-2.0
#
# usage: sh tests/run.sh [--full] [--ci]
#   --full   the longer tests too
#   --ci     the benchmarks built, a second build with clang++ and the address and undefined behaviour sanitizers, and
#            real clients
# Both add the tests of the CUDA kernels where there is nvcc.
# The last line says how many tests passed and failed, over all builds. Exits 0 where none failed.
set -u
cd "$(dirname "$0")/.." || exit 1

full=OFF
ci=no
for argument; do
    case $argument in
    --full) full=ON ;;
    --ci) ci=yes ;;
    *)
        echo "usage: sh tests/run.sh [--full] [--ci]" >&2
        exit 2
        ;;
    esac
done

benchmarks=OFF
cuda=OFF
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

say() { printf '\n== %s\n' "$1"; }

finish() {
    printf '\n%s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" = 0 ]
    exit
}

# give_up SENTENCE: counts what could not be run as one failed test.
give_up() {
    echo "$1" >&2
    failed=$((failed + 1))
}

# count_results: adds to passed and failed what ctest has written into the log.
count_results() {
    of_tests='^ *[0-9]*/[0-9]* Test *#'
    all=$(grep -c "$of_tests" "$log")
    good=$(grep "$of_tests" "$log" | grep -c ' Passed ')
    skipped=$(grep "$of_tests" "$log" | grep -c '\*\*\*Skipped ')
    [ "$skipped" = 0 ] || echo "$skipped of $all tests were skipped."
    [ "$all" -gt 0 ] || give_up "No test was run."
    passed=$((passed + good))
    failed=$((failed + all - good - skipped))
}

# build_and_test PRESET [CTEST OPTION...]
build_and_test() {
    preset=$1
    shift
    say "Build '$preset'"
    if ! cmake --preset "$preset" -DQGRAFT_FULL_TESTS="$full" -DQGRAFT_BUILD_TESTS=ON -DQGRAFT_GRAPHDEF=ON \
        -DQGRAFT_BOOST_GRAPH=ON -DQGRAFT_PROPERTY_TREE=ON -DQGRAFT_BUILD_BENCHMARKS="$benchmarks" \
        -DQGRAFT_CUDA="$cuda" ||
        ! cmake --build --preset "$preset" -j "$(nproc)"; then
        give_up "The build '$preset' failed."
        return
    fi
    say "Tests of '$preset'"
    ctest --preset "$preset" -j "$(nproc)" "$@" 2>&1 | tee "$log"
    count_results
}

say "Tools and libraries"
if [ "$ci" = yes ]; then parts="program tests ci"; else parts="program tests"; fi
[ "$full" = OFF ] || parts="$parts full"
if command -v nvcc >/dev/null 2>&1 && [ "$ci$full" != noOFF ]; then
    cuda=ON
    parts="$parts cuda"
fi
# The parts are words to be split.
# shellcheck disable=SC2086
sh cmake/install_missing.sh $parts || {
    give_up "What the tests need could not be installed."
    finish
}

[ "$ci" = no ] || benchmarks=ON
build_and_test default
if [ "$ci" = yes ]; then
    benchmarks=OFF
    cuda=OFF
    # What looks at the source tree rather than at this build has run above.
    build_and_test asan -LE tree
    say "Clients"
    sh examples/clients.sh 2>&1 | tee "$log"
    grep -q '^client ' "$log" || give_up "No client was run."
    passed=$((passed + $(grep -c '^client .*: passed$' "$log")))
    failed=$((failed + $(grep -c '^client .*: FAILED$' "$log")))
fi
finish
