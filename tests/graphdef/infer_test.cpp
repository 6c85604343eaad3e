// Shapes where the file does not say them: each rule, loops, depth.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "graphdef/sketch.hpp"

using namespace qgraft;
using namespace qgraft::testing_support;
using graphdef::attribute;

namespace {

/// "[2, ?]", or "?" where the rank is not known.
std::string text_of(const tensor_shape& s) {
    if (!s.has_rank()) return "?";
    std::string text = "[";
    for (std::size_t i = 0; i < s.rank(); ++i) {
        text += (i > 0 ? ", " : "") + (s.dims()[i] < 0 ? std::string("?") : std::to_string(s.dims()[i]));
    }
    return text + "]";
}

/// Inputs of every rank that the tests need, and one of unknown rank.
sketch inputs() {
    sketch s;
    s.input("scalar", {});
    s.input("vector", {3});
    s.input("matrix", {2, 3});
    s.input("image", {1, -1, 5, 7});
    attribute(s.node("any", "Placeholder"), "shape").mutable_shape()->set_unknown_rank(true);
    s.node("opaque", "NoSuchOp", {"matrix"});
    for (int n = 0; n < 5; ++n) s.constant("of_" + std::to_string(n), {n});
    s.constant("number", {});
    return s;
}

std::string shape(sketch& s, const std::string& name, std::uint32_t port = 0) {
    const graph g(s.meta);
    return text_of(g.shape(tensor(g, name, port)));
}

/// The shape of Op(operands).
std::string shape_of(const std::string& op, const std::vector<std::string>& operands, std::uint32_t port = 0) {
    sketch s = inputs();
    s.node("x", op, operands);
    return shape(s, "x", port);
}

/// The shape of a strided slice with masks of these elements.
std::string slice_of(const std::string& x, const std::string& spec, int added, int dropped, int ellipsis = 0) {
    sketch s = inputs();
    proto::NodeDef& n = s.node("x", "StridedSlice", {x, spec, spec, spec});
    attribute(n, "new_axis_mask").set_i(added);
    attribute(n, "shrink_axis_mask").set_i(dropped);
    attribute(n, "ellipsis_mask").set_i(ellipsis);
    return shape(s, "x");
}

}  // namespace

TEST_CASE("what holds a value says its shape in an attribute") {
    CHECK(shape_of("Identity", {"image"}) == "[1, ?, 5, 7]");
    CHECK(shape_of("Identity", {"of_3"}) == "[3]");
    CHECK(shape_of("Identity", {"any"}) == "?");
    CHECK(shape_of("Placeholder", {}) == "?");
    CHECK(shape_of("Const", {}) == "?");
    sketch s;
    for (const char* op : {"VariableV2", "VarHandleOp", "Variable"}) {
        proto::NodeDef& n = s.node(op, op);
        graphdef::write_shape(tensor_shape({4, 8}), *attribute(n, "shape").mutable_shape());
        CHECK(shape(s, op) == "[4, 8]");
    }
    s.node("read", "ReadVariableOp", {"VarHandleOp"});
    CHECK(shape(s, "read") == "[4, 8]");
}

TEST_CASE("a variable of the first kind that says it is a scalar may be anything") {
    sketch s;
    for (const char* op : {"Variable", "VariableV2"}) attribute(s.node(op, op), "shape").mutable_shape();
    CHECK(shape(s, "Variable") == "?");
    CHECK(shape(s, "VariableV2") == "[]");
}

TEST_CASE("as the first operand") {
    for (const char* op : {"Relu6", "BiasAdd", "FakeQuantWithMinMaxVars", "Switch", "Softmax", "Cast"}) {
        CAPTURE(op);
        CHECK(shape_of(op, {"image", "vector"}) == "[1, ?, 5, 7]");
        CHECK(shape_of(op, {"opaque"}) == "?");
        CHECK(shape_of(op, {}) == "?");
    }
    CHECK(shape_of("Switch", {"matrix", "scalar"}, 1) == "[2, 3]");
}

TEST_CASE("of the rank of the first operand") {
    for (const char* op : {"Pad", "Transpose", "Tile", "Slice"}) {
        CAPTURE(op);
        CHECK(shape_of(op, {"matrix", "vector"}) == "[?, ?]");
        CHECK(shape_of(op, {"any"}) == "?");
    }
}

TEST_CASE("what space_to_batch and batch_to_space leave keeps its size") {
    for (const char* op : {"SpaceToBatchND", "BatchToSpaceND"}) {
        CAPTURE(op);
        CHECK(shape_of(op, {"image", "of_2"}) == "[?, ?, ?, 7]");
        CHECK(shape_of(op, {"image", "of_1"}) == "[?, ?, 5, 7]");
        CHECK(shape_of(op, {"image", "of_4"}) == "[?, ?, ?, ?]");
        CHECK(shape_of(op, {"image", "any"}) == "[?, ?, ?, ?]");
        CHECK(shape_of(op, {"any", "of_2"}) == "?");
    }
}

