// Settings a layer at a time: qat_options::layers, and a policy's settings_of.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <qgraft/kernels/scalar.hpp>
#include <qgraft/qat.hpp>

#include "support/lines.hpp"
#include "support/toy_graph.hpp"

using namespace qgraft;

namespace {

using options = qat_options<toy::graph>;
using layer = layer_of<toy::graph::node>;

/// Three layers in a row; the middle one has a batch norm instead of a bias.
toy::graph chain() {
    toy::graph g;
    const auto first = toy::biased_layer(g, "first", g("input", word::other));
    const auto middle = toy::layer(g, "middle", first);
    std::vector<toy::graph::node> v;
    for (const char* name : {"gamma", "beta", "mean", "variance"}) {
        v.push_back(g(std::string("middle/") + name, word::variable));
    }
    const auto norm = g("middle/norm", word::batch_norm, {middle, v[0], v[1], v[2], v[3]});
    g.set_params(norm, {.real = 0.125});
    const auto active = g("middle/activation", word::relu, {norm});
    g("output", word::other, {toy::biased_layer(g, "last", active)});
    return g;
}

int bits(const toy::graph& g, const std::string& name) { return g.at(g.find(name + "/fake_quant")).params.bits; }

/// 4 bits for the weights of every layer but the first and the last.
options four_bits_inside() {
    options o;
    o.layers = [](std::span<const layer> layers, std::span<layer_settings> settings) {
        for (std::size_t i = 1; i + 1 < layers.size(); ++i) settings[i].weights.bits = 4;
    };
    return o;
}

}  // namespace

TEST_CASE("layers are shown in order, with their names, words and handles") {
    lines seen;
    options o{.scope = {}};
    toy::graph g = chain();
    const auto middle = g.find("middle/layer");
    o.layers = for_each_layer([&](const layer& l, layer_settings&) {
        seen.push_back(l.name + " " + std::string(to_string(l.op)) + " " + l.op_name);
        CHECK((l.node == middle) == (l.name == "middle/layer"));
    });
    SUBCASE("all") {
        rewrite_for<phase::training>(g, o);
        CHECK(seen == lines{"first/layer conv2d conv2d", "middle/layer conv2d conv2d", "last/layer conv2d conv2d"});
    }
    SUBCASE("those of the scope") {
        o.scope = "last";
        rewrite_for<phase::training>(g, o);
        CHECK(seen == lines{"last/layer conv2d conv2d"});
    }
    SUBCASE("not the copies that an earlier rewrite has left") {
        create_training_graph(g);
        const std::string once = toy::text(g);
        rewrite_for<phase::training>(g, o);
        CHECK(seen.size() == 3);
        CHECK(toy::text(g) == once);
    }
}

TEST_CASE("each layer has its own widths, and a folded copy those of its original") {
    toy::graph g = chain();
    rewrite_for<phase::training>(g, four_bits_inside());
    CHECK(bits(g, "first/weights_quant") == 8);
    CHECK(bits(g, "middle/weights_quant") == 4);
    CHECK(bits(g, "last/weights_quant") == 8);
    CHECK(bits(g, "middle/act_quant") == 8);
}

TEST_CASE("what was folded before is quantized by the settings of its original") {
    toy::graph g = chain();
    options fold = four_bits_inside();
    fold.stages = stage::fold;
    rewrite_for<phase::training>(g, fold);
    options quantize = four_bits_inside();
    quantize.stages = stage::quantize;
    rewrite_for<phase::training>(g, quantize);
    toy::graph at_once = chain();
    rewrite_for<phase::training>(at_once, four_bits_inside());
    CHECK(toy::text(g) == toy::text(at_once));
}

TEST_CASE("settings that change nothing give the graph that there is without") {
    toy::graph g = chain();
    options o;
    o.layers = for_each_layer([](const layer&, layer_settings& s) { s.weights.bits = 8; });
    rewrite_for<phase::training>(g, o);
    toy::graph plain = chain();
    create_training_graph(plain);
    CHECK(toy::text(g) == toy::text(plain));
}

TEST_CASE("a layer can have its own ranges") {
    toy::graph g = chain();
    options o;
    o.layers = for_each_layer([](const layer& l, layer_settings& s) {
        if (l.name != "first/layer") return;
        s.weight_range = range_policy::moving_average;
        s.activation_range = range_policy::last_value;
        s.activations = {.bits = 6, .symmetric = true};
        s.ema_decay = 0.5;
    });
    rewrite_for<phase::training>(g, o);
    CHECK(g.at(g.find("first/weights_quant/assign_min_ema")).params.real == 0.5);
    CHECK(g.has("first/act_quant/assign_min_last"));
    CHECK(g.at(g.find("first/act_quant/fake_quant")).params.symmetric);
    CHECK(g.has("last/weights_quant/assign_min_last"));
    CHECK(g.at(g.find("last/act_quant/assign_min_ema")).params.real == 0.999);
}

