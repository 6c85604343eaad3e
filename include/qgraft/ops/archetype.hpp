// The dialects of the archetypes: the least one, and one that answers everything a dialect can be asked.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_OPS_ARCHETYPE_HPP
#define QGRAFT_OPS_ARCHETYPE_HPP

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <qgraft/graph/archetype.hpp>
#include <qgraft/graph/full_archetype.hpp>
#include <qgraft/ops/dialect.hpp>

namespace qgraft {

namespace detail {

/// The words that the rules build.
inline constexpr word_set archetype_words{word::variable,
                                          word::reduce_min,
                                          word::reduce_max,
                                          word::minimum,
                                          word::maximum,
                                          word::assign,
                                          word::add,
                                          word::sub,
                                          word::mul,
                                          word::div,
                                          word::rsqrt,
                                          word::reciprocal,
                                          word::identity,
                                          word::reshape,
                                          word::fill,
                                          word::ema_update,
                                          word::after_step,
                                          word::select,
                                          word::conv2d,
                                          word::matmul,
                                          word::fake_quant,
                                          word::depthwise_conv2d,
                                          word::batch_to_space,
                                          word::biased_variance};

}  // namespace detail

/// The least dialect: what a node is, and how to build a word. Numbers become nodes of no word.
template <>
struct dialect<archetype_graph> {
    using node = archetype_node;

    /// A constant that converts to a word_set.
    struct words {
        constexpr operator word_set() const { return detail::archetype_words; }
    };
    static constexpr words spoken{};

    /// What build returns: it converts to the tensor.
    struct built {
        node made;
        operator value<node>() const { return {made, 0}; }
    };

    /// Every kind is the number of a word.
    static word classify(const archetype_graph& g, const node& n) { return static_cast<word>(g.kind_of(n)); }

    static built build(editor<archetype_graph>& e, const instruction<node>& i) {
        std::vector<value<node>> inputs;
        for (const operand_of<node>& o : i.operands) {
            const auto* tensor = std::get_if<value<node>>(&o);
            inputs.push_back(tensor != nullptr ? *tensor
                                               : value<node>{e.add({static_cast<unsigned>(word::other), {}}), 0});
        }
        return {e.add({static_cast<unsigned>(i.op), std::move(inputs)})};
    }
};

/// A dialect with every optional answer. Its names are separated by dots.
template <>
struct dialect<full_archetype> {
    using graph = full_archetype;
    using node = graph::node;

    static constexpr word_set spoken = detail::archetype_words | word_set{word::constant};
    static constexpr char separator = '.';

    static word classify(const graph& g, node n) { return static_cast<word>(g.at(n).kind); }
    static bool is_parameter(const graph& g, node n) { return g.attribute_of(n, "trained").has_value(); }
    static bool is_left_alone(const graph& g, node n) { return g.attribute_of(n, "left_alone").has_value(); }
    static std::string op_name(const graph& g, node n) { return "op_" + std::string(to_string(classify(g, n))); }

    static batch_norm_facts batch_norm_of(const graph& g, node n) {
        return {.is_training = g.attribute_of(n, "training").has_value(), .epsilon = 0.5};
    }
    static channel_layout channels_of(const graph& g, node n) {
        return g.attribute_of(n, "channels_first") ? channel_layout{.after_data = 2} : channel_layout{};
    }
    static std::optional<moving_statistic<value<node>>> moving_statistic_of(const graph& g, value<node> statistic) {
        for (const node n : g.nodes()) {
            const auto& operands = g.inputs(n);
            if (classify(g, n) != word::ema_update || operands.at(1) != statistic) continue;
            return moving_statistic<value<node>>{operands[0], std::nullopt, value<node>{n, 0}, 1};
        }
        return std::nullopt;
    }
    static std::vector<named_batch_norm<value<node>>> named_batch_norms(const graph&) { return {}; }
    static void annotate(editor<graph>& e, node n, annotation) { e.set_attribute(n, "annotated", "yes"); }

    static naming_scope open_scope(graph& g, scope_kind kind, const std::string& path) {
        if (kind == scope_kind::root || kind == scope_kind::reenter) return {path, path};
        return {g.unique(path), path};
    }

    static value<node> build(editor<graph>& e, const instruction<node>& i) {
        const std::string last(i.hint.empty() ? to_string(i.op) : i.hint);
        graph::node_data data{.kind = static_cast<unsigned>(i.op),
                              .name = e.graph().unique(i.scope.path.empty() ? last : i.scope.path + "." + last)};
        for (const operand_of<node>& o : i.operands) {
            if (const auto* tensor = std::get_if<value<node>>(&o)) {
                data.inputs.push_back(*tensor);
            } else {
                const node number = e.add({.name = e.graph().unique(data.name + ".number")});
                e.set_attribute(number, "number", std::to_string(std::get<literal>(o).number));
                data.inputs.push_back({number, 0});
            }
        }
        if (i.like) data.attributes = e.graph().at(*i.like).attributes;
        if (i.op == word::constant) {
            data.shape = tensor_shape(i.params.dims);
            data.attributes["numbers"] =
                std::string(reinterpret_cast<const char*>(i.params.data.data()), i.params.data.size() * sizeof(float));
        }
        return {e.add(std::move(data)), 0};
    }

    static std::optional<constant_tensor> constant_of(const graph& g, const value<node>& v) {
        const auto bytes = g.attribute_of(v.node, "numbers");
        if (!bytes) return std::nullopt;
        constant_tensor c{std::vector<float>(bytes->size() / sizeof(float)), g.shape(v).dims()};
        std::copy(bytes->begin(), bytes->end(), reinterpret_cast<char*>(c.data.data()));
        return c;
    }
};

}  // namespace qgraft

#endif
