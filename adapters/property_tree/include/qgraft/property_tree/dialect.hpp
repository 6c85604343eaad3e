// The dialect of JSON graphs: operations have the names of qgraft's words.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PROPERTY_TREE_DIALECT_HPP
#define QGRAFT_PROPERTY_TREE_DIALECT_HPP

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <qgraft/graph/editor.hpp>
#include <qgraft/graph/error.hpp>
#include <qgraft/ops/dialect.hpp>
#include <qgraft/property_tree/graph.hpp>
#include <qgraft/property_tree/tree.hpp>

namespace qgraft::property_tree {

/// The attribute of a node as a `T`; none where there is none of that kind.
template <class T>
std::optional<T> attribute_of(graph::node n, const char* key) {
    const tree* all = detail::child_of(n->keys(), "attributes");
    const tree* found = all == nullptr ? nullptr : detail::child_of(*all, key);
    if (found == nullptr) return std::nullopt;
    const auto v = translator<T>().get_value(found->data());
    return v ? std::optional<T>(*v) : std::nullopt;
}

namespace detail {

/// The elements of an attribute that is an array of numbers.
template <class T>
std::optional<std::vector<T>> numbers_of(graph::node n, const char* key) {
    const tree* all = child_of(n->keys(), "attributes");
    const tree* found = all == nullptr ? nullptr : child_of(*all, key);
    if (found == nullptr || found->data().what != kind::array) return std::nullopt;
    std::vector<T> numbers;
    for (const auto& [none, e] : *found) {
        const auto v = translator<T>().get_value(e.data());
        if (!v) return std::nullopt;
        numbers.push_back(*v);
    }
    return numbers;
}

/// How many dimensions of a layout, such as NHWC, come after one of its letters; 0 where it lacks the letter.
inline std::size_t dimensions_after(const std::string& layout, char letter) {
    const std::size_t at = layout.find(letter);
    return at == std::string::npos ? 0 : layout.size() - 1 - at;
}

/// A name that no node has: the path, or the path with a number.
inline std::string free_name(const graph& g, const std::string& path) {
    std::string name = path;
    for (std::size_t i = 1; g.find(name) != nullptr; ++i) name = path + "_" + std::to_string(i);
    return name;
}

/// The keys of a new node.
inline tree keys_of(const std::string& name, std::string_view op, tree attributes) {
    tree keys;
    keys.push_back({"name", leaf(name)});
    keys.push_back({"op", leaf(op)});
    if (!attributes.empty()) keys.push_back({"attributes", std::move(attributes)});
    return keys;
}

/// What a word says of itself beside its operands.
inline tree attributes_for(word op, const word_params& p) {
    tree a;
    switch (op) {
        case word::variable:
            a.push_back({"initial", leaf(p.real)});
            if (!p.dims.empty()) a.push_back({"dims", array_of(p.dims)});
            break;
        case word::reduce_min:
        case word::reduce_max:
            if (p.axis) a.push_back({"kept_axis", leaf(static_cast<std::int64_t>(*p.axis))});
            break;
        case word::fill:
            a.push_back({"value", leaf(p.real)});
            break;
        case word::reshape:
            a.push_back({"dims", array_of(p.dims)});
            break;
        case word::constant:
            a.push_back({"dims", array_of(p.dims)});
            a.push_back({"data", array_of(p.data)});
            break;
        case word::ema_update:
            a.push_back({"decay", leaf(p.real)});
            break;
        case word::after_step:
            a.push_back({"step", leaf(p.integer)});
            break;
        case word::fake_quant:
        case word::fake_quant_per_channel:
            a.push_back({"bits", leaf(p.bits)});
            a.push_back({"narrow_range", leaf(p.narrow_range)});
            if (p.symmetric) a.push_back({"symmetric", leaf(true)});
            if (p.axis) a.push_back({"axis", leaf(static_cast<std::int64_t>(*p.axis))});
            break;
        default:
            break;
    }
    return a;
}

/// The keys of a copy: those of the original, with another name, and without what it reads.
inline tree copied_keys(const tree& original, const std::string& name) {
    tree keys = original;
    keys.find("name")->second = leaf(name);
    for (const char* key : {"inputs", "after", "back", "left_alone"}) keys.erase(key);
    return keys;
}

}  // namespace detail

}  // namespace qgraft::property_tree

/// An operation is the word of its name; a `parameter` is a trained weight, a `variable` other state. Attributes of
/// layers are data_format (NHWC, where there is none) and filter_format (HWIO, of a matmul IO, of a conv2d_transpose
/// HWOI; a depthwise convolution's O is what each of I becomes, unless its filter is OIHW); of a batch norm
/// data_format, epsilon and training. Kernels' functors are not kept.
template <>
struct qgraft::dialect<qgraft::property_tree::graph> {
    using graph = property_tree::graph;
    using node = graph::node;

