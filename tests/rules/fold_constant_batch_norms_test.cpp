// Tests of rules/fold_constant_batch_norms.hpp, through the two rules that use it.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/fold.hpp>
#include <qgraft/kernels/scalar.hpp>
#include <qgraft/qat.hpp>

#include "support/folding.hpp"

using namespace qgraft;

namespace {

using numbers = std::vector<float>;
using sizes = std::vector<std::int64_t>;

toy::graph::node constant(toy::graph& g, const std::string& name, numbers data, sizes dims) {
    const auto n = g(name, word::constant);
    g.set_shape(name, dims);
    g.set_params(n, {.dims = std::move(dims), .data = std::move(data)});
    return n;
}

/// A vector; one element stands for one a channel of two.
toy::graph::node vector(toy::graph& g, const std::string& name, numbers data) {
    const auto size = static_cast<std::int64_t>(data.size());
    return constant(g, name, std::move(data), {size});
}

/// 1, 2, 3, ...
numbers counted(const sizes& dims) {
    numbers data(static_cast<std::size_t>(tensor_shape(dims).elements()));
    std::iota(data.begin(), data.end(), 1.0F);
    return data;
}

struct layer_kind {
    word op = word::conv2d;
    sizes weights{1, 2, 2};
    channel_layout layout{};
};

/// c/layer with constant weights, on an input.
toy::graph::node layer(toy::graph& g, const layer_kind& kind) {
    const auto weights = constant(g, "c/weights", counted(kind.weights), kind.weights);
    const auto n = g("c/layer", kind.op, {g("input", word::other), weights});
    g.set_channels(n, kind.layout);
    return n;
}

// gamma / sqrt(variance + 0.75) is 2 and 3 here, beta - mean * that 8 and -16.
const numbers gamma{2, 6};
const numbers beta{10, 20};
const numbers mean{1, 12};
const numbers variance{0.25F, 3.25F};

/// `x` through a batch norm of one node, c/norm, and an output that reads it.
toy::graph::node fused(toy::graph& g, toy::graph::node x, channel_layout layout = {}) {
    const auto norm =
        g("c/norm", word::batch_norm,
          {x, vector(g, "gamma", gamma), vector(g, "beta", beta), vector(g, "mean", mean), vector(g, "var", variance)});
    g.set_params(norm, {.real = 0.75});
    g.set_channels(norm, layout);
    g("output", word::other, {norm});
    return norm;
}

/// The same in single operations: n/sum.
void spelled_out(toy::graph& g, toy::graph::node x, bool has_gamma = true) {
    auto m = g("n/rsqrt", word::rsqrt,
               {g("n/add", word::add, {vector(g, "var", variance), constant(g, "epsilon", {0.75F}, {})})});
    if (has_gamma) m = g("n/m", word::mul, {m, vector(g, "gamma", gamma)});
    g.set_shape("n/m", {2});
    g.set_shape("n/rsqrt", {2});
    const auto scaled = g("n/scaled", word::mul, {x, m});
    const auto shift =
        g("n/shift", word::sub, {vector(g, "beta", beta), g("n/product", word::mul, {vector(g, "mean", mean), m})});
    g("output", word::other, {g("n/sum", word::add, {scaled, shift})});
}

toy::graph fused_network(const layer_kind& kind = {}) {
    toy::graph g;
    const auto x = layer(g, kind);
    fused(g, x, {.after_data = kind.layout.after_data});
    return g;
}

report fold(toy::graph& g, const fold_options<toy::graph>& options = {}) {
    return fold_batch_norms<phase::evaluation, scalar<>>(g, options);
}

const numbers& data(const toy::graph& g, const std::string& name) { return g.at(g.find(name)).params.data; }
const sizes& dims(const toy::graph& g, const std::string& name) { return g.at(g.find(name)).params.dims; }

}  // namespace

