// Tests of graph/value.hpp.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <type_traits>

#include <qgraft/graph/value.hpp>

using qgraft::value;

TEST_CASE("a handle is the first output of its node") {
    const int producer = 7;
    const value first = producer;
    static_assert(std::is_same_v<decltype(first), const value<int>>);
    CHECK(first == value<int>{7, 0});
    CHECK(first != value<int>{7, 1});
    CHECK(value<int>{} == value<int>{0, 0});
}
