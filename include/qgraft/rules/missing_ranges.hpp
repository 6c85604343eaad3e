// Which values of a rewritten graph have no range, though integer inference needs one.
//
// needs a range   what the operands of layers, additions, multiplications and activations read, weights included, and
//                 their results. A layer is computed together with its bias and its activation, an addition with its
//                 activation: of these only the last result counts. Biases are integers of 32 bits, and need none;
//                 the range of other constants than weights is that of their numbers.
// has a range     a value in whose same-range group there is fake quantization (range_groups.hpp), or a word whose
//                 range the target fixes.
// passed over     layers that folded copies have replaced; what only updates ranges and statistics; backward passes.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_MISSING_RANGES_HPP
#define QGRAFT_RULES_MISSING_RANGES_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/ops/range_traits.hpp>
#include <qgraft/ops/view.hpp>
#include <qgraft/rewrite/report.hpp>
#include <qgraft/rules/folded_copies.hpp>
#include <qgraft/rules/range_groups.hpp>
#include <qgraft/rules/target.hpp>

namespace qgraft {

namespace detail {

/// Layers, those that no rule is for among them.
inline constexpr word_set weighted{word::conv2d, word::depthwise_conv2d, word::matmul, word::conv2d_transpose,
                                   word::other_layer};

/// Marks what of a graph is part of the network at inference.
class network_nodes {
public:
    explicit network_nodes(const graph_view& view)
        : view_(view), is_observer_(view.size(), false), is_copy_(view.size(), false), carries_(view.size(), false) {
        std::vector<bool> is_replaced(view.size(), false);
        for_each_possible_copy(unquantized_view(view),
                               [&](const layers_by_operands& layers, node_id n, tensor input, tensor weights) {
                                   if (layers.find(input, weights) != no_node) is_copy_[n] = true;
                                   layers.mark(input, weights, is_replaced);
                               });
        find_observers();
        follow_activations(is_replaced);
    }

    /// Whether the node computes an activation from what a layer has computed, or is a layer.
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
            if (!weighted.contains(view_.word_of(n)) || is_replaced[n] || is_observer_[n]) continue;
            carries_[n] = true;
            open.push_back(n);
        }
        while (!open.empty()) {
            const node_id n = open.back();
            open.pop_back();
            for (const use u : view_.users(n)) {
                if (carries_[u.node] || is_replaced[u.node] || !is_relevant(u) || !is_data_operand(view_, u)) continue;
                carries_[u.node] = true;
                open.push_back(u.node);
            }
        }
    }

    const graph_view& view_;
    std::vector<bool> is_observer_;
    std::vector<bool> is_copy_;
    std::vector<bool> carries_;
};

/// Finds, for each operation, what is computed together with it.
class fused_operations {
public:
    fused_operations(const graph_view& view, const network_nodes& network)
        : view_(view), network_(network), end_(view.size(), no_node), is_fused_(view.size(), false) {
        const auto follow_all = [&](auto is_wanted) {
            for (node_id n = 0; n < view.size(); ++n) {
                const word w = view.word_of(n);
                const bool rescales = range_traits_of(w).result == range_rule::own;
                if (rescales && network.carries(n) && !is_fused_[n] && is_wanted(w)) follow(n, weighted.contains(w));
            }
        };
        follow_all([&](word w) { return weighted.contains(w); });
        follow_all([&](word w) { return !weighted.contains(w) && !activations.contains(w); });
        follow_all([&](word w) { return activations.contains(w); });
    }

    /// Whether the node is computed together with one before it.
    [[nodiscard]] bool is_fused(node_id n) const { return is_fused_[n]; }
    /// The last node of what is computed together, of its first; no_node for a node that begins nothing.
    [[nodiscard]] node_id end_of(node_id n) const { return end_[n]; }

private:
    static constexpr word_set activations{word::relu, word::relu6};

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

    /// Whether a slot belongs to the bias of a layer, or to the corrections that training has before it.
    [[nodiscard]] bool extends(node_id layer, use u) const {
        const word w = view_.word_of(u.node);
        if (w == word::bias_add || w == word::batch_to_space) return u.operand == 0;
        if (w != word::add && !(w == word::mul && network_.is_folded_copy(layer))) return false;
        return !network_.carries(view_.inputs(u.node)[1 - u.operand].node);
    }

    const graph_view& view_;
    const network_nodes& network_;
    std::vector<node_id> end_;
    std::vector<bool> is_fused_;
};

/// Tells which nodes compute from constants and variables alone: a frozen graph has their numbers.
class stored_values {
public:
    explicit stored_values(const graph_view& view) : view_(view), known_(view.size(), answer::unknown) {}

    /// Looks at what the node is computed from, each node once in all calls; with an explicit stack.
    bool is_stored(node_id asked) {
        std::vector<node_id> open{asked};
        while (!open.empty()) {
            const node_id n = open.back();
            const auto operands = view_.inputs(n);
            if (known_[n] == answer::unknown) {
                known_[n] = answer::open;
                for (const tensor t : operands) {
                    if (known_[t.node] == answer::unknown) open.push_back(t.node);
                }
                continue;
            }
            open.pop_back();
            if (known_[n] != answer::open) continue;
            bool all = !operands.empty() || is_source(n);
            for (const tensor t : operands) all = all && known_[t.node] == answer::yes;
            known_[n] = all || view_.has_role(n, role::parameter) ? answer::yes : answer::no;
        }
        return known_[asked] == answer::yes;
    }

private:
    enum class answer : std::uint8_t { unknown, open, no, yes };