TEST_CASE("convolutions and poolings") {
    const auto window = [](const std::string& op, const std::string& padding, int stride, int dilation,
                           const std::string& format) {
        sketch s;
        s.input("x",
                format == "NCHW" ? std::vector<std::int64_t>{2, 6, 11, -1} : std::vector<std::int64_t>{2, 11, -1, 6});
        s.input("w", {3, 2, 6, 4});
        proto::NodeDef& n = s.node("y", op, {"x", "w"});
        const auto list = [&n](const char* key, const std::vector<int>& numbers) {
            for (const int i : numbers) attribute(n, key).mutable_list()->add_i(i);
        };
        const bool first = format == "NCHW";
        list("strides", first ? std::vector<int>{1, 1, stride, 1} : std::vector<int>{1, stride, 1, 1});
        list("dilations", first ? std::vector<int>{1, 1, dilation, 1} : std::vector<int>{1, dilation, 1, 1});
        list("ksize", first ? std::vector<int>{1, 1, 3, 1} : std::vector<int>{1, 3, 1, 1});
        if (padding == "EXPLICIT") list("explicit_paddings", {0, 0, 1, 2, 0, 0, 0, 0});
        attribute(n, "padding").set_s(padding);
        attribute(n, "data_format").set_s(format);
        return shape(s, "y");
    };
    CHECK(window("Conv2D", "SAME", 2, 1, "NHWC") == "[2, 6, ?, 4]");
    CHECK(window("Conv2D", "VALID", 1, 1, "NHWC") == "[2, 9, ?, 4]");
    CHECK(window("Conv2D", "VALID", 2, 2, "NHWC") == "[2, 4, ?, 4]");
    CHECK(window("Conv2D", "EXPLICIT", 1, 1, "NHWC") == "[2, 12, ?, 4]");
    CHECK(window("Conv2D", "VALID", 1, 9, "NHWC") == "[2, ?, ?, 4]");
    CHECK(window("Conv2D", "VALID", 0, 1, "NHWC") == "[2, ?, ?, 4]");
    CHECK(window("Conv2D", "VALID", 1, 1, "NCHW") == "[2, 4, 9, ?]");
    CHECK(window("Conv2D", "VALID", 1, 1, "NCHW_VECT_C") == "[?, ?, ?, ?]");
    CHECK(window("DepthwiseConv2dNative", "SAME", 1, 1, "NHWC") == "[2, 11, ?, 24]");
    CHECK(window("MaxPool", "VALID", 2, 1, "NHWC") == "[2, 5, ?, 6]");
    CHECK(shape_of("Conv2D", {"any", "any"}) == "[?, ?, ?, ?]");
    CHECK(shape_of("AvgPool", {"image"}) == "[1, ?, ?, 7]");
}

TEST_CASE("a product of matrices") {
    CHECK(shape_of("MatMul", {"matrix", "matrix"}) == "[2, 3]");
    CHECK(shape_of("MatMul", {"matrix", "any"}) == "[2, ?]");
    CHECK(shape_of("MatMul", {"image", "vector"}) == "[?, ?]");
    sketch s = inputs();
    attribute(s.node("x", "MatMul", {"matrix", "matrix"}), "transpose_b").set_b(true);
    CHECK(shape(s, "x") == "[2, 2]");
}

TEST_CASE("joined along an axis") {
    const auto concat = [](const std::vector<std::string>& operands, int axis) {
        sketch s = inputs();
        proto::NodeDef& c = s.constant("axis", {});
        auto& value = *attribute(c, "value").mutable_tensor();
        value.set_dtype(proto::DT_INT32);
        value.add_int_val(axis);
        s.input("wide", {2, 5});
        s.input("half", {-1, -1});
        std::vector<std::string> all = operands;
        all.emplace_back("axis");
        s.node("x", "ConcatV2", all);
        return shape(s, "x");
    };
    CHECK(concat({"matrix", "wide"}, 1) == "[2, 8]");
    CHECK(concat({"matrix", "wide", "matrix"}, -1) == "[2, 11]");
    CHECK(concat({"matrix", "half"}, 0) == "[?, 3]");
    CHECK(concat({"matrix", "vector"}, 0) == "[?, ?]");
    CHECK(concat({"any", "matrix"}, 0) == "?");
    CHECK(shape_of("ConcatV2", {"matrix", "matrix", "opaque"}) == "[?, ?]");
    CHECK(shape_of("ConcatV2", {}) == "?");
}

