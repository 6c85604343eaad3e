// Tests of modern.hpp: whatever integer inference needs a range for gets one, and shares it where it must.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include <qgraft/modern.hpp>
#include <qgraft/qat.hpp>
#include <qgraft/verify.hpp>

#include "support/lines.hpp"
#include "support/toy_graph.hpp"

using namespace qgraft;
using node = toy::graph::node;

namespace {

using options = qat_options<toy::graph>;

/// Rewrites, and sees to it that nothing is missing then and that a second rewrite changes nothing.
template <phase P>
report quantize(toy::graph& g, options o = {}) {
    o.profile = &modern_profile;
    o.verify = &verify_ranges<target::tflite_int8>;
    report r = rewrite_for<P>(g, o);
    if (o.exclude.empty() && o.scope.empty()) {
        CHECK(r.ranges.missing.empty());
        CHECK(r.ranges.unshared.empty());
        toy::graph again = g;
        CHECK(rewrite_for<P>(again, o).count(outcome::quantized) == 0);
        CHECK(again.nodes().size() == g.nodes().size());
    }
    return r;
}

/// The nodes that were quantized, in the order of deciding.
lines quantized_in(const report& r) {
    lines all;
    for (const decision& d : r.decisions) {
        if (d.what == outcome::quantized) all.push_back(d.node);
    }
    return all;
}

std::string reason_for(const report& r, const std::string& n) {
    for (const decision& d : r.decisions) {
        if (d.node == n) return std::string(to_string(d.what)) + ", " + d.reason;
    }
    return "none";
}

node apply(toy::graph& g, const std::string& scope, node x, word op = word::conv2d) {
    return g(scope + "/layer", op, {x, g(scope + "/weights", word::variable)});
}

/// The fake quantization that a node reads, as operand `i`.
node quantizer_of(const toy::graph& g, const std::string& reader, std::size_t i) {
    return g.inputs(g.find(reader))[i].node;
}

/// The range that a node reads, by the names of the variables behind it.
std::string range_of(const toy::graph& g, node quantizer) {
    node low = g.inputs(quantizer)[1].node;
    while (!g.inputs(low).empty()) low = g.inputs(low)[0].node;
    return g.name(low);
}

}  // namespace

TEST_CASE("inputs, weights and the results of layers are quantized, with and without bias and activation") {
    toy::graph g;
    const auto x = g("image", word::other);
    const auto bare = apply(g, "bare", x);
    const auto biased = g("biased/bias", word::bias_add, {apply(g, "biased", bare), g("biased/b", word::variable)});
    g("out", word::other, {g("relu", word::relu6, {apply(g, "activated", biased)})});
    const report r = quantize<phase::evaluation>(g);
    CHECK(quantized_in(r) ==
          lines{"image", "bare/weights", "bare/layer", "biased/weights", "biased/bias", "activated/weights", "relu"});
    CHECK(reason_for(r, "bare/weights") == "quantized, 8 bits, range of the last value, narrow range, symmetric");
    CHECK(reason_for(r, "bare/layer") == "quantized, 8 bits, moving average of the range");
    CHECK(g.name(quantizer_of(g, "bare/layer", 0)) == "image/act_quant/fake_quant");
    CHECK(g.name(quantizer_of(g, "bare/layer", 1)) == "bare/weights_quant/fake_quant");
}

TEST_CASE("newer activations are operations of their own; those that are spelled out have ranges at their ends") {
    toy::graph g;
    const auto x = apply(g, "conv", g("image", word::other));
    const auto leaky = g("leaky", word::leaky_relu, {x});
    const auto swish = g("swish", word::hard_swish, {apply(g, "conv1", leaky)});
    const auto up = apply(g, "up", swish, word::conv2d_transpose);
    const auto clipped = g("clipped", word::relu6, {g("shifted", word::add, {up, g.constant("three", {3})})});
    const auto spelled = g("spelled", word::div, {g("gated", word::mul, {up, clipped}), g.constant("six", {6})});
    const auto negative = g("negative", word::relu, {g("negated", word::neg, {spelled})});
    const auto steeper = g("steeper", word::mul, {negative, g("slopes", word::variable)});
    g("prelu", word::add, {g("positive", word::relu, {spelled}), steeper});
    CHECK(quantized_in(quantize<phase::evaluation>(g)) == lines{"image", "conv/weights", "conv/layer", "leaky",
                                                                "conv1/weights", "conv1/layer", "swish", "up/weights",
                                                                "up/layer", "spelled", "prelu"});
}

