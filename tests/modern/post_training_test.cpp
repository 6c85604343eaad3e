// Tests of post_training.hpp and calibration.hpp: ranges as numbers.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/calibration.hpp>
#include <qgraft/kernels/numerics.hpp>
#include <qgraft/kernels/scalar.hpp>
#include <qgraft/post_training.hpp>
#include <qgraft/verify.hpp>

#include "support/lines.hpp"
#include "support/toy_graph.hpp"

using namespace qgraft;
using kernels = scalar<tf115>;

namespace {

toy::graph frozen_network() {
    toy::graph g;
    const auto x = g("image", word::other);
    const auto w = g("w", word::identity, {g.constant("trained/w", {-0.5F, 2, 1, 0}, {1, 1, 2, 2})});
    const auto b = g.constant("trained/b", {1, 2}, {2});
    g("relu", word::relu, {g("bias", word::bias_add, {g("conv", word::conv2d, {x, w}), b})});
    return g;
}

/// The numbers of the range to which operand `i` of a node is quantized.
std::pair<double, double> range_at(const toy::graph& g, const std::string& reader, std::size_t i) {
    const auto q = g.inputs(g.find(reader))[i].node;
    REQUIRE(g.at(q).op == word::fake_quant);
    return {g.at(g.inputs(q)[1].node).params.real, g.at(g.inputs(q)[2].node).params.real};
}

}  // namespace

TEST_CASE("ranges of weights are those of their constants, ranges of activations those of the table") {
    toy::graph g = frozen_network();
    qat_options<toy::graph> options;
    options.verify = &verify_ranges<target::tflite_int8>;
    options.strict = true;
    const report r = quantize_post_training<kernels>(g, {{"image", {-1, 1}}, {"relu:0", {0, 3.5F}}}, options);
    CHECK(r.count(outcome::quantized) == 3);
    CHECK(r.variables.empty());
    CHECK(range_at(g, "conv", 0) == std::pair(-1.0, 1.0));
    CHECK(range_at(g, "conv", 1) == std::pair(-2.0, 2.0));
}

TEST_CASE("what folding into constants has left behind needs no ranges") {
    toy::graph g = frozen_network();
    const auto old = g("old", word::conv2d, {g.find("image"), g.constant("trained/old", {1, 2, 3, 4}, {1, 1, 2, 2})});
    SUBCASE("a batch norm") { g("norm", word::batch_norm, {old}); }
    SUBCASE("one that is spelled out") {
        g("shifted", word::add, {g("scaled", word::mul, {old, g.constant("s", {1, 2}, {2})}), g.constant("o", {0})});
    }
    const report r = quantize_post_training<kernels>(g, {{"image", {-1, 1}}, {"relu", {0, 3}}});
    CHECK(r.count(outcome::quantized) == 3);
    CHECK(r.decisions.front().reason == "8 bits, range from -1.000000 to 1.000000");
    CHECK(missing_ranges(g, target::tflite_int8).missing.empty());
}

TEST_CASE("a value that the table does not have is left, and told") {
    toy::graph g = frozen_network();
    qat_options<toy::graph> options;
    options.verify = &verify_ranges<target::tflite_int8>;
    const report r = quantize_post_training<kernels>(g, {{"image", {-1, 1}}}, options);
    REQUIRE(r.ranges.missing.size() == 1);
    CHECK(r.ranges.missing[0].node == "relu");
    options.strict = true;
    toy::graph strict = frozen_network();
    const std::string before = text(strict);
    CHECK_THROWS_AS(quantize_post_training<kernels>(strict, {{"image", {-1, 1}}}, options), refused_graph);
    CHECK(text(strict) == before);
}

TEST_CASE("a range that is none is refused, with the tensor's name") {
    toy::graph g = frozen_network();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const quant_range bad :
         {quant_range{1, -1}, quant_range{nan, 1}, quant_range{0, std::numeric_limits<float>::infinity()}}) {
        CHECK_THROWS_WITH_AS(quantize_post_training<kernels>(g, {{"image", bad}, {"relu", {0, 6}}}),
                             "ranges: the range of 'image' is not finite, or its minimum is the greater",
                             invalid_option);
    }
    CHECK(text(g) == text(frozen_network()));
}