TEST_CASE("an excluded layer is neither folded nor quantized") {
    toy::graph g = chain();
    options o;
    o.layers = for_each_layer([](const layer& l, layer_settings& s) { s.excluded = l.name == "middle/layer"; });
    const report r = rewrite_for<phase::training>(g, o);
    CHECK(r.count(outcome::folded) == 0);
    CHECK_FALSE(g.has("middle/weights_quant/fake_quant"));
    CHECK(bits(g, "first/weights_quant") == 8);
}

TEST_CASE("settings that no rule can meet are refused by the layer's name, and the graph stays as it was") {
    toy::graph g = chain();
    const std::string before = toy::text(g);
    const auto refusal = [&](auto change) -> std::string {
        options o;
        o.layers = for_each_layer([&](const layer& l, layer_settings& s) {
            if (l.name == "last/layer") change(s);
        });
        try {
            rewrite_for<phase::training>(g, o);
        } catch (const invalid_option& e) {
            CHECK(toy::text(g) == before);
            return e.what();
        }
        return "not refused";
    };
    CHECK(refusal([](layer_settings& s) { s.weights.bits = 17; }) ==
          "layers: the settings of 'last/layer' have 17 bits, which must be from 2 to 16");
    CHECK(
        refusal([](layer_settings& s) { s.activations.grain = granularity::per_channel; }) ==
        "layers: the settings of 'last/layer' have activations whose granularity is per_channel: these have one range "
        "a tensor");
    CHECK(refusal([](layer_settings& s) { s.ema_decay = -1; }) ==
          "layers: the settings of 'last/layer' have an ema_decay that is not from 0 to 1");
}

TEST_CASE("layers that share their weights must agree on them") {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto first = toy::biased_layer(g, "first", input);
    const auto bias = g("second/bias", word::variable);
    const auto second = g("second/layer", word::conv2d, {first, g.find("first/weights")});
    g("output", word::other,
      {g("second/activation", word::relu, {g("second/biased", word::bias_add, {second, bias})})});
    const auto set = [](layer_settings (*change)(layer_settings)) {
        options o;
        o.layers = for_each_layer([change](const layer& l, layer_settings& s) {
            if (l.name == "second/layer") s = change(s);
        });
        return o;
    };
    const std::string before = toy::text(g);
    const auto other_bits = [](layer_settings s) { return s.weights.bits = 4, s; };
    CHECK_THROWS_WITH_AS(rewrite_for<phase::training>(g, set(other_bits)),
                         "layers: 'first/layer' and 'second/layer' share their weights, and have different settings "
                         "for them",
                         invalid_option);
    CHECK(toy::text(g) == before);
    rewrite_for<phase::training>(g, set([](layer_settings s) { return s.activations.bits = 4, s; }));
    CHECK(bits(g, "first/weights_quant") == 8);
    CHECK(bits(g, "second/act_quant") == 4);
}

namespace {

/// The same as four_bits_inside, fixed at compile time.
template <class Kernels>
struct mixed : qat_policy<quant_spec{.bits = 8, .narrow_range = true}, quant_spec{.bits = 8}, Kernels> {
    static void settings_of(const layer_facts& l, layer_settings& s) {
        if (l.name == "middle/layer") s.weights.bits = 4;
    }
};

struct scalar_at_4_and_8 : scalar<> {
    using compiled_widths = widths<4, 8>;
};

}  // namespace

TEST_CASE("a policy that decides on layers builds the graph that options build") {
    toy::graph by_policy = chain();
    toy::graph by_options = chain();
    SUBCASE("without kernels") {
        rewrite_for<phase::training, mixed<no_kernels>>(by_policy);
        rewrite_for<phase::training>(by_options, four_bits_inside());
    }
    SUBCASE("with kernels") {
        rewrite_for<phase::evaluation, mixed<scalar_at_4_and_8>>(by_policy);
        rewrite_for<phase::evaluation, scalar_at_4_and_8>(by_options, four_bits_inside());
        const auto kernel = [&](const char* name) { return by_policy.at(by_policy.find(name)).params.kernel; };
        CHECK((kernel("middle/weights_quant/fake_quant") != nullptr));
        CHECK((kernel("middle/weights_quant/fake_quant") != kernel("last/weights_quant/fake_quant")));
    }
    CHECK(toy::text(by_policy) == toy::text(by_options));
}

TEST_CASE("a policy with kernels for two specs alone refuses a third") {
    toy::graph g = chain();
    using policy = qat_policy<quant_spec{.bits = 8, .narrow_range = true}, quant_spec{.bits = 8}, scalar_at_4_and_8>;
    CHECK_THROWS_WITH_AS(
        (rewrite_for<phase::training, policy>(g, four_bits_inside())),
        "layers: gives a layer a spec of 4 bits that this policy has no kernel for: its own two are compiled in",
        invalid_option);
}
