// The in-house representation: blocks, values with their uses, nested loops; and the rules on them.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <qgraft/kernels/scalar.hpp>
#include <qgraft/modern.hpp>
#include <qgraft/qat.hpp>
#include <qgraft/testing/conformance.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "interpreter.hpp"
#include "ir.hpp"
#include "ir_dialect.hpp"
#include "listing.hpp"
#include "schedule.hpp"

namespace {

using namespace qgraft;
using in_house::extents;
using in_house::kind;
using in_house::op;

std::size_t count_uses(const in_house::value& v) {
    std::size_t n = 0;
    for (const in_house::use* u = v.first_use; u != nullptr; u = u->next()) ++n;
    return n;
}

std::string text(const in_house::module& m) {
    std::ostringstream out;
    write(out, m);
    return out.str();
}

/// x is split into halves; a loop adds up the product of the second half with a filter, three times, onto the first.
struct network {
    in_house::module m;
    op* image = m.add({.what = kind::input, .name = "image", .types = {extents{1, 2, 1, 1}}});
    op* halves = m.add({.what = kind::split,
                        .name = "halves",
                        .operands = {image},
                        .attributes = {{"axis", std::int64_t{1}}},
                        .types = {extents{1, 1, 1, 1}, extents{1, 1, 1, 1}}});
    op* filter = m.add({.what = kind::param, .name = "net/filter", .types = {extents{1, 1, 1, 1}}, .data = {2}});
    op* loop = m.add({.what = kind::loop,
                      .name = "net/loop",
                      .attributes = {{"times", std::int64_t{3}}},
                      .types = {extents{1, 1, 1, 1}}});
    op* carried = loop->body->add({.what = kind::loop_value, .name = "net/loop/sum", .operands = {halves}});
    op* conv = loop->body->add({.what = kind::conv, .name = "net/loop/conv", .operands = {{halves, 1}, filter}});
    op* active = loop->body->add(
        {.what = kind::clamp, .name = "net/loop/relu", .operands = {conv}, .attributes = {{"low", 0.0}}});
    op* sum = loop->body->add({.what = kind::add, .name = "net/loop/add", .operands = {carried, active}});
    op* out = m.add({.what = kind::copy, .name = "out", .operands = {loop}});

    network() { carried->add_operand(sum); }
};

const in_house::tensor image{{1, 2, 1, 1}, {1, 3}};

}  // namespace

TEST_CASE("a value knows its uses") {
    network n;
    CHECK(count_uses(n.halves->result(0)) == 1);
    CHECK(n.halves->result(1).first_use->user() == n.conv);
    CHECK(n.out->is_unused());
    n.halves->result(1).replace_all_uses(n.halves->result(0));
    CHECK(n.halves->result(1).is_unused());
    CHECK(count_uses(n.halves->result(0)) == 2);
    CHECK(&n.conv->operand(0) == &n.halves->result(0));
    n.conv->set_operand(0, {n.halves, 1});
    CHECK(count_uses(n.halves->result(0)) == 1);
    for (int i = 0; i < 100; ++i) n.out->add_operand({n.halves, 1});
    CHECK(count_uses(n.halves->result(1)) == 101);
    n.out->drop_operands();
    CHECK(count_uses(n.halves->result(1)) == 1);
}

TEST_CASE("an op without uses is removed with what it alone reads") {
    network n;
    op* product = n.m.add({.what = kind::mul, .operands = {n.out, n.m.add(in_house::scalar(2))}});
    op* twice = n.m.add({.what = kind::add, .operands = {product, product}});
    const std::size_t before = n.m.ops().size();
    in_house::module::erase_if_unused(n.filter);
    CHECK(n.m.ops().size() == before);
    CHECK_THROWS_WITH(n.m.entry().erase(n.filter), "net/filter: is read, and must not be erased");
    in_house::module::erase_if_unused(twice);
    CHECK(n.m.ops() == std::vector<op*>{n.image});
}

TEST_CASE("an op is inserted after what it reads") {
    network n;
    CHECK_NOTHROW(verify(n.m));
    op* inner = n.m.insert({.what = kind::add, .operands = {n.filter, n.conv}});
    CHECK(inner->previous() == n.conv);
    CHECK(inner->parent() == n.loop->body.get());
    CHECK(n.m.insert({.what = kind::copy, .operands = {n.loop}})->next() == n.out);
    const op* one = n.m.insert(in_house::scalar(1));
    CHECK(one == n.m.first());
    // So often in one place that the order must be numbered anew.
    for (int i = 0; i < 200; ++i) CHECK(n.m.insert({.what = kind::copy, .operands = {n.image}})->previous() == n.image);
    CHECK_NOTHROW(verify(n.m));
    n.conv->set_operand(0, n.sum);
    CHECK_THROWS_WITH(verify(n.m), "net/loop/conv: reads 'net/loop/add', which comes later");
    n.conv->set_operand(0, n.halves);
    n.out->set_operand(0, n.conv);
    CHECK_THROWS_WITH(verify(n.m), "out: reads 'net/loop/conv', which comes later");
}

