// graph_index<G>: the graph_view of a graph of type G, with the way back to its handles.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_OPS_INDEX_HPP
#define QGRAFT_OPS_INDEX_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/graph/error.hpp>
#include <qgraft/ops/dialect.hpp>
#include <qgraft/ops/handle_table.hpp>
#include <qgraft/ops/quantized.hpp>
#include <qgraft/ops/view.hpp>

namespace qgraft {

namespace detail {

/// An edge of the order in which nodes come: `before` ahead of `after`.
struct precedence {
    node_id before;
    node_id after;
};

/// Makes each number the sum of those up to it.
inline void add_up(std::vector<std::size_t>& numbers) {
    std::size_t sum = 0;
    for (std::size_t& n : numbers) n = sum += n;
}

/// Kahn's algorithm, the smallest id first. The result is shorter than `count` when there is a cycle.
inline std::vector<node_id> order_of(node_id count, const std::vector<precedence>& edges) {
    std::vector<node_id> order;
    order.reserve(count);
    std::vector<std::size_t> waiting(count, 0);
    std::vector<std::size_t> first(count + std::size_t{1}, 0);
    bool ordered = true;
    for (const precedence e : edges) {
        ordered = ordered && e.before < e.after;
        ++waiting[e.after];
        ++first[e.before + std::size_t{1}];
    }
    if (ordered) {
        for (node_id n = 0; n < count; ++n) order.push_back(n);
        return order;
    }
    std::vector<node_id> followers(edges.size());
    add_up(first);
    std::vector<std::size_t> next = first;
    for (const precedence e : edges) followers[next[e.before]++] = e.after;
    // The greatest comes first in a queue: the smallest id is the one whose complement is greatest.
    std::priority_queue<node_id> ready;
    for (node_id n = 0; n < count; ++n) {
        if (waiting[n] == 0) ready.push(~n);
    }
    while (!ready.empty()) {
        const node_id n = ~ready.top();
        ready.pop();
        order.push_back(n);
        for (std::size_t i = first[n]; i < first[n + std::size_t{1}]; ++i) {
            if (--waiting[followers[i]] == 0) ready.push(~followers[i]);
        }
    }
    return order;
}

/// The first node that `order` lacks.
inline node_id first_missing(node_id count, const std::vector<node_id>& order) {
    std::vector<bool> there(count, false);
    for (const node_id n : order) there[n] = true;
    node_id n = 0;
    while (n < count && there[n]) ++n;
    return n;
}

}  // namespace detail

/// Indexes a graph once and, after each script that is applied, the nodes that were added. Ids stay what they were.
template <matchable_graph G>
class graph_index final : public graph_view {
public:
    using traits = graph_traits<G>;
    using node = node_of<G>;

    /// Throws invalid_graph for an operand that is no node of the graph, a node listed twice, or a cycle outside loops.
    explicit graph_index(const G& g) : graph_(&g) {
        for (const node n : traits::nodes(g)) append(n);
        connect();
        order_ = detail::order_of(size(), precedences());
        if (order_.size() != size()) {
            throw invalid_graph(name(detail::first_missing(size(), order_)), "is part of a cycle, or follows one");
        }
    }

    /// Takes in nodes that were added to the graph, in the order given, and reads all operands anew.
    void extend(std::span<const node> added) {
        for (const node n : added) {
            append(n);
            order_.push_back(size() - 1);
        }
        connect();
    }

    /// The handle of a node.
    [[nodiscard]] node handle(node_id n) const { return handles_[n]; }
    /// The graph's own tensor.
    [[nodiscard]] value<node> handle(tensor t) const { return {handles_[t.node], t.port}; }
    /// The id of a handle; none when it is no node of this graph.
    [[nodiscard]] std::optional<node_id> find(node n) const { return handles_.find(n); }

