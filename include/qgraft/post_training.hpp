// Quantization after training: frozen graphs, with ranges as numbers and no variables.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_POST_TRAINING_HPP
#define QGRAFT_POST_TRAINING_HPP

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <qgraft/modern.hpp>
#include <qgraft/qat.hpp>
#include <qgraft/rules/known_ranges.hpp>
#include <qgraft/rules/value_groups.hpp>

namespace qgraft {

/// The words that quantizing after training builds.
inline constexpr word_set post_training_words{word::fake_quant};

namespace detail {

template <class Kernels>
quant_range range_of_all(std::span<const float> values) {
    return Kernels{}.min_max(values);
}

template <class Kernels>
void ranges_of_channels(std::span<const float> values, std::span<quant_range> ranges, std::size_t inner) {
    Kernels{}.min_max_channels(values, ranges, inner);
}

}  // namespace detail

/// Inserts fake quantization with fixed ranges, by the modern profile, into a graph that is trained. Batch norms are
/// folded first, into constants. The ranges of weights are those of their constants, found by `Kernels`, a
/// kernel_policy that also folds (folding_kernel_policy); those of activations are in `ranges`, by the names of nodes
/// before the rewrite or after folding. Values of a same-range group have the union of their ranges. What has no range
/// is left as it is, with the reason in the report; options.verify lists it, and options.strict refuses it.
/// With options.weight_granularity the ranges of weights are constants, of a number for each channel.
/// Delays of the options are not used. Needs no state: the dialect speaks fake_quant and tells constants.
/// Throws as rewrite_for does, and invalid_option for a range that is not finite or has its ends reversed.
template <class Kernels, class G>
report quantize_post_training(G& graph, const range_table& ranges, const qat_options<G>& options = {}) {
    require_folding_kernel_policy<Kernels>();
    if constexpr (check_rewritable_graph<G, post_training_words>() && folding_kernel_policy<Kernels>) {
        static_assert(detail::has_constant_of<G>,
                      "qgraft: dialect<G> lacks constant_of(const G&, value<node>), which returns an "
                      "optional<constant_tensor>");
        qat_options<G> chosen = options;
        chosen.quant_delay.reset();
        chosen.freeze_bn_delay.reset();
        if (chosen.profile == nullptr) chosen.profile = &modern_profile;
        quantize_config config = detail::run_time_config<Kernels>(chosen, phase::evaluation);
        if (const char* why = detail::channel_obstacle<G>(config.weights, true))
            throw invalid_option("weight_granularity", why);
        const known_ranges known{&ranges, &detail::range_of_all<Kernels>, &detail::ranges_of_channels<Kernels>};
        config.known = &known;
        fold_config folding = detail::folding_of<phase::evaluation, Kernels>(chosen);
        return detail::rewrite(graph, chosen, config, folding, {}, &kernel_for<Kernels>);
    } else {
        return {};
    }
}

/// The names of the nodes whose first outputs quantize_post_training looks up in a table of ranges: show these to a
/// calibration. Batch norms may be there still: with them a few more are named than will be asked for.
/// Throws invalid_graph.
template <class G>
std::vector<std::string> values_to_observe(const G& graph) {
    std::vector<std::string> names;
    if constexpr (check_matchable_graph<G>()) {
        const graph_index<G> index(graph);
        for (const value_group& g : find_value_groups(index, {})) {
            if (g.is_weights || g.is_quantized) continue;
            for (const group_value& v : g.values) names.push_back(index.name(v.at.node));
        }
    }
    return names;
}

}  // namespace qgraft

#endif
