// Finds the layers to quantize: each layer once, with the largest pattern that fits it.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_FIND_LAYERS_HPP
#define QGRAFT_RULES_FIND_LAYERS_HPP

#include <algorithm>
#include <string>
#include <vector>

#include <qgraft/rewrite/report.hpp>
#include <qgraft/rules/config.hpp>
#include <qgraft/rules/layer_patterns.hpp>
#include <qgraft/rules/unquantized_view.hpp>

namespace qgraft {

/// A layer and the nodes around it that are quantized with it; no_node where there is none.
struct layer_match {
    node_id layer = no_node;
    node_id weights = no_node;
    node_id bias = no_node;
    node_id bypass = no_node;
    node_id activation = no_node;
    node_id post_activation_bypass = no_node;
};

namespace detail {

/// The node that `Tag` has captured; no_node when the pattern has no such capture, or has not bound it.
template <class Tag, class Tags>
node_id captured(const pattern::captures<Tags>& m) {
    if constexpr (Tags::template contains<Tag>) {
        return m.template node<Tag>();
    } else {
        return no_node;
    }
}

/// Collects matches; a layer that has been found keeps its first match.
class layer_finder {
public:
    layer_finder(const graph_view& view, const quantize_config& config)
        : view_(view), as_reference_(config.as_reference), found_(view.size(), false) {
        for (const node_id n : config.excluded) found_[n] = true;
    }

    /// The order of the passes matters: matches are not disjoint, and the largest must win.
    std::vector<layer_match> find() {
        namespace patterns = layer_patterns;
        pass({word::add}, patterns::then_bypassed, [](node_id root, layer_match& m) {
            m.post_activation_bypass = root;
            return true;
        });
        pass({word::relu, word::relu6, word::identity}, patterns::activated,
             [this](node_id root, layer_match&) { return !estimates_statistics(root); });
        pass({word::add, word::bias_add}, patterns::final_layer, [](node_id root, layer_match& m) {
            m.activation = root;
            m.bias = no_node;
            return true;
        });
        // Here the reference looks for a parameter only, never for folded weights, and quantizes the layer's own
        // output.
        pass(patterns::layers, patterns::separable, [this](node_id, layer_match& m) {
            m.activation = m.layer;
            if (!view_.has_role(m.weights, role::parameter)) m.weights = no_node;
            return true;
        });
        return std::move(matches_);
    }

private:
    /// Tries the pattern at each node of the words; `complete` fills in what the captures do not say, or declines.
    template <class Pattern, class Complete>
    void pass(word_set roots, Pattern p, Complete complete) {
        namespace patterns = layer_patterns;
        for (const node_id n : view_.order()) {
            if (!roots.contains(view_.word_of(n))) continue;
            const auto m = match(view_, n, p);
            if (!m) continue;
            layer_match found;
            found.layer = captured<patterns::layer_tag>(*m);
            found.weights = captured<patterns::weights_tag>(*m);
            found.bias = captured<patterns::bias_tag>(*m);
            found.bypass = captured<patterns::bypass_tag>(*m);
            found.activation = captured<patterns::activation_tag>(*m);
            if (found_[found.layer] || !has_weights_in_place(found) || !complete(n, found)) continue;
            found_[found.layer] = true;
            matches_.push_back(found);
        }
    }

    /// The pattern takes the operands of a layer in either order, as the reference does: then a product of activations
    /// can pass for weights. It is weights where the layer has them: its second operand, or a parameter that is
    /// multiplied.
    [[nodiscard]] bool has_weights_in_place(const layer_match& m) const {
        if (as_reference_ || view_.inputs(m.layer)[1].node == m.weights) return true;
        return view_.word_of(m.layer) == word::matmul && view_.has_role(m.weights, role::parameter);
    }

    /// layer -> identity -> batch norm: once the batch norm is folded, what is left there estimates its statistics.
    [[nodiscard]] bool estimates_statistics(node_id activation) const {
        const auto users = view_.users(activation);
        return view_.word_of(activation) == word::identity && users.size() == 1 &&
               view_.word_of(users.front().node) == word::batch_norm;
    }

    const graph_view& view_;
    bool as_reference_;
    std::vector<bool> found_;
    std::vector<layer_match> matches_;
};

}  // namespace detail

/// All layers to quantize, in the order in which they are quantized. Layers that are quantized already are found as if
/// they were not, so that a second rewrite decides as the first did; the reference does not find them.
inline std::vector<layer_match> find_layers(const graph_view& view, const quantize_config& config) {
    if (config.as_reference) return detail::layer_finder(view, config).find();
    const unquantized_view plain(view);
    return detail::layer_finder(plain, config).find();
}

/// Why no pattern fits a layer: the node that broke the nearest one, in a sentence.
inline std::string explain_uncovered(const graph_view& view, node_id layer) {
    namespace patterns = layer_patterns;
    if (view.word_of(layer) == word::other_layer) return view.op_name(layer) + " is a layer that no rule is for";
    const pattern::miss unweighted = pattern::explain(view, layer, patterns::layer);
    if (!unweighted.expected.empty()) return "no weights: " + pattern::to_string(view, unweighted);
    pattern::miss nearest;
    for (const use u : view.users(layer)) {
        const pattern::miss m = pattern::explain(view, u.node, patterns::activated);
        if (m.expected.empty()) return "its activation belongs to another layer, or is left alone";
        if (nearest.expected.empty() || m.depth > nearest.depth) nearest = m;
    }
    if (nearest.expected.empty()) return "nothing uses its output";
    return "no bias, activation or bypass follows: " + pattern::to_string(view, nearest);
}

}  // namespace qgraft

#endif
