// What the example adds to qgraft: a rule, a kernel policy and a range policy of its own.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <qgraft/qat.hpp>
#include <string>
#include <utility>
#include <vector>

#include "fuse_activations.hpp"
#include "interpreter.hpp"
#include "ir.hpp"
#include "peak_range.hpp"
#include "shift_kernels.hpp"

namespace {

using namespace qgraft;
using in_house::extents;
using in_house::kind;
using in_house::op;

/// A module whose output is an activation of the input.
struct network {
    in_house::module m;
    op* x = m.add({.what = kind::input, .name = "x", .types = {extents{5}}});
    op* out = nullptr;

    /// An op of two operands, in the other order where that is asked for.
    op* of(kind what, op* a, op* b, bool swapped, const char* name = "") {
        return m.add(
            {.what = what,
             .name = name,
             .operands = swapped ? std::vector<in_house::operand>{b, a} : std::vector<in_house::operand>{a, b}});
    }
    op* number(double n) { return m.add(in_house::scalar(n)); }
    op* gate(double three, bool swapped) {
        op* sum = of(kind::add, x, number(three), swapped);
        return m.add({.what = kind::clamp, .operands = {sum}, .attributes = {{"low", 0.0}, {"high", 6.0}}});
    }
    void finish(op* activation) { out = m.add({.what = kind::copy, .name = "out", .operands = {activation}}); }

    [[nodiscard]] std::vector<float> values() const {
        in_house::interpreter running(m);
        running.run({{x, {{5}, {-4, -1, 0, 2, 5}}}}, {out});
        return running.value(out).data;
    }
};

void check_fused(network& n, kind what) {
    const std::vector<float> before = n.values();
    CHECK(in_house::fuse_activations(n.m) == 1);
    REQUIRE(n.m.ops().size() == 3);
    const op* fused = n.out->operand(0).producer;
    CHECK(fused->what == what);
    CHECK(fused->name == "act");
    CHECK(fused->operand(0).producer == n.x);
    const std::vector<float> after = n.values();
    for (std::size_t i = 0; i < before.size(); ++i) CHECK(after[i] == doctest::Approx(before[i]));
}

}  // namespace

TEST_CASE("LeakyReLU is fused, in any order of operands") {
    for (const bool swapped : {false, true}) {
        for (const bool product_swapped : {false, true}) {
            network n;
            op* product = n.of(kind::mul, n.x, n.number(0.25), product_swapped);
            n.finish(n.of(kind::greater, n.x, product, swapped, "act"));
            check_fused(n, kind::leak);
            CHECK(n.out->operand(0).producer->get("slope", 0.0) == 0.25);
        }
    }
}

TEST_CASE("hard-swish is fused, in any order of operands, with the factor at either") {
    for (unsigned order = 0; order < 16; ++order) {
        network n;
        op* gate = n.gate(3, (order & 1U) != 0);
        op* sixth = n.number(1.0 / 6);
        op* last = nullptr;
        if ((order & 8U) != 0) {
            op* scaled = n.of(kind::mul, gate, sixth, (order & 2U) != 0);
            last = n.of(kind::mul, n.x, scaled, (order & 4U) != 0, "act");
        } else {
            op* product = n.of(kind::mul, n.x, gate, (order & 2U) != 0);
            last = n.of(kind::mul, product, sixth, (order & 4U) != 0, "act");
        }
        n.finish(last);
        CAPTURE(order);
        check_fused(n, kind::hard_swish);
    }
}

TEST_CASE("what only looks like an activation stays") {
    network n;
    SUBCASE("a slope above 1") { n.finish(n.of(kind::greater, n.x, n.of(kind::mul, n.x, n.number(2), false), false)); }
    SUBCASE("a slope that is no constant") {
        op* slope = n.m.add({.what = kind::param, .types = {extents{}}, .data = {0.5F}});
        n.finish(n.of(kind::greater, n.x, n.of(kind::mul, n.x, slope, false), false));
    }
    SUBCASE("another tensor") {
        op* other = n.m.add({.what = kind::copy, .operands = {n.x}});
        n.finish(n.of(kind::greater, n.x, n.of(kind::mul, other, n.number(0.5), false), false));
    }
    SUBCASE("another number than 3") {
        n.finish(n.of(kind::mul, n.of(kind::mul, n.x, n.gate(2, false), false), n.number(1.0 / 6), false));
    }
    const std::size_t before = n.m.ops().size();
    CHECK(in_house::fuse_activations(n.m) == 0);
    CHECK(n.m.ops().size() == before);
}

