// Tests of verify.hpp: what TensorFlow Lite needs of the ranges of a graph.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include <qgraft/qat.hpp>
#include <qgraft/verify.hpp>

#include "support/lines.hpp"
#include "support/toy_graph.hpp"

using namespace qgraft;
using node = toy::graph::node;

namespace {

/// What is missing, as "role node".
lines missing_in(const toy::graph& g, target t = target::tflite_uint8) {
    lines all;
    for (const missing_range& m : missing_ranges(g, t).missing) {
        all.push_back(std::string(to_string(m.role)) + " " + m.node);
    }
    return all;
}

lines unshared_in(const toy::graph& g) {
    lines all;
    for (const unshared_range& u : missing_ranges(g, target::tflite_uint8).unshared) {
        all.push_back(u.node + " " + std::to_string(u.ranges));
    }
    return all;
}

node quantized(toy::graph& g, node x, word w = word::fake_quant) {
    const std::string name = g.name(x) + "/quant";
    return g(name, w, {x, g(name + "/min", word::variable), g(name + "/max", word::variable)});
}

/// A fake-quantized input.
node input(toy::graph& g) { return quantized(g, g("input", word::other)); }

/// A layer with fake-quantized weights: its result has no range.
node layer_of_bytes(toy::graph& g, const std::string& scope, node x, word weight_quantizer = word::fake_quant) {
    const auto weights = quantized(g, g(scope + "/weights", word::variable), weight_quantizer);
    return g(scope + "/layer", word::conv2d, {x, weights});
}

}  // namespace

TEST_CASE("a float network misses all ranges: input, weights and the activation; its bias needs none") {
    CHECK(missing_in(toy::small_network()) ==
          lines{"graph input input", "weights conv/weights", "activation conv/activation"});
}

TEST_CASE("after a rewrite only the input is left, whose range the converter is told") {
    toy::graph g = toy::small_network();
    SUBCASE("for evaluation") { create_eval_graph(g); }
    SUBCASE("for training, with what updates the ranges") { create_training_graph(g); }
    SUBCASE("with a delay") { create_training_graph(g, 1000); }
    CHECK(missing_in(g) == lines{"graph input input"});
    const range_check found = missing_ranges(g, target::tflite_int8);
    CHECK(found.target == "tflite_int8");
    CHECK(found.missing.at(0).needed_by == "conv/layer");
    CHECK(found.missing.at(0).reason ==
          "has no range; it is read by 'conv/layer', and the converter must be told the range of an input");
}

TEST_CASE("a layer is computed together with its bias and its activation") {
    toy::graph g;
    const auto conv = layer_of_bytes(g, "conv", input(g));
    const auto biased = g("biased", word::add, {conv, g("bias", word::variable)});
    const auto active = g("active", word::relu, {biased});
    SUBCASE("the last of them has the range") { quantized(g, active); }
    SUBCASE("which may be fake-quantized behind what only moves it") {
        quantized(g, g("flat", word::reshape, {active}));
    }
    CHECK(missing_in(g).empty());
}

TEST_CASE("what another reads before the activation needs a range of its own") {
    toy::graph g;
    const auto conv = layer_of_bytes(g, "conv", input(g));
    quantized(g, g("active", word::relu, {conv}));
    g("reader", word::other, {conv});
    CHECK(missing_in(g) == lines{"activation conv/layer"});
}

TEST_CASE("an addition outside of layers needs ranges for both operands and for its result") {
    toy::graph g;
    const auto x = input(g);
    const auto left = quantized(g, layer_of_bytes(g, "left", x));
    const auto right = layer_of_bytes(g, "right", x);
    const auto sum = g("sum", word::add, {left, right});
    CHECK(missing_in(g) == lines{"activation right/layer", "activation sum"});
    quantized(g, right);
    quantized(g, g("active", word::relu, {sum}));
    CHECK(missing_in(g).empty());
}

TEST_CASE("the target takes the range of a constant from its numbers, unless it is the weights of a layer") {
    toy::graph g;
    const auto x = quantized(g, layer_of_bytes(g, "conv", input(g)));
    const auto scale = g("scale", word::identity, {g("trained/scale", word::constant)});
    const auto scaled = quantized(g, g("scaled", word::mul, {x, scale}));
    const auto shift = g("shift", word::mul, {g("gamma", word::variable), g("beta", word::variable)});
    const auto shifted = quantized(g, g("shifted", word::add, {scaled, shift}));
    CHECK(missing_in(g).empty());
    quantized(g, g("product", word::matmul, {shifted, g("trained/weights", word::constant)}));
    CHECK(missing_in(g) == lines{"weights trained/weights"});
    quantized(g, g("moved", word::add, {shifted, g("offset", word::mul, {g("given", word::other), shift})}));
    CHECK(missing_in(g) == lines{"weights trained/weights", "activation offset"});
}

