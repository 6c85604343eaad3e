// Recorded TensorFlow graphs in other graph types and their vocabularies.
// SPDX-License-Identifier: Apache-2.0
#include "support/translate.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ir_dialect.hpp"

namespace qgraft::testing_support {

namespace {

/// One node between the vocabularies: a word, and numbers of nodes instead of handles.
struct neutral_node {
    word op = word::other;
    std::string name{};
    std::string title{};  ///< what TensorFlow calls the operation
    std::vector<value<std::size_t>> inputs{};
    std::vector<std::size_t> controls{};
    std::optional<std::size_t> back{};  ///< the operand that closes a loop
    tensor_shape shape{};
    bool is_parameter = false;
    bool is_left_alone = false;
    bool is_in_loop = false;
    int bits = 8;
    bool narrow_range = false;
    bool channelwise = false;  ///< a convolution of each channel by itself
    batch_norm_facts norm{};
};

using words_of = dialect<tensorflow_graph>;
using node = node_of<tensorflow_graph>;

/// Where the second operand is the one that closes a loop, whatever the order was.
void put_back_edge_last(const tensorflow_graph& g, node n, neutral_node& out) {
    for (std::size_t i = 0; i < out.inputs.size(); ++i) {
        if (g.is_back_edge(n, i)) out.back = i;
    }
    if (out.back == std::size_t{0} && out.inputs.size() == 2) {
        std::swap(out.inputs[0], out.inputs[1]);
        out.back = 1;
    }
}

neutral_node neutral(const tensorflow_graph& g, node n, const std::unordered_map<node, std::size_t>& number) {
    const auto& def = g.definition(n);
    neutral_node out{.op = words_of::classify(g, n), .name = def.name(), .title = def.op(), .shape = g.shape({n, 0})};
    out.is_parameter = words_of::is_parameter(g, n);
    out.is_left_alone = words_of::is_left_alone(g, n);
    out.is_in_loop = words_of::is_in_loop(g, n);
    out.channelwise = out.op == word::depthwise_conv2d;
    for (const node c : g.control_inputs(n)) out.controls.push_back(number.at(c));
    if (out.is_parameter) return out;
    for (const value<node> v : g.inputs(n)) out.inputs.push_back({number.at(v.node), v.port});
    put_back_edge_last(g, n, out);
    if (const auto bits = g.attribute_of(n, "num_bits")) out.bits = static_cast<int>(bits->i());
    if (const auto narrow = g.attribute_of(n, "narrow_range")) out.narrow_range = narrow->b();
    if (out.op == word::batch_norm) out.norm = words_of::batch_norm_of(g, n);
    return out;
}

/// Makes value -= (value - statistic) * rate, of three nodes, one: of the last. The others lose their words.
void join_moving_averages(std::vector<neutral_node>& all) {
    for (neutral_node& n : all) {
        if (!n.title.starts_with("AssignSub") || n.inputs.size() != 2) continue;
        neutral_node& product = all[n.inputs[1].node];
        if (product.op != word::mul) continue;
        neutral_node& difference = all[product.inputs[0].node];
        if (difference.op != word::sub) continue;
        n.op = word::ema_update;
        n.inputs = difference.inputs;
        product.op = word::other;
        difference.op = word::other;
    }
}

/// Every node; the conditions of conds that wait for a delay come last, and have no counterpart.
std::vector<neutral_node> neutral_nodes(const tensorflow_graph& g) {
    std::unordered_map<node, std::size_t> number;
    for (const node n : g.nodes()) number.emplace(n, number.size());
    std::vector<neutral_node> all;
    for (const node n : g.nodes()) all.push_back(neutral(g, n, number));
    join_moving_averages(all);
    const std::size_t count = all.size();
    for (std::size_t i = 0; i < count; ++i) {
        if (all[i].op != word::delayed || all[i].inputs.size() != 2) continue;
        // Of the two branches the first is the one not taken.
        all[i].inputs = {{all.size(), 0}, all[i].inputs[1], all[i].inputs[0]};
        all.push_back({.op = word::after_step});
    }
    return all;
}

in_house::kind in_house_kind(const neutral_node& n) {
    using in_house::kind;
    if (n.is_parameter) return kind::param;
    if (n.back) return kind::loop_value;
    switch (n.op) {
        case word::relu:
        case word::relu6:
            return kind::clamp;
        case word::conv2d:
        case word::depthwise_conv2d:
            return kind::conv;
        case word::delayed:
            return kind::choose;
        case word::max_over_axes:
            return kind::highest;
        case word::fake_quant_per_channel:
        case word::fake_quant_fixed:
            return kind::fake_quantize;
        default:
            break;
    }
    for (const auto& [k, w] : dialect<in_house::module>::plain) {
        if (w == n.op) return k;
    }
    return kind::foreign;
}

sketch::kind sketch_kind(const neutral_node& n) {
    using sketch::kind;
    if (n.is_parameter) return kind::weight;
    if (n.back) return kind::feedback;
    constexpr std::pair<word, kind> kinds[] = {
        {word::relu, kind::clamp},
        {word::relu6, kind::clamp},
        {word::conv2d, kind::convolution},
        {word::depthwise_conv2d, kind::convolution},
        {word::matmul, kind::dense},
        {word::batch_norm, kind::normalization},
        {word::bias_add, kind::offset},
        {word::add, kind::sum},
        {word::sub, kind::difference},
        {word::mul, kind::product},
        {word::div, kind::quotient},
        {word::minimum, kind::smaller},
        {word::maximum, kind::larger},
        {word::rsqrt, kind::reciprocal_root},
        {word::ema_update, kind::moving_average},
        {word::identity, kind::pass},
        {word::reshape, kind::view},
        {word::batch_to_space, kind::gather},
        {word::space_to_batch, kind::spread},
        {word::max_pool, kind::pool},
        {word::max_over_axes, kind::peak},
        {word::concat, kind::join},
        {word::variable, kind::cell},
        {word::after_step, kind::ripe},
        {word::delayed, kind::pick},
        {word::fake_quant, kind::snap},
        {word::fake_quant_per_channel, kind::snap},
        {word::fake_quant_fixed, kind::snap},
        {word::training_step, kind::optimizer},
        {word::gradient, kind::derivative},
    };
    for (const auto& [w, k] : kinds) {
        if (w == n.op) return k;
    }
    return kind::unknown;
}

std::optional<std::vector<std::int64_t>> dimensions(const tensor_shape& s) {
    return s.has_rank() ? std::optional(s.dims()) : std::nullopt;
}

void set_attributes(const neutral_node& n, in_house::op_state& o) {
    using in_house::kind;
    if (o.what == kind::foreign) o.attributes.emplace("op", n.title);
    if (n.is_in_loop) o.attributes.emplace("in_loop", true);
    if (o.what == kind::clamp) o.attributes.emplace("low", 0.0);
    if (n.op == word::relu6) o.attributes.emplace("high", 6.0);
    if (n.channelwise) o.attributes.emplace("groups", std::int64_t{2});
    if (o.what == kind::running_average) o.attributes.emplace("debias", false);
    if (o.what == kind::batch_norm) {
        o.attributes.emplace("epsilon", n.norm.epsilon);
        o.attributes.emplace("training", n.norm.is_training);
    }
    if (o.what == kind::fake_quantize) {
        o.attributes.emplace("bits", std::int64_t{n.bits});
        o.attributes.emplace("narrow_range", n.narrow_range);
    }
}

sketch::layer sketch_layer(const neutral_node& n) {
    sketch::layer l;
    l.what = sketch_kind(n);
    l.label = n.name;
    l.outputs = {dimensions(n.shape)};
    l.pinned = n.is_left_alone;
    l.in_loop = n.is_in_loop;
    l.bits = n.bits;
    l.leaves_out_lowest = n.narrow_range;
    l.fixed = n.op == word::fake_quant_fixed;
    if (l.what == sketch::kind::clamp) l.low = 0;
    if (n.op == word::relu6) l.high = 6;
    if (n.channelwise) l.groups = 2;
    l.epsilon = n.norm.epsilon;
    l.by_batch = n.norm.is_training;
    if (l.what == sketch::kind::unknown) l.title = n.title;
    return l;
}

/// The keys of a node of a JSON graph but for what it reads.
property_tree::tree json_keys(const neutral_node& n, const std::string& name) {
    namespace pt = property_tree;
    pt::tree keys;
    keys.put("name", name);
    keys.put("op", n.is_parameter ? "parameter" : n.op == word::delayed ? "select" : std::string(to_string(n.op)));
    if (n.op == word::other && !n.is_parameter) keys.put("op", n.title.empty() ? "unknown" : n.title);
    if (n.is_in_loop) keys.put("in_loop", true);
    if (n.is_left_alone) keys.put("left_alone", true);
    if (n.back) keys.push_back({"back", pt::array_of(std::vector<std::size_t>{*n.back})});
    pt::tree shapes(pt::scalar{pt::kind::array, {}});
    shapes.push_back({"", n.shape.has_rank() ? pt::array_of(n.shape.dims()) : pt::tree({pt::kind::null, "null"})});
    keys.push_back({"shapes", shapes});
    if (n.op == word::batch_norm) {
        keys.put("attributes.epsilon", n.norm.epsilon);
        keys.put("attributes.training", n.norm.is_training);
    }
    if (quantizers.contains(n.op)) {
        keys.put("attributes.bits", n.bits);
        keys.put("attributes.narrow_range", n.narrow_range);
    }
    return keys;
}

}  // namespace

in_house::module to_in_house(const tensorflow_graph& g) {
    const auto nodes = neutral_nodes(g);
    std::vector<std::size_t> results(nodes.size(), 1);
    for (const neutral_node& n : nodes) {
        for (const auto& v : n.inputs) results[v.node] = std::max<std::size_t>(results[v.node], v.port + 1);
    }
    in_house::module m;
    std::vector<in_house::op*> ops;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        in_house::op_state o{
            .what = in_house_kind(nodes[i]), .name = nodes[i].name, .types = {dimensions(nodes[i].shape)}};
        o.types.resize(results[i]);
        set_attributes(nodes[i], o);
        ops.push_back(m.add(std::move(o)));
        ops[i]->pinned = nodes[i].is_left_alone;
    }
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        for (const auto& v : nodes[i].inputs) ops[i]->add_operand({ops[v.node], v.port});
        for (const std::size_t c : nodes[i].controls) ops[i]->after.push_back(ops[c]);
    }
    return m;
}