TEST_CASE("what is read elsewhere stays beside the fused op") {
    network n;
    op* product = n.of(kind::mul, n.x, n.number(0.25), false);
    n.finish(n.of(kind::greater, n.x, product, false, "act"));
    op* pinned = n.m.add({.what = kind::copy, .operands = {n.out->operand(0).producer}});
    pinned->pinned = true;
    CHECK(in_house::fuse_activations(n.m) == 1);
    CHECK(n.out->operand(0).producer->what == kind::leak);
    CHECK(pinned->operand(0).producer->what == kind::greater);
    CHECK(product->result().first_use->user()->name == "act");
}

TEST_CASE("the steps of shift kernels are powers of two") {
    const quant_spec spec{.bits = 4};
    std::vector<float> in;
    for (int i = -40; i <= 40; ++i) in.push_back(static_cast<float>(i) * 0.1F);
    std::vector<float> out(in.size());
    in_house::shift_kernels::fake_quantize(in, out, {-1.0F, 2.0F}, spec);
    for (std::size_t i = 0; i < in.size(); ++i) {
        CHECK(out[i] * 4 == std::round(out[i] * 4));
        if (in[i] >= -1 && in[i] <= 2) CHECK(std::abs(out[i] - in[i]) <= 0.126F);
    }
    in_house::shift_kernels::fake_quantize(in, out, {0.0F, 0.0F}, spec);
    CHECK(out == std::vector<float>(in.size(), 0.0F));
}

TEST_CASE("the functors of shift kernels are in the nodes") {
    network n;
    op* filter =
        n.m.add({.what = kind::param, .name = "w", .types = {extents{2, 5}}, .data = std::vector<float>(10, 0.3F)});
    op* flat = n.m.add({.what = kind::reshape, .operands = {n.x}, .attributes = {{"dims", extents{1, 5}}}});
    op* dense = n.m.add({.what = kind::fully_connected, .name = "dense/product", .operands = {flat, filter}});
    n.finish(n.m.add({.what = kind::clamp, .name = "dense/act", .operands = {dense}, .attributes = {{"low", 0.0}}}));
    rewrite_for<phase::training,
                qat_policy<quant_spec{.narrow_range = true}, quant_spec{.bits = 4}, in_house::shift_kernels>>(n.m);
    const op* activation = n.out->operand(0).producer;
    REQUIRE(activation->what == kind::fake_quantize);
    const auto functor = activation->get("quantizer", in_house::quantizer{nullptr});
    REQUIRE(bool(functor != nullptr));
    const std::vector<float> in{0.9F};
    std::vector<float> out{0};
    functor(in, out, 0.0F, 6.0F);
    CHECK(out == std::vector<float>{1});
    CHECK(n.values().size() == 2);
}

TEST_CASE("a range of peaks grows at once and shrinks slowly") {
    network n;
    op* weight = n.m.add({.what = kind::param, .name = "w", .types = {extents{1, 1}}, .data = {1}});
    op* x = n.m.add({.what = kind::reshape, .operands = {n.x}, .attributes = {{"dims", extents{-1, 1}}}});
    op* dense = n.m.add({.what = kind::fully_connected, .name = "dense/product", .operands = {x, weight}});
    n.finish(n.m.add({.what = kind::clamp, .name = "dense/act", .operands = {dense}, .attributes = {{"low", 0.0}}}));
    qat_options<in_house::module> options;
    options.activation_range = range_policy::custom;
    options.custom_range = in_house::peak_range;
    options.ema_decay = 0.5;
    rewrite_for<phase::training, scalar<tf115>>(n.m, options);
    CHECK_NOTHROW(verify(n.m));
    in_house::interpreter running(n.m);
    const op* high = n.m.find("dense/act_quant/max");
    REQUIRE(high != nullptr);
    // From 6, the initial value, on.
    const std::pair<float, float> runs[] = {{8, 8}, {1, 4}, {1, 2}, {1, 1}, {3, 3}};
    for (const auto& [seen, expected] : runs) {
        running.run({{n.x, {{1}, {seen}}}}, {n.out});
        CHECK(running.state(high).data == std::vector<float>{expected});
        CHECK(running.value(n.out).data[0] == doctest::Approx(seen).epsilon(0.01));
    }
}
