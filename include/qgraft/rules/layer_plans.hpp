// Settings a layer at a time: asks for them before a rewrite, and hands them on to the folded copies of layers.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_LAYER_PLANS_HPP
#define QGRAFT_RULES_LAYER_PLANS_HPP

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/graph/error.hpp>
#include <qgraft/ops/index.hpp>
#include <qgraft/rules/config.hpp>
#include <qgraft/rules/folded_copies.hpp>
#include <qgraft/rules/layer_patterns.hpp>
#include <qgraft/rules/unquantized_view.hpp>

namespace qgraft {

/// The layers that settings are asked for: those with weights, in the scope, in the order of the view; not the folded
/// copies that an earlier rewrite has left.
inline std::vector<node_id> layers_to_decide_on(const graph_view& view, const std::string& scope,
                                                const std::vector<folded_copy>& copies) {
    std::vector<bool> is_copy(view.size(), false);
    for (const folded_copy& c : copies) is_copy[c.copy] = true;
    std::string path = scope;
    if (!path.empty() && path.back() != view.separator()) path += view.separator();
    const unquantized_view plain(view);
    std::vector<node_id> layers;
    for (const node_id n : plain.order()) {
        if (!layer_patterns::layers.contains(view.word_of(n)) || is_copy[n]) continue;
        if (view.name(n).starts_with(path) && match(plain, n, layer_patterns::layer)) layers.push_back(n);
    }
    return layers;
}

namespace detail {

/// Throws invalid_option, which names the layer, for settings that no rule can meet.
inline void check_settings(const layer_settings& s, const std::string& layer) {
    const auto refuse = [&](const std::string& why) {
        throw invalid_option("layers", "the settings of '" + layer + "' " + why);
    };
    for (const quant_spec& spec : {s.weights, s.activations}) {
        if (!spec.valid()) {
            refuse("have " + std::to_string(spec.bits) + " bits, which must be from " + std::to_string(min_quant_bits) +
                   " to " + std::to_string(max_quant_bits));
        }
        if (spec.grain != granularity::per_tensor) refuse("are per channel, and the rules have one range a tensor");
    }
    if (!(s.ema_decay >= 0 && s.ema_decay <= 1)) refuse("have an ema_decay that is not from 0 to 1");
}

/// The layers as whoever decides on them is shown them.
template <class G>
std::vector<layer_of<node_of<G>>> described(const graph_index<G>& index, const std::vector<node_id>& layers) {
    std::vector<layer_of<node_of<G>>> all;
    all.reserve(layers.size());
    for (const node_id n : layers) {
        all.push_back({{index.name(n), index.word_of(n), index.op_name(n), index.separator()}, index.handle(n)});
    }
    return all;
}

/// Puts what was decided into a config. `kernel_for(spec)` is the functor of a spec.
template <class KernelFor>
void put_plans(quantize_config& config, const graph_view& view, const std::vector<node_id>& layers,
               const std::vector<layer_settings>& decided, KernelFor kernel_for) {
    const layer_settings usual = config.plan_of(no_node).settings;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        if (decided[i] == usual) continue;
        check_settings(decided[i], view.name(layers[i]));
        if (decided[i].excluded) {
            config.excluded.push_back(layers[i]);
        } else {
            config.layers.push_back(
                {layers[i], {decided[i], kernel_for(decided[i].weights), kernel_for(decided[i].activations)}});
        }
    }
}

/// Gives copies the plans of their originals, and brings all into order.
template <class Copies>
void inherit_plans(quantize_config& config, const Copies& copies) {
    const auto by_layer = [](const auto& a, const auto& b) { return a.first < b.first; };
    std::sort(config.layers.begin(), config.layers.end(), by_layer);
    std::vector<std::pair<node_id, layer_plan>> inherited;
    for (const auto& [copy, original] : copies) {
        if (const layer_plan* plan = config.own_plan_of(original)) inherited.push_back({copy, *plan});
    }
    config.layers.insert(config.layers.end(), inherited.begin(), inherited.end());
    std::sort(config.layers.begin(), config.layers.end(), by_layer);
}

}  // namespace detail

/// Asks `decide`, a layer_decider, for the settings of each layer, and puts those that differ from the usual ones into
/// `config`. Throws what it throws, and invalid_option for settings that no rule can meet.
template <class G, class Decide, class KernelFor>
void plan_layers(const graph_index<G>& index, const Decide& decide, quantize_config& config, KernelFor kernel_for) {
    const std::vector<folded_copy> copies = folded_copies(index);
    const std::vector<node_id> layers = layers_to_decide_on(index, config.scope, copies);
    std::vector<layer_settings> decided(layers.size(), config.plan_of(no_node).settings);
    const std::vector<layer_of<node_of<G>>> shown = detail::described(index, layers);
    decide(std::span<const layer_of<node_of<G>>>(shown), std::span<layer_settings>(decided));
    detail::put_plans(config, index, layers, decided, kernel_for);
    std::sort(config.excluded.begin(), config.excluded.end());
    std::vector<node_id> excluded = config.excluded;
    for (const folded_copy& c : copies) {
        if (contains(config.excluded, c.original)) excluded.push_back(c.copy);
    }
    std::sort(excluded.begin(), excluded.end());
    config.excluded = std::move(excluded);
    detail::inherit_plans(config, copies);
}

}  // namespace qgraft

#endif
