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

/// The layers of a view that batch norms fold into, by what they read: their input and their weights.
class layers_by_operands {
public:
    explicit layers_by_operands(const graph_view& view) : view_(view) {
        for (node_id n = 0; n < view.size(); ++n) {
            if (foldable_layers.contains(view.word_of(n)) && view.inputs(n).size() == 2) layers_.push_back(n);
        }
        first_.assign(layers_.size(), none);
        next_.assign(layers_.size(), none);
        for (std::size_t i = 0; i < layers_.size(); ++i) {
            std::size_t& first = first_[place_of(view.inputs(layers_[i])[0], view.inputs(layers_[i])[1])];
            next_[i] = first;
            first = i;
        }
    }

    /// In the order of their ids.
    [[nodiscard]] const std::vector<node_id>& all() const noexcept { return layers_; }

    /// Marks those of an input and weights.
    void mark(tensor input, tensor weights, std::vector<bool>& marked) const {
        for (std::size_t i = first_[place_of(input, weights)]; i != none; i = next_[i]) {
            if (!reads(layers_[i], input, weights)) continue;
            if (marked[layers_[i]]) return;  // and so are the others
            marked[layers_[i]] = true;
        }
    }

    /// One of an input and weights; no_node: there is none.
    [[nodiscard]] node_id find(tensor input, tensor weights) const {
        std::size_t i = first_[place_of(input, weights)];
        while (i != none && !reads(layers_[i], input, weights)) i = next_[i];
        return i == none ? no_node : layers_[i];
    }

private:
    static constexpr auto none = static_cast<std::size_t>(-1);

    [[nodiscard]] bool reads(node_id layer, tensor input, tensor weights) const {
        return view_.inputs(layer)[0] == input && view_.inputs(layer)[1] == weights;
    }

    [[nodiscard]] std::size_t place_of(tensor input, tensor weights) const {
        constexpr std::uint64_t spread = 0x9e3779b97f4a7c15U;  // of Fibonacci hashing
        return static_cast<std::size_t>(((input.node * spread ^ weights.node) * spread >> 20U) % first_.size());
    }

    const graph_view& view_;
    std::vector<node_id> layers_;
    std::vector<std::size_t> first_;  ///< by place, one of layers_
    std::vector<std::size_t> next_;   ///< by layer, another of the same place
};

/// Calls f(layers, n, input, weights) for each layer n of a view without fake quantization and each tensor `weights`
/// that its weights may be a multiple of.
template <class F>
void for_each_possible_copy(const unquantized_view& plain, F f) {
    const layers_by_operands layers(plain);
    for (const node_id n : layers.all()) {
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
inline std::vector<bool> layers_with_folded_copies(const unquantized_view& plain) {
    std::vector<bool> folded(plain.size(), false);
    detail::for_each_possible_copy(
        plain, [&](const detail::layers_by_operands& layers, node_id, tensor input, tensor weights) {
            layers.mark(input, weights, folded);
        });
    return folded;
}

/// Whether an earlier rewrite has left its traces: layers with folded copies, or with fake-quantized weights.
inline bool was_rewritten(const graph_view& view) {
    const unquantized_view plain(view);
    for (const bool folded : layers_with_folded_copies(plain)) {
        if (folded) return true;
    }
    for (node_id n = 0; n < view.size(); ++n) {
        if (!foldable_layers.contains(view.word_of(n)) || view.inputs(n).size() < 2) continue;
        if (view.inputs(n)[1] != plain.inputs(n)[1]) return true;
    }
    return false;
}

}  // namespace qgraft

#endif