sketch_network to_sketch(const tensorflow_graph& g) {
    const auto nodes = neutral_nodes(g);
    sketch_network net;
    std::vector<sketch_network::vertex_descriptor> layers;
    for (const neutral_node& n : nodes) layers.push_back(add_vertex(sketch_layer(n), net));
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const auto& inputs = nodes[i].inputs;
        for (std::size_t slot = inputs.size(); slot-- > 0;) {
            const sketch::wire w{.slot = static_cast<int>(slot),
                                 .output = static_cast<int>(inputs[slot].port),
                                 .goes_back = nodes[i].back == slot};
            add_edge(layers[inputs[slot].node], layers[i], w, net);
        }
        for (const std::size_t c : nodes[i].controls)
            add_edge(layers[c], layers[i], sketch::wire{.order_only = true}, net);
    }
    return net;
}

std::string to_json(const tensorflow_graph& g) {
    namespace pt = property_tree;
    const auto nodes = neutral_nodes(g);
    const auto name_of = [&nodes](std::size_t i) {
        return nodes[i].name.empty() ? "unnamed" + std::to_string(i) : nodes[i].name;
    };
    pt::tree list(pt::scalar{pt::kind::array, {}});
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        pt::tree keys = json_keys(nodes[i], name_of(i));
        std::vector<std::string> inputs;
        for (const auto& v : nodes[i].inputs) {
            const std::string producer = name_of(v.node);
            inputs.push_back(to_string(pt::tensor_name{producer, v.port}));
        }
        std::vector<std::string> after;
        for (const std::size_t c : nodes[i].controls) after.push_back(name_of(c));
        keys.push_back({"inputs", pt::array_of(inputs)});
        keys.push_back({"after", pt::array_of(after)});
        list.push_back({"", std::move(keys)});
    }
    pt::tree document;
    document.push_back({"nodes", std::move(list)});
    return pt::write_json(document);
}

}  // namespace qgraft::testing_support