TEST_CASE("what is computed from an input before the first layer needs ranges, too") {
    toy::graph g;
    const auto scaled = g("scaled", word::mul, {g("image", word::other), g("scale", word::constant)});
    quantized(g, layer_of_bytes(g, "conv", g("padded", word::pad, {scaled})));
    CHECK(missing_in(g) == lines{"graph input image", "activation scaled"});
}

TEST_CASE("an activation that is spelled out has ranges at its ends alone") {
    toy::graph g;
    const auto x = quantized(g, layer_of_bytes(g, "conv", input(g)));
    SUBCASE("hard-swish") {
        const auto shifted = g("shifted", word::add, {x, g.constant("three", {3})});
        const auto gated = g("gated", word::mul, {x, g("clipped", word::relu6, {shifted})});
        SUBCASE("times a sixth") { quantized(g, g("swish", word::mul, {gated, g.constant("sixth", {1 / 6.0F})})); }
        SUBCASE("over six") { quantized(g, g("swish", word::div, {gated, g.constant("six", {6})})); }
        CHECK(missing_in(g).empty());
    }
    SUBCASE("hard-swish, the gate scaled first") {
        const auto shifted = g("shifted", word::add, {g.constant("three", {3}), x});
        const auto clipped = g("clipped", word::relu6, {shifted});
        const auto gate = g("gate", word::mul, {g.constant("sixth", {1 / 6.0F}), clipped});
        quantized(g, g("swish", word::mul, {gate, x}));
        CHECK(missing_in(g).empty());
    }
    SUBCASE("the same with another number is three operations") {
        const auto shifted = g("shifted", word::add, {x, g.constant("two", {2})});
        const auto gated = g("gated", word::mul, {x, g("clipped", word::relu6, {shifted})});
        quantized(g, g("swish", word::mul, {gated, g.constant("sixth", {1 / 6.0F})}));
        CHECK(missing_in(g) == lines{"activation clipped", "activation gated"});
    }
    SUBCASE("PReLU") {
        const auto negative = g("negative", word::relu, {g("negated", word::neg, {x})});
        const auto steeper = g("steeper", word::mul, {g("slopes", word::variable), negative});
        quantized(g, g("prelu", word::add, {g("positive", word::relu, {x}), steeper}));
        CHECK(missing_in(g).empty());
    }
}

TEST_CASE("poolings, paddings and the like hand a range on, forwards and backwards") {
    toy::graph g;
    auto x = layer_of_bytes(g, "first", input(g));
    SUBCASE("forwards") { x = g("pooled", word::average_pool, {quantized(g, x)}); }
    SUBCASE("backwards") { x = quantized(g, g("padded", word::pad, {g("pooled", word::max_pool, {x})})); }
    quantized(g, layer_of_bytes(g, "second", x));
    CHECK(missing_in(g).empty());
}

TEST_CASE("weights may stand first in a product; the other operand is none then") {
    toy::graph g;
    quantized(g, g("product", word::matmul, {g("weights", word::variable), g("input", word::other)}));
    CHECK(missing_in(g) == lines{"weights weights", "graph input input"});
}

TEST_CASE("a layer that nothing reads is the network's result, though its first operand is a variable") {
    toy::graph g;
    g("product", word::matmul, {g("weights", word::variable), input(g)});
    CHECK(missing_in(g) == lines{"weights weights", "activation product"});
}

TEST_CASE("a graph without nodes misses nothing; the result of the last operation counts") {
    toy::graph g;
    CHECK(missing_in(g).empty());
    const auto merged = g("merged", word::other, {input(g)});
    const auto conv = layer_of_bytes(g, "conv", merged);
    g("next", word::identity, {g("active", word::relu, {conv})});
    CHECK(missing_in(g) == lines{"activation merged", "activation active"});
}

TEST_CASE("an operation of no word tells nothing of its range") {
    toy::graph g;
    const auto x = quantized(g, layer_of_bytes(g, "first", input(g)));
    quantized(g, layer_of_bytes(g, "second", g("unknown", word::other, {x})));
    CHECK(missing_in(g) == lines{"activation unknown"});
}

TEST_CASE("the target knows the range of a softmax; its operand needs one") {
    toy::graph g;
    const auto logits = layer_of_bytes(g, "logits", input(g));
    const auto scores = g("scores", word::softmax, {logits});
    g("product", word::matmul, {scores, quantized(g, g("weights", word::variable))});
    CHECK(missing_in(g) == lines{"activation logits/layer", "activation product"});
}