TEST_CASE("values that share a range have the union of theirs") {
    toy::graph g;
    const auto a = g("a", word::other);
    const auto b = g("b", word::other);
    const auto joined = g("joined", word::concat, {a, b});
    g("product", word::matmul, {joined, g.constant("trained/w", {1, 2}, {2, 1})});
    quantize_post_training<kernels>(g, {{"a", {-1, 1}}, {"b", {0.5F, 4}}, {"product", {-9, 9}}});
    CHECK(range_at(g, "joined", 0) == std::pair(-1.0, 4.0));
    CHECK(range_at(g, "joined", 1) == std::pair(-1.0, 4.0));
}

TEST_CASE("a calibration observes what is to be quantized, over batches") {
    toy::graph g = frozen_network();
    CHECK(values_to_observe(g) == std::vector<std::string>{"image", "relu"});
    calibration<kernels> seen;
    const std::vector<float> first{-1, 0.25F};
    const std::vector<float> second{-0.5F, 2};
    for (const auto& batch : {first, second}) seen.observe("image", batch);
    seen.observe("relu", second);
    CHECK(seen.ranges() == range_table{{"image", {-1, 2}}, {"relu", {-0.5F, 2}}});
    seen.observers().at("image").mode = observer_mode::frozen;
    seen.observe("image", std::vector<float>{99});
    quantize_post_training<kernels>(g, seen.ranges());
    CHECK(range_at(g, "conv", 0) == std::pair(-1.0, 2.0));
}

TEST_CASE("the ranges of channels are vectors of constants") {
    const auto vector_at = [](const toy::graph& g, const char* name) { return g.at(g.find(name)).params.data; };
    const qat_options<toy::graph> by_channel{.weight_granularity = granularity::per_channel};
    const range_table ranges{{"image", {-1, 1}}, {"relu", {0, 6}}};
    toy::graph g = frozen_network();
    g.set_shape("w", {1, 1, 2, 2});
    SUBCASE("on the last axis") {
        quantize_post_training<kernels>(g, ranges, by_channel);
        CHECK(vector_at(g, "weights_quant/min") == std::vector<float>{-1, -2});
        CHECK(vector_at(g, "weights_quant/max") == std::vector<float>{1, 2});
        CHECK(g.at(g.find("weights_quant/max")).params.dims == std::vector<std::int64_t>{2});
    }
    SUBCASE("on another axis") {
        g.set_channels(g.find("conv"), {.after_weights = 1});
        quantize_post_training<kernels>(g, ranges, by_channel);
        CHECK(vector_at(g, "weights_quant/max") == std::vector<float>{2, 1});
    }
    SUBCASE("on two axes") {
        g.set_channels(g.find("conv"), {.split = true});
        quantize_post_training<kernels>(g, ranges, by_channel);
        CHECK(vector_at(g, "weights_quant/max") == std::vector<float>{0.5F, 2, 1, 0});
        CHECK(g.source("conv", 1) == "weights_quant/split_channels");
    }
    CHECK(g.count(word::fake_quant_per_channel) == 1);
    CHECK(g.count(word::fake_quant) == 2);
}

TEST_CASE("a constant with other numbers than its shape says has no ranges of channels") {
    toy::graph g;
    const auto w = g.constant("w", {1, 2, 3}, {1, 1, 2, 2});
    g.set_shape("w", {1, 1, 2, 2});
    g("relu", word::relu, {g("conv", word::conv2d, {g("image", word::other), w})});
    const report r = quantize_post_training<kernels>(g, {{"image", {-1, 1}}, {"relu", {0, 6}}},
                                                     {.weight_granularity = granularity::per_channel});
    CHECK(g.count(word::fake_quant_per_channel) == 0);
    REQUIRE(r.count(outcome::left_as_is) == 1);
    for (const decision& d : r.decisions) {
        if (d.what == outcome::left_as_is) CHECK(d.reason == "has numbers that do not fit its shape");
    }
}
