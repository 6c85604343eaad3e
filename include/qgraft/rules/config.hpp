// What the quantize rules are told: widths, ranges, delay, scope.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_CONFIG_HPP
#define QGRAFT_RULES_CONFIG_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <qgraft/ops/instruction.hpp>
#include <qgraft/ops/view.hpp>
#include <qgraft/quant/quant_spec.hpp>
#include <qgraft/rewrite/report.hpp>
#include <qgraft/rewrite/script.hpp>
#include <qgraft/rules/custom_range.hpp>
#include <qgraft/rules/layer_settings.hpp>

namespace qgraft {

/// The settings of one layer with the kernel policy's functors for them, or none.
struct layer_plan {
    layer_settings settings{};
    fake_quant_kernel weight_kernel = nullptr;
    fake_quant_kernel activation_kernel = nullptr;
};

struct known_ranges;

/// The settings of the quantize rules, as values. qat.hpp makes one from a policy and from the arguments of an entry
/// point.
struct quantize_config {
    /// Ranges are learnt (training) or only read (evaluation).
    bool is_training = true;
    quant_spec weights{.narrow_range = true};
    quant_spec activations{};
    /// The activations of additions and multiplications outside of layers: as `activations`, but never symmetric under
    /// the reference's rules.
    quant_spec swept{};
    /// The kernel policy's functors for these specs, or none.
    fake_quant_kernel weight_kernel = nullptr;
    fake_quant_kernel activation_kernel = nullptr;
    range_policy weight_range = range_policy::last_value;
    range_policy activation_range = range_policy::moving_average;
    /// How ranges follow whose policy is custom.
    range_function custom_range = nullptr;
    /// The decay of the moving averages of ranges.
    double ema_decay = 0.999;
    /// The step from which on values are quantized; none or 0: at once.
    std::optional<std::int64_t> quant_delay{};
    /// Only nodes whose name starts with this are quantized; empty: all.
    std::string scope{};
    /// Equal to the reference also where it is wrong.
    bool as_reference = false;
    /// Weights are what stands where a layer has its weights; otherwise only trained parameters, and multiples of them.
    bool weights_by_place = false;
    /// The operands of an addition share a range.
    bool share_additions = false;
    /// Ranges as numbers; null: the graph has variables for them.
    const known_ranges* known = nullptr;
    /// Layers that stay as they are, sorted.
    std::vector<node_id> excluded{};
    /// Settings of single layers: by node, the place of its own among the plans, plus 1; 0, or no entry: those above.
    std::vector<node_id> plan_places{};
    std::vector<layer_plan> plans{};
    /// Gives the copies that folding makes the plans of their originals; null where no layer has its own.
    void (*inherit)(quantize_config&, const std::vector<node_copy>&) = nullptr;

    /// What a layer is quantized by.
    [[nodiscard]] layer_plan plan_of(node_id layer) const {
        if (has_own_plan(layer)) return plans[plan_places[layer] - 1];
        return {
            {weights, activations, weight_range, activation_range, ema_decay, false}, weight_kernel, activation_kernel};
    }

    /// Whether a layer has settings of its own.
    [[nodiscard]] bool has_own_plan(node_id layer) const {
        return layer < plan_places.size() && plan_places[layer] != 0;
    }
};

/// Other rules that quantize than those of tf.contrib.quantize; see modern.hpp.
struct quantize_profile {
    const char* rule;  ///< their name, for a dry run
    void (*plan)(const graph_view&, const quantize_config&, script&, report&);
    bool symmetric_weights;  ///< the default of weights
};

/// Whether a sorted list of nodes holds one.
inline bool contains(const std::vector<node_id>& nodes, node_id n) {
    std::size_t first = 0;
    std::size_t last = nodes.size();
    while (first < last) {
        const std::size_t middle = first + (last - first) / 2;
        if (nodes[middle] == n) return true;
        (nodes[middle] < n ? first : last) = nodes[middle] < n ? middle + 1 : middle;
    }
    return false;
}

/// Sorts a list of nodes of a graph of `size` nodes, and leaves each once.
inline void sort_nodes(std::vector<node_id>& nodes, node_id size) {
    std::vector<bool> marked(size, false);
    for (const node_id n : nodes) marked[n] = true;
    nodes.clear();
    for (node_id n = 0; n < size; ++n) {
        if (marked[n]) nodes.push_back(n);
    }
}

/// A kernel policy's functor: out[i] = in[i] * scales[(i / inner) % scales.size()], spans as folding_kernel_policy has
/// them.
using channel_scaling_kernel = void (*)(std::span<const float> in, std::span<float> out, std::span<const float> scales,
                                        std::size_t inner);

namespace detail {
struct constant_rule;
}

/// What the fold rules are told.
struct fold_config {
    /// The graph is for training: batch norms on batch statistics get corrections.
    bool is_training = true;
    /// The graph's dialect cannot build what batch norms on batch statistics take.
    bool inference_only = false;
    /// The step from which on batch norms use their moving statistics; none: never.
    std::optional<std::int64_t> freeze_bn_delay{};
    /// Equal to the reference also where it is wrong.
    bool as_reference = false;
    /// An earlier rewrite has been here: a batch norm that only its form tells of was left by it, and stays.
    bool was_rewritten = false;
    /// Layers that stay as they are, sorted.
    std::vector<node_id> excluded{};
    /// Folds what is constant into constants; none: what is constant is folded as everything else.
    const detail::constant_rule* constants = nullptr;
    /// Quantization follows, which finds weights by their role: only parameters are folded into constants.
    bool before_quantization = false;
};

/// The words that folding batch norms builds where these use the statistics they are given.
inline constexpr word_set fold_words{word::add,    word::sub,     word::mul,
                                     word::rsqrt,  word::reshape, word::batch_to_space,
                                     word::conv2d, word::matmul,  word::depthwise_conv2d};

/// The words that folding batch norms into constants builds: the sums and layers of fold_words beside it.
inline constexpr word_set constant_fold_words{word::constant};

/// The words that folding batch norms in training builds.
inline constexpr word_set training_fold_words =
    fold_words | word_set{word::div,  word::identity,   word::reciprocal, word::biased_variance,
                          word::fill, word::after_step, word::select};

/// The words that quantizing for evaluation builds.
inline constexpr word_set evaluation_words{word::variable, word::fake_quant, word::after_step, word::select};

/// The words that quantizing weights a channel at a time builds beside these.
inline constexpr word_set per_channel_words{word::fake_quant_per_channel, word::reshape};

/// The words that quantizing for training builds.
inline constexpr word_set training_words =
    evaluation_words | word_set{word::reduce_min, word::reduce_max, word::minimum, word::maximum,
                                word::div,        word::mul,        word::assign,  word::ema_update};

}  // namespace qgraft

#endif