TEST_CASE("a value without a range is listed once, by the node that computes it") {
    toy::graph g;
    const auto x = g("unknown", word::other, {input(g)});
    const auto moved = g("moved", word::transpose, {g("flat", word::reshape, {x})});
    quantized(g, layer_of_bytes(g, "a", moved));
    quantized(g, layer_of_bytes(g, "b", moved));
    quantized(g, layer_of_bytes(g, "c", x));
    CHECK(missing_in(g) == lines{"activation unknown"});
}

TEST_CASE("ranges a channel are for weights in signed bytes") {
    toy::graph g;
    quantized(g, layer_of_bytes(g, "conv", input(g), word::fake_quant_per_channel));
    CHECK(missing_in(g, target::tflite_int8).empty());
    const range_check found = missing_ranges(g, target::tflite_uint8);
    REQUIRE(found.missing.size() == 1);
    CHECK(found.missing[0].node == "conv/weights");
    CHECK(found.missing[0].reason ==
          "has a range for each channel, and the target takes one for the tensor; it is read by 'conv/layer'");
    toy::graph of_activation;
    quantized(of_activation, layer_of_bytes(of_activation, "conv", input(of_activation)), word::fake_quant_per_channel);
    CHECK(missing_in(of_activation, target::tflite_int8) == lines{"activation conv/layer"});
}

TEST_CASE("a concat of values with ranges of their own shares none") {
    toy::graph g;
    const auto x = input(g);
    const auto a = quantized(g, layer_of_bytes(g, "a", x));
    const auto b = quantized(g, layer_of_bytes(g, "b", x));
    const auto c = quantized(g, layer_of_bytes(g, "c", x));
    g("pooled", word::max_pool, {g("joined", word::concat, {a, b, c})});
    CHECK(missing_in(g).empty());
    CHECK(unshared_in(g) == lines{"joined 3"});
}

TEST_CASE("a pooling between two ranges shares none; two fake quantizations in a row are no matter") {
    toy::graph g;
    const auto x = quantized(g, quantized(g, layer_of_bytes(g, "conv", input(g))));
    CHECK(unshared_in(g).empty());
    quantized(g, g("pooled", word::max_pool, {x}));
    CHECK(unshared_in(g) == lines{"pooled 3"});
}

TEST_CASE("what updates a range or a statistic is no part of the network") {
    toy::graph g;
    const auto conv = layer_of_bytes(g, "conv", input(g));
    quantized(g, conv);
    const auto highest = g("highest", word::max_over_axes, {conv});
    const auto variable = g("moving", word::variable);
    const auto step = g("step", word::mul, {g("difference", word::sub, {variable, highest}), variable});
    g("update", word::other, {variable, step});
    g("gradients/of_conv", word::mul, {conv, conv});
    CHECK(missing_in(g).empty());
}

TEST_CASE("the report has it where an option asks") {
    toy::graph g = toy::small_network();
    qat_options<toy::graph> options;
    CHECK(rewrite_for<phase::evaluation>(g, options).ranges.target.empty());
    options.verify = &verify_ranges<target::tflite_uint8>;
    options.dry_run = true;
    options.weight_bits = 4;
    const range_check found = rewrite_for<phase::evaluation>(g, options).ranges;
    CHECK(found.target == "tflite_uint8");
    CHECK(found.count(value_role::graph_input) == 1);
    CHECK(found.missing.size() == 1);
}

TEST_CASE("with strict a missing range is an error, that of an input is not; the graph stays as it was") {
    qat_options<toy::graph> options;
    options.verify = &verify_ranges<target::tflite_int8>;
    options.strict = true;
    toy::graph g = toy::small_network();
    CHECK_NOTHROW(rewrite_for<phase::evaluation>(g, options));
    const auto unknown = g("unknown", word::other, {g.find("output")});
    toy::biased_layer(g, "second", unknown);
    const auto flat = g("flat", word::other, {g.find("second/activation")});
    toy::layer(g, "third", flat);
    const std::string before = toy::text(g);
    std::string message;
    try {
        rewrite_for<phase::evaluation>(g, options);
    } catch (const refused_graph& e) {
        message = e.what();
    }
    CHECK(message == "unknown: has no range; it is read by 'second/layer', which tflite_int8 needs (and 3 more)");
    CHECK(toy::text(g) == before);
}

TEST_CASE("targets by name") {
    CHECK(target_named("tflite_uint8") == target::tflite_uint8);
    CHECK(target_named("tflite_int8") == target::tflite_int8);
    CHECK_FALSE(target_named("tflite"));
}
