// Tests of the order in which a graph_index lists nodes.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <numeric>
#include <string>
#include <vector>

#include <qgraft/ops/archetype.hpp>
#include <qgraft/ops/index.hpp>

#include "support/toy_graph.hpp"

using namespace qgraft;
using ids = std::vector<node_id>;

namespace {

/// A toy graph of `edges`, given as "reader reads producer", over `count` nodes.
toy::graph of(std::size_t count, std::vector<std::pair<std::uint32_t, std::uint32_t>> edges) {
    std::vector<toy::toy_node> nodes(count);
    for (const auto& [reader, producer] : edges) nodes[reader].inputs.push_back({producer, 0});
    toy::graph g;
    for (std::size_t i = 0; i < count; ++i) {
        nodes[i].name = "n" + std::to_string(i);
        g.add_node(nodes[i]);
    }
    return g;
}

template <class G>
ids order_of(const G& g) {
    const graph_index view(g);
    return {view.order().begin(), view.order().end()};
}

}  // namespace

TEST_CASE("a file that lists producers first keeps its order") {
    CHECK(order_of(of(4, {{1, 0}, {2, 0}, {3, 1}})) == ids{0, 1, 2, 3});
}

TEST_CASE("producers come before consumers; where there is a choice, in the graph's own order") {
    CHECK(order_of(of(4, {{0, 3}, {1, 0}})) == ids{2, 3, 0, 1});
    CHECK(order_of(of(4, {{0, 1}, {1, 2}, {2, 3}})) == ids{3, 2, 1, 0});
    CHECK(order_of(of(3, {{0, 2}, {0, 2}})) == ids{1, 2, 0});
}

TEST_CASE("a cycle is refused, and named") {
    CHECK_THROWS_WITH_AS(graph_index(of(3, {{0, 0}})), "n0: is part of a cycle, or follows one", invalid_graph);
    CHECK_THROWS_WITH_AS(graph_index(of(4, {{1, 2}, {2, 3}, {3, 1}})), "n1: is part of a cycle, or follows one",
                         invalid_graph);
}

TEST_CASE("a loop is none where its back edge says so, and control inputs count") {
    full_archetype g;
    g.add_node({.name = "merge", .inputs = {{1, 0}}, .back = 0});
    g.add_node({.name = "body", .inputs = {{0, 0}}});
    CHECK(order_of(g) == ids{0, 1});
    full_archetype waiting;
    waiting.add_node({.name = "first", .controls = {1}});
    waiting.add_node({.name = "second"});
    CHECK(order_of(waiting) == ids{1, 0});
    waiting.add_node({.name = "third", .controls = {2}});
    CHECK_THROWS_AS(graph_index{waiting}, invalid_graph);
}

TEST_CASE("a million nodes, listed backwards") {
    constexpr std::uint32_t count = 1'000'000;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
    for (std::uint32_t i = 0; i + 1 < count; ++i) edges.emplace_back(i, i + 1);
    const toy::graph g = of(count, edges);
    ids expected(count);
    std::iota(expected.rbegin(), expected.rend(), node_id{0});
    CHECK(order_of(g) == expected);
}
