// Settings a layer at a time: asks for them before a rewrite, and hands them on to the folded copies of layers.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_LAYER_PLANS_HPP
#define QGRAFT_RULES_LAYER_PLANS_HPP

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <qgraft/graph/callback.hpp>
#include <qgraft/graph/error.hpp>
#include <qgraft/ops/index.hpp>
#include <qgraft/rules/config.hpp>
#include <qgraft/rules/folded_copies.hpp>
#include <qgraft/rules/layer_patterns.hpp>
#include <qgraft/rules/paths.hpp>
#include <qgraft/rules/unquantized_view.hpp>

namespace qgraft {

/// The functor of a kernel policy for a spec; none where there are no kernels.
using kernel_lookup = fake_quant_kernel (*)(const quant_spec&);

namespace detail {

/// Why the weights of a graph of type `G` cannot have a spec; null when they can. Ranges are variables, or numbers.
template <class G>
const char* channel_obstacle(const quant_spec& weights, bool as_numbers = false) {
    constexpr word_set spoken = dialect<G>::spoken;
    if (weights.grain != granularity::per_channel) return nullptr;
    if ((per_channel_words.bits & ~spoken.bits) != 0) {
        return "is per_channel, and the dialect of this graph does not speak 'fake_quant_per_channel' and 'reshape'";
    }
    if (!as_numbers || spoken.contains(word::constant)) return nullptr;
    return "is per_channel, and the dialect of this graph does not speak 'constant'";
}

/// Asks for the settings of the layers of a graph, and puts them into a config. A template throughout, so that it is
/// compiled only where settings are asked for.
template <class G>
class layer_planner {
public:
    using layer = layer_of<node_of<G>>;

    layer_planner(const graph_index<G>& index, quantize_config& config, kernel_lookup kernel_for)
        : index_(index), config_(config), kernel_for_(kernel_for), plain_(index) {
        find_copies();
        find_layers();
    }

    /// Asks `decide(layers, settings)`, as qat_options::layers has it. Throws what it throws, and invalid_option for
    /// settings that no rule can meet.
    template <class Decide>
    void plan(Decide& decide) {
        std::vector<layer> shown(layers_.size());
        std::vector<layer_settings> settings(layers_.size());
        for (std::size_t i = 0; i < layers_.size(); ++i) {
            const node_id n = layers_[i];
            shown[i] = {{index_.name(n), index_.word_of(n), index_.op_name(n), index_.separator()}, index_.handle(n)};
            settings[i] = settings_so_far(n);
        }
        decide(std::span<const layer>(shown), std::span<layer_settings>(settings));
        put(settings);
    }

private:
    /// The folded copies that an earlier rewrite has left.
    void find_copies() {
        for_each_possible_copy(plain_, [this](const layers_by_operands& layers, node_id n, tensor x, tensor weights) {
            const node_id original = layers.find(x, weights);
            if (original != no_node) copies_.push_back({n, original});
        });
    }

    /// The layers that settings are asked for: those with weights, in the scope, in the order of the view, no copies.
    void find_layers() {
        std::vector<bool> is_copy(index_.size(), false);
        for (const node_copy c : copies_) is_copy[c.made] = true;
        const std::string path = prefix_of_scope(config_.scope, index_.separator());
        const word_set words = config_.weights_by_place ? layers_with_settings : foldable_layers;
        for (const node_id n : plain_.order()) {
            if (!words.contains(index_.word_of(n)) || is_copy[n]) continue;
            const bool is_layer =
                config_.weights_by_place ? plain_.inputs(n).size() > 1 : bool(match(plain_, n, layer_patterns::layer));
            if (is_layer && index_.name(n).starts_with(path)) layers_.push_back(n);
        }
    }

    [[nodiscard]] layer_settings settings_so_far(node_id n) const {
        layer_settings s = config_.plan_of(n).settings;
        s.excluded = contains(config_.excluded, n);
        return s;
    }

