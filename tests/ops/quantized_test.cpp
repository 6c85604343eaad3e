// Tests of ops/quantized.hpp: what a node is the fake-quantized value of.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include <qgraft/ops/index.hpp>
#include <qgraft/ops/quantized.hpp>

#include "support/toy_graph.hpp"

using namespace qgraft;

namespace {

/// The name of the source; none: empty.
std::string source(const toy::graph& g, const std::string& name) {
    const graph_index index(g);
    const tensor t = quantized_source(index, *index.find(g.find(name)));
    return t ? index.name(t.node) : "";
}

}  // namespace

TEST_CASE("fake quantization is that of what it reads") {
    for (const word quantizer : {word::fake_quant, word::fake_quant_per_channel, word::fake_quant_fixed}) {
        toy::graph g;
        g("q", quantizer, {g("x", word::relu)});
        CHECK(source(g, "q") == "x");
        CHECK(source(g, "x").empty());
    }
}

TEST_CASE("so is what moves back the channels that were moved to be quantized") {
    toy::graph g;
    const auto there = g("there", word::transpose, {g("x", word::other)});
    const auto q = g("q", word::fake_quant_per_channel, {there});
    g("back", word::transpose, {q});
    g("other way back", word::reshape, {q});
    g("tensor", word::transpose, {g("fake", word::fake_quant, {there})});
    g("not moved", word::reshape, {g("channels", word::fake_quant_per_channel, {g("y", word::other)})});
    CHECK(source(g, "back") == "x");
    CHECK(source(g, "q") == "there");
    for (const char* name : {"there", "other way back", "tensor", "not moved"}) CHECK(source(g, name).empty());
}
