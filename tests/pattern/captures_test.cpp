// Tests of pattern/captures.hpp.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <type_traits>

#include <qgraft/pattern/captures.hpp>

using namespace qgraft;
using namespace qgraft::pattern;

namespace {
struct a;
struct b;
struct c;
}  // namespace

TEST_CASE("tags are joined without repetition, in the order of their first mention") {
    static_assert(std::is_same_v<join<>, tag_list<>>);
    static_assert(std::is_same_v<join<tag_list<a>, tag_list<b, a>, tag_list<c, b>>, tag_list<a, b, c>>);
    static_assert(std::is_same_v<join<tag_list<>, tag_list<a>>, tag_list<a>>);
    static_assert(tag_list<a, b>::contains<b> && !tag_list<a, b>::contains<c>);
    static_assert(tag_list<a, b>::index_of<b>() == 1);
}

TEST_CASE("a tag without a tensor is none") {
    captures<tag_list<a, b>> m;
    m.set<b>({4, 1});
    CHECK_FALSE(m.get<a>());
    CHECK(m.node<a>() == no_node);
    CHECK(m.get<b>() == tensor{4, 1});
    CHECK(m.node<b>() == 4);
}
