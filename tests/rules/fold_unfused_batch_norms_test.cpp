// Tests of rules/fold_unfused_batch_norms.hpp.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include <qgraft/rules/fold_unfused_batch_norms.hpp>
#include <qgraft/rules/folded_copies.hpp>

#include "support/folding.hpp"

using namespace qgraft;

namespace {

/// c/layer and a batch norm below n: n/sum is its result, which an output reads.
toy::graph network(bool has_gamma = true, word between = word::other) {
    toy::graph g;
    auto x = toy::layer(g, "c", g("input", word::other));
    if (between != word::other) x = g("c/between", between, {x});
    const auto mean = g("n/mean", word::other);
    const auto variance = g("n/variance", word::other);
    auto scale = g("n/rsqrt", word::rsqrt, {g("n/add", word::add, {variance, g("n/epsilon", word::other)})});
    if (has_gamma) scale = g("n/scale", word::mul, {scale, g("n/gamma", word::variable)});
    g.set_shape("n/scale", {8});
    g.set_shape("n/rsqrt", {8});
    const auto scaled = g("n/scaled", word::mul, {x, scale});
    const auto shift = g("n/shift", word::sub, {g("n/beta", word::variable), g("n/product", word::mul, {mean, scale})});
    g("output", word::other, {g("n/sum", word::add, {scaled, shift})});
    return g;
}

report fold(toy::graph& g, const fold_config& config = {}) { return toy::fold(g, fold_unfused_batch_norms, config); }

}  // namespace

TEST_CASE("the weights take in the scale; the shift stays") {
    toy::graph g = network();
    const report r = fold(g);
    CHECK(toy::shown(g, "output") == "other(c/add_fold)");
    CHECK(toy::shown(g, "c/add_fold") == "add(c/conv2d, n/shift)");
    CHECK(toy::shown(g, "c/conv2d") == "conv2d(input, c/mul_fold)");
    CHECK(toy::shown(g, "c/mul_fold") == "mul(c/weights, n/scale)");
    CHECK(toy::decisions(r) == lines{"n/sum: folded, with the statistics it is given"});
}

TEST_CASE("in training, the moving averages of both statistics correct it") {
    toy::graph g = network();
    toy::moving_average_of(g, "m", g.find("n/mean"), 0);
    toy::moving_average_of(g, "v", g.find("n/variance"), 0);
    const std::string c = "c/batch_norm_correction/";
    SUBCASE("training") {
        fold(g);
        CHECK(toy::shown(g, "c/mul_fold") == "mul(c/correction_mult, n/scale)");
        CHECK(toy::shown(g, c + "add") == "add(v/moving, n/epsilon)");
        CHECK(toy::shown(g, c + "add_1") == "add(n/variance, n/epsilon)");
        CHECK(toy::shown(g, c + "mul") == "mul(n/mean, " + c + "rsqrt_1)");
        CHECK(toy::shown(g, c + "offset_compute") == "mul(n/gamma, " + c + "sub)");
        CHECK(toy::shown(g, "c/add_fold") == "add(c/correction_add, n/shift)");
    }
    SUBCASE("evaluation") {
        fold(g, {.is_training = false});
        CHECK(toy::shown(g, "c/mul_fold") == "mul(c/weights, n/scale)");
    }
    SUBCASE("with identities that pass the statistics on") {
        const auto kept = g("n/kept", word::identity, {g.find("n/mean")});
        g.set_input(g.find("n/product"), 0, {kept, 0});
        fold(g);
        CHECK(toy::shown(g, c + "mul") == "mul(n/mean, " + c + "rsqrt_1)");
    }
}

TEST_CASE("without a scale, gamma is 1") {
    toy::graph g = network(false);
    toy::moving_average_of(g, "m", g.find("n/mean"), 0);
    toy::moving_average_of(g, "v", g.find("n/variance"), 0);
    fold(g);
    CHECK(toy::shown(g, "c/mul_fold") == "mul(c/correction_mult, n/rsqrt)");
    CHECK(toy::shown(g, "fill") == "fill(m/moving)");
    CHECK(g.at(g.find("fill")).params.real == 1);
    CHECK(g.source("c/batch_norm_correction/offset_compute") == "fill");
}

TEST_CASE("a dilated layer keeps its batch_to_space") {
    toy::graph g = network(true, word::batch_to_space);
    fold(g);
    CHECK(toy::shown(g, "c/add_fold") == "add(c/batch_to_space, n/shift)");
    CHECK(toy::shown(g, "c/batch_to_space") == "batch_to_space(c/conv2d)");
}

TEST_CASE("a scale that is not one number a channel is left") {
    toy::graph g = network();
    g.set_shape("n/scale", {4, 1, 1, 8});
    CHECK(toy::decisions(fold(g)) == lines{"n/sum: left as is, does not scale by the last dimension alone"});
    CHECK(g.source("output") == "n/sum");
}

TEST_CASE("every user moves, and a folded graph stays as it is") {
    toy::graph g = network();
    g("second", word::other, {g.find("n/sum")});
    fold(g);
    CHECK(g.source("second") == "c/add_fold");
    const std::string once = toy::text(g);
    fold(g);
    CHECK(toy::text(g) == once);
}

TEST_CASE("what an earlier rewrite has left stays") {
    toy::graph g = network();
    const report r = fold(g, {.was_rewritten = true});
    CHECK(toy::decisions(r) == lines{"n/sum: left as is, an earlier rewrite of the graph has left it"});
    CHECK(g.source("output") == "n/sum");
}

TEST_CASE("fake-quantized weights and folded copies tell of an earlier rewrite") {
    toy::graph g = network();
    const auto rewritten = [&g] {
        transaction<toy::graph> t(g);
        return was_rewritten(t.view());
    };
    CHECK_FALSE(rewritten());
    SUBCASE("weights") {
        const auto low = g("low", word::variable);
        const auto quantized = g("quantized", word::fake_quant, {g.find("c/weights"), low, low});
        g.set_input(g.find("c/layer"), 1, {quantized, 0});
        CHECK(rewritten());
    }
    SUBCASE("a folded copy") {
        fold(g);
        CHECK(rewritten());
    }
    SUBCASE("not a fake-quantized input") {
        const auto low = g("low", word::variable);
        const auto quantized = g("quantized", word::fake_quant, {g.find("input"), low, low});
        g.set_input(g.find("c/layer"), 0, {quantized, 0});
        CHECK_FALSE(rewritten());
    }
}

TEST_CASE("only names tell the reference of a batch norm") {
    toy::graph g = network();
    CHECK(fold(g, {.as_reference = true}).decisions.empty());
    CHECK(g.source("output") == "n/sum");
}
