// Tests of rules/range_groups.hpp.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <qgraft/ops/index.hpp>
#include <qgraft/rules/range_groups.hpp>

#include "support/lines.hpp"
#include "support/toy_graph.hpp"

using namespace qgraft;

namespace {

toy::graph::node quantized(toy::graph& g, toy::graph::node x, toy::graph::node low, toy::graph::node high) {
    return g(g.name(x) + "/quant", word::fake_quant, {x, low, high});
}

/// The groups of a graph: the names of the values of each.
lines groups_of(const toy::graph& g) {
    const graph_index view(g);
    lines all;
    for (const range_group& group : find_range_groups(view)) {
        std::string names;
        for (const tensor t : group.values) names += (names.empty() ? "" : " ") + view.name(t.node);
        all.push_back(names);
    }
    return all;
}

}  // namespace

TEST_CASE("a concat of any arity shares one range with all that it joins") {
    toy::graph g;
    for (const char* name : {"a", "b", "c", "d", "e"}) g(name, word::other);
    g("joined", word::concat, {0, 1, 2, 3, 4});
    CHECK(groups_of(g) == lines{"a b c d e joined"});
}

TEST_CASE("every part of a split has its range; a second result of another operation has not") {
    toy::graph g;
    const auto x = g("x", word::other);
    const auto parts = g("parts", word::slice, {x});
    const auto pooled = g("pooled", word::max_pool, {x});
    g.set_input(g("reads_part", word::relu, {parts}), 0, {parts, 2});
    g.set_input(g("reads_places", word::relu, {pooled}), 0, {pooled, 1});
    CHECK(groups_of(g) == lines{"x parts parts parts pooled"});
}

TEST_CASE("its axis, a scalar, is not one of them: concats may share it") {
    toy::graph g;
    for (const char* name : {"a", "b", "c", "d", "axis"}) g(name, word::other);
    g.set_shape("axis", {});
    g("left", word::concat, {0, 1, 4});
    g("right", word::concat, {2, 3, 4});
    CHECK(groups_of(g) == lines{"a b left", "c d right"});
}

TEST_CASE("poolings, reshapes and paddings hand a range on; layers and additions do not") {
    toy::graph g;
    const auto x = g("x", word::other);
    const auto pooled = g("pooled", word::max_pool, {x});
    const auto padded = g("padded", word::pad, {pooled, x});
    const auto layer = toy::layer(g, "conv", padded);
    const auto flat = g("flat", word::reshape, {layer});
    g("sum", word::add, {flat, flat});
    CHECK(groups_of(g) == lines{"x pooled padded", "conv/layer flat"});
}

TEST_CASE("a value and its fake-quantized form are of one group, which knows its ranges") {
    toy::graph g;
    const auto a = g("a", word::other);
    const auto b = g("b", word::other);
    const auto low = g("low", word::variable);
    const auto high = g("high", word::variable);
    const auto higher = g("higher", word::variable);
    const auto joined = g("joined", word::concat, {quantized(g, a, low, high), quantized(g, b, low, high)});
    {
        const graph_index view(g);
        const auto groups = find_range_groups(view);
        REQUIRE(groups.size() == 1);
        CHECK(groups[0].joined_by == std::vector<node_id>{joined});
        CHECK(groups[0].quantizers.size() == 2);
        CHECK(count_ranges(view, groups[0].quantizers) == 1);
    }
    quantized(g, joined, low, higher);
    const graph_index view(g);
    CHECK(count_ranges(view, find_range_groups(view).at(0).quantizers) == 2);
}

TEST_CASE("ranges of equal constants are equal") {
    toy::graph g;
    const auto x = g("x", word::other);
    const auto number = [&](const std::string& name, float f) {
        const auto n = g(name, word::constant);
        g.set_params(n, {.data = {f}});
        return n;
    };
    const auto first = quantized(g, x, number("low", 0), number("high", 6));
    const auto second = g("again", word::fake_quant, {x, number("low_too", 0), number("high_too", 6)});
    const auto third = g("other", word::fake_quant, {x, number("low_three", 0), number("higher", 7)});
    const auto fixed = g("fixed", word::fake_quant_fixed, {x});
    const graph_index view(g);
    CHECK(count_ranges(view, {first, second}) == 1);
    CHECK(count_ranges(view, {first, second, third, fixed}) == 3);
}

TEST_CASE("a graph without such operations has no groups; each value is by itself") {
    toy::graph g = toy::small_network();
    CHECK(groups_of(g).empty());
    const graph_index view(g);
    const range_groups groups(view);
    CHECK(groups.size() == view.size());
    CHECK(groups.group_of({0, 0}) != groups.group_of({1, 0}));
}

TEST_CASE("long chains, and loops of operations that hand a range on") {
    toy::graph g;
    auto last = g("x", word::other);
    for (int i = 0; i < 100000; ++i) last = g("r" + std::to_string(i), word::reshape, {last});
    const graph_index view(g);
    const auto groups = find_range_groups(view);
    REQUIRE(groups.size() == 1);
    CHECK(groups[0].values.size() == 100001);
}
