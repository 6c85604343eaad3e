// range_needs: which values of a graph integer inference needs a range for.
//
// needs a range   what the operands of layers, additions, multiplications and activations read, weights included, and
//                 their results. A layer is computed together with its bias and its activation, an addition with its
//                 activation, an activation that is spelled out as one: of these only the last result counts. Biases
//                 are integers of 32 bits, and need none; the range of other constants than weights is that of their
//                 numbers.
// passed over     layers that folded copies have replaced; what only updates ranges and statistics; backward passes.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_RANGE_NEEDS_HPP
#define QGRAFT_RULES_RANGE_NEEDS_HPP

#include <cstdint>

#include <qgraft/ops/range_traits.hpp>
#include <qgraft/ops/view.hpp>
#include <qgraft/rules/fused_operations.hpp>
#include <qgraft/rules/network_nodes.hpp>
#include <qgraft/rules/range_groups.hpp>
#include <qgraft/rules/stored_values.hpp>

namespace qgraft {

/// A value that needs a range.
struct range_need {
    tensor value;
    node_id asked_by = no_node;  ///< the operation that reads it, or the first of those whose result it is
    bool is_result = false;      ///< the latter
    bool is_weights = false;     ///< of a layer
};

/// What a graph needs ranges for, with what tells it.
class range_needs {
public:
    /// `view` must outlive this. `with_additions` is for the groups.
    explicit range_needs(const graph_view& view, bool with_additions = false)
        : view_(view),
          groups_(view, with_additions),
          stored_(view),
          network_(view, stored_),
          fused_(view, network_, stored_) {}

    /// Calls f(const range_need&) for each, in the order of the operations; a value may come several times.
    template <class F>
    void for_each(F f) {
        for (node_id n = 0; n < view_.size(); ++n) {
            if (network_.carries(n) && !fused_.is_fused(n)) ask_for(n, f);
        }
    }

    /// The values that must share a range.
    [[nodiscard]] const range_groups& groups() const noexcept { return groups_; }
    /// Whether the node is part of the network.
    [[nodiscard]] bool carries(node_id n) const { return network_.carries(n); }
    /// Whether the node computes from constants and variables alone.
    [[nodiscard]] bool is_stored(node_id n) { return stored_.is_stored(n); }

private:
    template <class F>
    void ask_for(node_id n, F& f) {
        const range_traits traits = range_traits_of(view_.word_of(n));
        if (traits.result != range_rule::own && traits.result != range_rule::fixed) return;
        const auto operands = view_.inputs(n);
        for (std::uint32_t i = 0; i < operands.size(); ++i) {
            const node_id from = operands[i].node;
            if (!is_data_operand(view_, {n, i})) continue;
            const bool is_weights = has_weights_at(n, i) && !network_.carries(from);
            if (traits.data == 255 ? !is_known(from) : !is_weights && stored_.is_stored(from)) continue;
            f(range_need{operands[i], n, false, is_weights});
        }
        const node_id last = fused_.end_of(n);
        if (last != no_node) f(range_need{{last, 0}, n, true, false});
    }

    /// Whether an operand stands where the operation has weights. A product may have them first, unless it is a folded
    /// layer: in training its weights depend on the batch.
    [[nodiscard]] bool has_weights_at(node_id n, std::uint32_t operand) {
        const auto operands = view_.inputs(n);
        if (view_.word_of(n) == word::matmul && !network_.is_folded_copy(n) && stored_.is_stored(operands[0].node) &&
            !stored_.is_stored(operands[1].node)) {
            return operand == 0;
        }
        return operand < 8 && (range_traits_of(view_.word_of(n)).weights >> operand & 1) != 0;
    }

    /// Of a layer that no rule is for, not every operand is data: those are that the network computes, and weights.
    [[nodiscard]] bool is_known(node_id n) const {
        return network_.carries(n) || view_.has_role(n, role::parameter) || quantizers.contains(view_.word_of(n));
    }

    const graph_view& view_;
    range_groups groups_;
    detail::stored_values stored_;
    detail::network_nodes network_;
    detail::fused_operations fused_;
};

}  // namespace qgraft

#endif
