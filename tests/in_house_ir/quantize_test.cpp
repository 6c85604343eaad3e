// The quantize rules on the in-house IR, and what its interpreter refuses.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstddef>
#include <qgraft/qat.hpp>
#include <qgraft/testing/conformance.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interpreter.hpp"
#include "ir.hpp"
#include "ir_dialect.hpp"
#include "listing.hpp"

namespace {

using namespace qgraft;
using in_house::extents;
using in_house::kind;
using in_house::op;
using options = qat_options<in_house::module>;

/// conv, bias, clamp to [0, 6], and a pool that reads it.
struct network {
    in_house::module m;
    op* image = m.add({.what = kind::input, .name = "image"});
    op* filter = m.add({.what = kind::param, .name = "net/filter", .types = {extents{1, 1, 1, 1}}, .data = {1}});
    op* offsets = m.add({.what = kind::param, .name = "net/offsets", .types = {extents{1}}, .data = {0}});
    op* conv = m.add({.what = kind::conv, .name = "net/conv", .operands = {{image}, {filter}}});
    op* bias = m.add({.what = kind::bias, .name = "net/bias", .operands = {{conv}, {offsets}}});
    op* clamp = m.add(
        {.what = kind::clamp, .name = "net/clamp", .operands = {{bias}}, .attributes = {{"low", 0.0}, {"high", 6.0}}});
    op* pool = m.add({.what = kind::max_pool, .name = "pool", .operands = {{clamp}}});

    [[nodiscard]] std::string text() const {
        std::ostringstream out;
        write(out, m);
        return out.str();
    }
};

}  // namespace

TEST_CASE("the module passes the conformance suite") {
    using module = in_house::module;
    const auto make = [] { return std::move(network().m); };
    const auto print = [](const module& m) {
        std::ostringstream out;
        write(out, m);
        return out.str();
    };
    const auto new_node = [](module&) { return in_house::op_state{.what = kind::copy, .name = "new"}; };
    const auto data = [](module& m) { return value<op*>{m.find("net/conv")}; };
    for (const std::string& failure : testing::check_graph<module>(make, print, new_node, data)) FAIL_CHECK(failure);
}

TEST_CASE("for training, ranges are learnt") {
    network n;
    create_training_graph(n.m);
    const op* weights = n.conv->operand(1).producer;
    REQUIRE(weights->what == kind::fake_quantize);
    CHECK(weights->get("narrow_range", false));
    CHECK(weights->operand(0).producer == n.filter);
    CHECK(weights->operand(1).producer->what == kind::store);
    const op* activation = n.pool->operand(0).producer;
    REQUIRE(activation->what == kind::fake_quantize);
    CHECK(activation->operand(0).producer == n.clamp);
    CHECK(activation->operand(2).producer->what == kind::running_average);
    CHECK(n.m.find("net/act_quant/max")->data.at(0) == 6.0F);
}

TEST_CASE("for evaluation, ranges are read") {
    network n;
    create_eval_graph(n.m);
    CHECK(n.pool->operand(0).producer->operand(1).producer->what == kind::state);
    CHECK(n.m.ops().size() == 7 + 6);
}

TEST_CASE("a delayed value is chosen by the step") {
    network n;
    create_training_graph(n.m, 7);
    const op* chosen = n.pool->operand(0).producer;
    REQUIRE(chosen->what == kind::choose);
    CHECK(chosen->operand(0).producer->get("step", std::int64_t{0}) == 7);
    CHECK(chosen->operand(2).producer == n.clamp);
    const std::string once = n.text();
    create_training_graph(n.m, 7);
    CHECK(n.text() == once);
}

TEST_CASE("a failure at any change leaves the module as it was") {
    network n;
    const std::string before = n.text();
    std::size_t failures = 0;
    for (bool failed = true; failed; ++failures) {
        failed = false;
        std::size_t changes = 0;
        options o;
        o.quant_delay = 5;
        o.on_change = [&](std::string_view) {
            if (changes++ == failures) throw std::runtime_error("injected");
        };
        try {
            rewrite_for<phase::training>(n.m, o);
        } catch (const std::runtime_error&) {
            failed = true;
            CHECK(n.text() == before);
        }
    }
    CHECK(failures > 30);
    CHECK(n.text() != before);
}

TEST_CASE("an optimizer's step is refused") {
    network n;
    n.m.add({.what = kind::update, .name = "train/step"});
    CHECK_THROWS_AS(create_training_graph(n.m), refused_graph);
}

TEST_CASE("the interpreter says what it cannot run") {
    network n;
    const in_house::tensor image{{1, 1, 1, 1}, {2.5F}};
    SUBCASE("as it was, it runs") {
        in_house::interpreter running(n.m);
        running.run({{n.image, image}}, {n.pool});
        CHECK(running.value(n.pool).data == std::vector<float>{2.5F});
    }
    SUBCASE("fake quantization without a functor") {
        create_training_graph(n.m);
        in_house::interpreter running(n.m);
        CHECK_THROWS_WITH(running.run({{n.image, image}}, {n.pool}),
                          "net/weights_quant/fake_quantize: carries no quantizer");
    }
    SUBCASE("an input without a value") {
        in_house::interpreter running(n.m);
        CHECK_THROWS_WITH(running.run({}, {n.pool}), "image: the interpreter has no value for this 'input'");
    }
    SUBCASE("an op that depends on itself") {
        n.bias->set_operand(0, n.clamp);
        in_house::interpreter running(n.m);
        CHECK_THROWS_AS(running.run({{n.image, image}}, {n.pool}), std::runtime_error);
    }
}
