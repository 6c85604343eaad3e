// What qgraft is told of the networks of network.hpp, whatever their containers.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_BOOST_GRAPH_NETWORK_DIALECT_HPP
#define QGRAFT_TESTS_BOOST_GRAPH_NETWORK_DIALECT_HPP

#include <algorithm>
#include <iterator>
#include <limits>
#include <qgraft/boost_graph/graph.hpp>
#include <qgraft/boost_graph/indexed.hpp>
#include <qgraft/ops/dialect.hpp>
#include <qgraft/rules/config.hpp>
#include <string>
#include <utility>

#include "network.hpp"

template <class OutEdges, class Vertices, class Direction>
struct qgraft::boost_graph::access<sketch::network<OutEdges, Vertices, Direction>> {
    static constexpr auto operand = &sketch::wire::slot;
    static constexpr auto port = &sketch::wire::output;
    static constexpr auto is_control = &sketch::wire::order_only;
    static constexpr auto is_back = &sketch::wire::goes_back;
    static constexpr auto name = &sketch::layer::label;
    static constexpr auto shape = [](const sketch::layer& l, std::uint32_t output) {
        const bool known = output < l.outputs.size() && l.outputs[output];
        return known ? tensor_shape(*l.outputs[output]) : tensor_shape();
    };
};

namespace sketch {

template <class OutEdges, class Vertices, class Direction>
const layer& layer_of(const network<OutEdges, Vertices, Direction>& g, auto v) {
    return g[v];
}
template <class BG>
const layer& layer_of(const qgraft::boost_graph::indexed<BG>& g, auto v) {
    return g.graph()[v];
}

/// The dialect, for a network itself or for an index over one.
template <class G>
struct vocabulary {
    using node = qgraft::node_of<G>;
    using value = qgraft::value<node>;
    using word = qgraft::word;

    // clang-format off
    static constexpr std::pair<kind, word> plain[] = {
        {kind::weight, word::variable},          {kind::cell, word::variable},
        {kind::dense, word::matmul},             {kind::convolution, word::conv2d},
        {kind::level, word::fill},               {kind::convolution, word::depthwise_conv2d},
        {kind::reciprocal, word::reciprocal},    {kind::whole_variance, word::biased_variance},
        {kind::normalization, word::batch_norm}, {kind::offset, word::bias_add},
        {kind::sum, word::add},                  {kind::difference, word::sub},
        {kind::product, word::mul},              {kind::quotient, word::div},
        {kind::smaller, word::minimum},          {kind::larger, word::maximum},
        {kind::reciprocal_root, word::rsqrt},    {kind::pass, word::identity},
        {kind::view, word::reshape},             {kind::pool, word::max_pool},
        {kind::peak, word::max_over_axes},       {kind::join, word::concat},
        {kind::spread, word::space_to_batch},    {kind::gather, word::batch_to_space},
        {kind::write, word::assign},             {kind::moving_average, word::ema_update},
        {kind::ripe, word::after_step},          {kind::pick, word::select},
        {kind::snap, word::fake_quant},          {kind::optimizer, word::training_step},
        {kind::derivative, word::gradient},      {kind::snap, word::fake_quant_per_channel}};
    // clang-format on

    static constexpr qgraft::word_set spoken =
        qgraft::training_words | qgraft::training_fold_words | qgraft::per_channel_words;

    static word classify(const G& g, node n) {
        const layer& l = layer_of(g, n);
        constexpr double infinity = std::numeric_limits<double>::infinity();
        if (l.what == kind::clamp && l.low == 0 && l.high == 6) return word::relu6;
        if (l.what == kind::clamp && l.low == 0 && l.high == infinity) return word::relu;
        if (l.what == kind::convolution && l.groups > 1) return word::depthwise_conv2d;
        if (l.what == kind::snap && l.fixed) return word::fake_quant_fixed;
        if (l.what == kind::snap && l.axis) return word::fake_quant_per_channel;
        const auto* p = std::find_if(plain, std::end(plain), [&l](const auto& q) { return q.first == l.what; });
        return p == std::end(plain) ? word::other : p->second;
    }
    static bool is_parameter(const G& g, node n) { return layer_of(g, n).what == kind::weight; }
    static bool is_left_alone(const G& g, node n) { return layer_of(g, n).pinned; }
    static bool is_in_loop(const G& g, node n) { return layer_of(g, n).in_loop; }
    static std::string op_name(const G& g, node n) {
        const layer& l = layer_of(g, n);
        return l.title.empty() ? std::string(to_string(classify(g, n))) : l.title;
    }

