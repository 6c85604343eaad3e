// stored_values: which nodes compute from constants and variables alone.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_STORED_VALUES_HPP
#define QGRAFT_RULES_STORED_VALUES_HPP

#include <cstdint>
#include <vector>

#include <qgraft/ops/view.hpp>

namespace qgraft {

namespace detail {

/// Tells which nodes compute from constants and variables alone, no layer among them: a frozen graph has their numbers.
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
            bool all = (!operands.empty() || is_source(n)) && !all_layers.contains(view_.word_of(n));
            for (const tensor t : operands) all = all && known_[t.node] == answer::yes;
            known_[n] = all || view_.has_role(n, role::parameter) ? answer::yes : answer::no;
        }
        return known_[asked] == answer::yes;
    }

private:
    enum class answer : std::uint8_t { unknown, open, no, yes };

    [[nodiscard]] bool is_source(node_id n) const {
        return view_.word_of(n) == word::variable || view_.has_role(n, role::constant) ||
               view_.constant({n, 0}).has_value();
    }

    const graph_view& view_;
    std::vector<answer> known_;
};

}  // namespace detail

}  // namespace qgraft

#endif
