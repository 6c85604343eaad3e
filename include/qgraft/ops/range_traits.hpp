// The table of ranges: for each word, where the range of its result comes from, and which operands need one.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_OPS_RANGE_TRAITS_HPP
#define QGRAFT_OPS_RANGE_TRAITS_HPP

#include <cstddef>
#include <cstdint>

#include <qgraft/ops/view.hpp>
#include <qgraft/ops/words.hpp>

namespace qgraft {

/// Where the range of a result comes from.
enum class range_rule : std::uint8_t {
    unknown,  ///< nothing is known of it: no operation on quantized values
    own,      ///< the operation rescales: its result has a range of its own
    same,     ///< the result holds values of its data operands: all of these and the result have one range
    fixed,    ///< the target fixes the range of the result
};

/// What integer inference asks of the operands and the result of a word.
struct range_traits {
    range_rule result = range_rule::unknown;
    /// Data: the operands that hold values of the network, operand 0 the lowest bit; many of them: all bits.
    std::uint8_t data = 0;
    /// The operand that holds weights: of data that is no activation; the bit of one, or none.
    std::uint8_t weights = 0;
};

/// The table. After the operator specifications of TensorFlow Lite's 8-bit quantization.
constexpr range_traits range_traits_of(word w) {
    using enum range_rule;
    constexpr std::uint8_t first = 1, second = 2, both = 3, last_two = 6, all = 255;
    switch (w) {
        case word::conv2d:
        case word::depthwise_conv2d:
        case word::matmul:
            return {own, both, second};
        case word::conv2d_transpose:
            return {own, last_two, second};
        case word::other_layer:
            return {own, all, all};
        case word::add:
        case word::sub:
        case word::mul:
        case word::div:
        case word::prelu:  // Slopes are constants: their range is that of their numbers.
            return {own, both};
        case word::batch_norm:
        case word::bias_add:  // A bias is of 32 bits; its scale is that of its layer's product.
        case word::relu:
        case word::relu6:
        case word::leaky_relu:
        case word::hard_swish:
            return {own, first};
        case word::identity:
        case word::reshape:
        case word::batch_to_space:
        case word::space_to_batch:
        case word::max_pool:
        case word::average_pool:
        case word::max_over_axes:
        case word::mean_over_axes:
        case word::pad:
        case word::transpose:
        case word::squeeze:
        case word::slice:
        case word::resize:
        case word::fake_quant:
        case word::fake_quant_per_channel:
        case word::fake_quant_fixed:
            return {same, first};
        case word::minimum:
        case word::maximum:
            return {same, both};
        case word::concat:
            return {same, all};
        case word::delayed:
            return {same, last_two};
        case word::softmax:
        case word::logistic:
        case word::tanh:
            return {fixed, first};
        default:
            return {};
    }
}

/// Whether an operand of a node is data, which a range is for; not an axis, a shape, a bias or a condition.
inline bool is_data_operand(const graph_view& view, use u) {
    const range_traits traits = range_traits_of(view.word_of(u.node));
    const auto operands = view.inputs(u.node);
    if (traits.data == 255) {
        if (view.word_of(u.node) != word::concat || u.operand + std::size_t{1} != operands.size()) return true;
        const tensor_shape shape = view.shape(operands[u.operand]);
        return !shape.has_rank() || shape.rank() > 0;  // an axis is a scalar, what is joined is not
    }
    // A delay without its condition has the two values alone.
    if (view.word_of(u.node) == word::delayed && operands.size() < 3) return true;
    if (view.word_of(u.node) == word::conv2d_transpose && operands.size() < 3) return true;
    return u.operand < 8 && (traits.data >> u.operand & 1) != 0;
}

}  // namespace qgraft

#endif