TEST_CASE("a convolution: weights and bias become constants, and nothing else is built") {
    toy::graph g = fused_network();
    const std::size_t before = g.size();
    const report r = fold(g);
    CHECK(toy::shown(g, "output") == "other(c/add_fold)");
    CHECK(toy::shown(g, "c/add_fold") == "add(c/conv2d, c/bias_fold)");
    CHECK(toy::shown(g, "c/conv2d") == "conv2d(input, c/weights_fold)");
    CHECK(data(g, "c/weights_fold") == numbers{2, 6, 6, 12});
    CHECK(dims(g, "c/weights_fold") == sizes{1, 2, 2});
    CHECK(data(g, "c/bias_fold") == numbers{8, -16});
    CHECK(dims(g, "c/bias_fold") == sizes{2});
    CHECK(g.size() == before + 4);
    CHECK(toy::decisions(r) == lines{"c/norm: folded, with the statistics it is given, into constants"});
}

TEST_CASE("what is constant already stays as it is, also where others share it") {
    toy::graph g = fused_network();
    g("another layer", word::conv2d, {g.find("input"), g.find("c/weights")});
    fold(g);
    CHECK(data(g, "c/weights") == numbers{1, 2, 3, 4});
    CHECK(g.source("another layer", 1) == "c/weights");
    CHECK(toy::shown(g, "c/norm") == "batch_norm(c/layer, gamma, beta, mean, var)");
}

TEST_CASE("channels are where the layer has them") {
    SUBCASE("depthwise: spread over two dimensions") {
        for (const sizes& weights : {sizes{2, 1, 2, 1}, sizes{2, 1, 1, 2}}) {
            toy::graph g = fused_network({word::depthwise_conv2d, weights, {.split = true}});
            fold(g);
            CHECK(data(g, "c/weights_fold") == numbers{2, 6, 6, 12});
            CHECK(dims(g, "c/weights_fold") == weights);
            CHECK(toy::shown(g, "c/add_fold") == "add(c/depthwise_conv2d, c/bias_fold)");
        }
    }
    SUBCASE("transposed weights of a matmul: ahead of the input channels") {
        toy::graph g = fused_network({word::matmul, {2, 3}, {.after_weights = 1}});
        fold(g);
        CHECK(data(g, "c/weights_fold") == numbers{2, 4, 6, 12, 15, 18});
        CHECK(dims(g, "c/bias_fold") == sizes{2});
    }
    SUBCASE("images with channels first: the bias is a column") {
        toy::graph g = fused_network({word::conv2d, {1, 1, 1, 2}, {.after_data = 2}});
        fold(g);
        CHECK(data(g, "c/weights_fold") == numbers{2, 6});
        CHECK(dims(g, "c/bias_fold") == sizes{2, 1, 1});
    }
}

TEST_CASE("identities and a batch_to_space in between") {
    toy::graph g;
    const auto x = layer(g, {});
    const auto wide = g("c/wide", word::batch_to_space, {x});
    fused(g, g("c/kept", word::identity, {wide}));
    for (const auto& [user, operand] : {std::pair("c/layer", 1U), std::pair("c/norm", 2U)}) {
        const auto read = g(std::string(user) + "/read", word::identity, {g.find(g.source(user, operand))});
        g.set_input(g.find(user), operand, {g(std::string(user) + "/again", word::identity, {read}), 0});
    }
    fold(g);
    CHECK(toy::shown(g, "c/add_fold") == "add(c/batch_to_space, c/bias_fold)");
    CHECK(toy::shown(g, "c/batch_to_space") == "batch_to_space(c/conv2d)");
    CHECK(data(g, "c/bias_fold") == numbers{8, -16});
}

