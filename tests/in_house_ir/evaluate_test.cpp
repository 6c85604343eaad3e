// What single ops of the in-house IR give, and which words they are.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "interpreter.hpp"
#include "ir.hpp"
#include "ir_dialect.hpp"

namespace {

using in_house::extents;
using in_house::kind;
using in_house::op;
using in_house::tensor;
using qgraft::word;

struct single {
    kind what;
    in_house::attribute_list attributes{};
    tensor x{};
    tensor expected{};
    word is{};
};

const tensor image{{1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}};

const single singles[] = {
    {kind::sigmoid, {}, {{2}, {0, 2}}, {{2}, {0.5F, 0.880797F}}, word::logistic},
    {kind::tanh, {}, {{2}, {0, 0.5F}}, {{2}, {0, 0.462117F}}, word::tanh},
    {kind::softmax, {}, {{2, 2}, {0, 0, 1, 3}}, {{2, 2}, {0.5F, 0.5F, 0.119203F, 0.880797F}}, word::softmax},
    {kind::leak, {{"slope", 0.5}}, {{2}, {-1, 3}}, {{2}, {-0.5F, 3}}, word::leaky_relu},
    {kind::hard_swish, {}, {{3}, {-4, 1, 5}}, {{3}, {0, 4.0F / 6, 5}}, word::hard_swish},
    {kind::clamp, {{"low", 0.0}, {"high", 2.0}}, {{3}, {-4, 1, 5}}, {{3}, {0, 1, 2}}, word::other},
    {kind::average_pool,
     {{"window", extents{2, 2}}, {"strides", extents{2, 2}}, {"padding", "same"}},
     image,
     {{1, 1, 1, 2}, {3, 4.5F}},
     word::average_pool},
    {kind::border,
     {{"before", extents{0, 0, 1, 0}}, {"behind", extents{0, 0, 0, 1}}},
     image,
     {{1, 1, 3, 4}, {0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0}},
     word::pad},
};

}  // namespace

TEST_CASE("ops of one operand") {
    for (const single& s : singles) {
        CAPTURE(std::string(to_string(s.what)));
        in_house::module m;
        op* x = m.add({.what = kind::input, .types = {s.x.dims}});
        op* y = m.add({.what = s.what, .operands = {x}, .attributes = s.attributes});
        in_house::interpreter running(m);
        running.run({{x, s.x}}, {y});
        CHECK(running.value(y).dims == s.expected.dims);
        CHECK(y->result().type == in_house::tensor_type(s.expected.dims));
        for (std::size_t i = 0; i < s.expected.data.size(); ++i)
            CHECK(running.value(y).data.at(i) == doctest::Approx(s.expected.data[i]));
        CHECK(qgraft::dialect<in_house::module>::classify(m, y) == s.is);
    }
}

TEST_CASE("a split and a concat are each other's inverse") {
    in_house::module m;
    op* x = m.add({.what = kind::input, .types = {image.dims}});
    op* parts = m.add({.what = kind::split,
                       .operands = {x},
                       .attributes = {{"axis", std::int64_t{3}}},
                       .types = std::vector<in_house::tensor_type>(3, extents{1, 1, 2, 1})});
    op* y = m.add({.what = kind::concat,
                   .operands = {{parts, 0}, {parts, 1}, {parts, 2}},
                   .attributes = {{"axis", std::int64_t{3}}}});
    in_house::interpreter running(m);
    running.run({{x, image}}, {y});
    CHECK(running.value(parts, 1).data == std::vector<float>{2, 5});
    CHECK(running.value(y).data == image.data);
    CHECK(y->result().type == in_house::tensor_type(image.dims));
    CHECK_THROWS_AS((void)in_house::operand(parts, 3), std::out_of_range);
}

TEST_CASE("numbers of constants are told, unless they are not all there") {
    using dialect = qgraft::dialect<in_house::module>;
    in_house::module m;
    op* c = m.add({.what = kind::constant, .types = {extents{2}}, .data = {1, 2}});
    CHECK(dialect::constant_of(m, {c})->data == std::vector<float>{1, 2});
    c->data.pop_back();
    CHECK(!dialect::constant_of(m, {c}).has_value());
    CHECK(!dialect::constant_of(m, {m.add({.what = kind::param, .data = {1}})}).has_value());
}
