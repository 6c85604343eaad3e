// quantized_source: what a node is the fake-quantized value of.
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

}  // namespace qgraft

#endif
