// fused_operations: which operations a target computes as one, so that only the last result has a range.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_FUSED_OPERATIONS_HPP
#define QGRAFT_RULES_FUSED_OPERATIONS_HPP

#include <cstddef>
#include <optional>
#include <vector>

#include <qgraft/ops/range_traits.hpp>
#include <qgraft/ops/view.hpp>
#include <qgraft/rules/compounds.hpp>
#include <qgraft/rules/network_nodes.hpp>

namespace qgraft {

namespace detail {

/// Finds, for each operation, what is computed together with it.
class fused_operations {
public:
    fused_operations(const graph_view& view, const network_nodes& network, stored_values& stored)
        : view_(view), network_(network), stored_(stored), end_(view.size(), no_node), is_fused_(view.size(), false) {
        for (node_id n = 0; n < view.size(); ++n) take_compound(n);
        const auto follow_all = [&](auto is_wanted) {
            for (node_id n = 0; n < view.size(); ++n) {
                const word w = view.word_of(n);
                if (range_traits_of(w).result != range_rule::own || !network.carries(n) || !is_wanted(w)) continue;
                if (!is_fused_[n] && end_[n] == no_node) follow(n, all_layers.contains(w));
            }
        };
        follow_all([&](word w) { return all_layers.contains(w); });
        follow_all([&](word w) { return !all_layers.contains(w) && !activations.contains(w); });
        follow_all([&](word w) { return activations.contains(w); });
    }

    /// Whether the node is computed together with one before it.
    [[nodiscard]] bool is_fused(node_id n) const { return is_fused_[n]; }
    /// The last node of what is computed together, of its first; no_node for a node that begins nothing.
    [[nodiscard]] node_id end_of(node_id n) const { return end_[n]; }

private:
    static constexpr word_set activations{word::relu, word::relu6};

    /// An activation that is spelled out, which the target computes as one, if nothing else reads its parts.
    void take_compound(node_id root) {
        const std::optional<compound> found = match_compound(view_, root);
        if (!found || !network_.carries(found->first)) return;
        for (const node_id n : found->parts) {
            if (n == no_node || n == root) continue;
            std::size_t readers = 0;
            for (const use u : view_.users(n)) readers += network_.is_relevant(u) ? 1 : 0;
            if (readers != 1) return;
        }
        for (const node_id n : found->parts) {
            if (n != no_node) is_fused_[n] = n != found->first;
        }
        end_[found->first] = root;
    }

    void follow(node_id first, bool is_layer) {
        node_id last = first;
        bool is_activated = activations.contains(view_.word_of(first));
        while (const std::optional<use> next = only_reader(last)) {
            const word w = view_.word_of(next->node);
            const bool is_activation = activations.contains(w);
            if (w != word::identity && (is_activated || !(is_activation || (is_layer && extends(first, *next))))) break;
            is_activated = is_activated || is_activation;
            last = next->node;
            is_fused_[last] = true;
        }
        end_[first] = last;
    }

    /// The one slot that reads a node's output, if it is one; an operation that was passed already ends a loop.
    [[nodiscard]] std::optional<use> only_reader(node_id n) const {
        std::optional<use> found;
        for (const use u : view_.users(n)) {
            if (!network_.is_relevant(u)) continue;
            if (found || view_.read_by(u).port != 0) return std::nullopt;
            found = u;
        }
        return found && !is_fused_[found->node] && network_.carries(found->node) ? found : std::nullopt;
    }

    /// Whether a node is the correcting product behind a folded layer, or the first addition behind that.
    [[nodiscard]] bool is_corrected(node_id n) const {
        if (view_.word_of(n) == word::mul) return true;
        if (view_.word_of(n) != word::add) return false;
        const auto operands = view_.inputs(n);
        return is_fused_mul(operands[0].node) || is_fused_mul(operands[1].node);
    }

    [[nodiscard]] bool is_fused_mul(node_id n) const { return view_.word_of(n) == word::mul && is_fused_[n]; }

    /// Whether a slot belongs to the bias of a layer, or to the corrections that training has before it.
    [[nodiscard]] bool extends(node_id layer, use u) {
        const word w = view_.word_of(u.node);
        if (w == word::bias_add || w == word::batch_to_space) return u.operand == 0;
        if (w != word::add && w != word::mul) return false;
        const auto operands = view_.inputs(u.node);
        const node_id other = operands[1 - u.operand].node;
        if (network_.is_folded_copy(layer) && (w == word::mul || is_corrected(operands[u.operand].node)))
            return !network_.carries(other);
        return w == word::add && stored_.is_stored(other);
    }

    const graph_view& view_;
    const network_nodes& network_;
    stored_values& stored_;
    std::vector<node_id> end_;
    std::vector<bool> is_fused_;
};

}  // namespace detail

}  // namespace qgraft

#endif