    void put(const std::vector<layer_settings>& settings) {
        std::vector<bool> is_excluded(index_.size(), false);
        for (const node_id n : config_.excluded) is_excluded[n] = true;
        for (std::size_t i = 0; i < layers_.size(); ++i) {
            if (settings[i] == settings_so_far(layers_[i])) continue;
            is_excluded[layers_[i]] = settings[i].excluded;
            put_plan(layers_[i], settings[i]);
        }
        for (const node_copy c : copies_) is_excluded[c.made] = is_excluded[c.made] || is_excluded[c.like];
        inherit(config_, copies_);
        config_.inherit = &layer_planner::inherit;
        config_.excluded.clear();
        for (node_id n = 0; n < index_.size(); ++n) {
            if (is_excluded[n]) config_.excluded.push_back(n);
        }
    }

    void put_plan(node_id n, const layer_settings& s) {
        check(s, index_.name(n));
        config_.plans.push_back({s, kernel_for_(s.weights), kernel_for_(s.activations)});
        config_.plan_places.resize(index_.size(), 0);
        config_.plan_places[n] = static_cast<node_id>(config_.plans.size());
    }

    /// Throws invalid_option, which names the layer, for settings that no rule can meet.
    void check(const layer_settings& s, const std::string& name) const {
        const auto refuse = [&](const std::string& why) {
            throw invalid_option("layers", "the settings of '" + name + "' " + why);
        };
        for (const quant_spec& spec : {s.weights, s.activations}) {
            if (!spec.valid()) {
                refuse("have " + std::to_string(spec.bits) + " bits, which must be from " +
                       std::to_string(min_quant_bits) + " to " + std::to_string(max_quant_bits));
            }
        }
        if (const char* why = channel_obstacle<G>(s.weights, config_.known != nullptr))
            refuse("have weights whose granularity " + std::string(why));
        if (s.activations.grain != granularity::per_tensor) {
            refuse("have activations whose granularity is per_channel: these have one range a tensor");
        }
        if (!(s.ema_decay >= 0 && s.ema_decay <= 1)) refuse("have an ema_decay that is not from 0 to 1");
    }

    /// Gives copies the plans of their originals.
    static void inherit(quantize_config& config, const std::vector<node_copy>& copies) {
        for (const node_copy c : copies) {
            if (!config.has_own_plan(c.like)) continue;
            if (config.plan_places.size() <= c.made) config.plan_places.resize(c.made + std::size_t{1}, 0);
            config.plan_places[c.made] = config.plan_places[c.like];
        }
    }

    const graph_index<G>& index_;
    quantize_config& config_;
    kernel_lookup kernel_for_;
    unquantized_view plain_;
    std::vector<node_id> layers_;
    std::vector<node_copy> copies_;
};

}  // namespace detail

/// Who decides on the settings of the layers of a graph of type `G`, whose handles are `Node`s: nobody, or anything
/// that is called with (std::span<const layer_of<Node>> layers, std::span<layer_settings> settings). It is called once,
/// before the graph is touched: settings[i], which comes with the settings of the whole graph, is for layers[i]. The
/// layers are those that have weights and lie in the scope, producers before consumers, in the graph as it was before
/// any rewrite: a folded copy has the settings of its original. What the callable throws ends the rewrite. All that
/// concerns it is compiled where one is given, and nowhere else.
template <class G, class Node>
class layer_decider : public callback<const graph_view&, quantize_config&, kernel_lookup> {
    using base = callback<const graph_view&, quantize_config&, kernel_lookup>;

public:
    layer_decider() = default;

    template <class F>
    requires(!std::same_as<F, layer_decider>) layer_decider(F f) : base(made_of(std::move(f))) {}

private:
    template <class F>
    static base made_of(F f) {
        constexpr bool fits = std::is_invocable_v<F&, std::span<const layer_of<Node>>, std::span<layer_settings>>;
        static_assert(fits,
                      "qgraft: the settings of layers are decided on by a callable that takes (std::span<const "
                      "layer_of<node>>, std::span<layer_settings>), or by for_each_layer of one that takes (const "
                      "layer_of<node>&, layer_settings&)");
        if constexpr (fits) {
            return [f](const graph_view& view, quantize_config& config, kernel_lookup kernel_for) mutable {
                detail::layer_planner<G>(static_cast<const graph_index<G>&>(view), config, kernel_for).plan(f);
            };
        } else {
            return {};
        }
    }
};

}  // namespace qgraft

#endif
