// Which values of a rewritten graph have no range, though integer inference needs one.
//
// needs a range   what range_needs.hpp tells.
// has a range     a value in whose same-range group there is fake quantization (range_groups.hpp), or a word whose
//                 range the target fixes.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_MISSING_RANGES_HPP
#define QGRAFT_RULES_MISSING_RANGES_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/ops/range_traits.hpp>
#include <qgraft/ops/view.hpp>
#include <qgraft/rewrite/report.hpp>
#include <qgraft/rules/range_groups.hpp>
#include <qgraft/rules/range_needs.hpp>
#include <qgraft/rules/target.hpp>

namespace qgraft {

namespace detail {

/// Asks for the ranges one after the other.
class range_verifier {
public:
    range_verifier(const graph_view& view, target t)
        : view_(view), target_(t), needs_(view), ranges_(needs_.groups().size(), grain::none) {
        for (node_id n = 0; n < view.size(); ++n) {
            const word w = view.word_of(n);
            if (w == word::fake_quant_per_channel) note(n, grain::channel);
            if (w == word::fake_quant || w == word::fake_quant_fixed) note(n, grain::tensor);
            if (range_traits_of(w).result == range_rule::fixed) note(n, grain::tensor);
        }
    }

    [[nodiscard]] range_check run() {
        found_.target = to_string(target_);
        needs_.for_each([this](const range_need& need) { ask(need); });
        find_unshared();
        return std::move(found_);
    }

private:
    enum class grain : std::uint8_t { none, channel, tensor, reported };

    void note(node_id n, grain g) {
        grain& known = ranges_[needs_.groups().group_of({n, 0})];
        if (known < g) known = g;
    }

    void ask(const range_need& need) {
        grain& known = ranges_[needs_.groups().group_of(need.value)];
        const bool takes_channels = need.is_weights && target_ == target::tflite_int8;
        if (known == grain::tensor || known == grain::reported || (known == grain::channel && takes_channels)) return;
        const bool has_channels = known == grain::channel;
        known = grain::reported;
        const node_id origin = origin_of(need.value.node);
        const value_role r = role_of(origin, need.is_weights);
        std::string reason =
            has_channels ? "has a range for each channel, and the target takes one for the tensor; " : "has no range; ";
        reason += (need.is_result ? "it is the result of '" : "it is read by '") + view_.name(need.asked_by) + "'";
        if (r == value_role::graph_input) reason += ", and the converter must be told the range of an input";
        found_.missing.push_back({view_.name(origin), r, view_.name(need.asked_by), std::move(reason)});
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
        if (needs_.carries(origin)) return value_role::activation;
        if (is_weights || needs_.is_stored(origin)) return value_role::weights;
        return view_.inputs(origin).empty() ? value_role::graph_input : value_role::activation;
    }

    void find_unshared() {
        for (const range_group& g : needs_.groups().joined()) {
            const std::size_t ranges = count_ranges(view_, g.quantizers);
            if (ranges < 2) continue;
            bool has_several = false;  // operations of several operands; where there are some, they are to blame
            for (const node_id n : g.joined_by) has_several = has_several || takes_several(n);
            for (const node_id n : g.joined_by) {
                if (needs_.carries(n) && takes_several(n) == has_several)
                    found_.unshared.push_back({view_.name(n), ranges});
            }
        }
    }

    [[nodiscard]] bool takes_several(node_id n) const { return range_traits_of(view_.word_of(n)).data != 1; }

    const graph_view& view_;
    target target_;
    range_needs needs_;
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
