// Tests of rules/fold_fused_batch_norms.hpp: what is built, what is left, and what the report says.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include <qgraft/rules/fold_fused_batch_norms.hpp>

#include "support/folding.hpp"

using namespace qgraft;

namespace {

/// c/layer, c/norm and an output that reads it. In training both statistics have moving averages.
toy::graph network(bool training, word layer = word::conv2d, word between = word::other) {
    toy::graph g;
    auto x = toy::layer(g, "c", g("input", word::other), layer);
    g.set_shape("c/weights", {3, 3, 8, 2});
    if (between != word::other) x = g("c/between", between, {x});
    const auto gamma = g("c/gamma", word::variable);
    const auto beta = g("c/beta", word::variable);
    const auto mean = g("c/mean", word::variable);
    const auto variance = g("c/variance", word::variable);
    const auto norm = g("c/norm", word::batch_norm, {x, gamma, beta, mean, variance});
    g.set_params(norm, {.real = 0.5, .integer = training ? 1 : 0});
    g("output", word::other, {norm});
    if (training) {
        toy::moving_average_of(g, "m", norm, 1);
        toy::moving_average_of(g, "v", norm, 2);
    }
    return g;
}

report fold(toy::graph& g, const fold_config& config = {}) { return toy::fold(g, fold_fused_batch_norms, config); }

}  // namespace

TEST_CASE("inference: the weights take in the scale, the bias the shift") {
    toy::graph g = network(false);
    const report r = fold(g);
    CHECK(toy::shown(g, "output") == "other(c/add_fold)");
    CHECK(toy::shown(g, "c/add_fold") == "add(c/conv2d, c/BatchNorm_Fold/bias)");
    CHECK(toy::shown(g, "c/conv2d") == "conv2d(input, c/mul_fold)");
    CHECK(toy::shown(g, "c/mul_fold") == "mul(c/weights, c/BatchNorm_Fold/mul)");
    CHECK(toy::shown(g, "c/BatchNorm_Fold/mul") == "mul(c/gamma, c/BatchNorm_Fold/rsqrt)");
    CHECK(toy::shown(g, "c/BatchNorm_Fold/rsqrt") == "rsqrt(c/BatchNorm_Fold/add)");
    CHECK(toy::shown(g, "c/BatchNorm_Fold/add") == "add(c/variance, c/BatchNorm_Fold/add/number)");
    CHECK(g.at(g.find("c/BatchNorm_Fold/add/number")).params.real == 0.5);
    CHECK(toy::shown(g, "c/BatchNorm_Fold/bias") == "sub(c/beta, c/BatchNorm_Fold/mul_1)");
    CHECK(toy::shown(g, "c/BatchNorm_Fold/mul_1") == "mul(c/mean, c/BatchNorm_Fold/mul)");
    CHECK(toy::decisions(r) == lines{"c/norm: folded, with the statistics it is given"});
}

TEST_CASE("training: corrections between the batch and the moving averages") {
    toy::graph g = network(true);
    const report r = fold(g);
    const std::string c = "c/BatchNorm_Fold/batch_norm_correction/";
    CHECK(toy::shown(g, "c/undo_bessel_correction") == "biased_variance(c/norm:2, c/layer, c/norm:1)");
    CHECK(toy::shown(g, "c/mul_fold") == "mul(c/correction_mult, c/BatchNorm_Fold/mul)");
    CHECK(toy::shown(g, "c/correction_mult") == "mul(" + c + "correction_scale, c/weights)");
    CHECK(toy::shown(g, c + "scale_compute") == "div(" + c + "rsqrt, " + c + "rsqrt_1)");
    CHECK(toy::shown(g, c + "add") == "add(v/moving, " + c + "add/number)");
    CHECK(toy::shown(g, c + "add_1") == "add(c/undo_bessel_correction, " + c + "add_1/number)");
    CHECK(toy::shown(g, "c/post_conv_mul") == "mul(" + c + "reciprocal_compute, c/conv2d)");
    CHECK(toy::shown(g, "c/correction_add") == "add(c/post_conv_mul, " + c + "fill)");
    CHECK(toy::shown(g, "c/add_fold") == "add(c/correction_add, c/BatchNorm_Fold/bias)");
    CHECK(toy::shown(g, "m/change") == "mul(m/difference, m/rate)");
    CHECK(toy::decisions(r) ==
          lines{"c/norm: folded, with the statistics of the batch, corrected to their moving averages"});
}

