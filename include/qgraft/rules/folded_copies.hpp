// Which layers an earlier rewrite has folded.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_FOLDED_COPIES_HPP
#define QGRAFT_RULES_FOLDED_COPIES_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include <qgraft/ops/view.hpp>
#include <qgraft/rules/unquantized_view.hpp>

namespace qgraft {

/// By node: whether it is a layer with a folded copy. A copy is another layer of the same input, whose weights are those
/// of the first times one factor or two. The old layer stays, for the statistics of its batch norm.
inline std::vector<bool> layers_with_folded_copies(const graph_view& view) {
    constexpr word_set layers{word::conv2d, word::depthwise_conv2d, word::matmul};
    const unquantized_view plain(view);
    const auto is_layer = [&](node_id n) { return layers.contains(plain.word_of(n)) && plain.inputs(n).size() == 2; };
    const auto number = [](tensor t) { return std::uint64_t{t.node} << 32U | t.port; };
    std::set<std::pair<std::uint64_t, std::uint64_t>> copied;
    for (node_id n = 0; n < plain.size(); ++n) {
        if (!is_layer(n)) continue;
        tensor weights = plain.inputs(n)[1];
        // The product with the multiplier has them first, the one with a correction second.
        for (const std::size_t operand : {0U, 1U}) {
            if (plain.word_of(weights.node) != word::mul) break;
            weights = plain.inputs(weights.node)[operand];
            copied.emplace(number(plain.inputs(n)[0]), number(weights));
        }
    }
    std::vector<bool> folded(view.size(), false);
    for (node_id n = 0; n < plain.size() && !copied.empty(); ++n) {
        folded[n] = is_layer(n) && copied.contains({number(plain.inputs(n)[0]), number(plain.inputs(n)[1])});
    }
    return folded;
}

/// Whether an earlier rewrite has left its traces: layers with folded copies, or with fake-quantized weights.
inline bool was_rewritten(const graph_view& view) {
    const std::vector<bool> folded = layers_with_folded_copies(view);
    if (std::find(folded.begin(), folded.end(), true) != folded.end()) return true;
    const unquantized_view plain(view);
    constexpr word_set layers{word::conv2d, word::depthwise_conv2d, word::matmul};
    for (node_id n = 0; n < view.size(); ++n) {
        if (!layers.contains(view.word_of(n)) || view.inputs(n).size() < 2) continue;
        if (view.inputs(n)[1] != plain.inputs(n)[1]) return true;
    }
    return false;
}

}  // namespace qgraft

#endif
