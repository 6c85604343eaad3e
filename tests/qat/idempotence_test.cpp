// A rewritten graph that is rewritten again does not change, whatever the network looks like.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/qat.hpp>

#include "support/toy_graph.hpp"

using namespace qgraft;
using options = qat_options<toy::graph>;

namespace {

/// A network of `size` random pieces: layers, biases, sums, products, activations and nodes to see through.
toy::graph random_network(unsigned seed, int size) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
    toy::graph g;
    std::vector<toy::graph::node> tensors{g("input", word::other)};
    const std::vector<word> unary{word::relu, word::relu6, word::identity, word::reshape, word::max_pool, word::other};
    const std::vector<word> binary{word::add, word::add, word::mul, word::bias_add, word::sub};
    const std::vector<word> layers{word::conv2d, word::depthwise_conv2d, word::matmul};
    for (int i = 0; i < size; ++i) {
        const std::string name = "scope" + std::to_string(below(3)) + "/node" + std::to_string(i);
        const auto recent = tensors[tensors.size() - 1 - below(std::min<std::size_t>(3, tensors.size()))];
        const auto other = tensors[below(tensors.size())];
        switch (below(4)) {
            case 0:
                tensors.push_back(toy::layer(g, name, recent, layers[below(layers.size())]));
                break;
            case 1:
                tensors.push_back(g(name, binary[below(binary.size())], {recent, other}));
                break;
            case 2:
                tensors.push_back(g(name, word::bias_add, {recent, g(name + "/bias", word::variable)}));
                break;
            default:
                tensors.push_back(g(name, unary[below(unary.size())], {recent}));
        }
    }
    return g;
}

/// The same network in a file that lists its nodes in a random order.
toy::graph shuffled(const toy::graph& g, unsigned seed) {
    std::vector<toy::graph::node> order = g.nodes();
    std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    std::vector<toy::graph::node> place(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = static_cast<toy::graph::node>(i);
    toy::graph other;
    for (const auto n : order) {
        toy::toy_node data = g.at(n);
        for (toy::value& v : data.inputs) v.node = place[v.node];
        other.add_node(std::move(data));
    }
    return other;
}

template <phase P>
void check_twice(const options& o) {
    for (unsigned seed = 0; seed < 400; ++seed) {
        CAPTURE(seed);
        toy::graph g = random_network(seed, seed % 2 == 0 ? 10 : 40);
        if (seed % 4 >= 2) g = shuffled(g, seed);
        rewrite_for<P>(g, o);
        const std::string once = toy::text(g);
        rewrite_for<P>(g, o);
        CHECK(toy::text(g) == once);
    }
}

}  // namespace

TEST_CASE("training twice") { check_twice<phase::training>({}); }
TEST_CASE("training twice, with a delay") { check_twice<phase::training>({.quant_delay = 10}); }
TEST_CASE("evaluation twice") { check_twice<phase::evaluation>({}); }
TEST_CASE("evaluation twice, in a scope") { check_twice<phase::evaluation>({.scope = "scope1"}); }

TEST_CASE("a sum of two layers: the one that the first rewrite has left stays as it is") {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto a = toy::layer(g, "a", input, word::matmul);
    const auto b = toy::layer(g, "b", input, word::matmul);
    g("output", word::other, {g("sum", word::add, {a, b})});
    rewrite_for<phase::training>(g, options{});
    CHECK(g.source("a/layer", 1) == "a/weights_quant/fake_quant");
    CHECK(g.source("b/layer", 1) == "b/weights");
    const report again = rewrite_for<phase::training>(g, options{});
    CHECK(again.count(outcome::quantized) == 0);
    CHECK(g.source("b/layer", 1) == "b/weights");
}

TEST_CASE("a sum that was left for its relu stays as it is, also where it is read otherwise") {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto sum = g("sum", word::add, {toy::biased_layer(g, "a", input), input});
    g("relu", word::relu, {sum});
    g("output", word::other, {sum});
    for (int i = 0; i < 2; ++i) {
        rewrite_for<phase::training>(g, options{});
        CHECK(g.source("output") == "sum");
    }
}