TEST_CASE("a loop runs its body, and gives what it carries") {
    network n;
    in_house::interpreter running(n.m);
    running.run({{n.image, image}}, {n.out});
    CHECK(running.value(n.out).data == std::vector<float>{1 + 3 * (3 * 2)});
    CHECK(running.value(n.halves, 1).data == std::vector<float>{3});
    n.loop->attributes.set("times", std::int64_t{0});
    running.run({{n.image, image}}, {n.out});
    CHECK(running.value(n.out).data == std::vector<float>{1});
}

TEST_CASE("nested blocks and several results pass the conformance suite") {
    const auto make = [] { return std::move(network().m); };
    const auto new_node = [](in_house::module&) { return in_house::op_state{.what = kind::copy, .name = "new"}; };
    const auto data = [](in_house::module& m) { return value<op*>{m.find("halves"), 1}; };
    for (const std::string& failure : testing::check_graph<in_house::module>(make, text, new_node, data))
        FAIL_CHECK(failure);
}

TEST_CASE("in a loop, weights are quantized, outside of it; what is computed there is not") {
    network n;
    qat_options<in_house::module> options;
    const report r = rewrite_for<phase::training, scalar<tf115>>(n.m, options);
    CHECK_NOTHROW(verify(n.m));
    CHECK(r.count(outcome::quantized) == 1);
    const op* weights = n.conv->operand(1).producer;
    REQUIRE(weights->what == kind::fake_quantize);
    CHECK(weights->parent() == &n.m.entry());
    CHECK(n.sum->operand(1).producer == n.active);
    in_house::interpreter running(n.m);
    running.run({{n.image, image}}, {n.out});
    CHECK(running.value(n.out).data[0] == doctest::Approx(19));
}

TEST_CASE("a schedule puts ops behind what they read, and changes nothing else") {
    network n;
    const std::string before = text(n.m);
    in_house::schedule(n.m);
    CHECK(text(n.m) == before);
    op* last = n.m.add({.what = kind::copy, .name = "last", .operands = {n.image}});
    n.conv->set_operand(0, last);
    n.halves->set_operand(0, n.m.add({.what = kind::copy, .name = "later", .operands = {last}}));
    CHECK_THROWS(verify(n.m));
    in_house::schedule(n.m);
    CHECK_NOTHROW(verify(n.m));
    CHECK(n.halves->previous()->name == "later");
    CHECK(n.m.ops().size() == 11);
}

TEST_CASE("values that share a range are read behind it, once that is scheduled") {
    in_house::module m;
    const auto layer = [&m](const std::string& name, op* x) {
        op* w = m.add({.what = kind::param, .name = name + "/w", .types = {extents{1, 1, 1, 1}}, .data = {1}});
        op* y = m.add({.what = kind::conv, .name = name + "/conv", .operands = {x, w}});
        return m.add({.what = kind::clamp, .name = name + "/act", .operands = {y}, .attributes = {{"low", 0.0}}});
    };
    op* x = m.add({.what = kind::input, .name = "image", .types = {extents{1, 1, 1, 1}}});
    op* a = layer("a", x);
    op* of_a = m.add({.what = kind::copy, .name = "of_a", .operands = {a}});
    op* b = layer("b", x);
    op* both =
        m.add({.what = kind::concat, .name = "both", .operands = {a, b}, .attributes = {{"axis", std::int64_t{1}}}});
    qat_options<in_house::module> options;
    options.profile = &modern_profile;
    rewrite_for<phase::training, scalar<tf115>>(m, options);
    REQUIRE(of_a->operand(0).producer->what == kind::fake_quantize);
    CHECK_THROWS(verify(m));
    in_house::schedule(m);
    CHECK_NOTHROW(verify(m));
    in_house::interpreter running(m);
    running.run({{x, {{1, 1, 1, 1}, {2}}}}, {of_a, both});
    CHECK(running.value(both).data[1] == doctest::Approx(2).epsilon(0.01));
}
