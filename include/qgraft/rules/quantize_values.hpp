// Rule: quantizes every value that integer inference needs a range for; values that must share a range share one.
//
// before     values that range_needs.hpp tells
// after      weights       fake quantization where the layer reads them, range of the last value, narrow
//            activations   fake quantization where the values of a same-range group come from: what layers, additions
//                          and other operations compute, inputs of the graph; moving average
//
//   one range    of several values follows the union of their ranges: one pair of variables, updated by all. A value
//                that others of its group are computed from reads the variables as the step before has left them, for
//                their update waits for these others.
//   numbers      where ranges are known (known_ranges.hpp) they are numbers: for weights those of the constant, for
//                activations the union of what the table has
//   channels     weights of a layer may have a range for each output channel (weight_channels.hpp)
//
// conditions   no value of the group is fake-quantized yet; none is computed inside a loop. Only what lies in the scope
//              is quantized. The output of a softmax, logistic or tanh alone needs none, nor do constants other than
//              weights. Users that the dialect leaves alone keep reading the value.
// formula      that of fake_quantize.hpp
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_QUANTIZE_VALUES_HPP
#define QGRAFT_RULES_QUANTIZE_VALUES_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/graph/error.hpp>
#include <qgraft/ops/constant.hpp>
#include <qgraft/quant/affine.hpp>
#include <qgraft/rewrite/report.hpp>
#include <qgraft/rewrite/script.hpp>
#include <qgraft/rules/config.hpp>
#include <qgraft/rules/known_ranges.hpp>
#include <qgraft/rules/paths.hpp>
#include <qgraft/rules/range_nodes.hpp>
#include <qgraft/rules/value_groups.hpp>
#include <qgraft/rules/weight_channels.hpp>

namespace qgraft {

namespace detail {

/// Plans the fake quantization of one group of values after the other.
class value_quantizer {
public:
    value_quantizer(const graph_view& view, const quantize_config& config, script& s, report& r)
        : view_(view),
          config_(config),
          script_(s),
          report_(r),
          nodes_(s, config.is_training, config.custom_range),
          scope_(prefix_of_scope(config.scope, view.separator())) {
        if (config.known == nullptr) return;
        for (const moved_tensor& m : r.moved) moved_.emplace(m.to, m.from);
    }

    void run() {
        for (value_group& g : find_value_groups(view_, config_)) quantize(g);
        for (const node_id n : config_.excluded) decide(n, outcome::left_as_is, "is excluded by an option");
    }

private:
    /// The ends of a range, or why there is none.
    struct found_range {
        trained_range ends{};
        std::string obstacle{};
        std::vector<quant_range> of_channels{};  ///< as numbers, where each channel has its own
    };

    void quantize(value_group& g) {
        std::string obstacle = obstacle_of(g);
        std::erase_if(g.values, [&](const group_value& v) { return !in_scope(g.is_weights ? g.layer : v.at.node); });
        if (obstacle.empty() && g.values.empty()) obstacle = "is not in the scope " + scope_;
        if (!obstacle.empty()) return decide(g.asked, outcome::left_as_is, std::move(obstacle));
        const range_settings settings = settings_of(g);
        found_range range;
        if (settings.channels) range.obstacle = settings.channels->obstacle;
        if (config_.known != nullptr && range.obstacle.empty())
            range = g.is_weights ? range_of_weights(g, settings) : range_in_table(g, settings);
        if (!range.obstacle.empty()) return decide(g.values.front().at.node, outcome::left_as_is, range.obstacle);
        insert_all(g, settings, range);
    }

    /// The values of a group, fake-quantized with a range that is known or yet to be made.
    void insert_all(const value_group& g, const range_settings& settings, found_range& range) {
        const scope_id in = script_.open_scope(scope_kind::state, prefix_of(g, g.values.front().at));
        if (!range.of_channels.empty()) range.ends.now = constants(range.of_channels, in);
        // A range for each channel is made with its only value, whose channels may have to be moved.
        const bool is_made_with_value = settings.channels && config_.known == nullptr;
        if (config_.known == nullptr && !is_made_with_value) range.ends = trained(g, settings, in);
        std::string shared;
        if (g.values.size() > 1) {
            const std::size_t others = g.values.size() - 1;
            shared = ", one range with " + std::to_string(others) + (others == 1 ? " other value" : " other values");
        }
        for (const group_value& v : g.values) {
            const bool is_first = &v == g.values.data();
            const scope_id place = is_first ? in : script_.open_scope(scope_kind::fresh, prefix_of(g, v.at));
            const range_bounds& ends = v.is_inner ? range.ends.before : range.ends.now;
            insert(v.at, settings, is_made_with_value ? nullptr : &ends, place);
            decide(v.at.node, outcome::quantized,
                   (config_.known == nullptr ? describe(settings) : describe_known(settings, ends)) + shared);
        }
    }

