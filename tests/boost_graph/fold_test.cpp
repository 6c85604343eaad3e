// The fold rules on Boost graphs, where a batch norm is one vertex.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/graph/adjacency_list.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <qgraft/fold.hpp>

#include "boost_graph/fixture.hpp"

namespace {

using namespace qgraft;
using sketch::kind;

#define GRAPH_TYPES                                                                         \
    sketch::two_way<boost::listS, boost::listS>, sketch::two_way<boost::vecS, boost::vecS>, \
        sketch::one_way<boost::listS, boost::vecS>

/// A convolution in two groups, its normalization, a clamp, and a pool that reads it.
template <class G>
struct normalized : sketch::fixture<G> {
    using node = node_of<G>;
    node norm;

    explicit normalized(bool by_batch) {
        this->add(kind::source, "image");
        for (const char* name : {"net/filter", "net/scale", "net/shift"}) this->add(kind::weight, name);
        auto& conv = this->own[this->add(kind::convolution, "net/conv", {"image", "net/filter"})];
        conv.groups = 2;
        conv.strides = {2, 1};
        if (by_batch) {
            norm = this->add(kind::normalization, "net/norm", {"net/conv", "net/scale", "net/shift"});
            follow("net/mean", 1);
            follow("net/variance", 2);
        } else {
            this->add(kind::weight, "net/mean");
            this->add(kind::weight, "net/variance");
            norm = this->add(kind::normalization, "net/norm",
                             {"net/conv", "net/scale", "net/shift", "net/mean", "net/variance"});
        }
        this->own[norm].epsilon = 0.25;
        this->own[norm].by_batch = by_batch;
        this->clamp("net/clamped", "net/norm", 6);
        this->add(kind::pool, "pool", {"net/clamped"});
    }

    /// A moving average of an output of the normalization.
    void follow(const std::string& label, int output) {
        this->add(kind::cell, label);
        const node average = this->add(kind::moving_average, label + "/average", {label});
        add_edge(norm, average, sketch::wire{.slot = 1, .output = output}, this->own);
    }

    /// The vertices that lead to operand `i` of a vertex: "product(weight, view)".
    [[nodiscard]] const sketch::layer& operand(node n, std::size_t i) { return this->own[this->input(n, i).node]; }
};

}  // namespace

TEST_CASE_TEMPLATE("a normalization by given statistics goes into weights and a sum", G, GRAPH_TYPES) {
    normalized<G> f(false);
    const report r = f.with_graph([](G& g) { return fold_batch_norms(g); });
    REQUIRE(r.decisions.size() == 1);
    CHECK(r.decisions[0].reason == "with the statistics it is given");

    const auto sum = f.input("net/clamped", 0);
    REQUIRE(f.own[sum].what == kind::sum);
    const auto conv = f.input(sum, 0).node;
    CHECK(f.own[conv].what == kind::convolution);
    CHECK(f.own[conv].groups == 2);
    CHECK(f.own[conv].strides == std::vector<std::int64_t>{2, 1});
    const auto bias = f.input(sum, 1).node;
    REQUIRE(f.own[bias].what == kind::view);
    CHECK(f.own[bias].sizes == std::vector<std::int64_t>{-1, 1, 1});

    const auto weights = f.input(conv, 1).node;
    REQUIRE(f.own[weights].what == kind::product);
    CHECK(f.operand(weights, 0).label == "net/filter");
    const auto beside = f.input(weights, 1).node;
    CHECK(f.own[beside].sizes == std::vector<std::int64_t>{-1, 1, 1, 1});
    const auto multiplier = f.input(beside, 0).node;
    CHECK(f.operand(multiplier, 0).label == "net/scale");
    const auto deviation = f.input(multiplier, 1).node;
    CHECK(f.own[deviation].what == kind::reciprocal_root);
    const auto shifted = f.input(deviation, 0).node;
    CHECK(f.operand(shifted, 0).label == "net/variance");
    CHECK(f.operand(shifted, 1).number == 0.25);
}

TEST_CASE_TEMPLATE("one by the statistics of the batch is corrected, and frozen", G, GRAPH_TYPES) {
    normalized<G> f(true);
    qat_options<G> options;
    options.freeze_bn_delay = 9;
    const report r = f.template rewrite<phase::training>(options);
    CHECK(r.count(outcome::folded) == 1);
    CHECK(r.count(outcome::quantized) == 2);
    REQUIRE(f.all(kind::whole_variance).size() == 1);
    const auto variance = f.all(kind::whole_variance)[0];
    CHECK(f.input(variance, 0) == value<node_of<G>>{f.norm, 2});
    CHECK(f.operand(variance, 1).label == "net/conv");

    for (const std::uint32_t output : {1U, 2U}) {
        const std::string label = output == 1 ? "net/mean" : "net/variance";
        const auto pick = f.input(label + "/average", 1);
        REQUIRE(f.own[pick].what == kind::pick);
        CHECK(f.operand(pick, 0).step == 9);
        CHECK(f.operand(pick, 1).label == label);
        CHECK(f.input(pick, 2) == value<node_of<G>>{f.norm, output});
    }

    const std::string once = f.text();
    f.template rewrite<phase::training>(options);
    CHECK(f.text() == once);
}