TEST_CASE("what a concatenation joins has one range, which follows all of it") {
    toy::graph g;
    const auto x = g("image", word::other);
    const auto a = g("a/relu", word::relu, {apply(g, "a", x)});
    const auto b = apply(g, "b", x);
    const auto pooled = g("pooled", word::max_pool, {x});
    const auto joined = g("joined", word::concat, {a, b, pooled, g("axis", word::other)});
    g.set_shape("axis", {});
    apply(g, "next", joined);
    SUBCASE("in evaluation") {
        quantize<phase::evaluation>(g);
        CHECK(range_of(g, quantizer_of(g, "joined", 0)) == "image/act_quant/min");
    }
    SUBCASE("in training") {
        const report r = quantize<phase::training>(g);
        CHECK(reason_for(r, "a/relu") ==
              "quantized, 8 bits, moving average of the range, one range with 2 other values");
        // The input comes first: its range cannot wait for what is computed from it.
        CHECK(g.at(g.inputs(quantizer_of(g, "a/layer", 0))[1].node).op == word::variable);
        CHECK(g.at(g.inputs(quantizer_of(g, "joined", 0))[1].node).op == word::ema_update);
    }
    CHECK(range_of(g, quantizer_of(g, "joined", 0)) == range_of(g, quantizer_of(g, "joined", 1)));
    CHECK(range_of(g, quantizer_of(g, "pooled", 0)) == range_of(g, quantizer_of(g, "joined", 1)));
    CHECK(g.inputs(quantizer_of(g, "joined", 0))[1] == g.inputs(quantizer_of(g, "joined", 1))[1]);
}

TEST_CASE("an addition has a range of its own, and so have its operands") {
    toy::graph g;
    const auto x = g("image", word::other);
    g("relu", word::relu, {g("sum", word::add, {apply(g, "a", x), apply(g, "b", x)})});
    CHECK(quantized_in(quantize<phase::training>(g)) ==
          lines{"image", "a/weights", "a/layer", "b/weights", "b/layer", "relu"});
}

TEST_CASE(
    "where the target adds integers as they are, the operands of an addition share a range; its result does not") {
    toy::graph g;
    const auto x = g("image", word::other);
    const auto sum = g("sum", word::add, {apply(g, "a", x), apply(g, "b", x)});
    g("more", word::add, {sum, g("pooled", word::max_pool, {x})});
    options o;
    o.share_additions = true;
    quantize<phase::evaluation>(g, o);
    CHECK(range_of(g, quantizer_of(g, "sum", 0)) == range_of(g, quantizer_of(g, "sum", 1)));
    CHECK(range_of(g, quantizer_of(g, "more", 0)) == range_of(g, quantizer_of(g, "pooled", 0)));
    CHECK(range_of(g, quantizer_of(g, "sum", 0)) != range_of(g, quantizer_of(g, "more", 0)));
    CHECK(g.count(word::variable) == 2 + 2 * (2 + 3));
}

TEST_CASE("the target fixes the range of a softmax; what it reads has one") {
    toy::graph g;
    g("scores", word::softmax, {apply(g, "dense", g("image", word::other), word::matmul)});
    CHECK(quantized_in(quantize<phase::evaluation>(g)) == lines{"image", "dense/weights", "dense/layer"});
}

TEST_CASE("with a delay each value is passed on as it is before") {
    toy::graph g = toy::small_network();
    options o;
    o.quant_delay = 100;
    quantize<phase::training>(g, o);
    CHECK(g.at(quantizer_of(g, "conv/layer", 0)).op == word::select);
}

TEST_CASE("a layer that is left out stays as it is, and what it reads and gives without a range") {
    toy::graph g;
    const auto a = apply(g, "a", g("image", word::other));
    const auto b = apply(g, "b", a);
    g("c/relu", word::relu, {apply(g, "c", b)});
    options o;
    SUBCASE("by name") {
        o.exclude = {b};
        const report r = quantize<phase::evaluation>(g, o);
        CHECK(reason_for(r, "b/weights") == "none");
        CHECK(r.count(outcome::left_as_is) == 1);
        CHECK(quantized_in(r) == lines{"image", "a/weights", "a/layer", "b/layer", "c/weights", "c/relu"});
    }
    SUBCASE("by scope") {
        o.scope = "c";
        CHECK(quantized_in(quantize<phase::evaluation>(g, o)) == lines{"c/weights", "c/relu"});
    }
}