    void insert(tensor x, const range_settings& settings, const range_bounds* range, scope_id in) {
        tensor result = nodes_.quantized(settings, x, in, range);
        if (config_.quant_delay.value_or(0) > 0) {
            result = nodes_.delayed(in, *config_.quant_delay, result, x);
        }
        script_.reroute(x, result, uses_to_move(view_, x));
    }

    void decide(node_id n, outcome what, std::string reason) {
        report_.decisions.push_back({"quantize_values", view_.name(n), what, std::move(reason)});
    }

    [[nodiscard]] static std::string describe_known(const range_settings& r, const range_bounds& ends) {
        std::string text = std::to_string(r.spec.bits) + " bits, ";
        if (r.channels) return text + "a range for each of " + std::to_string(r.channels->count) + " channels";
        return text + "range from " + std::to_string(ends.low.given.number) + " to " +
               std::to_string(ends.high.given.number);
    }

    [[nodiscard]] bool in_scope(node_id n) const { return scope_.empty() || view_.name(n).starts_with(scope_); }

    [[nodiscard]] std::string obstacle_of(const value_group& g) const {
        if (g.is_quantized) return "is quantized already";
        for (const group_value& v : g.values) {
            if (!view_.has_role(v.at.node, role::in_loop)) continue;
            const std::string why = "runs inside a loop, where the variables of a range cannot be updated";
            return g.values.size() == 1 ? why : "shares its range with '" + view_.name(v.at.node) + "', which " + why;
        }
        return {};
    }

    /// Weights are named after their layer, activations after the node that computes them.
    [[nodiscard]] std::string prefix_of(const value_group& g, tensor x) const {
        const std::string name = view_.name(g.is_weights ? g.layer : x.node);
        const std::string path = g.is_weights ? parent_path(name, view_.separator()) : name;
        return joined_path(path, g.is_weights ? "weights_quant" : "act_quant", view_.separator());
    }

    [[nodiscard]] range_settings settings_of(const value_group& g) const {
        range_settings r;
        const layer_plan plan = config_.plan_of(g.layer);
        if (g.is_weights) {
            r.spec = plan.settings.weights;
            r.kernel = plan.weight_kernel;
            r.policy = plan.settings.weight_range;
            if (r.spec.grain == granularity::per_channel) find_channels(g, r);
        } else {
            r.spec = plan.settings.activations;
            r.kernel = plan.activation_kernel;
            r.policy = plan.settings.activation_range;
            if (is_never_negative(g)) r.initial_min = 0;
        }
        r.ema_decay = plan.settings.ema_decay;
        return r;
    }

    /// Weights of operations that are no layers have one range.
    void find_channels(const value_group& g, range_settings& r) const {
        if (!layers_with_settings.contains(view_.word_of(g.layer))) {
            r.spec.grain = granularity::per_tensor;
        } else if (g.values.size() > 1) {
            r.channels =
                weight_channels{.obstacle = "shares its range with other weights, which each channel has alone"};
        } else {
            r.channels = channels_of_weights(view_, g.layer, g.values.front().at, config_.as_reference);
        }
    }

    [[nodiscard]] bool is_never_negative(const value_group& g) const {
        return std::all_of(g.values.begin(), g.values.end(), [this](const group_value& v) {
            const word w = view_.word_of(v.at.node);
            return w == word::relu || w == word::relu6;
        });
    }

    trained_range trained(const value_group& g, const range_settings& settings, scope_id in) {
        std::vector<tensor> values;
        for (const group_value& v : g.values) values.push_back(v.at);
        return nodes_.trained(settings, values, in);
    }

    [[nodiscard]] found_range range_of_weights(const value_group& g, const range_settings& settings) const {
        found_range found;
        std::optional<quant_range> all;
        for (const group_value& v : g.values) {
            const std::optional<constant_tensor> c = constant_behind(v.at);
            if (!c || c->data.empty()) {
                found.obstacle = "is no constant, and only training tells the range of other weights";
                return found;
            }
            if (settings.channels) return of_channels(*c, settings, view_.name(v.at.node));
            unite(all, config_.known->min_max(c->data));
        }
        return as_numbers(*all, settings, view_.name(g.values.front().at.node));
    }

