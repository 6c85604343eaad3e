// Tests of rules/fake_quantize.hpp: what is planned around one value.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <qgraft/ops/index.hpp>
#include <qgraft/rewrite/print.hpp>
#include <qgraft/rules/fake_quantize.hpp>

#include "support/lines.hpp"
#include "support/toy_graph.hpp"

using namespace qgraft;

namespace {

/// Plans one request on a graph, and tells what came of it.
struct attempt {
    bool inserted = false;
    lines steps;
    decision what;
};

attempt quantize(const toy::graph& g, const std::string& producer, const quantize_config& config,
                 fake_quant_request request = {}) {
    const graph_index view(g);
    script s(view.size());
    report r;
    fake_quantizer quantizer(view, s, r, config);
    request.rule = "test";
    request.producer = *view.find(g.find(producer));
    request.context = "at";
    request.suffix = "act_quant";
    attempt a;
    a.inserted = quantizer.insert(request);
    validate(view, s);
    a.steps = describe(view, s);
    a.what = r.decisions.at(0);
    return a;
}

toy::graph one_user() {
    toy::graph g;
    g("user", word::other, {g("x", word::relu, {g("input", word::other)})});
    return g;
}

}  // namespace

TEST_CASE("for evaluation, the range is two variables") {
    const attempt a = quantize(one_user(), "x", {.is_training = false});
    CHECK(a.inserted);
    CHECK(a.steps == lines{"scope at/act_quant", "%0 = variable() in at/act_quant/min",
                           "%1 = variable() in at/act_quant/max", "%2 = fake_quant(x, %0, %1) in at/act_quant",
                           "reroute x -> %2 at user[0]"});
    CHECK(a.what.what == outcome::quantized);
    CHECK(a.what.node == "x");
    CHECK(a.what.reason == "8 bits, moving average of the range");
}

TEST_CASE("for training, a moving average follows the range, widened to hold zero") {
    const attempt a = quantize(one_user(), "x", {});
    CHECK(a.steps == lines{"scope at/act_quant", "%0 = variable() in at/act_quant/min",
                           "%1 = variable() in at/act_quant/max", "%2 = reduce_min(x) in at/act_quant/batch_min",
                           "%3 = reduce_max(x) in at/act_quant/batch_max", "%4 = minimum(%2, 0) in at/act_quant",
                           "%5 = maximum(%3, 0) in at/act_quant",
                           "%6 = ema_update(%0, %4) in at/act_quant/assign_min_ema",
                           "%7 = ema_update(%1, %5) in at/act_quant/assign_max_ema",
                           "%8 = fake_quant(x, %6, %7) in at/act_quant", "reroute x -> %8 at user[0]"});
}

TEST_CASE("the last value's range is assigned") {
    fake_quant_request request;
    request.range.policy = range_policy::last_value;
    const attempt a = quantize(one_user(), "x", {}, request);
    CHECK(a.steps.at(7) == "%6 = assign(%0, %4) in at/act_quant/assign_min_last");
    CHECK(a.steps.at(8) == "%7 = assign(%1, %5) in at/act_quant/assign_max_last");
}

TEST_CASE("a symmetric range reaches as far down as up") {
    fake_quant_request request;
    request.range.spec = {.symmetric = true};
    attempt a = quantize(one_user(), "x", {}, request);
    CHECK(a.steps.at(5) == "%4 = div(%3, -0.9921875) in at/act_quant");
    CHECK(a.steps.at(6) == "%5 = minimum(%2, %4) in at/act_quant");
    CHECK(a.steps.at(7) == "%6 = mul(%2, -0.9921875) in at/act_quant");
    CHECK(a.steps.at(8) == "%7 = maximum(%3, %6) in at/act_quant");
    request.range.spec.narrow_range = true;
    a = quantize(one_user(), "x", {}, request);
    CHECK(a.steps.at(5) == "%4 = div(%3, -1) in at/act_quant");
    CHECK(a.what.reason == "8 bits, moving average of the range, narrow range, symmetric");
    request.range.spec = {.bits = 2, .symmetric = true};
    a = quantize(one_user(), "x", {}, request);
    CHECK(a.steps.at(5) == "%4 = div(%3, -0.5) in at/act_quant");
}

TEST_CASE("a range for each channel is two vectors, and the values are reduced over all other axes") {
    fake_quant_request request;
    request.range.policy = range_policy::last_value;
    request.range.channels = weight_channels{.axis = 3, .count = 8};
    const attempt a = quantize(one_user(), "x", {}, request);
    CHECK(a.steps == lines{"scope at/act_quant", "%0 = variable() in at/act_quant/min",
                           "%1 = variable() in at/act_quant/max", "%2 = reduce_min(x) in at/act_quant/batch_min",
                           "%3 = reduce_max(x) in at/act_quant/batch_max", "%4 = minimum(%2, 0) in at/act_quant",
                           "%5 = maximum(%3, 0) in at/act_quant", "%6 = assign(%0, %4) in at/act_quant/assign_min_last",
                           "%7 = assign(%1, %5) in at/act_quant/assign_max_last",
                           "%8 = fake_quant_per_channel(x, %6, %7) in at/act_quant", "reroute x -> %8 at user[0]"});
    CHECK(a.what.reason == "8 bits, range of the last value, a range for each of 8 channels");
}

