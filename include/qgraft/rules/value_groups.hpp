// Finds the groups of values to quantize: those that range_needs.hpp tells, each with all that must share its range.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_VALUE_GROUPS_HPP
#define QGRAFT_RULES_VALUE_GROUPS_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/graph/error.hpp>
#include <qgraft/rules/config.hpp>
#include <qgraft/rules/range_needs.hpp>

namespace qgraft {

/// A value of a group that is to be fake-quantized.
struct group_value {
    tensor at;
    bool is_inner = false;  ///< another value of the group is computed from it
};

/// Values that have one range.
struct value_group {
    node_id asked = no_node;            ///< the value that first needed it comes from here
    std::vector<group_value> values{};  ///< where the group comes from; weights as the layers read them
    node_id layer = no_node;            ///< a layer whose settings are for the group; no_node: those of the graph
    bool is_weights = false;
    bool is_quantized = false;  ///< there is fake quantization in it already
};

namespace detail {

/// Collects the needs of a graph by their groups.
class value_group_finder {
public:
    value_group_finder(const graph_view& view, const quantize_config& config)
        : view_(view),
          config_(config),
          needs_(view, config.share_additions),
          place_(needs_.groups().size(), 0),
          is_taken_(place_.size(), false) {}

    std::vector<value_group> find() {
        needs_.for_each([this](const range_need& need) { take(need); });
        add_sources();
        for (node_id n = 0; n < view_.size(); ++n) {
            if (!quantizers.contains(view_.word_of(n))) continue;
            if (value_group* g = group_of({n, 0})) g->is_quantized = true;
        }
        find_inner();
        std::erase_if(groups_, [](const value_group& g) { return g.values.empty() && !g.is_quantized; });
        return std::move(groups_);
    }

private:
    void take(const range_need& need) {
        if (contains(config_.excluded, need.asked_by)) return;
        std::size_t& place = place_[needs_.groups().group_of(need.value)];
        if (place == 0) {
            groups_.push_back({.asked = need.value.node, .is_weights = need.is_weights});
            place = groups_.size();
        }
        value_group& g = groups_[place - 1];
        const std::size_t number = needs_.groups().number_of(need.value);
        if (need.is_weights && g.is_weights && !is_taken_[number]) {
            is_taken_[number] = true;
            g.values.push_back({need.value});
        }
        if (need.is_weights == g.is_weights && (need.is_weights || need.is_result)) take_settings(g, need.asked_by);
    }

    /// A layer with settings of its own decides for its group. Throws invalid_option where two differ.
    void take_settings(value_group& g, node_id layer) const {
        const bool decides = config_.has_own_plan(layer);
        if (g.layer == no_node || (decides && !config_.has_own_plan(g.layer))) {
            if (g.is_weights || decides) g.layer = layer;
            return;
        }
        if (!decides) return;
        const layer_settings a = config_.plan_of(g.layer).settings;
        const layer_settings b = config_.plan_of(layer).settings;
        const bool agree = g.is_weights ? a.weights == b.weights && a.weight_range == b.weight_range
                                        : a.activations == b.activations && a.activation_range == b.activation_range;
        if (agree) return;
        throw invalid_option("layers", "'" + view_.name(g.layer) + "' and '" + view_.name(layer) + "' share " +
                                           (g.is_weights ? "their weights" : "the range of their results") +
                                           ", and have different settings for them");
    }

    [[nodiscard]] value_group* group_of(tensor t) {
        const std::size_t place = place_[needs_.groups().group_of(t)];
        return place == 0 ? nullptr : &groups_[place - 1];
    }

    /// Activations are quantized where they come from: behind that, operations only move them about.
    void add_sources() {
        needs_.groups().for_each_value([this](tensor t) {
            value_group* g = group_of(t);
            if (g == nullptr || g->is_weights || needs_.is_stored(t.node) || is_moved(t)) return;
            g->values.push_back({t});
        });
        for (value_group& g : groups_) {
            bool all_fixed = !g.is_weights;
            for (const group_value& v : g.values) {
                all_fixed = all_fixed && range_traits_of(view_.word_of(v.at.node)).result == range_rule::fixed;
            }
            if (all_fixed) g.values.clear();
        }
    }

    [[nodiscard]] bool is_moved(tensor t) const {
        const word w = view_.word_of(t.node);
        return (t.port == 0 || w == word::slice) && range_traits_of(w).result == range_rule::same &&
               !view_.inputs(t.node).empty();
    }

    /// Tells which values others of their group are computed from. Where that comes to more than a few looks at each
    /// node, all but the last of a group count as such.
    void find_inner() {
        std::vector<node_id> position(view_.size());
        for (node_id i = 0; i < view_.size(); ++i) position[view_.order()[i]] = i;
        std::vector<std::size_t> seen_for(view_.size(), 0);
        std::size_t looks_left = std::size_t{32} * view_.size();
        for (std::size_t i = 0; i < groups_.size(); ++i) {
            value_group& g = groups_[i];
            if (g.is_weights || g.values.size() < 2) continue;
            const auto is_before = [&](const group_value& a, const group_value& b) {
                return position[a.at.node] < position[b.at.node];
            };
            const auto [first, last] = std::minmax_element(g.values.begin(), g.values.end(), is_before);
            const node_id last_position = position[last->at.node];
            look_behind(g, position, position[first->at.node], i + 1, seen_for, looks_left);
            for (group_value& v : g.values) {
                v.is_inner = looks_left > 0 ? seen_for[v.at.node] == i + 1 : position[v.at.node] != last_position;
            }
        }
    }

    /// Marks what the values of a group are computed from, no further than the first of them.
    void look_behind(const value_group& g, const std::vector<node_id>& position, node_id first, std::size_t mark,
                     std::vector<std::size_t>& seen_for, std::size_t& looks_left) const {
        std::vector<node_id> open;
        for (const group_value& v : g.values) open.push_back(v.at.node);
        while (!open.empty() && looks_left > 0) {
            const node_id n = open.back();
            open.pop_back();
            for (const tensor t : view_.inputs(n)) {
                if (looks_left > 0) --looks_left;
                if (position[t.node] < first || seen_for[t.node] == mark) continue;
                seen_for[t.node] = mark;
                open.push_back(t.node);
            }
        }
    }

    const graph_view& view_;
    const quantize_config& config_;
    range_needs needs_;
    std::vector<std::size_t> place_;  ///< by group of range_groups: among groups_, plus 1; 0: none
    std::vector<bool> is_taken_;      ///< by value: it is among those of its group
    std::vector<value_group> groups_;
};

}  // namespace detail

/// The groups that need a range, in the order in which the operations of the graph ask for them. Layers that are
/// excluded ask for nothing.
inline std::vector<value_group> find_value_groups(const graph_view& view, const quantize_config& config) {
    return detail::value_group_finder(view, config).find();
}

}  // namespace qgraft

#endif
