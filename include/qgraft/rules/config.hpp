// What the quantize rules are told: widths, ranges, delay, scope.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_CONFIG_HPP
#define QGRAFT_RULES_CONFIG_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <qgraft/ops/view.hpp>
#include <qgraft/ops/instruction.hpp>
#include <qgraft/quant/quant_spec.hpp>

namespace qgraft {

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
    /// The decay of the moving averages of activation ranges.
    double ema_decay = 0.999;
    /// The step from which on values are quantized; none or 0: at once.
    std::optional<std::int64_t> quant_delay{};
    /// Only nodes whose name starts with this are quantized; empty: all.
    std::string scope{};
    /// Equal to the reference also where it is wrong.
    bool as_reference = false;
    /// Layers that stay as they are.
    std::vector<node_id> excluded{};
};

/// The words that quantizing for evaluation builds.
inline constexpr word_set evaluation_words{word::variable, word::fake_quant, word::after_step, word::select};

/// The words that quantizing for training builds.
inline constexpr word_set training_words =
    evaluation_words | word_set{word::reduce_min, word::reduce_max, word::minimum, word::maximum,
                                word::div,        word::mul,        word::assign,  word::ema_update};

}  // namespace qgraft

#endif
