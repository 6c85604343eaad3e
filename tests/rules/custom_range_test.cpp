// Tests of rules/custom_range.hpp: a range policy of the caller's, in a rule and in a whole rewrite.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include <qgraft/ops/index.hpp>
#include <qgraft/qat.hpp>
#include <qgraft/rewrite/print.hpp>
#include <qgraft/rules/custom_range.hpp>
#include <qgraft/rules/fake_quantize.hpp>

#include "support/lines.hpp"
#include "support/toy_graph.hpp"

using namespace qgraft;

namespace {

/// The least that was ever seen, down to a bound, and the greatest of this step.
range_bounds least_ever(script& s, const range_update& u) {
    const tensor low = s.emit(word::minimum, {u.stored.low, u.observed.low}, u.in, "least");
    return {s.emit(word::maximum, {low, literal{-4}}, u.in), u.observed.high};
}

range_bounds fixed(script&, const range_update& u) { return {literal{-1}, literal{u.spec.bits * u.ema_decay}}; }

toy::graph layer() {
    toy::graph g;
    g("user", word::other,
      {g("c/act", word::relu, {g("c/conv", word::conv2d, {g("x", word::other), g("c/w", word::variable)})})});
    return g;
}

/// The steps for one value.
lines planned(quantize_config config) {
    toy::graph g;
    g("user", word::other, {g("x", word::relu, {g("input", word::other)})});
    const graph_index view(g);
    script s(view.size());
    report r;
    fake_quant_request request{.producer = *view.find(g.find("x")), .context = "at", .suffix = "q"};
    request.range.policy = range_policy::custom;
    request.range.ema_decay = 0.5;
    fake_quantizer(view, s, r, config).insert(request);
    validate(view, s);
    CHECK(r.decisions.at(0).reason == "8 bits, custom range");
    return describe(view, s);
}

qat_options<toy::graph> custom_activations() {
    qat_options<toy::graph> options;
    options.activation_range = range_policy::custom;
    return options;
}

}  // namespace

TEST_CASE("the function is given what was observed and what is stored, and its range is stored and quantized with") {
    CHECK(planned({.custom_range = least_ever}) ==
          lines{"scope at/q", "%0 = variable() in at/q/min", "%1 = variable() in at/q/max",
                "%2 = reduce_min(x) in at/q/batch_min", "%3 = reduce_max(x) in at/q/batch_max",
                "%4 = minimum(%2, 0) in at/q", "%5 = maximum(%3, 0) in at/q", "%6 = minimum(%0, %4) in at/q/least",
                "%7 = maximum(%6, -4) in at/q", "%8 = assign(%0, %7) in at/q/assign_min_custom",
                "%9 = assign(%1, %5) in at/q/assign_max_custom", "%10 = fake_quant(x, %8, %9) in at/q",
                "reroute x -> %10 at user[0]"});
}

TEST_CASE("it knows the settings of the layer, and may answer with numbers") {
    const lines steps = planned({.custom_range = fixed});
    CHECK(steps.at(7) == "%6 = assign(%0, -1) in at/q/assign_min_custom");
    CHECK(steps.at(8) == "%7 = assign(%1, 4) in at/q/assign_max_custom");
}

TEST_CASE("for evaluation it is not asked") {
    CHECK(planned({.is_training = false, .custom_range = fixed}).size() == 5);
}

TEST_CASE("a custom range without a function is an invalid option, of the graph or of a layer") {
    toy::graph g = layer();
    const std::string before = toy::text(g);
    auto options = custom_activations();
    CHECK_THROWS_AS(rewrite_for<phase::training>(g, options), invalid_option);
    CHECK_THROWS_AS(rewrite_for<phase::evaluation>(g, options), invalid_option);
    CHECK_THROWS_AS(planned({}), invalid_option);
    qat_options<toy::graph> of_layer;
    of_layer.layers = for_each_layer([](const auto&, layer_settings& s) { s.weight_range = range_policy::custom; });
    CHECK_THROWS_WITH(rewrite_for<phase::training>(g, of_layer), doctest::Contains("custom_range"));
    CHECK(toy::text(g) == before);
    of_layer.custom_range = fixed;
    CHECK(rewrite_for<phase::training>(g, of_layer).count(outcome::quantized) == 2);
    CHECK(g.has("c/weights_quant/assign_min_custom"));
    CHECK(g.has("c/act_quant/assign_min_ema"));
}

TEST_CASE("a rewrite with a custom range, done again, changes nothing") {
    toy::graph g = layer();
    auto options = custom_activations();
    options.custom_range = least_ever;
    rewrite_for<phase::training>(g, options);
    CHECK(g.has("c/act_quant/least"));
    const std::string once = toy::text(g);
    rewrite_for<phase::training>(g, options);
    CHECK(toy::text(g) == once);
}
