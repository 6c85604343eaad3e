// Rule: quantizes the weights and the activations of layers.
//
// before     x, weights -> layer -> [+ bias] -> [+ bypass] -> activation -> [+ bypass]
// after      weights                            fake quantization, range of the last value, narrow
//            [+ bias], where a bypass follows   fake quantization, moving average
//            [+ bypass], unless an activation follows, which is quantized instead     the same
//            activation                         the same; the range variable starts at [0, 6] instead of [-6, 6]
//            [+ bypass] after the activation, unless a relu follows                   the same
//
// conditions  the layer fits a pattern of layer_patterns.hpp. Weights are quantized where the layer, and all that reads
//             them, are in scope, activations where their producer is. The other conditions are those of
//             fake_quantize.hpp.
// ranges      as in the picture, unless the settings of a layer choose the other policy; weights may have one for each
//             output channel (weight_channels.hpp)
// formula     that of fake_quantize.hpp
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_QUANTIZE_LAYERS_HPP
#define QGRAFT_RULES_QUANTIZE_LAYERS_HPP

#include <string>
#include <utility>
#include <vector>

#include <qgraft/graph/error.hpp>
#include <qgraft/rules/fake_quantize.hpp>
#include <qgraft/rules/find_layers.hpp>
#include <qgraft/rules/folded_copies.hpp>

namespace qgraft {

namespace detail {

/// Plans the insertions of one layer after the other.
class layer_quantizer {
public:
    layer_quantizer(const graph_view& view, script& s, report& r, const quantize_config& config)
        : view_(view), config_(config), quantizer_(view, s, r, config), handled_(view.size(), false) {}

    void quantize(const layer_match& m) {
        plan_ = config_.plan_of(m.layer);
        const std::string context = parent_path(view_.name(m.layer), view_.separator());
        const std::string around = m.bypass == no_node ? context : parent_path(context, view_.separator());
        if (m.weights != no_node) weights(m, context);
        if (m.activation != no_node) activation(m, around);
        if (m.bypass != no_node) bypass(m, context, around);
        if (m.post_activation_bypass != no_node) post_activation_bypass(m);
    }

    /// Nodes whose output has been dealt with: quantized, or left for a reason.
    [[nodiscard]] std::vector<bool> handled() && { return std::move(handled_); }

private:
    [[nodiscard]] fake_quant_request of_activation(node_id producer, std::string context, std::string suffix) const {
        fake_quant_request r{.rule = "quantize_layers",
                             .producer = producer,
                             .context = std::move(context),
                             .suffix = std::move(suffix)};
        r.range.spec = plan_.settings.activations;
        r.range.kernel = plan_.activation_kernel;
        r.range.policy = plan_.settings.activation_range;
        r.range.ema_decay = plan_.settings.ema_decay;
        r.producer_in_scope = true;
        return r;
    }

    void weights(const layer_match& m, const std::string& context) {
        if (!config_.plans.empty()) check_shared_weights(m);
        fake_quant_request r{
            .rule = "quantize_layers", .producer = m.weights, .context = context, .suffix = "weights_quant"};
        r.range.spec = plan_.settings.weights;
        r.range.kernel = plan_.weight_kernel;
        r.range.policy = plan_.settings.weight_range;
        r.range.ema_decay = plan_.settings.ema_decay;
        if (r.range.spec.grain == granularity::per_channel)
            r.range.channels = channels_of_weights(view_, m.layer, {m.weights, 0}, config_.as_reference);
        r.consumers_in_scope = true;
        quantizer_.insert(r);
    }

    /// Throws invalid_option where layers that share their weights have different settings for them.
    void check_shared_weights(const layer_match& m) {
        weights_of_.resize(view_.size(), no_node);
        const node_id first = std::exchange(weights_of_[m.weights], m.layer);
        if (first == no_node) return;
        const layer_settings a = config_.plan_of(first).settings;
        const layer_settings& b = plan_.settings;
        const bool same_average = b.weight_range == range_policy::last_value || a.ema_decay == b.ema_decay;
        if (a.weights == b.weights && a.weight_range == b.weight_range && same_average) return;
        throw invalid_option("layers", "'" + view_.name(first) + "' and '" + view_.name(m.layer) +
                                           "' share their weights, and have different settings for them");
    }

