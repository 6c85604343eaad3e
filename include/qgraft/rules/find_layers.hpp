// Finds the layers to quantize: each layer once, with the largest pattern that fits it.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_FIND_LAYERS_HPP
#define QGRAFT_RULES_FIND_LAYERS_HPP

#include <cstdint>
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
        pass({word::add}, patterns::then_bypassed, part::post_activation_bypass);
        pass({word::relu, word::relu6, word::identity}, patterns::activated, part::activation);
        pass({word::add, word::bias_add}, patterns::final_layer, part::bias);
        pass(patterns::layers, patterns::separable, part::layer);
        return std::move(matches_);
    }

private:
    /// What the root of a pattern is to a layer.
    enum class part : std::uint8_t { post_activation_bypass, activation, bias, layer };

    /// Tries the pattern at each node of the words.
    void pass(word_set roots, pattern::some_pattern p, part root) {
        namespace patterns = layer_patterns;
        for (const node_id n : view_.order()) {
            if (!roots.contains(view_.word_of(n))) continue;
            const auto m = pattern::match_some(view_, n, p);
            if (!m) continue;
            layer_match found;
            found.layer = m->node<patterns::layer_tag>();
            found.weights = m->node<patterns::weights_tag>();
            found.bias = m->node<patterns::bias_tag>();
            found.bypass = m->node<patterns::bypass_tag>();
            found.activation = m->node<patterns::activation_tag>();
            if (found_[found.layer] || !has_weights_in_place(found) || !complete(n, root, found)) continue;
            found_[found.layer] = true;
            matches_.push_back(found);
        }
    }

    /// Fills in what the captures do not say, or declines.
    [[nodiscard]] bool complete(node_id n, part root, layer_match& m) const {
        switch (root) {
            case part::post_activation_bypass:
                m.post_activation_bypass = n;
                break;
            case part::activation:
                return !estimates_statistics(n);
            case part::bias:
                m.activation = n;
                m.bias = no_node;
                break;
            case part::layer:
                // Here the reference looks for a parameter only, never for folded weights, and quantizes the layer's
                // own output.
                m.activation = m.layer;
                if (!view_.has_role(m.weights, role::parameter)) m.weights = no_node;
                break;
        }
        return true;
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
    if (!patterns::layers.contains(view.word_of(layer))) return view.op_name(layer) + " is a layer that no rule is for";
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