TEST_CASE("a transposed convolution can be left out, too, and has settings") {
    toy::graph g;
    const auto up = apply(g, "up", g("image", word::other), word::conv2d_transpose);
    apply(g, "next", up);
    options o;
    SUBCASE("left out") {
        o.exclude = {up};
        CHECK(quantized_in(quantize<phase::evaluation>(g, o)) == lines{"up/layer", "next/weights", "next/layer"});
    }
    SUBCASE("set") {
        o.layers = for_each_layer([](const auto& facts, layer_settings& s) {
            if (facts.op == word::conv2d_transpose) s.weights.bits = 5;
        });
        CHECK(reason_for(quantize<phase::evaluation>(g, o), "up/weights").starts_with("quantized, 5 bits"));
    }
}

TEST_CASE("settings of a layer reach its weights and its result; those of a shared range must agree") {
    toy::graph g;
    const auto x = g("image", word::other);
    const auto a = apply(g, "a", x);
    const auto b = apply(g, "b", x);
    options o;
    o.layers = for_each_layer([](const auto& facts, layer_settings& s) {
        if (facts.name == "a/layer") s.weights.bits = s.activations.bits = 4;
        if (facts.name == "b/layer") s.activations.bits = 6;
    });
    SUBCASE("apart") {
        g("sum", word::add, {a, b});
        const report r = quantize<phase::evaluation>(g, o);
        CHECK(reason_for(r, "a/weights").starts_with("quantized, 4 bits"));
        CHECK(reason_for(r, "a/layer").starts_with("quantized, 4 bits"));
        CHECK(reason_for(r, "b/layer").starts_with("quantized, 6 bits"));
        CHECK(reason_for(r, "sum").starts_with("quantized, 8 bits"));
    }
    SUBCASE("joined") {
        g("joined", word::concat, {a, b});
        apply(g, "next", g.find("joined"));
        o.profile = &modern_profile;
        CHECK_THROWS_WITH_AS(
            rewrite_for<phase::evaluation>(g, o),
            "layers: 'a/layer' and 'b/layer' share the range of their results, and have different settings for them",
            invalid_option);
    }
}

TEST_CASE("weights of layers may have a range for each channel; those of other operations have one") {
    const auto network = [] {
        toy::graph g;
        const node odd = apply(g, "odd", g("image", word::other), word::other_layer);
        const node conv = apply(g, "conv", odd);
        const node depth = apply(g, "depth", conv, word::depthwise_conv2d);
        g.set_channels(depth, {.split = true});
        const node up = apply(g, "up", depth, word::conv2d_transpose);
        g.set_channels(up, {.after_weights = 1});
        g("out", word::other, {up});
        g.set_shape("conv/weights", {3, 3, 3, 4});
        g.set_shape("depth/weights", {3, 3, 4, 2});
        g.set_shape("up/weights", {2, 2, 5, 8});
        g.set_shape("odd/weights", {5, 5});
        return g;
    };
    const auto channels = [](const toy::graph& g, const char* layer) {
        return g.at(g.find(std::string(layer) + "/weights_quant/min")).params.dims.at(0);
    };
    const auto check = [&](const toy::graph& g) {
        CHECK(channels(g, "conv") == 4);
        CHECK(channels(g, "depth") == 8);
        CHECK(channels(g, "up") == 5);
        CHECK(g.at(g.find("up/weights_quant/fake_quant_per_channel")).params.axis == std::size_t{2});
        CHECK(g.source("depth/layer", 1) == "depth/weights_quant/split_channels");
        CHECK(g.at(quantizer_of(g, "odd/layer", 1)).op == word::fake_quant);
        CHECK(g.at(quantizer_of(g, "conv/layer", 0)).op == word::fake_quant);
    };
    const options by_channel{.weight_granularity = granularity::per_channel};
    toy::graph trained = network();
    quantize<phase::training>(trained, by_channel);
    check(trained);
    toy::graph evaluated = network();
    quantize<phase::evaluation>(evaluated, by_channel);
    check(evaluated);
}

TEST_CASE("channels that are not known leave the weights as they are") {
    toy::graph g;
    g("out", word::other, {apply(g, "conv", g("image", word::other))});
    options o{.profile = &modern_profile};
    o.weight_granularity = granularity::per_channel;
    const report r = rewrite_for<phase::training>(g, o);
    CHECK(reason_for(r, "conv/weights") == "left as is, how many channels the weights have is not known");
}