    void activation(const layer_match& m, const std::string& context) {
        fake_quant_request r = of_activation(m.activation, context, "act_quant");
        r.range.initial_min = 0;
        quantizer_.insert(r);
        handled_[m.activation] = true;
    }

    /// Both what goes into the addition and what comes out of it.
    void bypass(const layer_match& m, const std::string& context, const std::string& around) {
        fake_quant_request in = of_activation(m.bias, context, "conv_quant");
        in.consumers_in_scope = true;
        quantizer_.insert(in);
        handled_[m.bias] = true;
        if (is_followed_by(m.bypass, {word::relu, word::relu6, word::identity})) return;
        fake_quant_request out = of_activation(m.bypass, around, "add_quant");
        out.consumers_in_scope = true;
        quantizer_.insert(out);
        handled_[m.bypass] = true;
    }

    void post_activation_bypass(const layer_match& m) {
        const node_id add = m.post_activation_bypass;
        if (!is_followed_by(add, {word::relu, word::relu6})) {
            quantizer_.insert(
                of_activation(add, parent_path(view_.name(add), view_.separator()), "post_activation_bypass_quant"));
        }
        handled_[add] = true;
    }

    /// An addition that an activation follows is computed together with it: only the activation's output is quantized.
    [[nodiscard]] bool is_followed_by(node_id n, word_set words) const {
        for (const node_id u : quantizer_.consumers(n)) {
            if (words.contains(view_.word_of(u))) return true;
        }
        return false;
    }

    const graph_view& view_;
    const quantize_config& config_;
    layer_plan plan_{};  ///< of the layer that is quantized
    fake_quantizer quantizer_;
    std::vector<bool> handled_;
    std::vector<node_id> weights_of_{};  ///< by weights: a layer that has them; where layers have settings of their own
};

}  // namespace detail

namespace detail {

/// Whether an earlier rewrite has dealt with the layer: where it has its weights, there is fake quantization.
inline bool has_quantized_weights(const graph_view& view, node_id layer) {
    const auto operands = view.inputs(layer);
    if (operands.size() < 2 || match(view, layer, layer_patterns::layer)) return false;
    return view.word_of(operands[1].node) == word::delayed || quantized_source(view, operands[1].node);
}

/// Why a layer that has not been found stays as it is.
inline decision decision_on_uncovered(const graph_view& view, const quantize_config& config, node_id layer) {
    decision d{"quantize_layers", view.name(layer), outcome::left_as_is, {}};
    if (contains(config.excluded, layer)) {
        d.reason = "is excluded by an option";
    } else if (has_quantized_weights(view, layer)) {
        d.reason = "has quantized weights already";
    } else {
        d.what = outcome::not_covered;
        d.reason = explain_uncovered(view, layer);
    }
    return d;
}

}  // namespace detail

/// Plans the rule. Returns, by node, whether its output has been dealt with, for quantize_activations.
inline std::vector<bool> quantize_layers(const graph_view& view, const quantize_config& config, script& s, report& r) {
    detail::layer_quantizer quantizer(view, s, r, config);
    std::vector<bool> covered(view.size(), false);
    for (const layer_match& m : find_layers(view, config)) {
        covered[m.layer] = true;
        quantizer.quantize(m);
    }
    // What a folded copy has replaced goes on only for the statistics of its batch norm: there is nothing to cover.
    const std::vector<bool> replaced = layers_with_folded_copies(unquantized_view(view));
    for (const node_id n : view.order()) {
        if (all_layers.contains(view.word_of(n)) && !covered[n] && !replaced[n]) {
            r.decisions.push_back(detail::decision_on_uncovered(view, config, n));
        }
    }
    return std::move(quantizer).handled();
}

}  // namespace qgraft

#endif
