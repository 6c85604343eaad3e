// What is refused before any rule plans, and what is warned of.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_REFUSE_HPP
#define QGRAFT_RULES_REFUSE_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <qgraft/graph/error.hpp>
#include <qgraft/ops/view.hpp>
#include <qgraft/quant/quant_spec.hpp>
#include <qgraft/rewrite/report.hpp>
#include <qgraft/rules/config.hpp>

namespace qgraft {

namespace detail {

/// Throws invalid_option unless a bit width is one that a quant_spec may have.
inline void check_bits(const std::string& option, int bits) {
    if (!quant_spec{.bits = bits}.valid()) {
        throw invalid_option(option, "is " + std::to_string(bits) + ", and must be from " +
                                         std::to_string(min_quant_bits) + " to " + std::to_string(max_quant_bits));
    }
}

/// Throws invalid_option for a negative delay or a decay outside of [0, 1].
inline void check_delays(std::optional<std::int64_t> quant, std::optional<std::int64_t> freeze, double ema_decay) {
    if (quant.value_or(0) < 0) throw invalid_option("quant_delay", "is negative");
    if (freeze.value_or(0) < 0) throw invalid_option("freeze_bn_delay", "is negative");
    if (!(ema_decay >= 0 && ema_decay <= 1)) throw invalid_option("ema_decay", "is not from 0 to 1");
}

/// Throws invalid_option where a range policy is custom and there is no function for it.
inline void require_range_functions(const quantize_config& config) {
    require_range_function(config.weight_range, config.custom_range);
    require_range_function(config.activation_range, config.custom_range);
    for (const layer_plan& p : config.plans) {
        require_range_function(p.settings.weight_range, config.custom_range);
        require_range_function(p.settings.activation_range, config.custom_range);
    }
}

}  // namespace detail

/// Throws refused_graph when the graph holds optimizers' updates: quantization must come before gradients are added.
inline void refuse_training_graph(const graph_view& view) {
    for (const node_id n : view.order()) {
        if (view.word_of(n) == word::training_step) {
            throw refused_graph(view.name(n), "is a training operation (" + view.op_name(n) +
                                                  "); rewrite the graph before gradients and optimizer are added");
        }
    }
}

/// Throws refused_graph when there is a batch norm to fold: for a graph whose dialect cannot build what that takes.
inline void refuse_batch_norms(const graph_view& view) {
    for (const node_id n : view.order()) {
        if (view.word_of(n) == word::batch_norm || view.has_role(n, role::in_norm)) {
            throw refused_graph(view.name(n),
                                "belongs to a batch norm, and the dialect of this graph cannot build what folding "
                                "takes; run the quantize stage alone");
        }
    }
}

/// A sentence where the graph computes gradients, which a rewrite does not reach.
inline std::vector<std::string> find_gradients(const graph_view& view) {
    for (const node_id n : view.order()) {
        if (view.word_of(n) == word::gradient) {
            return {"'" + view.name(n) + "' computes a gradient, which will not see what is rewritten"};
        }
    }
    return {};
}

/// Things that were likely not meant: a sentence each.
inline std::vector<std::string> find_warnings(const graph_view& view, const quantize_config& config,
                                              std::optional<std::int64_t> freeze_bn_delay) {
    std::vector<std::string> warnings = find_gradients(view);
    if (!config.scope.empty()) {
        bool found = false;
        const std::string path =
            config.scope.back() == view.separator() ? config.scope : config.scope + view.separator();
        for (node_id n = 0; n < view.size() && !found; ++n) found = view.name(n).starts_with(path);
        if (!found) warnings.push_back("no node is in the scope '" + config.scope + "'");
    }
    if (freeze_bn_delay && *freeze_bn_delay <= config.quant_delay.value_or(0)) {
        warnings.emplace_back(
            "freeze_bn_delay is not above quant_delay: statistics freeze before values are quantized");
    }
    return warnings;
}

/// Throws refused_graph for the first value without a range; not for inputs of the graph.
inline void refuse_missing_ranges(const range_check& ranges) {
    const std::size_t all = ranges.missing.size() - ranges.count(value_role::graph_input);
    for (const missing_range& m : ranges.missing) {
        if (m.role == value_role::graph_input) continue;
        const std::string others = all > 1 ? " (and " + std::to_string(all - 1) + " more)" : "";
        throw refused_graph(m.node, m.reason + ", which " + ranges.target + " needs" + others);
    }
}

}  // namespace qgraft

#endif