TEST_CASE("channels on two axes are joined to be quantized") {
    fake_quant_request request;
    request.range.channels = weight_channels{.axis = 3, .count = 8, .joined = {3, 3, 1, 8}, .original = {3, 3, 4, 2}};
    const attempt a = quantize(one_user(), "x", {.is_training = false, .quant_delay = 7}, request);
    CHECK(a.steps == lines{"scope at/act_quant", "%0 = reshape(x) in at/act_quant/join_channels",
                           "%1 = variable() in at/act_quant/min", "%2 = variable() in at/act_quant/max",
                           "%3 = fake_quant_per_channel(%0, %1, %2) in at/act_quant",
                           "%4 = reshape(%3) in at/act_quant/split_channels",
                           "%5 = after_step() in at/act_quant/activate_quant",
                           "%6 = select(%5, %4, x) in at/act_quant/delayed_quant", "reroute x -> %6 at user[0]"});
}

TEST_CASE("channels that are not known leave the value as it is, with the reason") {
    fake_quant_request request;
    request.range.channels = weight_channels{.obstacle = "nobody knows"};
    const attempt a = quantize(one_user(), "x", {}, request);
    CHECK_FALSE(a.inserted);
    CHECK(a.what.what == outcome::left_as_is);
    CHECK(a.what.reason == "nobody knows");
}

TEST_CASE("what a transpose moves to be quantized a channel at a time is quantized already") {
    toy::graph g;
    const auto x = g("x", word::other);
    g("user", word::transpose, {g("q", word::fake_quant_per_channel, {g("t", word::transpose, {x})})});
    CHECK(quantize(g, "x", {}).what.reason == "is quantized already");
    toy::graph other;
    other("q", word::fake_quant, {other("t", word::transpose, {other("x", word::other)})});
    CHECK(quantize(other, "x", {}).inserted);
}

TEST_CASE("a delay selects the plain value until its step has come") {
    const attempt a = quantize(one_user(), "x", {.is_training = false, .quant_delay = 100});
    CHECK(a.steps.at(4) == "%3 = after_step() in at/act_quant/activate_quant");
    CHECK(a.steps.at(5) == "%4 = select(%3, %2, x) in at/act_quant/delayed_quant");
    CHECK(a.steps.at(6) == "reroute x -> %4 at user[0]");
    CHECK(quantize(one_user(), "x", {.is_training = false, .quant_delay = 0}).steps.size() == 5);
}

TEST_CASE("every user is moved, each operand slot by itself, but those left alone and those of other outputs") {
    toy::graph g;
    const auto x = g("x", word::other);
    g("both", word::add, {x, x});
    g("gradients/x", word::gradient, {x});
    g.add_node({"second", word::other, {{x, 1}}});
    const attempt a = quantize(g, "x", {.is_training = false});
    CHECK(a.steps.back() == "reroute x -> %2 at both[0] both[1]");
}

TEST_CASE("a value without users is quantized all the same") {
    CHECK(quantize(one_user(), "user", {.is_training = false}).steps.back() == "reroute user -> %2 at no operand");
}

TEST_CASE("what is followed by fake quantization is left as it is, also behind identities and reshapes") {
    for (const word quantizer : {word::fake_quant, word::fake_quant_per_channel, word::fake_quant_fixed}) {
        toy::graph g;
        const auto x = g("x", word::other);
        const auto seen_through = g("i", word::identity, {g("r", word::reshape, {x})});
        g("q", quantizer, {seen_through});
        g("user", word::other, {x});
        const attempt a = quantize(g, "x", {});
        CHECK_FALSE(a.inserted);
        CHECK(a.steps.empty());
        CHECK(a.what.what == outcome::left_as_is);
        CHECK(a.what.reason == "is quantized already");
    }
}

TEST_CASE("the look behind reshapes takes each node once") {
    toy::graph g;
    const auto start = g("x", word::other);
    auto x = start;
    for (int i = 0; i < 200; ++i) x = g("r" + std::to_string(i), word::reshape, {x, x});
    CHECK(quantize(g, "x", {.is_training = false}).inserted);
}

TEST_CASE("the second insertion after one producer is none") {
    const toy::graph g = one_user();
    const graph_index view(g);
    script s(view.size());
    report r;
    const quantize_config config;
    fake_quantizer quantizer(view, s, r, config);
    fake_quant_request request;
    request.producer = *view.find(g.find("x"));
    CHECK_FALSE(quantizer.has_planned(request.producer));
    CHECK(quantizer.insert(request));
    CHECK(quantizer.has_planned(request.producer));
    CHECK_FALSE(quantizer.insert(request));
    CHECK(r.count(outcome::quantized) == 1);
    CHECK(r.count(outcome::left_as_is) == 1);
}

TEST_CASE("a scope holds the nodes below it, not those whose names merely begin alike") {
    toy::graph g;
    const auto x = g("net/x", word::other);
    g("net/user", word::other, {x});
    g("net2/user", word::other, {x});
    fake_quant_request producer;
    producer.producer_in_scope = true;
    fake_quant_request consumers;
    consumers.consumers_in_scope = true;
    for (const std::string scope : {"net", "net/"}) {
        const quantize_config config{.scope = scope};
        CHECK(quantize(g, "net/x", config, producer).inserted);
        const attempt a = quantize(g, "net/x", config, consumers);
        CHECK(a.what.reason == "is used by 'net2/user', which is not in the scope net/");
        CHECK_FALSE(a.inserted);
    }
    const quantize_config other{.scope = "ne"};
    CHECK(quantize(g, "net/x", other, producer).what.reason == "is not in the scope ne/");
}

TEST_CASE("the part of a path before its last separator") {
    CHECK(parent_path("a/b/c", '/') == "a/b");
    CHECK(parent_path("a", '/').empty());
    CHECK(parent_path("a.b", '.') == "a");
    CHECK(parent_path("", '/').empty());
}
