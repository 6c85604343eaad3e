// Operations to words: the training operations of TensorFlow 2.21's registry, and no others.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include <qgraft/graphdef/classify.hpp>
#include <qgraft/qat.hpp>

#include "graphdef/sketch.hpp"

using namespace qgraft;
using namespace qgraft::graphdef;
using namespace qgraft::testing_support;

TEST_CASE("every operation of the registry that trains is a training step") {
    const auto ops = read_lines("graphdef/training_ops.txt");
    CHECK(ops.size() > 80);
    for (const std::string& op : ops) {
        CAPTURE(op);
        CHECK(word_of_op(op) == word::training_step);
    }
}

TEST_CASE("no other operation of the registry is a training step") {
    const auto ops = read_lines("graphdef/other_ops.txt");
    CHECK(ops.size() > 1800);
    for (const std::string& op : ops) {
        CAPTURE(op);
        CHECK(word_of_op(op) != word::training_step);
    }
}

TEST_CASE("a graph with any of them is refused, by the name of the node, and stays as it was") {
    for (const std::string& op : read_lines("graphdef/training_ops.txt")) {
        CAPTURE(op);
        sketch s;
        s.node("train/update", op);
        const std::string before = bytes_of(s.meta);
        graph g(s.meta);
        CHECK_THROWS_WITH_AS(rewrite_for<phase::training>(g, qat_options<graph>{}),
                             ("train/update: is a training operation (" + op +
                              "); rewrite the graph before gradients and optimizer are added")
                                 .c_str(),
                             refused_graph);
        CHECK(bytes_of(s.meta) == before);
    }
}

TEST_CASE("gradients are known by their names, and what only stops one is none") {
    for (const char* op : {"ReluGrad", "FusedBatchNormGradV3", "Conv2DBackpropFilter", "MaxPoolGradV2",
                           "FakeQuantWithMinMaxVarsGradient", "SymbolicGradient"}) {
        CAPTURE(op);
        CHECK(word_of_op(op) == word::gradient);
    }
    for (const char* op : {"StopGradient", "PreventGradient"}) CHECK(word_of_op(op) == word::other);
}

TEST_CASE("words of the operations of a network") {
    CHECK(word_of_op("Conv2D") == word::conv2d);
    CHECK(word_of_op("AddV2") == word::add);
    CHECK(word_of_op("FusedBatchNormV3") == word::batch_norm);
    CHECK(word_of_op("FakeQuantWithMinMaxVarsPerChannel") == word::fake_quant_per_channel);
    CHECK(word_of_op("Softmax") == word::softmax);
    CHECK(word_of_op("AvgPool") == word::average_pool);
    CHECK(word_of_op("StridedSlice") == word::slice);
    CHECK(word_of_op("LogSoftmax") == word::other);
    CHECK(word_of_op("") == word::other);
    CHECK(word_of_op("conv2d") == word::other);
}

TEST_CASE("a Merge is a delayed value by its name alone, which never stands at the root") {
    sketch s;
    s.node("conv/delayed_quant/Merge", "Merge");
    s.node("delayed_quant/Merge", "Merge");
    s.node("cond/Merge", "Merge");
    const graph g(s.meta);
    CHECK(dialect<graph>::classify(g, *g.find("conv/delayed_quant/Merge")) == word::delayed);
    CHECK(dialect<graph>::classify(g, *g.find("delayed_quant/Merge")) == word::other);
    CHECK(dialect<graph>::classify(g, *g.find("cond/Merge")) == word::other);
}

TEST_CASE("a transposed convolution is a layer, and the same operation in a backward pass is not") {
    sketch s;
    for (const char* name : {"deconv/conv2d_transpose", "gradients/conv/Conv2D_grad/Conv2DBackpropInput",
                             "tower/gradients_1/x", "gradient_tape/x"}) {
        s.node(name, "Conv2DBackpropInput");
    }
    s.node("filter", "Conv2DBackpropFilter");
    s.node("volume", "Conv3D");
    const graph g(s.meta);
    const auto word_at = [&g](const char* name) { return dialect<graph>::classify(g, *g.find(name)); };
    CHECK(word_at("deconv/conv2d_transpose") == word::conv2d_transpose);
    CHECK(word_at("gradients/conv/Conv2D_grad/Conv2DBackpropInput") == word::gradient);
    CHECK(word_at("tower/gradients_1/x") == word::gradient);
    CHECK(word_at("gradient_tape/x") == word::gradient);
    CHECK(word_at("filter") == word::gradient);
    CHECK(word_at("volume") == word::other_layer);
}

TEST_CASE("parameters are the values of variables, of their parts, and reads") {
    sketch s;
    s.node("v", "VariableV2");
    s.node("v/read", "Identity", {"v"});
    s.node("part_0", "VariableV2");
    s.node("part_0/read", "Identity", {"part_0"});
    s.node("part_1/read", "Identity", {"part_0"});
    s.constant("axis", {});
    s.node("parts/concat", "ConcatV2", {"part_0/read", "part_1/read", "axis"});
    s.node("parts", "Identity", {"parts/concat"});
    s.node("r", "VarHandleOp");
    s.node("r/Read/ReadVariableOp", "ReadVariableOp", {"r"});
    s.node("copy", "Identity", {"axis"});
    s.node("empty", "Identity");
    const graph g(s.meta);
    const auto is_parameter = [&g](const char* name) { return dialect<graph>::is_parameter(g, *g.find(name)); };
    for (const char* name : {"v/read", "parts", "r/Read/ReadVariableOp"}) {
        CAPTURE(name);
        CHECK(is_parameter(name));
    }
    for (const char* name : {"v", "parts/concat", "copy", "empty", "axis"}) {
        CAPTURE(name);
        CHECK_FALSE(is_parameter(name));
    }
}
