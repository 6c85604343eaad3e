// The bytes of attributes: protobuf reads them as what they are said to be.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <qgraft/graphdef/attributes.hpp>
#include <qgraft/graphdef/new_nodes.hpp>

#include "graphdef/sketch.hpp"

using namespace qgraft;
using namespace qgraft::testing_support;
using graphdef::element_type;
using graphdef::spelled;

namespace {

/// What protobuf reads; it must write the same bytes again.
proto::AttrValue read(std::string_view bytes) {
    proto::AttrValue a;
    CHECK(a.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    CHECK(a.SerializeAsString() == bytes);
    return a;
}

const tensor_shape unknown_batch({tensor_shape::unknown, 0, 300});

}  // namespace

TEST_CASE("scalars, those of default value too") {
    CHECK(read(spelled(element_type::int64)).type() == proto::DT_INT64);
    CHECK(read(spelled(true)).b());
    const proto::AttrValue no = read(spelled(false));
    CHECK((no.value_case() == proto::AttrValue::kB && !no.b()));
    for (const std::int64_t i : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::max()}) {
        const proto::AttrValue a = read(spelled(i));
        CHECK((a.value_case() == proto::AttrValue::kI && a.i() == i));
    }
    for (const std::size_t length : {0U, 1U, 127U, 128U, 20'000U}) {
        const std::string text(length, 'x');
        const proto::AttrValue a = read(spelled(std::string_view(text)));
        CHECK((a.value_case() == proto::AttrValue::kS && a.s() == text));
    }
}

TEST_CASE("shapes") {
    for (const tensor_shape& s : {tensor_shape{}, tensor_shape::scalar(), unknown_batch}) {
        CHECK(graphdef::read_shape(read(spelled(s)).shape()) == s);
    }
}

TEST_CASE("lists") {
    const std::vector<tensor_shape> shapes{unknown_batch, tensor_shape{}};
    const proto::AttrValue of_shapes = read(spelled(std::span(shapes)));
    REQUIRE(of_shapes.list().shape_size() == 2);
    CHECK(graphdef::read_shape(of_shapes.list().shape(0)) == unknown_batch);
    CHECK(of_shapes.list().shape(1).unknown_rank());
    const std::vector<std::string> texts{"loc:@a", ""};
    const proto::AttrValue of_texts = read(spelled(std::span(texts)));
    CHECK((of_texts.list().s_size() == 2 && of_texts.list().s(0) == "loc:@a"));
    const std::array<std::int64_t, 3> numbers{1, -1, 300};
    const proto::AttrValue of_numbers = read(spelled(std::span<const std::int64_t>(numbers)));
    CHECK((of_numbers.list().i_size() == 3 && of_numbers.list().i(1) == -1));
    CHECK(read(spelled(std::span<const std::int64_t>())).value_case() == proto::AttrValue::kList);
}

TEST_CASE("tensors") {
    const tensor_shape square({2, 2});
    const proto::AttrValue number = read(spelled(graphdef::float_tensor{square, -0.5F}));
    CHECK(number.tensor().dtype() == proto::DT_FLOAT);
    CHECK((number.tensor().tensor_shape().dim_size() == 2 && number.tensor().float_val(0) == -0.5F));
    const auto integer = [](element_type type, std::int64_t n) {
        return read(spelled(graphdef::integer_tensor{type, tensor_shape::scalar(), n}));
    };
    CHECK(integer(element_type::int64, -7).tensor().int64_val(0) == -7);
    CHECK(integer(element_type::int32, 0).tensor().int_val(0) == 0);
    const std::vector<std::int32_t> axes{0, 1, -2};
    const auto vector = [](std::span<const std::int32_t> data) {
        const tensor_shape shape({static_cast<std::int64_t>(data.size())});
        return read(spelled(graphdef::dense_tensor<std::int32_t>{element_type::int32, shape, data}));
    };
    const proto::AttrValue many = vector(axes);
    CHECK(graphdef::read_integers(many.tensor()) == std::vector<std::int64_t>{0, 1, -2});
    CHECK(vector({}).tensor().tensor_content().empty());
}

TEST_CASE("an attribute that there is already") {
    proto::AttrValue a;
    a.mutable_func()->set_name("f");
    CHECK(read(graphdef::detail::deterministic_bytes(a)).func().name() == "f");
}

TEST_CASE("attributes come in the order of their keys") {
    graphdef::new_nodes nodes;
    nodes.add({});
    for (const std::string_view key : {"dtype", "T", "_class", "value", "_output_shapes", "Tidx"}) {
        nodes.add_attribute(key, key);
    }
    const std::string bytes = std::string(nodes.attributes(0));
    proto::NodeDef def;
    REQUIRE(def.ParseFromString(bytes));
    CHECK(def.attr_size() == 6);
    CHECK(def.attr().at("_class").s() == "_class");
    CHECK(graphdef::detail::deterministic_bytes(def) == bytes);
}