TEST_CASE("a batch norm that is spelled out") {
    for (const bool has_gamma : {true, false}) {
        toy::graph g;
        spelled_out(g, layer(g, {word::matmul, {2, 2}}), has_gamma);
        const report r = fold(g);
        CHECK(toy::shown(g, "output") == "other(c/add_fold)");
        CHECK(toy::shown(g, "c/add_fold") == "add(c/matmul, c/bias_fold)");
        CHECK(toy::shown(g, "c/matmul") == "matmul(input, c/weights_fold)");
        CHECK(data(g, "c/weights_fold") == (has_gamma ? numbers{2, 6, 6, 12} : numbers{1, 1, 3, 2}));
        CHECK(data(g, "c/bias_fold") == (has_gamma ? numbers{8, -16} : numbers{9, 14}));
        CHECK(toy::decisions(r) == lines{"n/sum: folded, with the statistics it is given, into constants"});
    }
}

TEST_CASE("one number for all channels") {
    toy::graph g;
    spelled_out(g, layer(g, {}));
    g.set_params(g.find("mean"), {.data = {2}});
    fold(g);
    CHECK(data(g, "c/bias_fold") == numbers{6, 14});
}

TEST_CASE("what is not wholly constant is folded as ever") {
    for (const char* name : {"c/weights", "gamma", "beta", "mean", "var"}) {
        CAPTURE(name);
        toy::graph g = fused_network();
        g.set_input(name == std::string("c/weights") ? g.find("c/layer") : g.find("c/norm"),
                    name == std::string("c/weights") ? 1 : g.find(name) - g.find("gamma") + 1,
                    {g("variable", word::variable), 0});
        const report r = fold(g);
        CHECK(toy::decisions(r) == lines{"c/norm: folded, with the statistics it is given"});
        CHECK(g.has("c/mul_fold"));
        CHECK_FALSE(g.has("c/weights_fold"));
    }
    SUBCASE("in single operations") {
        for (const char* name : {"beta", "mean", "var", "gamma", "epsilon"}) {
            CAPTURE(name);
            toy::graph g;
            spelled_out(g, layer(g, {}));
            g.set_params(g.find(name), {.dims = {3}, .data = {1, 2, 3}});
            CHECK(toy::decisions(fold(g)) == lines{"n/sum: folded, with the statistics it is given"});
        }
    }
    SUBCASE("a shift of another form") {
        toy::graph g;
        spelled_out(g, layer(g, {}));
        g.set_input(g.find("n/sum"), 1, {vector(g, "shift", {1, 2}), 0});
        CHECK(toy::decisions(fold(g)) == lines{"n/sum: folded, with the statistics it is given"});
    }
    SUBCASE("weights without room for channels") {
        toy::graph g = fused_network({word::conv2d, {2}, {.after_weights = 1}});
        CHECK(toy::decisions(fold(g)) == lines{"c/norm: folded, with the statistics it is given"});
    }
}

TEST_CASE("without kernels, and for the reference, nothing becomes a constant") {
    toy::graph plain = fused_network();
    fold_batch_norms(plain);
    CHECK(toy::shown(plain, "c/add_fold") == "add(c/conv2d, c/BatchNorm_Fold/bias)");
    toy::graph reference = fused_network();
    fold(reference, {.as_reference = true});
    CHECK(toy::text(reference) == toy::text(plain));
    toy::graph training = fused_network();
    rewrite_for<phase::training, scalar<>>(training, qat_options<toy::graph>{.stages = stage::fold});
    CHECK(toy::text(training) == toy::text(plain));
}

TEST_CASE("a batch norm on batch statistics is no matter of constants") {
    toy::graph g = fused_network();
    g.set_params(g.find("c/norm"), {.real = 0.75, .integer = 1});
    fold_batch_norms<phase::training, scalar<>>(g);
    CHECK_FALSE(g.has("c/weights_fold"));
}

TEST_CASE("each of two batch norms after one layer gets constants of its own") {
    toy::graph g = fused_network();
    const auto second = g("d/norm", word::batch_norm,
                          {g.find("c/layer"), g.find("gamma"), g.find("gamma"), g.find("mean"), g.find("var")});
    g.set_params(second, {.real = 0.75});
    g("flat", word::reshape, {second});
    g("flat again", word::reshape, {second});
    CHECK(fold(g).count(outcome::folded) == 2);
    CHECK(data(g, "c/bias_fold") == numbers{8, -16});
    CHECK(data(g, "c/bias_fold_1") == numbers{0, -30});
    CHECK(g.source("flat") == "c/add_fold_1");
    CHECK(g.source("flat again") == "c/add_fold_1");
}

