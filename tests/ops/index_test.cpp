// Tests of ops/index.hpp: words, operands, users, handles, and nodes that are added.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <qgraft/ops/archetype.hpp>
#include <qgraft/ops/index.hpp>

#include "support/archetype_text.hpp"
#include "support/toy_graph.hpp"

using namespace qgraft;

namespace {

std::vector<use> uses(const graph_view& view, node_id n) { return {view.users(n).begin(), view.users(n).end()}; }
std::vector<tensor> reads(const graph_view& view, node_id n) { return {view.inputs(n).begin(), view.inputs(n).end()}; }

/// Lists what a test tells it to.
struct listed {
    using node = int;
    std::vector<int> list;
    std::vector<value<int>> operands;

    [[nodiscard]] std::vector<int> nodes() const { return list; }
    [[nodiscard]] std::vector<value<int>> inputs(int n) const { return n == 1 ? operands : std::vector<value<int>>{}; }
    [[nodiscard]] std::string name(int n) const { return "node" + std::to_string(n); }
};

}  // namespace

template <>
struct qgraft::dialect<listed> {
    static word classify(const listed&, int) { return word::other; }
};

TEST_CASE("words, operands and users") {
    toy::graph g;
    const auto x = g("x", word::other);
    const auto sum = g("sum", word::add, {x, x});
    g.add_node({"relu", word::relu, {{sum, 3}}});
    const graph_index view(g);
    CHECK(view.size() == 3);
    CHECK(view.word_of(1) == word::add);
    CHECK(reads(view, 1) == std::vector<tensor>{{0, 0}, {0, 0}});
    CHECK(uses(view, 0) == std::vector<use>{{1, 0}, {1, 1}});
    CHECK(uses(view, 1) == std::vector<use>{{2, 0}});
    CHECK(uses(view, 2).empty());
    CHECK(view.read_by({2, 0}) == tensor{1, 3});
    CHECK(view.name(2) == "relu");
    CHECK(view.op_name(1) == "add");
    CHECK(view.separator() == '/');
    CHECK_FALSE(view.shape({0, 0}).has_rank());
}

TEST_CASE("a select is a delay where it waits for a quantized value") {
    toy::graph g;
    const auto x = g("x", word::other);
    const auto step = g("step", word::after_step);
    const auto quantized = g("quantized", word::fake_quant, {x});
    const auto passed = g("passed", word::other, {quantized});
    const auto delay = g("delay", word::select, {step, quantized, x});
    const auto through_other = g("through other", word::select, {step, passed, x});
    const auto choice = g("choice", word::select, {step, x, quantized});
    const auto other_condition = g("other condition", word::select, {x, quantized, x});
    const graph_index view(g);
    CHECK(view.word_of(delay) == word::delayed);
    CHECK(view.word_of(through_other) == word::delayed);
    CHECK(view.word_of(choice) == word::select);
    CHECK(view.word_of(other_condition) == word::select);
}

TEST_CASE("ids and handles") {
    const toy::graph g = toy::small_network();
    const graph_index view(g);
    const auto conv = g.find("conv/layer");
    CHECK(view.handle(*view.find(conv)) == conv);
    CHECK(view.handle(tensor{*view.find(conv), 2}) == toy::value{conv, 2});
    CHECK_FALSE(view.find(1000).has_value());
}

TEST_CASE("roles are what the dialect says") {
    toy::graph g;
    const auto w = g("w", word::variable);
    g("gradients/w", word::gradient, {w});
    const graph_index view(g);
    CHECK(view.has_role(0, role::parameter));
    CHECK_FALSE(view.has_role(0, role::left_alone));
    CHECK(view.has_role(1, role::left_alone));
    CHECK_FALSE(view.has_role(1, role::parameter));
}

TEST_CASE("shapes and names where the graph has them") {
    full_archetype g;
    g.add_node({.name = "x", .shape = tensor_shape({1, 2})});
    const graph_index view(g);
    CHECK(view.shape({0, 0}) == tensor_shape({1, 2}));
    CHECK(view.name(0) == "x");
    const archetype_graph bare(static_cast<unsigned>(word::relu));
    CHECK(graph_index(bare).name(0).empty());
    CHECK(graph_index(bare).op_name(0) == "relu");
}

TEST_CASE("nodes that are added come last, and the operands of those redirected are read anew") {
    toy::graph g;
    const auto x = g("x", word::other);
    const auto relu = g("relu", word::relu, {x});
    graph_index view(g);
    const std::vector<toy::graph::node> added{g("a", word::identity, {x}), g("b", word::fake_quant, {x})};
    g.set_input(relu, 0, {added[1], 0});
    view.extend(added, std::vector{relu});
    CHECK(view.size() == 4);
    CHECK(std::vector(view.order().begin(), view.order().end()) == std::vector<node_id>{0, 1, 2, 3});
    CHECK(view.word_of(3) == word::fake_quant);
    CHECK(reads(view, 1) == std::vector<tensor>{{3, 0}});
    CHECK(uses(view, 0) == std::vector<use>{{2, 0}, {3, 0}});
    CHECK(view.find(added[0]) == 2);
}

TEST_CASE("operands outside of the graph, and nodes listed twice, are refused by name") {
    CHECK_NOTHROW(graph_index(listed{{1, 2}, {{2, 0}}}));
    CHECK_THROWS_WITH_AS(graph_index(listed{{1, 2}, {{7, 0}}}), "node1: reads a node that is not of this graph",
                         invalid_graph);
    CHECK_THROWS_WITH_AS(graph_index(listed{{1, 2, 1}, {}}), "node1: is listed twice", invalid_graph);
}

TEST_CASE("an empty graph") {
    const toy::graph g;
    CHECK(graph_index(g).size() == 0);
    CHECK(graph_index(g).order().empty());
}
