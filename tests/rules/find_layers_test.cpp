// Tests of rules/find_layers.hpp: which pattern wins a layer, and why a layer has none.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <qgraft/ops/index.hpp>
#include <qgraft/rules/find_layers.hpp>

#include "support/lines.hpp"
#include "support/toy_graph.hpp"

using namespace qgraft;

namespace {

/// Each layer found, with the names of what goes with it: "layer weights= bias= bypass= activation= after=".
lines found(const toy::graph& g, const quantize_config& config = {}) {
    const graph_index view(g);
    const auto name = [&](const std::string& what, node_id n) {
        return n == no_node ? std::string() : " " + what + "=" + view.name(n);
    };
    lines all;
    for (const layer_match& m : find_layers(view, config)) {
        all.push_back(view.name(m.layer) + name("weights", m.weights) + name("bias", m.bias) +
                      name("bypass", m.bypass) + name("activation", m.activation) +
                      name("after", m.post_activation_bypass));
    }
    return all;
}

std::string uncovered(const toy::graph& g, const std::string& layer) {
    const graph_index view(g);
    return explain_uncovered(view, *view.find(g.find(layer)));
}

}  // namespace

TEST_CASE("a layer with bias and activation") {
    CHECK(found(toy::small_network()) ==
          lines{"conv/layer weights=conv/weights bias=conv/biased activation=conv/activation"});
}

TEST_CASE("a layer is found once, with the addition after its activation where there is one") {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto relu = toy::biased_layer(g, "conv", input);
    g("sum", word::add, {relu, input});
    CHECK(found(g) == lines{"conv/layer weights=conv/weights bias=conv/biased activation=conv/activation after=sum"});
}

TEST_CASE("a layer that ends at its bias: the bias is its activation") {
    toy::graph g;
    const auto conv = toy::layer(g, "conv", g("input", word::other));
    g("output", word::other, {g("biased", word::bias_add, {conv, g("bias", word::variable)})});
    CHECK(found(g) == lines{"conv/layer weights=conv/weights activation=biased"});
}

TEST_CASE("the halves of a separable convolution") {
    toy::graph g;
    const auto depthwise = toy::layer(g, "depthwise", g("input", word::other), word::depthwise_conv2d);
    g("relu", word::relu, {toy::layer(g, "pointwise", depthwise)});
    CHECK(found(g) == lines{"pointwise/layer weights=pointwise/weights activation=relu",
                            "depthwise/layer weights=depthwise/weights activation=depthwise/layer"});
}

TEST_CASE("the first half's folded weights are not looked for") {
    toy::graph g;
    const auto w = g("w", word::mul, {g("v", word::variable), g("gamma", word::other)});
    const auto depthwise = g("depthwise", word::depthwise_conv2d, {g("input", word::other), w});
    toy::layer(g, "pointwise", depthwise);
    CHECK(found(g) == lines{"depthwise activation=depthwise"});
}

TEST_CASE("excluded layers are not found") {
    const toy::graph g = toy::small_network();
    const graph_index view(g);
    quantize_config config;
    config.excluded.push_back(*view.find(g.find("conv/layer")));
    CHECK(found(g, config).empty());
}

TEST_CASE("a product of activations is no weights, unless the reference is wanted") {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto gate = g("gate", word::mul, {input, input});
    g("relu", word::relu, {g("conv", word::conv2d, {gate, input})});
    CHECK(found(g).empty());
    CHECK(found(g, {.as_reference = true}) == lines{"conv weights=gate activation=relu"});
}

TEST_CASE("an identity that feeds a batch norm only is no activation") {
    toy::graph g;
    const auto kept = g("kept", word::identity, {toy::layer(g, "conv", g("input", word::other))});
    g("norm", word::batch_norm, {kept});
    CHECK(found(g).empty());
    g("output", word::other, {kept});
    CHECK(found(g).size() == 1);
}

TEST_CASE("layers come in the order of the graph, wherever the file has them") {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto late = g.add_node({"late", word::relu, {{0, 0}}});
    const auto early = toy::biased_layer(g, "early", input);
    const auto w = g("w", word::variable);
    const auto conv = g("conv", word::conv2d, {early, w});
    g.set_input(late, 0, {conv, 0});
    CHECK(found(g) == lines{"early/layer weights=early/weights bias=early/biased activation=early/activation",
                            "conv weights=w activation=late"});
}

TEST_CASE("why a layer is not covered") {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto w = g("w", word::variable);
    g("dangling", word::conv2d, {input, w});
    g("unweighted", word::conv2d, {input, input});
    g("norm", word::batch_norm, {g("odd", word::conv2d, {input, w})});
    const auto three = g("three", word::conv2d, {input, w, input});
    g("relu", word::relu, {three});
    CHECK(uncovered(g, "dangling") == "nothing uses its output");
    CHECK(uncovered(g, "unweighted") ==
          "no weights: 'input' is other where the value of a trained weight was expected");
    CHECK(uncovered(g, "odd") ==
          "no bias, activation or bypass follows: 'norm' is batch_norm where relu or relu6 or "
          "identity was expected");
    CHECK(uncovered(g, "three") == "no weights: 'three' is conv2d where 2 operands was expected");
}
