// Tests of rules/unquantized_view.hpp: operands and order as if nothing were quantized.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <qgraft/ops/index.hpp>
#include <qgraft/rules/unquantized_view.hpp>

#include "support/toy_graph.hpp"

using namespace qgraft;

namespace {

/// What operand 0 of a node reads on the unquantized view.
std::string source(const toy::graph& g, const std::string& name) {
    const graph_index index(g);
    const unquantized_view view(index);
    return view.name(view.inputs(*index.find(g.find(name)))[0].node);
}

std::vector<node_id> order_of(const graph_view& view) { return {view.order().begin(), view.order().end()}; }

}  // namespace

TEST_CASE("what reads a fake-quantized value reads the value") {
    for (const word quantizer : {word::fake_quant, word::fake_quant_per_channel, word::fake_quant_fixed}) {
        toy::graph g;
        const auto x = g("x", word::other);
        const auto q = g("q", quantizer, {x});
        g("user", word::relu, {q});
        g("user of two", word::relu, {g("again", quantizer, {q})});
        g("plain", word::relu, {x});
        CHECK(source(g, "user") == "x");
        CHECK(source(g, "user of two") == "x");
        CHECK(source(g, "plain") == "x");
    }
}

TEST_CASE("a delay is seen through, whether it reads the quantized value or nodes of no word that do") {
    toy::graph g;
    const auto x = g("x", word::other);
    const auto q = g("q", word::fake_quant, {x});
    const auto step = g("step", word::after_step);
    g("user", word::relu, {g("select", word::select, {step, q, x})});
    const auto switch_ = g("switch", word::other, {q});
    g("user of merge", word::relu, {g("merge", word::delayed, {g("other switch", word::other, {x}), switch_})});
    CHECK(source(g, "user") == "x");
    CHECK(source(g, "user of merge") == "x");
}

TEST_CASE("channels that were moved to be quantized, and back, are seen through, with a delay and without") {
    for (const word move : {word::reshape, word::transpose}) {
        toy::graph g;
        const auto x = g("x", word::other);
        const auto back = g("back", move, {g("q", word::fake_quant_per_channel, {g("there", move, {x})})});
        g("user", word::relu, {back});
        const auto step = g("step", word::after_step);
        g("user of delay", word::relu, {g("select", word::select, {step, back, x})});
        g("moved user", word::relu, {g("moved", move, {g("fake", word::fake_quant, {g("m", move, {x})})})});
        CHECK(source(g, "user") == "x");
        CHECK(source(g, "user of delay") == "x");
        CHECK(source(g, "moved user") == "moved");
    }
}

TEST_CASE("the order is that of the graph before it was quantized") {
    toy::graph g;
    const auto x = g("x", word::other);
    const auto early = g("early", word::relu, {x});
    g("late", word::relu, {x});
    g.set_input(early, 0, {g("q", word::fake_quant, {x}), 0});
    const graph_index index(g);
    CHECK(order_of(index) == std::vector<node_id>{0, 2, 3, 1});
    CHECK(order_of(unquantized_view(index)) == std::vector<node_id>{0, 1, 2, 3});
}

TEST_CASE("a graph without fake quantization is as it is") {
    toy::graph g;
    g("user", word::relu, {g("q", word::other)});
    CHECK(source(g, "user") == "q");
    toy::graph empty;
    const graph_index index(empty);
    CHECK(unquantized_view(index).size() == 0);
}
