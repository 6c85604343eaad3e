// Tests of rules/quantize_layers.hpp: where fake quantization goes, under which names, and what the report says.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <qgraft/rewrite/transaction.hpp>
#include <qgraft/rules/quantize_layers.hpp>

#include "support/lines.hpp"
#include "support/toy_graph.hpp"

using namespace qgraft;

namespace {

/// Runs the rule for evaluation and keeps its changes.
report quantize(toy::graph& g, quantize_config config = {}) {
    config.is_training = false;
    transaction<toy::graph> t(g);
    script s(t.view().size());
    quantize_layers(t.view(), config, s, t.account());
    t.apply(s);
    t.commit();
    return t.account();
}

/// The fake quantization nodes as "producer -> node".
lines places(const toy::graph& g) {
    lines all;
    for (const auto n : g.nodes()) {
        if (g.at(n).op == word::fake_quant) all.push_back(g.source(g.name(n)) + " -> " + g.name(n));
    }
    return all;
}

/// The decisions as "node: outcome, reason".
lines decisions(const report& r) {
    lines all;
    for (const decision& d : r.decisions)
        all.push_back(d.node + ": " + std::string(to_string(d.what)) + ", " + d.reason);
    return all;
}

}  // namespace

TEST_CASE("weights and activation of a layer") {
    toy::graph g = toy::small_network();
    const report r = quantize(g);
    CHECK(places(g) ==
          lines{"conv/weights -> conv/weights_quant/fake_quant", "conv/activation -> conv/act_quant/fake_quant"});
    CHECK(g.source("conv/layer", 1) == "conv/weights_quant/fake_quant");
    CHECK(g.source("output") == "conv/act_quant/fake_quant");
    CHECK(g.at(g.find("conv/weights_quant/fake_quant")).params.narrow_range);
    CHECK_FALSE(g.at(g.find("conv/act_quant/fake_quant")).params.narrow_range);
    CHECK(decisions(r) == lines{"conv/weights: quantized, 8 bits, range of the last value, narrow range",
                                "conv/activation: quantized, 8 bits, moving average of the range"});
}

TEST_CASE("ranges begin at -6 to 6 for weights, at 0 to 6 for activations") {
    toy::graph g = toy::small_network();
    const report r = quantize(g);
    REQUIRE(r.variables.size() == 4);
    CHECK(r.variables[0].name == "conv/weights_quant/min");
    CHECK(r.variables[0].initial == -6);
    CHECK(r.variables[1].initial == 6);
    CHECK(r.variables[2].name == "conv/act_quant/min");
    CHECK(r.variables[2].initial == 0);
    CHECK(r.variables[3].initial == 6);
}

TEST_CASE("a bypass before the activation: what goes into the addition, and the activation") {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto conv = toy::layer(g, "block/conv", input);
    const auto biased = g("block/conv/biased", word::bias_add, {conv, g("bias", word::variable)});
    g("output", word::other, {g("block/relu", word::relu, {g("block/sum", word::add, {biased, input})})});
    quantize(g);
    CHECK(places(g) == lines{"block/conv/weights -> block/conv/weights_quant/fake_quant",
                             "block/relu -> block/act_quant/fake_quant",
                             "block/conv/biased -> block/conv/conv_quant/fake_quant"});
}

TEST_CASE("a bypass whose sum is used otherwise too is quantized unless an activation follows") {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto conv = toy::layer(g, "block/conv", input);
    const auto biased = g("block/conv/biased", word::bias_add, {conv, g("bias", word::variable)});
    const auto sum = g("block/sum", word::add, {biased, input});
    g("block/relu", word::relu, {sum});
    g("output", word::other, {sum});
    quantize(g);
    CHECK(g.source("output") == "block/sum");
}

TEST_CASE("an addition after the activation is quantized unless a relu follows") {
    for (const word next : {word::other, word::identity, word::relu, word::relu6}) {
        toy::graph g;
        const auto input = g("input", word::other);
        const auto relu = toy::biased_layer(g, "block/conv", input);
        g("next", next, {g("block/sum", word::add, {relu, input})});
        quantize(g);
        const bool is_relu = next == word::relu || next == word::relu6;
        CHECK(g.source("next") == (is_relu ? "block/sum" : "block/post_activation_bypass_quant/fake_quant"));
    }
}

TEST_CASE("weights that two layers share are quantized once") {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto w = g("w", word::variable);
    g("relu_a", word::relu, {g("a", word::conv2d, {input, w})});
    g("relu_b", word::relu, {g("b", word::conv2d, {input, w})});
    const report r = quantize(g);
    CHECK(places(g) ==
          lines{"w -> weights_quant/fake_quant", "relu_a -> act_quant/fake_quant", "relu_b -> act_quant/fake_quant_1"});
    CHECK(g.source("a", 1) == "weights_quant/fake_quant");
    CHECK(g.source("b", 1) == "weights_quant/fake_quant");
    CHECK(r.count(outcome::left_as_is) == 1);
}

TEST_CASE("a scope limits weights by who reads them, and activations by who produces them") {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto a = toy::biased_layer(g, "a/conv", input);
    g("output", word::other, {toy::biased_layer(g, "b/conv", a)});
    const report r = quantize(g, {.scope = "b"});
    CHECK(places(g) == lines{"b/conv/weights -> b/conv/weights_quant/fake_quant",
                             "b/conv/activation -> b/conv/act_quant/fake_quant"});
    CHECK(decisions(r).at(0) == "a/conv/weights: left as is, is used by 'a/conv/layer', which is not in the scope b/");
    CHECK(decisions(r).at(1) == "a/conv/activation: left as is, is not in the scope b/");
}

TEST_CASE("layers without a pattern, and those excluded, are in the report") {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto a = toy::biased_layer(g, "a", input);
    g("odd", word::sub, {toy::layer(g, "b", a), input});
    quantize_config config;
    config.excluded.push_back(*graph_index<toy::graph>(g).find(g.find("a/layer")));
    const report r = quantize(g, config);
    CHECK(places(g).empty());
    CHECK(decisions(r) == lines{"a/layer: left as is, is excluded by an option",
                                "b/layer: not covered, no bias, activation or bypass follows: 'odd' is sub where relu "
                                "or relu6 or identity was expected"});
}

TEST_CASE("what the rule has dealt with is told, for the sweep after it") {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto relu = toy::biased_layer(g, "conv", input);
    const auto sum = g("sum", word::add, {relu, input});
    const graph_index view(g);
    script s(view.size());
    report r;
    const std::vector<bool> handled = quantize_layers(view, {}, s, r);
    CHECK(handled[*view.find(sum)]);
    CHECK(handled[*view.find(relu)]);
    CHECK_FALSE(handled[*view.find(input)]);
}

TEST_CASE("the rule run again changes nothing") {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto a = toy::biased_layer(g, "a", input);
    const auto sum = g("sum", word::add, {a, input});
    g("output", word::other, {toy::biased_layer(g, "b", sum)});
    for (const auto& config : {quantize_config{}, quantize_config{.quant_delay = 7}}) {
        toy::graph copy = g;
        quantize(copy, config);
        const std::string once = toy::text(copy);
        const report again = quantize(copy, config);
        CHECK(toy::text(copy) == once);
        CHECK(again.count(outcome::quantized) == 0);
        CHECK(again.count(outcome::not_covered) == 0);
    }
}