TEST_CASE("a freeze delay stops the moving averages") {
    toy::graph g = network(true);
    g("elsewhere", word::other, {g.find("m/rate")});
    fold(g, {.freeze_bn_delay = 7});
    const std::string c = "c/BatchNorm_Fold/batch_norm_correction/";
    CHECK(g.at(g.find(c + "use_moving_average")).params.integer == 7);
    CHECK(toy::shown(g, "m/change") == "mul(m/difference, " + c + "freeze_moving_mean)");
    CHECK(toy::shown(g, "v/change") == "mul(v/difference, " + c + "freeze_moving_var)");
    CHECK(toy::shown(g, c + "freeze_moving_mean") ==
          "select(" + c + "use_moving_average, " + c + "freeze_moving_mean/number, m/rate)");
    CHECK(toy::shown(g, "c/post_conv_mul") == "mul(" + c + "correction_recip, c/conv2d)");
    CHECK(toy::shown(g, "c/correction_add") == "add(c/post_conv_mul, " + c + "correction_offset)");
    SUBCASE("and nothing else that reads their rate") { CHECK(g.source("elsewhere") == "m/rate"); }
}

TEST_CASE("moving averages that are one node each read themselves once they are frozen") {
    toy::graph g = network(true);
    g.set_input(g.find("m/difference"), 1, {g.find("input"), 0});
    g.set_input(g.find("v/difference"), 1, {g.find("input"), 0});
    const auto norm = g.find("c/norm");
    g.set_input(g("m/average", word::ema_update, {g.find("m/moving"), norm}), 1, {norm, 1});
    g.set_input(g("v/average", word::ema_update, {g.find("v/moving"), norm}), 1, {norm, 2});
    const std::string c = "c/BatchNorm_Fold/batch_norm_correction/";
    SUBCASE("without a freeze delay they stay as they are") {
        fold(g);
        CHECK(toy::shown(g, c + "add") == "add(v/moving, " + c + "add/number)");
        CHECK(toy::shown(g, "m/average") == "ema_update(m/moving, c/norm:1)");
    }
    SUBCASE("with one") {
        fold(g, {.freeze_bn_delay = 7});
        CHECK(toy::shown(g, "m/average") == "ema_update(m/moving, " + c + "freeze_moving_mean)");
        CHECK(toy::shown(g, c + "freeze_moving_mean") == "select(" + c + "use_moving_average, m/moving, c/norm:1)");
        CHECK(toy::shown(g, c + "freeze_moving_var") == "select(" + c + "use_moving_average, v/moving, c/norm:2)");
        CHECK(toy::shown(g, "c/undo_bessel_correction") == "biased_variance(c/norm:2, c/layer, c/norm:1)");
    }
}

TEST_CASE("in training, a batch norm need not have statistics as operands") {
    toy::graph g = network(true);
    const auto norm = g("c/short", word::batch_norm, {g.find("c/layer"), g.find("c/gamma"), g.find("c/beta")});
    g.set_input(g.find("output"), 0, {norm, 0});
    SUBCASE("training") {
        g.set_params(norm, {.real = 0.5, .integer = 1});
        CHECK(fold(g).count(outcome::folded) == 1);
        CHECK(g.source("output") == "c/add_fold");
    }
    SUBCASE("inference") {
        CHECK(toy::decisions(fold(g)) ==
              lines{"c/short: left as is, does not have its scale, offset and statistics as operands"});
    }
}

TEST_CASE("statistics of the batch that no moving average follows need no corrections") {
    toy::graph g = network(true);
    g.set_input(g.find("v/difference"), 1, {g.find("input"), 0});
    const report r = fold(g);
    CHECK(toy::shown(g, "c/mul_fold") == "mul(c/weights, c/BatchNorm_Fold/mul)");
    CHECK(toy::decisions(r) ==
          lines{"c/norm: folded, with the statistics of the batch, which no moving averages follow"});
}

TEST_CASE("Bessel's correction counts what the batch norm normalizes, after the crops of a dilated layer") {
    for (const bool as_reference : {false, true}) {
        toy::graph g = network(true, word::depthwise_conv2d, word::batch_to_space);
        fold(g, {.as_reference = as_reference});
        const std::string counted = as_reference ? "c/layer" : "c/between";
        CHECK(toy::shown(g, "c/undo_bessel_correction") == "biased_variance(c/norm:2, " + counted + ", c/norm:1)");
    }
}

