// Tests of graphdef/constants.hpp: which constants are read, and what is built.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graphdef/sketch.hpp"

using namespace qgraft;
using namespace qgraft::testing_support;

namespace {

using numbers = std::vector<float>;

/// The constant that is read after `fill` has filled in a tensor of 32-bit floats of these sizes.
std::optional<constant_tensor> read(const std::vector<std::int64_t>& sizes,
                                    const std::function<void(proto::TensorProto&)>& fill) {
    sketch s;
    proto::NodeDef& n = s.constant("c", sizes);
    proto::TensorProto& value = *graphdef::attribute(n, "value").mutable_tensor();
    value.set_dtype(proto::DT_FLOAT);
    fill(value);
    const graph g(s.meta);
    return dialect<graph>::constant_of(g, tensor(g, "c"));
}

}  // namespace

TEST_CASE("bytes are little-endian") {
    const auto c = read({1, 2}, [](auto& t) { t.set_tensor_content(std::string("\0\0\x80\x3f\x01\0\0\xc0", 8)); });
    REQUIRE(c);
    CHECK(*c == constant_tensor{{1.0F, -0x1.000002p1F}, {1, 2}});
}

TEST_CASE("the last element of a list repeats, and an empty one is of zeros") {
    const auto listed = [](const numbers& all) {
        return [all](proto::TensorProto& t) {
            for (const float f : all) t.add_float_val(f);
        };
    };
    CHECK(read({3}, listed({1, 2}))->data == numbers{1, 2, 2});
    CHECK(read({3}, listed({1, 2, 3}))->data == numbers{1, 2, 3});
    CHECK(read({2, 2}, listed({5})) == constant_tensor{{5, 5, 5, 5}, {2, 2}});
    CHECK(read({2}, listed({}))->data == numbers{0, 0});
    CHECK(read({}, listed({7})) == constant_tensor{{7}, {}});
    CHECK(read({0, 3}, listed({})) == constant_tensor{{}, {0, 3}});
    CHECK_FALSE(read({1}, listed({1, 2})));
}

TEST_CASE("what is malformed, or not of 32-bit floats, is no constant") {
    const std::string four(4, '\0');
    CHECK(read({1}, [&](auto& t) { t.set_tensor_content(four); }));
    CHECK_FALSE(read({2}, [&](auto& t) { t.set_tensor_content(four); }));
    CHECK_FALSE(read({1}, [&](auto& t) { t.set_tensor_content(four + "x"); }));
    CHECK_FALSE(read({0}, [&](auto& t) { t.set_tensor_content(four); }));
    CHECK_FALSE(read({1}, [&](auto& t) {
        t.set_tensor_content(four);
        t.add_float_val(1);
    }));
    for (const auto& sizes : {std::vector<std::int64_t>{-1},
                              {-4, -1},
                              {INT64_MIN},
                              {INT64_MAX, 2},
                              {std::int64_t{1} << 29},
                              {std::int64_t{1} << 28, 1 << 28, 1 << 28}}) {
        CHECK_FALSE(read(sizes, [](auto& t) { t.add_float_val(1); }));
    }
    CHECK_FALSE(read({}, [](auto& t) { t.mutable_tensor_shape()->set_unknown_rank(true); }));
    CHECK_FALSE(read({}, [](auto& t) { t.set_dtype(proto::DT_INT32); }));
    CHECK_FALSE(read({}, [](auto& t) { t.set_dtype(proto::DT_HALF); }));

    sketch s;
    s.node("bare", "Const");
    s.constant("c", {});
    graphdef::attribute(s.at("c"), "value").mutable_tensor()->set_dtype(proto::DT_FLOAT);
    s.node("read", "Identity", {"c"});
    const graph g(s.meta);
    CHECK_FALSE(dialect<graph>::constant_of(g, tensor(g, "bare")));
    CHECK_FALSE(dialect<graph>::constant_of(g, tensor(g, "read")));
    CHECK_FALSE(dialect<graph>::constant_of(g, tensor(g, "c", 1)));
    CHECK(dialect<graph>::constant_of(g, tensor(g, "c")));
}

TEST_CASE("a constant is built as TensorFlow writes it") {
    const auto built = [](const constant_tensor& c, bool with_shapes) {
        sketch s;
        s.input("x", {});
        if (with_shapes) graphdef::attribute(s.at("x"), "_output_shapes").mutable_list()->add_shape();
        graph g(s.meta);
        editor<graph> e(g);
        const word_params params{.dims = c.dims, .data = c.data};
        const auto v = dialect<graph>::build(e, {word::constant, {}, "weights_fold", {"net", "net"}, params, {}});
        e.commit();
        CHECK(dialect<graph>::classify(g, v.node) == word::other);
        CHECK(dialect<graph>::constant_of(g, v) == c);
        return s.at("net/weights_fold");
    };
    const proto::NodeDef many = built({{1, 2, 3, 4, 5, 6}, {2, 3}}, true);
    CHECK(many.op() == "Const");
    CHECK(many.attr().at("dtype").type() == proto::DT_FLOAT);
    CHECK(many.attr().at("_output_shapes").list().shape(0).dim(1).size() == 3);
    CHECK(many.attr().at("value").tensor().tensor_content().size() == 24);
    const proto::NodeDef one = built({{0.5F}, {1}}, false);
    CHECK(one.attr().at("value").tensor().float_val(0) == 0.5F);
    CHECK(one.attr().count("_output_shapes") == 0);
    built({{}, {0}}, false);
}
