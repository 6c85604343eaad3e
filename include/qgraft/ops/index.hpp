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
template <class T>
void add_up(std::vector<T>& numbers) {
    T sum = 0;
    for (T& n : numbers) n = sum += n;
}

/// Kahn's algorithm, the smallest id first. The result is shorter than `count` when there is a cycle.
inline std::vector<node_id> sorted_by(node_id count, const std::vector<precedence>& edges) {
    std::vector<node_id> order;
    order.reserve(count);
    std::vector<std::size_t> waiting(count, 0);
    std::vector<std::size_t> first(count + std::size_t{1}, 0);
    for (const precedence e : edges) {
        ++waiting[e.after];
        ++first[e.before + std::size_t{1}];
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

/// The order of nodes of which for_each_precedence(f) tells, by calling f(before, after), which come before which; the
/// smallest id first. It is that of the ids where they agree, which takes no sorting, and is shorter than `count` when
/// there is a cycle.
template <class Visit>
std::vector<node_id> order_of(node_id count, const Visit& for_each_precedence) {
    bool is_ordered = true;
    for_each_precedence([&](node_id before, node_id after) { is_ordered = is_ordered && before < after; });
    if (is_ordered) {
        std::vector<node_id> order(count);
        for (node_id n = 0; n < count; ++n) order[n] = n;
        return order;
    }
    std::vector<precedence> edges;
    for_each_precedence([&](node_id before, node_id after) { edges.push_back({before, after}); });
    return sorted_by(count, edges);
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
        read_operands(0);
        connect();
        held_.order = detail::order_of(size(), [this](auto f) { this->for_each_precedence(f); });
        order_ = held_.order;
        if (order_.size() != size()) {
            throw invalid_graph(name(detail::first_missing(size(), held_.order)), "is part of a cycle, or follows one");
        }
    }

    graph_index(const graph_index&) = delete;
    graph_index& operator=(const graph_index&) = delete;

    /// Takes in nodes that were added to the graph, in the order given, and reads anew the operands of nodes that were
    /// there and of which some were redirected.
    void extend(std::span<const node> added, std::span<const node> redirected) {
        const node_id before = size();
        for (const node n : added) append(n);
        for (node_id n = before; n < handles_.size(); ++n) held_.order.push_back(n);
        for (const node& n : redirected) {
            const auto id = find(n);
            if (id && *id < before) read_again(*id);
        }
        read_operands(before);
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
    /// What the view is of, a node's entries at the place of its id.
    struct lists {
        std::vector<word> words;
        std::vector<std::uint8_t> roles;
        std::vector<std::uint32_t> first_input{0};
        std::vector<tensor> inputs;
        std::vector<std::uint32_t> first_user;
        std::vector<use> users;
        std::vector<node_id> order;
    };

    void append(node n) {
        if (const auto twice = handles_.add(n)) throw invalid_graph(name(*twice), "is listed twice");
        const word w = dialect<G>::classify(*graph_, n);
        held_.words.push_back(w);
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
        held_.roles.push_back(roles);
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

    /// Reads the operands of every node from `first` on, of which nothing has been read.
    void read_operands(node_id first) {
        for (node_id n = first; n < handles_.size(); ++n) {
            for (const value<node> v : traits::inputs(*graph_, handles_[n])) {
                held_.inputs.push_back({id_of(v.node, n), v.port});
            }
            if (held_.inputs.size() > no_node) throw invalid_graph(name(n), "is where the operands become too many");
            held_.first_input.push_back(static_cast<std::uint32_t>(held_.inputs.size()));
        }
    }

    /// Reads the operands of a node again, which are as many as they were.
    void read_again(node_id n) {
        std::size_t i = held_.first_input[n];
        for (const value<node> v : traits::inputs(*graph_, handles_[n])) {
            if (i < held_.first_input[n + std::size_t{1}]) held_.inputs[i++] = {id_of(v.node, n), v.port};
        }
    }

    /// Sorts the slots by what they read; then delays can be told.
    void connect() {
        std::vector<std::uint32_t>& first = held_.first_user;
        first.assign(handles_.size() + 1, 0);
        for (const tensor t : held_.inputs) ++first[t.node];
        detail::add_up(first);  // where the users of each end; from there they are filled in backwards
        held_.users.resize(held_.inputs.size());
        for (auto n = static_cast<node_id>(handles_.size()); n-- > 0;) {
            for (std::uint32_t i = held_.first_input[n + std::size_t{1}]; i-- > held_.first_input[n];) {
                held_.users[--first[held_.inputs[i].node]] = {n, i - held_.first_input[n]};
            }
        }
        publish();
        for (node_id n = 0; n < size(); ++n) {
            if (held_.words[n] == word::select && is_delay(n)) held_.words[n] = word::delayed;
        }
    }

    /// Shows the lists as they are now.
    void publish() noexcept {
        words_ = held_.words;
        roles_ = held_.roles;
        first_input_ = held_.first_input;
        inputs_ = held_.inputs;
        first_user_ = held_.first_user;
        users_ = held_.users;
        order_ = held_.order;
    }

    /// Whether a select waits for a step to pass on a quantized value.
    [[nodiscard]] bool is_delay(node_id n) const {
        const auto operands = inputs(n);
        return operands.size() == 3 && words_[operands[0].node] == word::after_step &&
               quantized_choice(*this, operands[1]);
    }

    /// Calls f(before, after) for every pair of nodes of which one comes before the other.
    template <class F>
    void for_each_precedence(F f) const {
        for (node_id n = 0; n < size(); ++n) {
            const auto operands = inputs(n);
            for (std::uint32_t i = 0; i < operands.size(); ++i) {
                if (!is_back_edge(n, i)) f(operands[i].node, n);
            }
            if constexpr (control_graph<G>) {
                for (const node c : traits::control_inputs(*graph_, handles_[n])) f(id_of(c, n), n);
            }
        }
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
    lists held_;
};

}  // namespace qgraft

#endif
