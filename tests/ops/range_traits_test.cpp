// Tests of ops/range_traits.hpp.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdint>

#include <qgraft/ops/index.hpp>
#include <qgraft/ops/range_traits.hpp>

#include "support/toy_graph.hpp"

using namespace qgraft;

TEST_CASE("where the range of a result comes from") {
    static_assert(range_traits_of(word::conv2d).result == range_rule::own);
    static_assert(range_traits_of(word::add).result == range_rule::own);
    static_assert(range_traits_of(word::max_pool).result == range_rule::same);
    static_assert(range_traits_of(word::concat).result == range_rule::same);
    static_assert(range_traits_of(word::softmax).result == range_rule::fixed);
    static_assert(range_traits_of(word::other).result == range_rule::unknown);
    static_assert(range_traits_of(word::variable).result == range_rule::unknown);
}

TEST_CASE("which operands are data") {
    toy::graph g;
    const auto x = g("x", word::other);
    const auto bias = g("bias", word::variable);
    const auto axis = g("axis", word::other);
    g.set_shape("axis", {});
    g.set_shape("x", {-1, 8});
    const auto layer = toy::layer(g, "conv", x);
    const auto biased = g("biased", word::bias_add, {layer, bias});
    const auto padded = g("padded", word::pad, {biased, axis});
    const auto joined = g("joined", word::concat, {padded, biased, axis});
    const auto joined_by_attribute = g("joined_by_attribute", word::concat, {padded, x});
    const auto delayed = g("delayed", word::delayed, {axis, x, x});
    const graph_index view(g);
    const auto is_data = [&](std::uint32_t n, std::uint32_t operand) { return is_data_operand(view, {n, operand}); };
    CHECK(is_data(layer, 0));
    CHECK(is_data(layer, 1));
    CHECK(is_data(biased, 0));
    CHECK_FALSE(is_data(biased, 1));
    CHECK_FALSE(is_data(padded, 1));
    CHECK(is_data(joined, 1));
    CHECK_FALSE(is_data(joined, 2));
    CHECK(is_data(joined_by_attribute, 1));
    CHECK_FALSE(is_data(delayed, 0));
    CHECK(is_data(delayed, 2));
}
