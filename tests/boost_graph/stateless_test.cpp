// A user's Boost graph without state, a network that only infers: its batch norms are folded, and that is all its
// dialect has to build for.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/boost_graph/graph.hpp>
#include <qgraft/fold.hpp>

#include "support/lines.hpp"

namespace frozen {

/// One step of a network. Images are NCHW, filters OIHW.
struct step {
    std::string does;
    std::string called{};
    double number = 0;          ///< of a number; the epsilon of a batch norm
    bool by_batch = false;      ///< of a batch norm: it was left in its training form
    std::vector<long> sizes{};  ///< of a view
};

struct takes {
    std::size_t place = 0;
};

using network = boost::adjacency_list<boost::vecS, boost::listS, boost::bidirectionalS, step, takes>;
using vertex = network::vertex_descriptor;

}  // namespace frozen

template <>
struct qgraft::boost_graph::access<frozen::network> {
    static constexpr auto operand = &frozen::takes::place;
    static constexpr auto name = &frozen::step::called;
};

template <>
struct qgraft::dialect<frozen::network> {
    using graph = frozen::network;
    using node = frozen::vertex;

    static constexpr word_set spoken = fold_words;
    static constexpr std::pair<const char*, word> names[] = {
        {"convolve", word::conv2d}, {"convolve each", word::depthwise_conv2d},
        {"connect", word::matmul},  {"normalize", word::batch_norm},
        {"add", word::add},         {"subtract", word::sub},
        {"multiply", word::mul},    {"1 / root", word::rsqrt},
        {"view", word::reshape},    {"tiles to image", word::batch_to_space}};

    static word classify(const graph& g, node n) {
        const auto* p = std::find_if(names, std::end(names), [&](const auto& q) { return g[n].does == q.first; });
        return p == std::end(names) ? word::other : p->second;
    }
    static batch_norm_facts batch_norm_of(const graph& g, node n) {
        return {.is_training = g[n].by_batch, .epsilon = g[n].number};
    }
    static channel_layout channels_of(const graph&, node) { return {.after_data = 2, .after_weights = 3}; }

    static value<node> build(editor<graph>& e, const instruction<node>& i) {
        const auto* p = std::find_if(names, std::end(names), [&](const auto& q) { return q.second == i.op; });
        boost_graph::new_vertex<graph> v;
        v.properties = {.does = p->first, .called = i.scope.path + "/" + std::string(i.hint)};
        v.properties.sizes.assign(i.params.dims.begin(), i.params.dims.end());
        for (const auto& o : i.operands) {
            const auto* l = std::get_if<literal>(&o);
            if (l != nullptr) {
                boost_graph::new_vertex<graph> number;
                number.properties = {.does = "number", .number = l->number};
                v.inputs.push_back({e.add(std::move(number)), 0});
            } else {
                v.inputs.push_back(std::get<value<node>>(o));
            }
        }
        return {e.add(std::move(v)), 0};
    }
};

namespace {

using frozen::network;
using frozen::vertex;
using namespace qgraft;

vertex add(network& g, frozen::step s, std::initializer_list<vertex> inputs = {}) {
    const vertex v = add_vertex(std::move(s), g);
    for (std::size_t i = 0; i < inputs.size(); ++i) add_edge(inputs.begin()[i], v, frozen::takes{i}, g);
    return v;
}

/// What a vertex computes, down to `depth` steps.
std::string formula(const network& g, vertex v, int depth) {
    const auto operands = graph_traits<network>::inputs(g, v);
    if (operands.empty() || depth == 0) {
        return g[v].does == "number" ? std::to_string(g[v].number).substr(0, 5) : g[v].called;
    }
    std::string text = g[v].does;
    for (std::size_t i = 0; i < operands.size(); ++i) {
        text += (i == 0 ? "(" : ", ") + formula(g, operands[i].node, depth - 1);
    }
    return text + ")";
}

/// image -> conv -> batch norm -> clamp.
struct inference {
    network g;
    vertex norm;
    vertex clamp;

    inference() {
        const vertex image = add(g, {"read", "image"});
        const vertex filter = add(g, {"constant", "filter"});
        const vertex conv = add(g, {"convolve", "net/conv"}, {image, filter});
        std::vector<vertex> v;
        for (const char* name : {"gamma", "beta", "mean", "variance"}) v.push_back(add(g, {"constant", name}));
        norm = add(g, {"normalize", "net/norm", 0.125}, {conv, v[0], v[1], v[2], v[3]});
        clamp = add(g, {"clamp", "net/clamp"}, {norm});
    }
};

}  // namespace

static_assert(rewritable_graph<network> && !stateful_graph<network>);

TEST_CASE("a network without state has its batch norms folded") {
    inference net;
    const report r = fold_batch_norms(net.g);
    CHECK(r.count(outcome::folded) == 1);
    CHECK(formula(net.g, net.clamp, 3) == "clamp(add(convolve(image, net/mul_fold), view(net/BatchNorm_Fold/bias)))");
    const std::string multiplier = "multiply(gamma, 1 / root(add(variance, 0.125)))";
    const vertex sum = graph_traits<network>::inputs(net.g, net.clamp)[0].node;
    const vertex conv = graph_traits<network>::inputs(net.g, sum)[0].node;
    const vertex view = graph_traits<network>::inputs(net.g, sum)[1].node;
    CHECK(formula(net.g, conv, 9) == "convolve(image, multiply(filter, view(" + multiplier + ")))");
    CHECK(formula(net.g, view, 9) == "view(subtract(beta, multiply(mean, " + multiplier + ")))");
    CHECK(net.g[view].sizes == std::vector<long>{-1, 1, 1});
    CHECK(fold_batch_norms(net.g).count(outcome::folded) == 0);
}

TEST_CASE("a batch norm in its training form is left, and the report says why") {
    inference net;
    net.g[net.norm].by_batch = true;
    const report r = fold_batch_norms(net.g);
    REQUIRE(r.decisions.size() == 1);
    CHECK(r.decisions[0].what == outcome::left_as_is);
    CHECK(r.decisions[0].reason == "uses the statistics of the batch, which needs state");
}