    [[nodiscard]] std::string name(node_id n) const override {
        if constexpr (named_graph<G>) {
            return std::string(std::string_view(traits::name(*graph_, handles_[n])));
        } else {
            return {};
        }
    }
    [[nodiscard]] std::string op_name(node_id n) const override {
        return detail::speech<G>::op_name(*graph_, handles_[n]);
    }
    [[nodiscard]] tensor_shape shape(tensor t) const override {
        if constexpr (shaped_graph<G>) {
            return traits::shape(*graph_, handle(t));
        } else {
            return {};
        }
    }
    [[nodiscard]] std::optional<constant_tensor> constant(tensor t) const override {
        return detail::speech<G>::constant_of(*graph_, handle(t));
    }
    [[nodiscard]] batch_norm_facts batch_norm(node_id n) const override {
        return detail::speech<G>::batch_norm_of(*graph_, handles_[n]);
    }
    [[nodiscard]] channel_layout channels(node_id n) const override {
        return detail::speech<G>::channels_of(*graph_, handles_[n]);
    }
    [[nodiscard]] std::optional<moving_statistic<tensor>> average_of(tensor statistic) const override {
        if constexpr (detail::speech<G>::tells_moving_statistics) {
            const auto found = dialect<G>::moving_statistic_of(*graph_, handle(statistic));
            if (!found) return std::nullopt;
            return moving_statistic<tensor>{id_of(found->value), id_of(found->rate), id_of(found->reader),
                                            found->operand};
        } else {
            return graph_view::average_of(statistic);
        }
    }
    [[nodiscard]] std::vector<named_batch_norm<tensor>> named_batch_norms() const override {
        std::vector<named_batch_norm<tensor>> all;
        for (const auto& b : detail::speech<G>::named_batch_norms(*graph_)) {
            named_batch_norm<tensor> named{.prefix = b.prefix, .output = id_of(b.output)};
            named.scale = id_of(b.scale);
            named.mean = id_of(b.mean);
            named.variance = id_of(b.variance);
            named.moving_mean = id_of(b.moving_mean);
            named.moving_variance = id_of(b.moving_variance);
            named.epsilon = id_of(b.epsilon);
            named.mean_rate = id_of(b.mean_rate);
            named.variance_rate = id_of(b.variance_rate);
            named.reader = id_of(b.reader);
            all.push_back(std::move(named));
        }
        return all;
    }
    [[nodiscard]] char separator() const noexcept override { return detail::speech<G>::separator(); }

private:
    void append(node n) {
        if (const auto twice = find(n)) throw invalid_graph(name(*twice), "is listed twice");
        handles_.add(n);
        const word w = dialect<G>::classify(*graph_, n);
        words_.push_back(w);
        using speech = detail::speech<G>;
        std::uint8_t roles = 0;
        const auto note = [&roles](role r, bool has) {
            if (has) roles |= static_cast<std::uint8_t>(r);
        };
        note(role::parameter, speech::is_parameter(*graph_, n, w));
        note(role::left_alone, speech::is_left_alone(*graph_, n));
        note(role::in_loop, speech::is_in_loop(*graph_, n));
        note(role::in_norm, speech::is_in_batch_norm(*graph_, n));
        note(role::constant, speech::is_constant(*graph_, n, w));
        roles_.push_back(roles);
    }

    [[nodiscard]] tensor id_of(const value<node>& v) const {
        const auto id = find(v.node);
        if (!id) throw invalid_graph("", "the dialect names a tensor that is not of this graph");
        return {*id, v.port};
    }

    [[nodiscard]] std::optional<tensor> id_of(const std::optional<value<node>>& v) const {
        return v ? std::optional<tensor>(id_of(*v)) : std::nullopt;
    }

    [[nodiscard]] node_id id_of(node n, node_id reader) const {
        const auto id = find(n);
        if (!id) throw invalid_graph(name(reader), "reads a node that is not of this graph");
        return *id;
    }

    /// Reads every operand, then sorts the slots by what they read.
    void connect() {
        first_input_.assign(1, 0);
        inputs_.clear();
        std::vector<std::size_t> uses(size() + std::size_t{1}, 0);
        for (node_id n = 0; n < size(); ++n) {
            for (const value<node> v : traits::inputs(*graph_, handles_[n])) {
                const node_id id = id_of(v.node, n);
                inputs_.push_back({id, v.port});
                ++uses[id + std::size_t{1}];
            }
            first_input_.push_back(inputs_.size());
        }
        detail::add_up(uses);
        first_user_ = uses;
        users_.resize(inputs_.size());
        for (node_id n = 0; n < size(); ++n) {
            const auto operands = inputs(n);
            for (std::uint32_t i = 0; i < operands.size(); ++i) users_[uses[operands[i].node]++] = {n, i};
        }
        for (node_id n = 0; n < size(); ++n) {
            if (words_[n] == word::select && is_delay(n)) words_[n] = word::delayed;
        }
    }

    /// Whether a select waits for a step to pass on a quantized value, perhaps through a node of no word.
    [[nodiscard]] bool is_delay(node_id n) const {
        const auto operands = inputs(n);
        if (operands.size() != 3 || words_[operands[0].node] != word::after_step) return false;
        const node_id chosen = operands[1].node;
        if (quantized_source(*this, chosen)) return true;
        if (words_[chosen] != word::other) return false;
        for (const tensor above : inputs(chosen)) {
            if (quantized_source(*this, above.node)) return true;
        }
        return false;
    }

    [[nodiscard]] std::vector<detail::precedence> precedences() const {
        std::vector<detail::precedence> edges;
        edges.reserve(inputs_.size());
        for (node_id n = 0; n < size(); ++n) {
            const auto operands = inputs(n);
            for (std::uint32_t i = 0; i < operands.size(); ++i) {
                if (!is_back_edge(n, i)) edges.push_back({operands[i].node, n});
            }
            if constexpr (control_graph<G>) {
                for (const node c : traits::control_inputs(*graph_, handles_[n])) edges.push_back({id_of(c, n), n});
            }
        }
        return edges;
    }

    [[nodiscard]] bool is_back_edge(node_id n, std::size_t operand) const {
        if constexpr (detail::has_back_edges<G>) {
            return traits::is_back_edge(*graph_, handles_[n], operand);
        } else {
            return false;
        }
    }

    const G* graph_;
    detail::handle_table<node> handles_;
};

}  // namespace qgraft

#endif