    /// The range of each channel of a constant.
    [[nodiscard]] found_range of_channels(const constant_tensor& c, const range_settings& settings,
                                          const std::string& node) const {
        const auto count = static_cast<std::size_t>(settings.channels->count);
        const bool is_joined = !settings.channels->joined.empty();
        std::size_t inner = 1;
        for (std::size_t i = settings.channels->axis + 1; i < c.dims.size() && !is_joined; ++i) {
            inner *= static_cast<std::size_t>(c.dims[i]);
        }
        found_range found;
        if (c.data.size() % (count * inner) != 0) {
            found.obstacle = "has numbers that do not fit its shape";
            return found;
        }
        found.of_channels.resize(count);
        config_.known->min_max_channels(c.data, found.of_channels, inner);
        for (quant_range& r : found.of_channels) r = checked(r, settings, node);
        return found;
    }

    /// A range for each channel as two vectors.
    range_bounds constants(const std::vector<quant_range>& ranges, scope_id in) {
        placement low{in, "min"};
        placement high{in, "max"};
        for (const quant_range r : ranges) {
            low.params.data.push_back(r.min);
            high.params.data.push_back(r.max);
        }
        low.params.dims = high.params.dims = {static_cast<std::int64_t>(ranges.size())};
        const tensor min = script_.emit(word::constant, {}, std::move(low));
        return {min, script_.emit(word::constant, {}, std::move(high))};
    }

    /// Identities change nothing; there are no more of them in a row than nodes.
    [[nodiscard]] std::optional<constant_tensor> constant_behind(tensor t) const {
        for (node_id steps = 0; steps < view_.size() && view_.word_of(t.node) == word::identity; ++steps) {
            if (view_.inputs(t.node).empty()) break;
            t = view_.inputs(t.node)[0];
        }
        return view_.constant(t);
    }

    [[nodiscard]] found_range range_in_table(const value_group& g, const range_settings& settings) const {
        found_range found;
        std::optional<quant_range> all;
        for (const group_value& v : g.values) {
            const quant_range* r = find_in_table(v.at);
            if (r == nullptr) {
                found.obstacle = "is not in the table of ranges";
                if (g.values.size() > 1)
                    found.obstacle = "shares its range with '" + view_.name(v.at.node) + "', which " + found.obstacle;
                return found;
            }
            unite(all, *r);
        }
        return as_numbers(*all, settings, view_.name(g.values.front().at.node));
    }

    /// What folding has put in the place of a tensor has its range.
    [[nodiscard]] const quant_range* find_in_table(tensor t) const {
        const std::string name = view_.name(t.node);
        if (const quant_range* r = find_in_table(name, t.port)) return r;
        const auto before = moved_.find(name + ":" + std::to_string(t.port));
        if (before == moved_.end()) return nullptr;
        const auto colon = before->second.rfind(':');
        return find_in_table(before->second.substr(0, colon), before->second.substr(colon + 1) == "0" ? 0 : 1);
    }

    [[nodiscard]] const quant_range* find_in_table(const std::string& name, std::uint32_t port) const {
        const range_table& table = *config_.known->activations;
        auto it = table.find(name + ":" + std::to_string(port));
        if (it == table.end() && port == 0) it = table.find(name);
        return it == table.end() ? nullptr : &it->second;
    }

    static void unite(std::optional<quant_range>& all, quant_range more) {
        if (all) more = {std::min(all->min, more.min), std::max(all->max, more.max)};
        all = more;
    }

    [[nodiscard]] static found_range as_numbers(quant_range r, const range_settings& settings,
                                                const std::string& node) {
        const quant_range bounds = checked(r, settings, node);
        const range_bounds ends{literal{bounds.min}, literal{bounds.max}};
        return {{ends, ends}, {}};
    }

    /// Throws invalid_option for what is no range: a file or an observer may hold anything.
    [[nodiscard]] static quant_range checked(quant_range r, const range_settings& settings, const std::string& node) {
        if (!std::isfinite(r.min) || !std::isfinite(r.max) || r.min > r.max) {
            throw invalid_option("ranges", "the range of '" + node + "' is not finite, or its minimum is the greater");
        }
        return qgraft::range_of(r.min, r.max, settings.spec);
    }

    const graph_view& view_;
    const quantize_config& config_;
    script& script_;
    report& report_;
    range_nodes nodes_;
    std::string scope_;
    std::map<std::string, std::string> moved_{};  ///< what stands in the place of another tensor; for a table
};

}  // namespace detail

/// Plans the rule.
inline void quantize_values(const graph_view& view, const quantize_config& config, script& s, report& r) {
    detail::value_quantizer(view, config, s, r).run();
}

}  // namespace qgraft

#endif
