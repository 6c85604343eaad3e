// Which layers an earlier rewrite has folded.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_FOLDED_COPIES_HPP
#define QGRAFT_RULES_FOLDED_COPIES_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

#include <qgraft/ops/view.hpp>
#include <qgraft/rules/unquantized_view.hpp>

namespace qgraft {

namespace detail {

/// Layers by what they read: their input and their weights.
class layers_by_operands {
public:
    explicit layers_by_operands(const graph_view& view)
        : view_(view), first_(view.size(), no_node), next_(view.size(), no_node) {}

    void add(node_id layer) {
        node_id& first = first_[place_of(view_.inputs(layer)[0], view_.inputs(layer)[1])];
        next_[layer] = first;
        first = layer;
    }

    /// Marks those of an input and weights.
    void mark(tensor input, tensor weights, std::vector<bool>& marked) const {
        for (node_id n = first_[place_of(input, weights)]; n != no_node; n = next_[n]) {
            if (view_.inputs(n)[0] != input || view_.inputs(n)[1] != weights) continue;
            if (marked[n]) return;  // and so are the others
            marked[n] = true;
        }
    }

    /// One of an input and weights; no_node: there is none.
    [[nodiscard]] node_id find(tensor input, tensor weights) const {
        node_id n = first_[place_of(input, weights)];
        while (n != no_node && (view_.inputs(n)[0] != input || view_.inputs(n)[1] != weights)) n = next_[n];
        return n;
    }

private:
    [[nodiscard]] std::size_t place_of(tensor input, tensor weights) const {
        constexpr std::uint64_t spread = 0x9e3779b97f4a7c15U;  // of Fibonacci hashing
        return static_cast<std::size_t>(((input.node * spread ^ weights.node) * spread >> 20U) % first_.size());
    }

    const graph_view& view_;
    std::vector<node_id> first_;  ///< by place
    std::vector<node_id> next_;   ///< by layer: another of the same place
};

/// Calls f(layers, n, input, weights) for each layer n of a view without fake quantization and each tensor `weights`
/// that its weights may be a multiple of.
template <class F>
void for_each_possible_copy(const unquantized_view& plain, F f) {
    const auto is_layer = [&](node_id n) {
        return foldable_layers.contains(plain.word_of(n)) && plain.inputs(n).size() == 2;
    };
    layers_by_operands layers(plain);
    for (node_id n = 0; n < plain.size(); ++n) {
        if (is_layer(n)) layers.add(n);
    }
    for (node_id n = 0; n < plain.size(); ++n) {
        if (!is_layer(n)) continue;
        tensor weights = plain.inputs(n)[1];
        // The product with the multiplier has them first, the one with a correction second.
        for (const std::size_t operand : {0U, 1U}) {
            if (plain.word_of(weights.node) != word::mul) break;
            weights = plain.inputs(weights.node)[operand];
            f(layers, n, plain.inputs(n)[0], weights);
        }
    }
}

}  // namespace detail

/// By node: whether it is a layer with a folded copy. A copy is another layer of the same input, whose weights are
/// those of the first times one factor or two. The old layer stays, for the statistics of its batch norm.
inline std::vector<bool> layers_with_folded_copies(const graph_view& view) {
    std::vector<bool> folded(view.size(), false);
    detail::for_each_possible_copy(
        unquantized_view(view), [&](const detail::layers_by_operands& layers, node_id, tensor input, tensor weights) {
            layers.mark(input, weights, folded);
        });
    return folded;
}

/// Whether an earlier rewrite has left its traces: layers with folded copies, or with fake-quantized weights.
inline bool was_rewritten(const graph_view& view) {
    for (const bool folded : layers_with_folded_copies(view)) {
        if (folded) return true;
    }
    const unquantized_view plain(view);
    for (node_id n = 0; n < view.size(); ++n) {
        if (!foldable_layers.contains(view.word_of(n)) || view.inputs(n).size() < 2) continue;
        if (view.inputs(n)[1] != plain.inputs(n)[1]) return true;
    }
    return false;
}

}  // namespace qgraft

#endif
