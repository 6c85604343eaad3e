// network_nodes: which nodes of a graph are part of the network at inference.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_NETWORK_NODES_HPP
#define QGRAFT_RULES_NETWORK_NODES_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

#include <qgraft/ops/quantized.hpp>
#include <qgraft/ops/range_traits.hpp>
#include <qgraft/ops/view.hpp>
#include <qgraft/rules/folded_copies.hpp>
#include <qgraft/rules/replaced_layers.hpp>
#include <qgraft/rules/stored_values.hpp>

namespace qgraft {

namespace detail {

/// Marks what of a graph is part of the network at inference.
class network_nodes {
public:
    network_nodes(const graph_view& view, stored_values& stored)
        : view_(view), is_observer_(view.size(), false), is_copy_(view.size(), false), carries_(view.size(), false) {
        std::vector<bool> is_replaced(view.size(), false);
        for_each_possible_copy(unquantized_view(view),
                               [&](const layers_by_operands& layers, node_id n, tensor input, tensor weights) {
                                   if (layers.find(input, weights) != no_node) is_copy_[n] = true;
                                   layers.mark(input, weights, is_replaced);
                               });
        constant_copies(view, stored).mark(is_replaced);
        find_observers();
        follow_activations(is_replaced);
        follow_inputs(stored);
    }

    /// Whether the node is a layer, or computes an activation from what a layer has computed, or for one.
    [[nodiscard]] bool carries(node_id n) const { return carries_[n]; }
    /// Whether the node is a layer whose batch norm was folded; in training, corrections follow it.
    [[nodiscard]] bool is_folded_copy(node_id n) const { return is_copy_[n]; }
    /// Whether a slot reads a value for the network, not for updates.
    [[nodiscard]] bool is_relevant(use u) const {
        const word w = view_.word_of(u.node);
        return !is_observer_[u.node] && !view_.has_role(u.node, role::left_alone) && w != word::gradient &&
               w != word::training_step && !(quantizers.contains(w) && u.operand > 0);
    }

private:
    /// A node all of whose users only compute ranges or update variables is such a one itself.
    void find_observers() {
        std::vector<std::size_t> other_uses(view_.size());
        std::vector<node_id> open;
        for (node_id n = 0; n < view_.size(); ++n) {
            other_uses[n] = view_.users(n).size();
            if (view_.users(n).empty() && updates_variable(n)) open.push_back(n);
        }
        const auto take = [&](tensor t) {
            if (--other_uses[t.node] == 0) open.push_back(t.node);
        };
        for (node_id n = 0; n < view_.size(); ++n) {
            if (!quantizers.contains(view_.word_of(n))) continue;
            for (const tensor t : view_.inputs(n).subspan(view_.inputs(n).empty() ? 0 : 1)) take(t);
        }
        while (!open.empty()) {
            const node_id n = open.back();
            open.pop_back();
            if (is_observer_[n] || quantizers.contains(view_.word_of(n))) continue;
            is_observer_[n] = true;
            for (const tensor t : view_.inputs(n)) take(t);
        }
    }

    [[nodiscard]] bool updates_variable(node_id n) const {
        const auto operands = view_.inputs(n);
        return !operands.empty() && view_.word_of(operands[0].node) == word::variable &&
               range_traits_of(view_.word_of(n)).result == range_rule::unknown;
    }

    void follow_activations(const std::vector<bool>& is_replaced) {
        std::vector<node_id> open;
        for (node_id n = 0; n < view_.size(); ++n) {
            if (!all_layers.contains(view_.word_of(n)) || is_replaced[n] || is_observer_[n]) continue;
            carries_[n] = true;
            open.push_back(n);
        }
        while (!open.empty()) {
            const node_id n = open.back();
            open.pop_back();
            for (const use u : view_.users(n)) {
                if (carries_[u.node] || is_replaced[u.node] || !is_relevant(u)) continue;
                if (!is_data_operand(view_, u) && !is_switch_of_delay(view_, u)) continue;
                carries_[u.node] = true;
                open.push_back(u.node);
            }
        }
    }

    /// What is computed from the inputs of the graph before the first layers.
    void follow_inputs(stored_values& stored) {
        std::vector<node_id> open;
        for (node_id n = 0; n < view_.size(); ++n) {
            if (carries_[n] && all_layers.contains(view_.word_of(n))) open.push_back(n);
        }
        while (!open.empty()) {
            const node_id n = open.back();
            open.pop_back();
            const auto operands = view_.inputs(n);
            const std::uint8_t weights = range_traits_of(view_.word_of(n)).weights;
            for (std::uint32_t i = 0; i < operands.size(); ++i) {
                const node_id before = operands[i].node;
                if (i < 8 && (weights >> i & 1) != 0) continue;
                if (carries_[before] || !is_data_operand(view_, {n, i}) || stored.is_stored(before) ||
                    range_traits_of(view_.word_of(before)).result == range_rule::unknown) {
                    continue;
                }
                carries_[before] = true;
                open.push_back(before);
            }
        }
    }

    const graph_view& view_;
    std::vector<bool> is_observer_;
    std::vector<bool> is_copy_;
    std::vector<bool> carries_;
};

}  // namespace detail

}  // namespace qgraft

#endif
