// Weights with a range for each output channel in TensorFlow graphs: where the channels are, and what is built there.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include <qgraft/qat.hpp>
#include <qgraft/verify.hpp>

#include "graphdef/sketch.hpp"
#include "support/lines.hpp"

using namespace qgraft;
using namespace qgraft::testing_support;

namespace {

/// A layer with weights of a shape that the file tells by the variable alone, and an activation.
sketch layer(const std::string& op, const std::vector<std::int64_t>& weights) {
    sketch s;
    s.input("x", op == "MatMul" ? std::vector<std::int64_t>{2, 5} : std::vector<std::int64_t>{2, 8, 8, weights[2]});
    auto& variable = s.node("layer/weights", "VariableV2");
    graphdef::write_shape(tensor_shape(weights), *graphdef::attribute(variable, "shape").mutable_shape());
    s.node("layer/weights/read", "Identity", {"layer/weights"});
    s.node("layer/product", op, {"x", "layer/weights/read"});
    s.node("layer/Relu", "Relu", {"layer/product"});
    s.node("y", "NoSuchOp", {"layer/Relu"});
    return s;
}

const qat_options<graph> by_channel{.weight_granularity = granularity::per_channel};

template <phase P>
report rewrite(sketch& s, bool as_bytes = false) {
    graph g(s.meta, {.new_nodes_as_bytes = as_bytes});
    report r = rewrite_for<P>(g, by_channel);
    if (!as_bytes) return r;
    g.append_new_nodes();
    s.meta.ParseFromString(bytes_of(s.meta));
    return r;
}

/// The nodes between the weights and the layer, from the layer on, with the shapes of ranges.
lines row(sketch& s) {
    lines all;
    for (std::string at = s.at("layer/product").input(1); at != "layer/weights/read"; at = s.at(at).input(0)) {
        all.push_back(at.substr(at.rfind('/') + 1) + " = " + s.at(at).op());
    }
    return all;
}

std::int64_t channels(sketch& s) {
    const auto& shape = s.at("layer/weights_quant/min").attr().at("shape").shape();
    return shape.dim_size() == 1 ? shape.dim(0).size() : -1;
}

std::string numbers(sketch& s, const std::string& name) {
    const auto& t = s.at("layer/weights_quant/" + name).attr().at("value").tensor();
    std::string text;
    for (std::size_t i = 0; i < t.tensor_content().size(); i += 4) {
        text += (text.empty() ? "" : " ") + std::to_string(static_cast<int>(t.tensor_content()[i]));
    }
    return text.empty() && t.int_val_size() == 1 ? std::to_string(t.int_val(0)) : text;
}

}  // namespace

TEST_CASE("channels of a convolution and of a matmul are last") {
    for (const bool as_bytes : {false, true}) {
        sketch conv = layer("Conv2D", {3, 3, 4, 6});
        rewrite<phase::training>(conv, as_bytes);
        CHECK(row(conv) == lines{"FakeQuantWithMinMaxVarsPerChannel = FakeQuantWithMinMaxVarsPerChannel"});
        CHECK(channels(conv) == 6);
        CHECK(numbers(conv, "BatchMin/reduction_indices") == "0 1 2");
        sketch dense = layer("MatMul", {5, 7});
        rewrite<phase::training>(dense, as_bytes);
        CHECK(channels(dense) == 7);
        CHECK(numbers(dense, "BatchMax/reduction_indices") == "0");
    }
}

TEST_CASE("channels of a transposed matmul are first, and are moved last and back") {
    for (const bool as_bytes : {false, true}) {
        sketch s = layer("MatMul", {7, 5});
        graphdef::attribute(s.at("layer/product"), "transpose_b").set_b(true);
        rewrite<phase::training>(s, as_bytes);
        CHECK(row(s) == lines{"transpose_1 = Transpose",
                              "FakeQuantWithMinMaxVarsPerChannel = FakeQuantWithMinMaxVarsPerChannel",
                              "transpose = Transpose"});
        CHECK(channels(s) == 7);
        CHECK(numbers(s, "BatchMin/reduction_indices") == "1");
        CHECK(numbers(s, "transpose/perm") == "1 0");
    }
}

TEST_CASE("channels of a convolution of each channel by itself are on two axes, and are joined meanwhile") {
    for (const bool as_bytes : {false, true}) {
        sketch s = layer("DepthwiseConv2dNative", {3, 3, 4, 2});
        rewrite<phase::training>(s, as_bytes);
        CHECK(row(s) == lines{"split_channels = Reshape",
                              "FakeQuantWithMinMaxVarsPerChannel = FakeQuantWithMinMaxVarsPerChannel",
                              "join_channels = Reshape"});
        CHECK(channels(s) == 8);
        CHECK(numbers(s, "join_channels/shape") == "3 3 1 8");
        CHECK(numbers(s, "split_channels/shape") == "3 3 4 2");
    }
}

TEST_CASE("rewritten again nothing changes; the ranges are enough for int8, and not for uint8") {
    for (const bool transposed : {false, true}) {
        sketch s = transposed ? layer("MatMul", {7, 5}) : layer("DepthwiseConv2dNative", {3, 3, 4, 2});
        if (transposed) graphdef::attribute(s.at("layer/product"), "transpose_b").set_b(true);
        rewrite<phase::evaluation>(s);
        const std::string once = bytes_of(s.meta);
        CHECK(rewrite<phase::evaluation>(s).count(outcome::quantized) == 0);
        CHECK(bytes_of(s.meta) == once);
        graph g(s.meta);
        const auto weights_missing = [&g](target t) {
            std::size_t count = 0;
            for (const auto& m : missing_ranges(g, t).missing) count += m.role == value_role::weights ? 1 : 0;
            return count;
        };
        CHECK(weights_missing(target::tflite_int8) == 0);
        CHECK(weights_missing(target::tflite_uint8) == 1);
    }
}

TEST_CASE("weights of unknown shape stay as they are, and the report names them") {
    sketch s = layer("Conv2D", {3, 3, 4, 6});
    s.at("layer/weights").mutable_attr()->clear();
    const report r = rewrite<phase::training>(s);
    CHECK(row(s).empty());
    CHECK(r.decisions.at(0).node == "layer/weights/read");
    CHECK(r.decisions.at(0).reason == "how many channels the weights have is not known");
}
