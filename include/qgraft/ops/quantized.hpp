// quantized_source: what a node is the fake-quantized value of; and what a delay chooses from.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_OPS_QUANTIZED_HPP
#define QGRAFT_OPS_QUANTIZED_HPP

#include <qgraft/ops/view.hpp>

namespace qgraft {

/// The value that a node gives fake-quantized; none where it is no fake quantization. So is a reshape or a transpose of
/// what was quantized a channel at a time behind another one: the channels were moved to one axis, and back.
inline tensor quantized_source(const graph_view& view, node_id n) {
    const auto first_operand = [&view](node_id of) {
        const auto operands = view.inputs(of);
        return operands.empty() ? tensor{} : operands.front();
    };
    const word w = view.word_of(n);
    if (quantizers.contains(w)) return first_operand(n);
    if (w != word::reshape && w != word::transpose) return {};
    const tensor quantized = first_operand(n);
    if (!quantized || view.word_of(quantized.node) != word::fake_quant_per_channel) return {};
    const tensor moved = first_operand(quantized.node);
    return moved && view.word_of(moved.node) == w ? first_operand(moved.node) : tensor{};
}

/// What a delay chooses, where one of its operands is not that itself: it may read through a node of no word, such as a
/// switch, which hands on its first operand. None where the operand is another node.
inline tensor behind_switch(const graph_view& view, tensor operand) {
    const auto above = view.inputs(operand.node);
    return view.word_of(operand.node) == word::other && !above.empty() ? above.front() : tensor{};
}

/// Whether a slot is that of a node of no word that hands on what it reads to a delay.
inline bool is_switch_of_delay(const graph_view& view, use u) {
    if (view.word_of(u.node) != word::other || u.operand != 0) return false;
    const auto users = view.users(u.node);
    return !users.empty() && view.word_of(users.front().node) == word::delayed;
}

/// What is quantized where an operand of a delay is a quantized value; none where it is not.
inline tensor quantized_choice(const graph_view& view, tensor operand) {
    if (const tensor source = quantized_source(view, operand.node)) return source;
    const tensor behind = behind_switch(view, operand);
    return behind ? quantized_source(view, behind.node) : tensor{};
}

}  // namespace qgraft

#endif
