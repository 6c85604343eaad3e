// Same-range groups: values that must share one range, because operations only move them about.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_RANGE_GROUPS_HPP
#define QGRAFT_RULES_RANGE_GROUPS_HPP

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <qgraft/ops/quantized.hpp>
#include <qgraft/ops/range_traits.hpp>
#include <qgraft/ops/view.hpp>

namespace qgraft {

/// A group with what is in it, each in the order of the nodes.
struct range_group {
    std::vector<tensor> values{};       ///< a value and its fake-quantized form are two
    std::vector<node_id> joined_by{};   ///< the operations that ask for one range: concat, poolings, reshapes, ...
    std::vector<node_id> quantizers{};  ///< the fake quantizations inside
};

/// Which group each value of a graph is in, by range_traits: a union-find over its tensors, in near linear time. A
/// value that nothing joins to another is a group of its own.
class range_groups {
public:
    /// `view` must outlive this. With `with_additions` the two operands of an addition are one group, too: some targets
    /// add integers as they are.
    explicit range_groups(const graph_view& view, bool with_additions = false)
        : view_(view), with_additions_(with_additions), first_(view.size() + std::size_t{1}, 0) {
        count_outputs();
        parent_.resize(first_.back());
        for (std::size_t i = 0; i < parent_.size(); ++i) parent_[i] = i;
        for (node_id n = 0; n < view.size(); ++n) join(n);
        for (std::size_t i = 0; i < parent_.size(); ++i) parent_[i] = root_of(i);
    }

    /// The number of values; groups are numbered below it, with gaps.
    [[nodiscard]] std::size_t size() const noexcept { return parent_.size(); }
    /// The number of a tensor of the view, below size().
    [[nodiscard]] std::size_t number_of(tensor t) const noexcept { return first_[t.node] + t.port; }
    /// The group of a tensor of the view.
    [[nodiscard]] std::size_t group_of(tensor t) const noexcept { return parent_[number_of(t)]; }

    /// Calls f(tensor) for every value of the graph, in the order of the nodes.
    template <class F>
    void for_each_value(F f) const {
        for (node_id n = 0; n < view_.size(); ++n) {
            for (std::uint32_t port = 0; port < first_[n + std::size_t{1}] - first_[n]; ++port) f(tensor{n, port});
        }
    }

    /// The groups that an operation joins, fake quantization and identities aside; in the order of their first values.
    [[nodiscard]] std::vector<range_group> joined() const {
        std::vector<std::size_t> place(size(), 0);  // among the groups, plus 1
        std::vector<range_group> groups;
        for (node_id n = 0; n < view_.size(); ++n) {
            const std::size_t group = group_of({n, 0});
            if (!is_joint(n) || place[group] != 0) continue;
            groups.emplace_back();
            place[group] = groups.size();
        }
        for_each_value([&](tensor t) {
            const std::size_t at = place[group_of(t)];
            if (at == 0) return;
            groups[at - 1].values.push_back(t);
            if (t.port != 0) return;
            if (is_joint(t.node)) groups[at - 1].joined_by.push_back(t.node);
            if (quantizers.contains(view_.word_of(t.node))) groups[at - 1].quantizers.push_back(t.node);
        });
        return groups;
    }

    /// Whether a node asks for one range of several values.
    [[nodiscard]] bool is_joint(node_id n) const {
        constexpr word_set passing = quantizers | word_set{word::delayed, word::identity};
        const word w = view_.word_of(n);
        return range_traits_of(w).result == range_rule::same && !passing.contains(w) && !view_.inputs(n).empty();
    }

private:
    void count_outputs() {
        std::vector<std::size_t> outputs(view_.size(), 1);
        for (node_id n = 0; n < view_.size(); ++n) {
            for (const tensor t : view_.inputs(n)) {
                if (t.port >= outputs[t.node]) outputs[t.node] = t.port + std::size_t{1};
            }
        }
        for (node_id n = 0; n < view_.size(); ++n) first_[n + std::size_t{1}] = first_[n] + outputs[n];
    }

    void join(node_id n) {
        const auto operands = view_.inputs(n);
        if (with_additions_ && view_.word_of(n) == word::add) {
            join(number_of(operands[0]), number_of(operands[1]));
        }
        if (range_traits_of(view_.word_of(n)).result != range_rule::same) return;
        for (std::uint32_t i = 0; i < operands.size(); ++i) {
            if (is_data_operand(view_, {n, i})) join(first_[n], number_of(operands[i]));
        }
        if (view_.word_of(n) == word::delayed) join_behind_switches(n);
        // Each result of a split is a part of its operand. Other operations have further results of other kinds.
        if (view_.word_of(n) != word::slice) return;
        for (std::size_t part = first_[n] + 1; part < first_[n + std::size_t{1}]; ++part) join(first_[n], part);
    }

    void join_behind_switches(node_id delay) {
        for (const tensor t : view_.inputs(delay)) {
            if (const tensor behind = behind_switch(view_, t)) join(first_[delay], number_of(behind));
        }
    }

    void join(std::size_t a, std::size_t b) {
        a = root_of(a);
        b = root_of(b);
        parent_[a < b ? b : a] = a < b ? a : b;
    }

    /// Halves the paths that it walks.
    std::size_t root_of(std::size_t i) {
        while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
        return i;
    }

    const graph_view& view_;
    bool with_additions_;
    std::vector<std::size_t> first_;  ///< by node: its output 0 among the values
    std::vector<std::size_t> parent_;
};

/// The groups of a graph whose values must share a range.
inline std::vector<range_group> find_range_groups(const graph_view& view) { return range_groups(view).joined(); }

namespace detail {

/// A range as a key: each bound is the tensor that is read, or the bits of a constant. What reads no bounds is its own.
using range_key = std::array<std::uint64_t, 4>;

inline range_key range_key_of(const graph_view& view, node_id quantizer) {
    range_key key{quantizer, 0, 0, std::uint64_t{1} << 33U};
    const auto operands = view.inputs(quantizer);
    if (operands.size() < 3) return key;
    for (std::size_t i = 0; i < 2; ++i) {
        tensor bound = operands[i + 1];
        // What has just updated or read a variable gives the variable's value.
        const auto of_bound = view.inputs(bound.node);
        if (!of_bound.empty() && view.word_of(of_bound[0].node) == word::variable) bound = of_bound[0];
        const std::optional<constant_tensor> c = view.constant(bound);
        const bool is_number = c && c->data.size() == 1;
        key[2 * i] = is_number ? std::bit_cast<std::uint32_t>(c->data[0]) : bound.node;
        key[2 * i + 1] = is_number ? std::uint64_t{1} << 32U : bound.port;
    }
    return key;
}

}  // namespace detail

/// How many different ranges fake quantizations have. Ranges are equal where they read the same tensors, or equal
/// constants.
inline std::size_t count_ranges(const graph_view& view, const std::vector<node_id>& of) {
    std::vector<detail::range_key> keys;
    for (const node_id n : of) keys.push_back(detail::range_key_of(view, n));
    std::sort(keys.begin(), keys.end());
    return static_cast<std::size_t>(std::unique(keys.begin(), keys.end()) - keys.begin());
}

}  // namespace qgraft

#endif