    using enum word;
    static constexpr word_set spoken =
        word_set{conv2d, depthwise_conv2d, matmul, batch_to_space, fake_quant, fake_quant_per_channel} |
        word_set{add, sub, mul, div, minimum, maximum, rsqrt, reciprocal} |
        word_set{identity, reshape, fill, constant, reduce_min, reduce_max} |
        word_set{variable, assign, ema_update, after_step, select, biased_variance};

    /// Throws invalid_graph for a word with a number of inputs that it does not take.
    static word classify(const graph&, node n) {
        const word w = word_named(n->op);
        if (!takes(w, n->inputs.size())) {
            throw invalid_graph(std::string(n->name), "has the op " + std::string(n->op) + ", which does not take " +
                                                          std::to_string(n->inputs.size()) +
                                                          (n->inputs.size() == 1 ? " input" : " inputs"));
        }
        return w;
    }
    static bool is_parameter(const graph&, node n) { return n->op == "parameter"; }
    static bool is_left_alone(const graph&, node n) { return n->left_alone; }
    static bool is_in_loop(const graph&, node n) { return n->in_loop; }
    static std::string op_name(const graph&, node n) { return std::string(n->op); }

    static batch_norm_facts batch_norm_of(const graph&, node n) {
        const auto epsilon = property_tree::attribute_of<double>(n, "epsilon");
        batch_norm_facts facts{.is_training = property_tree::attribute_of<bool>(n, "training").value_or(false),
                               .epsilon = epsilon.value_or(0)};
        if (!epsilon) facts.obstacle = "has no number as its attribute 'epsilon'";
        return facts;
    }

    static channel_layout channels_of(const graph&, node n) {
        const char* usual = n->op == to_string(word::matmul)             ? "IO"
                            : n->op == to_string(word::conv2d_transpose) ? "HWOI"
                                                                         : "HWIO";
        const std::string data = property_tree::attribute_of<std::string>(n, "data_format").value_or("");
        const std::string filter = property_tree::attribute_of<std::string>(n, "filter_format").value_or(usual);
        channel_layout layout{.after_data = property_tree::detail::dimensions_after(data, 'C'),
                              .after_weights = property_tree::detail::dimensions_after(filter, 'O')};
        layout.split = n->op == to_string(word::depthwise_conv2d) && layout.after_weights == 0;
        return layout;
    }

    static std::optional<constant_tensor> constant_of(const graph&, value<node> v) {
        if (v.node->op != to_string(word::constant)) return std::nullopt;
        auto data = property_tree::detail::numbers_of<float>(v.node, "data");
        auto dims = property_tree::detail::numbers_of<std::int64_t>(v.node, "dims");
        if (!data || !dims) return std::nullopt;
        std::size_t elements = 1;
        for (const std::int64_t d : *dims) {
            if (d < 0 || (d > 0 && elements > data->size() / static_cast<std::size_t>(d))) return std::nullopt;
            elements *= static_cast<std::size_t>(d);
        }
        if (elements != data->size()) return std::nullopt;
        return constant_tensor{std::move(*data), std::move(*dims)};
    }

    static value<node> build(editor<graph>& e, const instruction<node>& i) {
        namespace pt = property_tree;
        const std::string& scope = i.op == word::variable ? i.scope.state : i.scope.path;
        const std::string last(i.hint.empty() ? to_string(i.op) : i.hint);
        const std::string name = pt::detail::free_name(e.graph(), scope.empty() ? last : scope + "/" + last);
        for (const float f : i.params.data) {
            if (!std::isfinite(f)) throw rewrite_error(name, "has a number that JSON cannot express");
        }
        graph::node_data made;
        made.keys = i.like ? pt::detail::copied_keys((*i.like)->keys(), name)
                           : pt::detail::keys_of(name, to_string(i.op), pt::detail::attributes_for(i.op, i.params));
        for (const operand_of<node>& o : i.operands) {
            const auto* v = std::get_if<value<node>>(&o);
            made.inputs.push_back(v != nullptr ? *v : number(e, name, std::get<literal>(o)));
        }
        return {e.add(std::move(made)), 0};
    }

private:
    static word word_named(std::string_view op) {
        if (op == "parameter") return word::variable;
        for (std::size_t i = 0; i < word_count; ++i) {
            if (op == to_string(static_cast<word>(i))) return static_cast<word>(i);
        }
        return word::other;
    }

    /// A scalar constant beside the node that reads it.
    static value<node> number(editor<graph>& e, const std::string& reader, literal l) {
        namespace pt = property_tree;
        pt::tree attributes;
        attributes.push_back({"dims", pt::array_of(std::vector<std::int64_t>())});
        attributes.push_back({"data", pt::array_of(std::vector<double>{l.number})});
        const std::string name = pt::detail::free_name(e.graph(), reader + "/number");
        return {e.add({pt::detail::keys_of(name, to_string(word::constant), std::move(attributes)), {}, {}}), 0};
    }
};

#endif