TEST_CASE("to the sizes that a constant holds") {
    const auto reshape = [](const std::string& bytes, proto::DataType type) {
        sketch s = inputs();
        proto::NodeDef& c = s.constant("sizes", {3});
        auto& value = *attribute(c, "value").mutable_tensor();
        value.set_dtype(type);
        value.set_tensor_content(bytes);
        s.node("x", "Reshape", {"image", "sizes"});
        return shape(s, "x");
    };
    const std::string four("\x04\0\0\0\xff\xff\xff\xff\x00\x01\0\0", 12);
    CHECK(reshape(four, proto::DT_INT32) == "[4, ?, 256]");
    CHECK(reshape(std::string("\x07\0\0\0\0\0\0\0", 8) + std::string(16, '\xff'), proto::DT_INT64) == "[7, ?, ?]");
    CHECK(reshape(four, proto::DT_INT64) == "[?, ?, ?]");
    CHECK(reshape(four, proto::DT_FLOAT) == "[?, ?, ?]");
}

TEST_CASE("a strided slice drops axes and adds new ones") {
    CHECK(slice_of("image", "of_2", 0, 0) == "[?, ?, ?, ?]");
    CHECK(slice_of("image", "of_2", 0, 0b10) == "[?, ?, ?]");
    CHECK(slice_of("vector", "of_1", 0, 0b1) == "[]");
    CHECK(slice_of("matrix", "of_3", 0b1, 0b10) == "[?, ?]");
    CHECK(slice_of("matrix", "of_2", 0b11, 0b11) == "[?, ?, ?, ?]");
    CHECK(slice_of("image", "of_2", 0, 0b11, 0b1) == "[?, ?, ?]");
    CHECK(slice_of("matrix", "of_1", 0b110, 0b1110) == "[?, ?]");
    CHECK(slice_of("vector", "of_2", 0, 0b11) == "?");
    CHECK(slice_of("any", "of_1", 0, 1) == "?");
    CHECK(slice_of("matrix", "any", 0, 1) == "?");
    CHECK(slice_of("matrix", "matrix", 0, 1) == "?");
    sketch s = inputs();
    s.constant("long", {33});
    s.node("x", "StridedSlice", {"matrix", "long"});
    CHECK(shape(s, "x") == "?");
}

TEST_CASE("a Merge has the rank on which its operands agree; its second output is a scalar") {
    CHECK(shape_of("Merge", {"matrix", "matrix"}) == "[?, ?]");
    CHECK(shape_of("Merge", {"matrix", "vector"}) == "?");
    CHECK(shape_of("Merge", {"vector", "any"}) == "?");
    CHECK(shape_of("Merge", {"matrix", "vector"}, 1) == "[]");
}

TEST_CASE("of the greatest rank among the operands") {
    CHECK(shape_of("Add", {"image", "vector"}) == "[1, ?, 5, 7]");
    CHECK(shape_of("Mul", {"vector", "matrix"}) == "[2, 3]");
    CHECK(shape_of("AddN", {"matrix", "scalar", "scalar"}) == "[2, 3]");
    CHECK(shape_of("Add", {"image", "any"}) == "?");
    CHECK(shape_of("Add", {"scalar", "scalar"}) == "[]");
}

TEST_CASE("of a fixed rank") {
    CHECK(shape_of("MatMul", {"any", "any"}) == "[?, ?]");
    for (const char* op : {"Conv2D", "DepthwiseConv2dNative", "AvgPool", "ResizeBilinear"}) {
        CAPTURE(op);
        CHECK(shape_of(op, {"any", "any"}) == "[?, ?, ?, ?]");
    }
}

TEST_CASE("of as many dimensions as the shape given has elements") {
    CHECK(shape_of("Reshape", {"image", "of_2"}) == "[?, ?]");
    CHECK(shape_of("Reshape", {"any", "of_0"}) == "[]");
    CHECK(shape_of("Reshape", {"image", "any"}) == "?");
    CHECK(shape_of("Reshape", {"image"}) == "?");
    CHECK(shape_of("Fill", {"of_3", "scalar"}) == "[?, ?, ?]");
    CHECK(shape_of("RandomUniform", {"of_4"}) == "[?, ?, ?, ?]");
    CHECK(shape_of("Fill", {"matrix", "scalar"}) == "?");
}

TEST_CASE("of more dimensions than TensorFlow has") {
    sketch s = inputs();
    s.constant("many", {1'000'000'000'000});
    s.node("x", "Fill", {"many", "scalar"});
    CHECK(shape(s, "x") == "?");
}

