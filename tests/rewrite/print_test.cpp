// Tests of rewrite/print.hpp: a script in words.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/ops/archetype.hpp>
#include <qgraft/ops/index.hpp>
#include <qgraft/rewrite/print.hpp>

#include "support/lines.hpp"
#include "support/toy_graph.hpp"

using namespace qgraft;

TEST_CASE("each step is a line") {
    const toy::graph g = toy::small_network();
    const graph_index view(g);
    script s(view.size());
    const scope_id scope = s.open_scope(scope_kind::fresh, "conv/quant");
    const tensor a = s.emit(word::minimum, {tensor{0, 1}, literal{0.5}}, {.scope = scope, .hint = "least"});
    const tensor b = s.emit(word::relu, {a}, {.scope = scope});
    const tensor c = s.emit(word::relu, {b}, {.hint = "top"});
    s.emit(word::relu, {c});
    s.reroute({0, 0}, {c.node, 2}, {{2, 0}});
    s.reroute({0, 0}, c, {});
    CHECK(describe(view, s) == lines{"scope conv/quant", "%0 = minimum(input:1, 0.5) in conv/quant/least",
                                     "%1 = relu(%0) in conv/quant", "%2 = relu(%1) in top", "%3 = relu(%2)",
                                     "reroute input -> %2:2 at conv/layer[0]", "reroute input -> %2 at no operand"});
}

TEST_CASE("names are separated as the dialect does") {
    full_archetype g;
    g.add_node({.name = "x"});
    const graph_index view(g);
    script s(1);
    s.emit(word::relu, {tensor{0, 0}}, {.scope = s.open_scope(scope_kind::fresh, "a"), .hint = "b"});
    CHECK(describe(view, s).back() == "%0 = relu(x) in a.b");
}
