// Tests of rules/layer_patterns.hpp: each pattern on the smallest graph that it fits, and on one that it does not.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include <qgraft/ops/index.hpp>
#include <qgraft/rules/layer_patterns.hpp>

#include "support/toy_graph.hpp"

using namespace qgraft;
namespace patterns = qgraft::layer_patterns;

namespace {

template <class Pattern>
bool fits(const toy::graph& g, const std::string& root, Pattern p) {
    const graph_index view(g);
    return match(view, *view.find(g.find(root)), p).has_value();
}

/// The name of what `Tag` captures at `root`; "-" where nothing, "no match" where the pattern does not fit.
template <class Tag, class Pattern>
std::string captured(const toy::graph& g, const std::string& root, Pattern p) {
    const graph_index view(g);
    const auto m = match(view, *view.find(g.find(root)), p);
    if (!m) return "no match";
    return m->template node<Tag>() == no_node ? "-" : view.name(m->template node<Tag>());
}

}  // namespace

TEST_CASE("a layer has a parameter or a product as its weights") {
    for (const word op : {word::conv2d, word::depthwise_conv2d, word::matmul}) {
        toy::graph g;
        const auto x = g("x", word::other);
        const auto w = g("w", word::variable);
        g("layer", op, {x, w});
        g("folded", op, {x, g("product", word::mul, {w, g("gamma", word::other)})});
        g("swapped", op, {w, x});
        g("unweighted", op, {x, x});
        CHECK(captured<patterns::weights_tag>(g, "layer", patterns::layer) == "w");
        CHECK(captured<patterns::layer_tag>(g, "layer", patterns::layer) == "layer");
        CHECK(captured<patterns::weights_tag>(g, "folded", patterns::layer) == "product");
        CHECK(captured<patterns::weights_tag>(g, "swapped", patterns::layer) == "w");
        CHECK_FALSE(fits(g, "unweighted", patterns::layer));
        CHECK_FALSE(fits(g, "product", patterns::layer));
    }
}

TEST_CASE("a dilated layer goes on behind its batch_to_space, whatever else that reads") {
    toy::graph g;
    const auto conv = toy::layer(g, "conv", g("x", word::other));
    g("alone", word::batch_to_space, {conv});
    g("dilated", word::batch_to_space, {conv, g("block", word::other), g("crops", word::other)});
    CHECK(fits(g, "alone", patterns::layer_output));
    CHECK(captured<patterns::layer_tag>(g, "dilated", patterns::layer_output) == "conv/layer");
}

TEST_CASE("a bias is added by bias_add or add, on either side") {
    toy::graph g;
    const auto conv = toy::layer(g, "conv", g("x", word::other));
    const auto bias = g("bias", word::variable);
    g("a", word::bias_add, {conv, bias});
    g("b", word::add, {bias, conv});
    g("c", word::mul, {conv, bias});
    CHECK(captured<patterns::bias_tag>(g, "a", patterns::with_bias) == "a");
    CHECK(captured<patterns::bias_tag>(g, "b", patterns::with_bias) == "b");
    CHECK_FALSE(fits(g, "c", patterns::with_bias));
    CHECK(fits(g, "a", patterns::final_layer));
}

TEST_CASE("what folding a training batch norm leaves: correction, offset, bias, and an identity after it") {
    toy::graph g;
    const auto conv = toy::layer(g, "conv", g("x", word::other));
    const auto scaled = g("scaled", word::mul, {g("ratio", word::other), conv});
    const auto corrected = g("corrected", word::add, {scaled, g("offset", word::other)});
    const auto biased = g("biased", word::add, {corrected, g("beta", word::other)});
    g("relu", word::relu, {g("kept", word::identity, {biased})});
    CHECK(fits(g, "corrected", patterns::corrected));
    CHECK(captured<patterns::bias_tag>(g, "biased", patterns::with_folded_bias) == "biased");
    CHECK(fits(g, "kept", patterns::kept_folded_bias));
    CHECK(captured<patterns::bias_tag>(g, "relu", patterns::activated) == "biased");
    CHECK(captured<patterns::bias_tag>(g, "biased", patterns::final_layer) == "biased");
}

TEST_CASE("a bypass is added before the activation") {
    toy::graph g;
    const auto input = g("x", word::other);
    const auto conv = toy::layer(g, "conv", input);
    const auto biased = g("biased", word::add, {conv, g("bias", word::variable)});
    const auto sum = g("sum", word::add, {input, biased});
    g("relu", word::relu6, {sum});
    CHECK(captured<patterns::bypass_tag>(g, "sum", patterns::with_bypass) == "sum");
    CHECK(captured<patterns::bypass_tag>(g, "relu", patterns::activated) == "sum");
    CHECK(captured<patterns::bias_tag>(g, "relu", patterns::activated) == "biased");
    CHECK_FALSE(fits(g, "biased", patterns::with_bypass));
}

TEST_CASE("an activation is a relu, a relu6 or an identity") {
    for (const word op : {word::relu, word::relu6, word::identity}) {
        toy::graph g;
        const auto input = g("x", word::other);
        toy::biased_layer(g, "conv", input, op);
        g("plain", op, {toy::layer(g, "plain_conv", input)});
        g("unrelated", op, {input});
        CHECK(captured<patterns::activation_tag>(g, "conv/activation", patterns::activated) == "conv/activation");
        CHECK(captured<patterns::bypass_tag>(g, "conv/activation", patterns::activated) == "-");
        CHECK(captured<patterns::bias_tag>(g, "plain", patterns::activated) == "-");
        CHECK_FALSE(fits(g, "unrelated", patterns::activated));
    }
}

TEST_CASE("an activation's output is added to a bypass, on either side") {
    toy::graph g;
    const auto input = g("x", word::other);
    const auto relu = toy::biased_layer(g, "conv", input);
    g("left", word::add, {relu, input});
    g("right", word::add, {input, relu});
    CHECK(captured<patterns::activation_tag>(g, "left", patterns::then_bypassed) == "conv/activation");
    CHECK(captured<patterns::activation_tag>(g, "right", patterns::then_bypassed) == "conv/activation");
}

TEST_CASE("a separable convolution is a layer on a layer") {
    toy::graph g;
    const auto depthwise = toy::layer(g, "depthwise", g("x", word::other), word::depthwise_conv2d);
    toy::layer(g, "pointwise", depthwise);
    CHECK(captured<patterns::layer_tag>(g, "pointwise/layer", patterns::separable) == "depthwise/layer");
    CHECK_FALSE(fits(g, "depthwise/layer", patterns::separable));
}