TEST_CASE("a dilated layer keeps its batch_to_space, whatever its kind") {
    for (const word layer : {word::conv2d, word::matmul}) {
        toy::graph g = network(false, layer, word::batch_to_space);
        fold(g);
        CHECK(toy::shown(g, "c/add_fold") == "add(c/batch_to_space, c/BatchNorm_Fold/bias)");
        CHECK(toy::shown(g, "c/batch_to_space") == "batch_to_space(c/" + std::string(to_string(layer)) + ")");
    }
    SUBCASE("the reference forgets it") {
        toy::graph g = network(false, word::conv2d, word::batch_to_space);
        fold(g, {.as_reference = true});
        CHECK(toy::shown(g, "c/add_fold") == "add(c/conv2d, c/BatchNorm_Fold/bias)");
    }
}

TEST_CASE("a matmul between two reshapes: their place is taken too") {
    toy::graph g = network(false, word::matmul, word::reshape);
    const auto back = g("c/back", word::reshape, {g.find("c/norm")});
    g.set_input(g.find("output"), 0, {back, 0});
    fold(g);
    CHECK(g.source("output") == "c/add_fold");
    CHECK(toy::shown(g, "c/matmul") == "matmul(input, c/mul_fold)");
}

TEST_CASE("an identity between layer and batch norm is passed over") {
    toy::graph g = network(false, word::conv2d, word::identity);
    fold(g);
    CHECK(g.source("output") == "c/add_fold");
}

TEST_CASE("what is left as it is") {
    toy::graph g = network(false);
    SUBCASE("a batch norm that nobody uses") {
        g.set_input(g.find("output"), 0, {g.find("input"), 0});
        CHECK(fold(g).decisions.empty());
    }
    SUBCASE("one that does not follow a layer") {
        g.set_input(g.find("c/norm"), 0, {g.find("input"), 0});
        CHECK(toy::decisions(fold(g)) ==
              lines{"c/norm: left as is, does not follow a layer: 'input' is other where conv2d or depthwise_conv2d or "
                    "matmul was expected"});
    }
    SUBCASE("one behind a reshape of an image") {
        const auto reshaped = g("c/reshaped", word::reshape, {g.find("c/layer")});
        g.set_input(g.find("c/norm"), 0, {reshaped, 0});
        CHECK(toy::decisions(fold(g)) == lines{"c/norm: left as is, is separated from its layer by a reshape"});
    }
    SUBCASE("one on batch statistics, where the graph has no state") {
        toy::graph training = network(true);
        CHECK(toy::decisions(fold(training, {.inference_only = true})) ==
              lines{"c/norm: left as is, uses the statistics of the batch, which needs state"});
    }
    SUBCASE("one whose layer is excluded") {
        const node_id layer = g.find("c/layer");
        CHECK(toy::decisions(fold(g, {.excluded = {layer}})) ==
              lines{"c/norm: left as is, its layer is excluded by an option"});
    }
    SUBCASE("the second of two after one layer") {
        toy::graph two = network(false);
        const auto second = two(
            "d/norm", word::batch_norm,
            {two.find("c/layer"), two.find("c/gamma"), two.find("c/beta"), two.find("c/mean"), two.find("c/variance")});
        two("other output", word::other, {second});
        CHECK(toy::decisions(fold(two)) == lines{"d/norm: left as is, its layer is folded into another batch norm",
                                                 "c/norm: folded, with the statistics it is given"});
        CHECK(two.source("other output") == "d/norm");
        const std::string once = toy::text(two);
        fold(two);
        CHECK(toy::text(two) == once);
    }
}

TEST_CASE("a folded graph folded again stays as it is") {
    for (const bool training : {false, true}) {
        toy::graph g = network(training);
        fold(g);
        const std::string once = toy::text(g);
        CHECK(fold(g).decisions.empty());
        CHECK(toy::text(g) == once);
    }
}

TEST_CASE("a layer right after a batch norm reads the folded result, the reference's the old one") {
    toy::graph g = network(false);
    const auto second = toy::layer(g, "d", g.find("c/norm"));
    const auto norm = g("d/norm", word::batch_norm,
                        {second, g.find("c/gamma"), g.find("c/beta"), g.find("c/mean"), g.find("c/variance")});
    g("end", word::other, {norm});
    SUBCASE("default") {
        fold(g);
        CHECK(toy::shown(g, "d/conv2d") == "conv2d(c/add_fold, d/mul_fold)");
    }
    SUBCASE("reference") {
        fold(g, {.as_reference = true});
        CHECK(toy::shown(g, "d/conv2d") == "conv2d(c/norm, d/mul_fold)");
    }
}
