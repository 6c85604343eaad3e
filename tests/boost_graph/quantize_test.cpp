// The quantize rules on Boost graphs: every choice of containers, a vocabulary that is nobody else's.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <cstddef>
#include <qgraft/kernels/scalar.hpp>
#include <qgraft/qat.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "boost_graph/fixture.hpp"

namespace {

using namespace qgraft;
using sketch::fixture;
using sketch::kind;
using sketch::one_way;
using sketch::two_way;

#define GRAPH_TYPES                                                                                                 \
    two_way<boost::listS, boost::listS>, two_way<boost::listS, boost::vecS>, two_way<boost::vecS, boost::listS>,    \
        two_way<boost::vecS, boost::vecS>, one_way<boost::listS, boost::listS>, one_way<boost::listS, boost::vecS>, \
        one_way<boost::vecS, boost::vecS>

using scalar_policy = qat_policy<quant_spec{.narrow_range = true}, quant_spec{}, scalar<tf115>>;

}  // namespace

TEST_CASE_TEMPLATE("conv, offset and clamp get fake quantization of weights and activation", G, GRAPH_TYPES) {
    fixture<G> f;
    f.make_layer();
    const report r = f.template rewrite<phase::training>();
    CHECK(r.count(outcome::quantized) == 2);

    const auto weights = f.input("net/conv", 1);
    REQUIRE(f.own[weights].what == kind::snap);
    CHECK(f.own[weights].bits == 8);
    CHECK(f.own[weights].leaves_out_lowest);
    CHECK(f.own[f.input(weights, 0).node].label == "net/filter");
    CHECK(f.own[f.input(weights, 1).node].what == kind::write);
    CHECK(f.own[f.input("net/conv", 0)].label == "image");

    const auto activation = f.input("pool", 0);
    REQUIRE(f.own[activation].what == kind::snap);
    CHECK_FALSE(f.own[activation].leaves_out_lowest);
    CHECK(f.own[f.input(activation, 0).node].label == "net/clamped");
    const auto average = f.input(activation, 2).node;
    CHECK(f.own[average].what == kind::moving_average);
    CHECK(f.own[average].number == 0.999);
    const auto larger = f.input(average, 1).node;
    CHECK(f.own[larger].what == kind::larger);
    CHECK(f.own[f.input(larger, 0).node].what == kind::extrema);
    CHECK(f.input(larger, 0).port == 1);
}

TEST_CASE_TEMPLATE("for evaluation, ranges are only read", G, GRAPH_TYPES) {
    fixture<G> f;
    f.make_layer();
    f.template rewrite<phase::evaluation>();
    const auto snaps = f.all(kind::snap);
    REQUIRE(snaps.size() == 2);
    for (const auto n : snaps) {
        CHECK(f.own[f.input(n, 1).node].what == kind::cell);
        CHECK(f.own[f.input(n, 2).node].what == kind::cell);
    }
    CHECK(f.all(kind::moving_average).empty());
    CHECK(f.all(kind::extrema).empty());
}

TEST_CASE_TEMPLATE("before the delay has passed, values go by", G, GRAPH_TYPES) {
    fixture<G> f;
    f.make_layer();
    qat_options<G> options;
    options.quant_delay = 500;
    f.template rewrite<phase::training>(options);
    const auto picked = f.input("pool", 0);
    REQUIRE(f.own[picked].what == kind::pick);
    CHECK(f.own[f.input(picked, 0).node].what == kind::ripe);
    CHECK(f.own[f.input(picked, 0).node].step == 500);
    CHECK(f.own[f.input(picked, 1).node].what == kind::snap);
    CHECK(f.own[f.input(picked, 2).node].label == "net/clamped");
}

TEST_CASE_TEMPLATE("the functor of the policy is in the node", G, GRAPH_TYPES) {
    fixture<G> f;
    f.make_layer();
    f.with_graph([](G& g) { return rewrite_for<phase::training, scalar_policy>(g); });
    for (const auto n : f.all(kind::snap)) {
        const bool has_functor = f.own[n].snapper != nullptr;
        REQUIRE(has_functor);
        const std::vector<float> in{-1.0F, 0.3F, 2.0F};
        std::vector<float> out(3);
        f.own[n].snapper(in, out, -1.0F, 1.0F);
        CHECK(out[2] <= 1.01F);
        CHECK(out[1] != in[1]);
    }
}

TEST_CASE_TEMPLATE("a second rewrite changes nothing", G, GRAPH_TYPES) {
    fixture<G> f;
    f.make_layer();
    qat_options<G> options;
    options.quant_delay = 10;
    f.template rewrite<phase::training>(options);
    const std::string once = f.text();
    f.template rewrite<phase::training>(options);
    CHECK(f.text() == once);
}

TEST_CASE_TEMPLATE("a failure at any change leaves the graph as it was", G, GRAPH_TYPES) {
    fixture<G> f;
    f.make_layer();
    // Reads one tensor twice, through parallel edges.
    f.add(kind::product, "square", {"net/clamped", "net/clamped"});
    const std::string before = f.text();
    std::size_t failures = 0;
    for (bool failed = true; failed; ++failures) {
        failed = false;
        std::size_t changes = 0;
        qat_options<G> options;
        options.quant_delay = 10;
        options.on_change = [&](std::string_view) {
            if (changes++ == failures) throw std::runtime_error("injected");
        };
        try {
            f.template rewrite<phase::training>(options);
        } catch (const std::runtime_error&) {
            failed = true;
            CHECK(f.text() == before);
        }
    }
    CHECK(failures > 40);
    CHECK(f.text() != before);
}

TEST_CASE_TEMPLATE("a dry run leaves the graph as it was", G, GRAPH_TYPES) {
    fixture<G> f;
    f.make_layer();
    const std::string before = f.text();
    qat_options<G> options;
    options.dry_run = true;
    const report r = f.template rewrite<phase::training>(options);
    CHECK(r.count(outcome::quantized) == 2);
    CHECK_FALSE(r.script.empty());
    CHECK(f.text() == before);
}

TEST_CASE_TEMPLATE("operands twice or missing are refused by name", G, GRAPH_TYPES) {
    fixture<G> f;
    f.make_layer();
    SUBCASE("twice") {
        add_edge(f.by_label["image"], f.by_label["pool"], sketch::wire{}, f.own);
        CHECK_THROWS_WITH_AS(f.template rewrite<phase::training>(), "pool: has two edges for operand 0", invalid_graph);
    }
    SUBCASE("missing") {
        add_edge(f.by_label["image"], f.by_label["pool"], sketch::wire{.slot = 2}, f.own);
        CHECK_THROWS_WITH_AS(f.template rewrite<phase::training>(), "pool: has no edge for operand 1", invalid_graph);
    }
}