TEST_CASE("less the axes that are reduced") {
    CHECK(shape_of("Mean", {"image", "of_2"}) == "[?, ?]");
    CHECK(shape_of("Sum", {"matrix", "number"}) == "[?]");
    CHECK(shape_of("Max", {"image", "of_4"}) == "[]");
    CHECK(shape_of("Max", {"vector", "of_2"}) == "?");
    CHECK(shape_of("Max", {"image", "any"}) == "?");
    CHECK(shape_of("Max", {"any", "of_2"}) == "?");
    sketch s = inputs();
    attribute(s.node("x", "Mean", {"image", "of_2"}), "keep_dims").set_b(true);
    CHECK(shape(s, "x") == "[?, ?, ?, ?]");
}

TEST_CASE("less the axes of size one that are named") {
    CHECK(shape_of("Squeeze", {"image"}) == "?");
    sketch s = inputs();
    auto& axes = *attribute(s.node("x", "Squeeze", {"image"}), "squeeze_dims").mutable_list();
    axes.add_i(0);
    axes.add_i(2);
    CHECK(shape(s, "x") == "[?, ?]");
}

TEST_CASE("shapes as tensors, and what is reshaped to them") {
    CHECK(shape_of("Shape", {"image"}) == "[4]");
    CHECK(shape_of("Shape", {"any"}) == "?");
    CHECK(shape_of("Pack", {"number", "scalar", "number"}) == "[3]");
    CHECK(shape_of("Pack", {"vector", "vector"}) == "?");
    sketch s = inputs();
    s.node("shape", "Shape", {"image"});
    s.node("x", "Reshape", {"any", "shape"});
    CHECK(shape(s, "x") == "[?, ?, ?, ?]");
    attribute(s.node("batch", "StridedSlice", {"shape", "of_1"}), "shrink_axis_mask").set_i(1);
    s.node("flat", "Pack", {"batch", "number"});
    s.node("y", "Reshape", {"any", "flat"});
    CHECK(shape(s, "y") == "[?, ?]");
}

TEST_CASE("a batch norm gives the data and vectors") {
    CHECK(shape_of("FusedBatchNormV3", {"image"}) == "[1, ?, 5, 7]");
    CHECK(shape_of("FusedBatchNormV3", {"image"}, 4) == "[?]");
    CHECK(shape_of("FusedBatchNormV3", {"image", "vector"}, 2) == "[3]");
    CHECK(shape_of("Size", {"any"}) == "[]");
    CHECK(shape_of("Rank", {"any"}) == "[]");
}

TEST_CASE("operations without a rule, and operands that lack, give nothing") {
    CHECK(shape_of("NoSuchOp", {"matrix"}) == "?");
    for (const char* op : {"Relu", "Pad", "Merge", "Squeeze", "Mean", "Shape", "StridedSlice", "Reshape", "Fill"}) {
        CAPTURE(op);
        CHECK(shape_of(op, {}) == "?");
    }
    CHECK(shape_of("Pack", {}) == "[0]");
}

TEST_CASE("what goes around a loop is unknown, from wherever the loop is entered") {
    for (const char* first : {"merge", "next", "exit", "body"}) {
        sketch s = inputs();
        s.node("enter", "Enter", {"matrix"});
        s.node("merge", "Merge", {"enter", "next"});
        s.node("switch", "Switch", {"merge", "scalar"});
        s.node("body", "Add", {"switch:1", "matrix"});
        s.node("next", "NextIteration", {"body"});
        s.node("exit", "Exit", {"switch"});
        const graph g(s.meta);
        CAPTURE(first);
        CHECK(text_of(g.shape(tensor(g, first))) == "?");
        for (const char* name : {"merge", "switch", "body", "next", "exit"}) {
            CAPTURE(name);
            CHECK(text_of(g.shape(tensor(g, name))) == "?");
        }
        CHECK(text_of(g.shape(tensor(g, "enter"))) == "[2, 3]");
    }
}

TEST_CASE("a loop is unknown also where its body gives a fixed rank, as TensorFlow has it") {
    sketch s = inputs();
    s.node("enter", "Enter", {"matrix"});
    s.node("merge", "Merge", {"enter", "next"});
    s.node("body", "MatMul", {"merge", "matrix"});
    s.node("next", "NextIteration", {"body"});
    CHECK(shape(s, "merge") == "?");
    CHECK(shape(s, "next") == "[?, 3]");
}

TEST_CASE("a node that reads itself is unknown") {
    sketch s;
    s.node("x", "Relu", {"x"});
    s.node("y", "Add", {"x", "y"});
    CHECK(shape(s, "x") == "?");
    CHECK(shape(s, "y") == "?");
}

TEST_CASE("a million operations in a row") {
    sketch s;
    s.input("n0", {4, 5});
    constexpr int count = 1'000'000;
    for (int i = 1; i < count; ++i) {
        s.node("n" + std::to_string(i), "Identity", {"n" + std::to_string(i - 1)});
    }
    CHECK(shape(s, "n" + std::to_string(count - 1)) == "[4, 5]");
}