    static qgraft::batch_norm_facts batch_norm_of(const G& g, node n) {
        const layer& l = layer_of(g, n);
        return {.is_training = l.by_batch, .epsilon = l.epsilon};
    }
    /// Channels are the second dimension of data, and the first of weights.
    static qgraft::channel_layout channels_of(const G& g, node n) {
        const layer& l = layer_of(g, n);
        const bool is_known = !l.outputs.empty() && l.outputs[0] && l.outputs[0]->size() >= 2;
        const std::size_t spatial = l.what == kind::dense ? 0 : is_known ? l.outputs[0]->size() - 2 : 2;
        return {.after_data = spatial, .after_weights = spatial + 1};
    }

    /// One node a word, but for the ends of a range, which are two outputs of one kind of node.
    static value build(qgraft::editor<G>& e, const qgraft::instruction<node>& i) {
        qgraft::boost_graph::new_vertex<typename network_of<G>::type> v;
        layer& l = v.properties;
        if (i.like) l = layer_of(e.graph(), *i.like);
        l.pinned = false;
        l.what = kind_of(i.op);
        l.label = i.scope.path + (i.scope.path.empty() ? "" : "/");
        l.label += i.hint.empty() ? to_string(i.op) : i.hint;
        for (const auto& o : i.operands) v.inputs.push_back(operand(e, o));
        l.number = i.params.real;
        l.step = i.params.integer;
        l.sizes = i.params.dims;
        l.axis = i.params.axis;
        if (i.op == word::fake_quant_per_channel) l.axis = l.axis.value_or(0);
        if (i.op == word::fake_quant || i.op == word::fake_quant_per_channel) {
            l.bits = i.params.bits;
            l.leaves_out_lowest = i.params.narrow_range;
            l.snapper = i.params.kernel;
        }
        return {e.add(std::move(v)), i.op == word::reduce_max ? 1U : 0U};
    }

private:
    template <class T>
    struct network_of {
        using type = T;
    };
    template <class BG>
    struct network_of<qgraft::boost_graph::indexed<BG>> {
        using type = BG;
    };

    static kind kind_of(word w) {
        if (w == word::reduce_min || w == word::reduce_max) return kind::extrema;
        if (w == word::variable) return kind::cell;
        const auto* p = std::find_if(plain, std::end(plain), [w](const auto& q) { return q.second == w; });
        if (p == std::end(plain)) throw qgraft::rewrite_error(std::string(to_string(w)), "cannot be sketched");
        return p->first;
    }
    static value operand(qgraft::editor<G>& e, const qgraft::operand_of<node>& o) {
        if (const auto* t = std::get_if<value>(&o)) return *t;
        qgraft::boost_graph::new_vertex<typename network_of<G>::type> v;
        v.properties.what = kind::number;
        v.properties.number = std::get<qgraft::literal>(o).number;
        return {e.add(std::move(v)), 0};
    }
};

}  // namespace sketch

template <class OutEdges, class Vertices, class Direction>
struct qgraft::dialect<sketch::network<OutEdges, Vertices, Direction>>
    : sketch::vocabulary<sketch::network<OutEdges, Vertices, Direction>> {};

template <class OutEdges, class Vertices, class Direction>
struct qgraft::dialect<qgraft::boost_graph::indexed<sketch::network<OutEdges, Vertices, Direction>>>
    : sketch::vocabulary<qgraft::boost_graph::indexed<sketch::network<OutEdges, Vertices, Direction>>> {};

#endif