TEST_CASE("a folded graph folded again stays as it is") {
    for (const bool one_node : {true, false}) {
        toy::graph g;
        if (one_node) {
            g = fused_network();
        } else {
            spelled_out(g, layer(g, {}));
        }
        fold(g);
        const std::string once = toy::text(g);
        CHECK(fold(g).decisions.empty());
        fold_batch_norms(g);
        rewrite_for<phase::training>(g, qat_options<toy::graph>{.stages = stage::fold});
        CHECK(toy::text(g) == once);
    }
}

TEST_CASE("a layer right after a batch norm reads the folded result") {
    toy::graph g;
    fused(g, layer(g, {}));
    const auto weights = constant(g, "d/weights", counted({1, 2, 2}), {1, 2, 2});
    const auto next = g("d/layer", word::conv2d, {g.find("c/norm"), weights});
    const auto norm =
        g("d/norm", word::batch_norm, {next, g.find("gamma"), g.find("beta"), g.find("mean"), g.find("var")});
    g("end", word::other, {norm});
    fold(g);
    CHECK(toy::shown(g, "d/conv2d") == "conv2d(c/add_fold, d/weights_fold)");
}

TEST_CASE("before quantization, parameters are folded into constants, which are quantized then") {
    const auto network = [](const std::string& scope) {
        toy::graph g;
        const auto weights = constant(g, scope + "/weights", counted({1, 2, 2}), {1, 2, 2});
        const auto x = g(scope + "/layer", word::conv2d, {g("input", word::other), weights});
        const auto norm = fused(g, x);
        g.set_input(g.find("output"), 0, {g("relu", word::relu, {norm}), 0});
        return g;
    };
    const qat_options<toy::graph> options;
    toy::graph g = network("trained");
    rewrite_for<phase::evaluation, scalar<>>(g, options);
    CHECK(toy::shown(g, "trained/conv2d") == "conv2d(input, trained/weights_quant/fake_quant)");
    CHECK(g.source("trained/weights_quant/fake_quant") == "trained/weights_fold");
    const std::string once = toy::text(g);
    rewrite_for<phase::evaluation, scalar<>>(g, options);
    CHECK(toy::text(g) == once);
    SUBCASE("by a policy") {
        toy::graph by_policy = network("trained");
        rewrite_for<phase::evaluation, qat_policy<quant_spec{.narrow_range = true}, quant_spec{}, scalar<>>>(by_policy);
        CHECK(toy::text(by_policy) == once);
    }
    SUBCASE("other constants as ever") {
        toy::graph other = network("c");
        rewrite_for<phase::evaluation, scalar<>>(other, options);
        CHECK(other.source("c/weights_quant/fake_quant") == "c/mul_fold");
    }
    SUBCASE("without quantization, all") {
        toy::graph other = network("c");
        rewrite_for<phase::evaluation, scalar<>>(other, qat_options<toy::graph>{.stages = stage::fold});
        CHECK(toy::shown(other, "c/conv2d") == "conv2d(input, c/weights_fold)");
    }
}

TEST_CASE("options that all entry points have") {
    SUBCASE("a dry run changes nothing") {
        toy::graph dry = fused_network();
        const std::string before = toy::text(dry);
        CHECK_FALSE(fold(dry, {.dry_run = true}).script.empty());
        CHECK(toy::text(dry) == before);
    }
    SUBCASE("an excluded layer is left") {
        toy::graph left = fused_network();
        CHECK(fold(left, {.exclude = {left.find("c/layer")}}).count(outcome::folded) == 0);
    }
}