    [[nodiscard]] bool is_source(node_id n) const {
        const word w = view_.word_of(n);
        return w == word::variable || w == word::constant || view_.constant({n, 0}).has_value();
    }

    const graph_view& view_;
    std::vector<answer> known_;
};

/// Asks for the ranges one after the other.
class range_verifier {
public:
    range_verifier(const graph_view& view, target t)
        : view_(view),
          target_(t),
          groups_(view),
          network_(view),
          fused_(view, network_),
          stored_(view),
          ranges_(groups_.size(), grain::none) {
        for (node_id n = 0; n < view.size(); ++n) {
            const word w = view.word_of(n);
            if (w == word::fake_quant_per_channel) note(n, grain::channel);
            if (w == word::fake_quant || w == word::fake_quant_fixed) note(n, grain::tensor);
            if (range_traits_of(w).result == range_rule::fixed) note(n, grain::tensor);
        }
    }

    [[nodiscard]] range_check run() {
        found_.target = to_string(target_);
        for (node_id n = 0; n < view_.size(); ++n) {
            if (network_.carries(n) && !fused_.is_fused(n)) ask_of(n);
        }
        find_unshared();
        return std::move(found_);
    }

private:
    enum class grain : std::uint8_t { none, channel, tensor, reported };

    void note(node_id n, grain g) {
        grain& known = ranges_[groups_.group_of({n, 0})];
        if (known < g) known = g;
    }

    void ask_of(node_id n) {
        const range_traits traits = range_traits_of(view_.word_of(n));
        if (traits.result != range_rule::own && traits.result != range_rule::fixed) return;
        const auto operands = view_.inputs(n);
        for (std::uint32_t i = 0; i < operands.size(); ++i) {
            if (!is_data_operand(view_, {n, i})) continue;
            // A product may have its weights first; then the second operand is none.
            const bool may_be_weights = i < 8 && (traits.weights >> i & 1) != 0 &&
                                        (view_.word_of(n) != word::matmul || !stored_.is_stored(operands[0].node));
            if (traits.data == 255 && !is_known(operands[i].node)) continue;
            if (traits.weights == 0 && stored_.is_stored(operands[i].node)) continue;
            ask(operands[i], n, may_be_weights);
        }
        if (fused_.end_of(n) != no_node) ask({fused_.end_of(n), 0}, n, false);
    }

    /// Of a layer that no rule is for, not every operand is data: those are that the network computes, and weights.
    [[nodiscard]] bool is_known(node_id n) const {
        return network_.carries(n) || view_.has_role(n, role::parameter) || quantizers.contains(view_.word_of(n));
    }

    void ask(tensor t, node_id reader, bool may_be_weights) {
        grain& known = ranges_[groups_.group_of(t)];
        const bool is_weights = may_be_weights && !network_.carries(t.node);
        const bool takes_channels = is_weights && target_ == target::tflite_int8;
        if (known == grain::tensor || known == grain::reported || (known == grain::channel && takes_channels)) return;
        const bool has_channels = known == grain::channel;
        known = grain::reported;
        const node_id origin = origin_of(t.node);
        const value_role r = role_of(origin, is_weights);
        std::string reason =
            has_channels ? "has a range for each channel, and the target takes one for the tensor; " : "has no range; ";
        reason += (network_.carries(t.node) && fused_.end_of(reader) == t.node ? "it is the result of '"
                                                                               : "it is read by '") +
                  view_.name(reader) + "'";
        if (r == value_role::graph_input) reason += ", and the converter must be told the range of an input";
        found_.missing.push_back({view_.name(origin), r, view_.name(reader), std::move(reason)});
    }

    /// The node that a value comes from, behind those that only move it about.
    [[nodiscard]] node_id origin_of(node_id n) const {
        for (node_id steps = 0; steps < view_.size(); ++steps) {
            const range_traits traits = range_traits_of(view_.word_of(n));
            if (traits.result != range_rule::same || traits.data != 1 || view_.inputs(n).empty()) break;
            n = view_.inputs(n)[0].node;
        }
        return n;
    }

    [[nodiscard]] value_role role_of(node_id origin, bool is_weights) {
        if (network_.carries(origin)) return value_role::activation;
        if (is_weights || stored_.is_stored(origin)) return value_role::weights;
        return view_.inputs(origin).empty() ? value_role::graph_input : value_role::activation;
    }

    void find_unshared() {
        for (const range_group& g : groups_.joined()) {
            const std::size_t ranges = count_ranges(view_, g.quantizers);
            if (ranges < 2) continue;
            bool has_several = false;  // operations of several operands; where there are some, they are to blame
            for (const node_id n : g.joined_by) has_several = has_several || takes_several(n);
            for (const node_id n : g.joined_by) {
                if (network_.carries(n) && takes_several(n) == has_several)
                    found_.unshared.push_back({view_.name(n), ranges});
            }
        }
    }

    [[nodiscard]] bool takes_several(node_id n) const { return range_traits_of(view_.word_of(n)).data != 1; }

    const graph_view& view_;
    target target_;
    range_groups groups_;
    network_nodes network_;
    fused_operations fused_;
    stored_values stored_;
    std::vector<grain> ranges_;  ///< by group
    range_check found_;
};

}  // namespace detail

/// What `t` needs of the ranges of a graph and does not find: values without a range, each same-range group once, and
/// operations whose values should share a range and do not. In the order of the nodes.
inline range_check find_missing_ranges(const graph_view& view, target t) {
    return detail::range_verifier(view, t).run();
}

}  // namespace qgraft

#endif
