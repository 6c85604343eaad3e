// Layers that folding into constants has replaced: they lead nowhere any more.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_REPLACED_LAYERS_HPP
#define QGRAFT_RULES_REPLACED_LAYERS_HPP

#include <cstddef>
#include <vector>

#include <qgraft/ops/view.hpp>
#include <qgraft/rules/stored_values.hpp>

namespace qgraft {

namespace detail {

/// Finds layers behind which there is no more than a batch norm that nothing reads, while another layer of the same
/// word and input, with weights of the same shape, goes on. Folding into constants leaves them; their weights tell
/// nothing of each other, as those of a folded copy do that is a product of the first.
class constant_copies {
public:
    constant_copies(const graph_view& view, stored_values& stored) : view_(view), stored_(stored) {}

    /// Marks them.
    void mark(std::vector<bool>& is_replaced) {
        for (node_id n = 0; n < view_.size(); ++n) {
            if (is_layer(n) && !is_replaced[n] && ends_at_batch_norm(n) && has_successor(n)) is_replaced[n] = true;
        }
    }

private:
    [[nodiscard]] bool is_layer(node_id n) {
        return foldable_layers.contains(view_.word_of(n)) && view_.inputs(n).size() >= 2 &&
               stored_.is_stored(weights_of(n).node);
    }

    /// As they are before they are fake-quantized.
    [[nodiscard]] tensor weights_of(node_id layer) const {
        const tensor weights = view_.inputs(layer)[1];
        return quantizers.contains(view_.word_of(weights.node)) ? view_.inputs(weights.node)[0] : weights;
    }

    /// Follows the only reader, as far as a batch norm that is spelled out is long.
    [[nodiscard]] bool ends_at_batch_norm(node_id n) const {
        constexpr word_set parts{word::batch_norm,     word::mul,    word::add, word::sub,
                                 word::batch_to_space, word::reshape};
        constexpr word_set norms{word::batch_norm, word::mul};
        bool is_normed = false;
        for (int steps = 0; steps < 6; ++steps) {
            const auto users = view_.users(n);
            if (users.empty()) return is_normed;
            if (users.size() > 1 || !parts.contains(view_.word_of(users.front().node))) return false;
            n = users.front().node;
            is_normed = is_normed || norms.contains(view_.word_of(n));
        }
        return false;
    }

    [[nodiscard]] bool has_successor(node_id n) {
        const tensor input = view_.inputs(n)[0];
        const tensor_shape shape = view_.shape(weights_of(n));
        // Of a value that is read more often than in any network the rest is not looked at: the cost stays linear.
        constexpr std::size_t most = 256;
        const auto readers = view_.users(input.node);
        for (const use u : readers.first(readers.size() < most ? readers.size() : most)) {
            if (u.node == n || u.operand != 0 || view_.read_by(u) != input) continue;
            if (view_.word_of(u.node) != view_.word_of(n) || !is_layer(u.node)) continue;
            if (view_.shape(weights_of(u.node)) == shape && !ends_at_batch_norm(u.node)) return true;
        }
        return false;
    }

    const graph_view& view_;
    stored_values& stored_;
};

}  // namespace detail

}  // namespace qgraft

#endif
