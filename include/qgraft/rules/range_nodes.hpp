// Plans the nodes of a range, and the fake quantization to it: the formulas of fake_quantize.hpp's opening comment.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_RANGE_NODES_HPP
#define QGRAFT_RULES_RANGE_NODES_HPP

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/ops/view.hpp>
#include <qgraft/quant/quant_spec.hpp>
#include <qgraft/rewrite/script.hpp>
#include <qgraft/rules/custom_range.hpp>
#include <qgraft/rules/layer_settings.hpp>
#include <qgraft/rules/weight_channels.hpp>

namespace qgraft {

/// How a value is quantized, and how its range follows it.
struct range_settings {
    quant_spec spec{};
    fake_quant_kernel kernel = nullptr;
    range_policy policy = range_policy::moving_average;
    double ema_decay = 0.999;  ///< of a moving average
    double initial_min = -6;   ///< of the range variables
    double initial_max = 6;
    std::optional<weight_channels> channels{};  ///< where each has a range of its own: spec.grain is per_channel
};

/// The policy in a clause, for the report.
constexpr const char* describe(range_policy p) {
    return p == range_policy::last_value ? "range of the last value"
           : p == range_policy::custom   ? "custom range"
                                         : "moving average of the range";
}

/// The settings in a clause, for the report.
inline std::string describe(const range_settings& r) {
    return std::to_string(r.spec.bits) + " bits, " + describe(r.policy) +
           (r.spec.narrow_range ? ", narrow range" : "") + (r.spec.symmetric ? ", symmetric" : "") +
           (r.channels ? ", a range for each of " + std::to_string(r.channels->count) + " channels" : "");
}

/// A range that training finds.
struct trained_range {
    range_bounds now;     ///< with what the step has brought
    range_bounds before;  ///< the variables themselves
};

/// The slots that are to read the fake-quantized form of a tensor: all that read it, less those that are left alone.
inline std::vector<use> uses_to_move(const graph_view& view, tensor x) {
    std::vector<use> uses;
    for (const use u : view.users(x.node)) {
        if (view.read_by(u) == x && !view.has_role(u.node, role::left_alone)) uses.push_back(u);
    }
    return uses;
}

/// Appends to a script what a range is made of.
class range_nodes {
public:
    /// In training ranges follow the values, those whose policy is custom by `custom`; otherwise they are only read.
    range_nodes(script& s, bool is_training, range_function custom = nullptr)
        : script_(s), is_training_(is_training), custom_(custom) {}

    /// All that one value needs: its range, unless that is known, and itself fake-quantized. Weights with a range for
    /// each channel have their channels on one axis meanwhile.
    tensor quantized(const range_settings& r, tensor x, scope_id in, const range_bounds* known = nullptr) {
        const bool moves = r.channels && !r.channels->joined.empty();
        if (moves) x = reshaped(x, r.channels->joined, in, "join_channels");
        const tensor result = fake_quantized(r, x, known != nullptr ? *known : trained(r, {&x, 1}, in).now, in);
        return moves ? reshaped(result, r.channels->original, in, "split_channels") : result;
    }

    /// The range variables that one or more values share, and, in training, what updates them by all of these. Values
    /// with a range for each channel have their channels on one axis.
    trained_range trained(const range_settings& r, std::span<const tensor> values, scope_id in) {
        tensor low = variable(r, r.initial_min, in, "min");
        tensor high = variable(r, r.initial_max, in, "max");
        const range_bounds before{low, high};
        if (!is_training_) return {before, before};
        const auto [new_low, new_high] = observed_range(r, values, in);
        if (r.policy == range_policy::custom) return {customized(r, {new_low, new_high}, low, high, in), before};
        low = updated(r, low, new_low, in, "min");
        high = updated(r, high, new_high, in, "max");
        return {{low, high}, before};
    }

    /// The fake-quantized x, in the shape that it is observed in.
    tensor fake_quantized(const range_settings& r, tensor x, const range_bounds& range, scope_id in) {
        word_params params;
        params.bits = r.spec.bits;
        params.narrow_range = r.spec.narrow_range;
        params.symmetric = r.spec.symmetric;
        params.kernel = r.kernel;
        if (r.channels) params.axis = r.channels->axis;
        return script_.emit(r.channels ? word::fake_quant_per_channel : word::fake_quant, {x, range.low, range.high},
                            {in, {}, std::move(params), no_node});
    }

    /// x before the delay has passed, the quantized value from then on. Named below a path, or in a scope.
    tensor delayed(const std::string& prefix, char separator, std::int64_t delay, tensor quantized, tensor x) {
        return delayed(scope_id::root, prefix + separator, delay, quantized, x);
    }
    tensor delayed(scope_id in, std::int64_t delay, tensor quantized, tensor x) {
        return delayed(in, std::string(), delay, quantized, x);
    }

private:
    tensor delayed(scope_id in, const std::string& below, std::int64_t delay, tensor quantized, tensor x) {
        const tensor active =
            script_.emit(word::after_step, {}, {in, below + "activate_quant", {.integer = delay}, no_node});
        return script_.emit(word::select, {active, quantized, x}, in, below + "delayed_quant");
    }

    /// One end of a range.
    tensor variable(const range_settings& r, double initial, scope_id in, const char* name) {
        word_params params{.real = initial};
        if (r.channels) params.dims = {r.channels->count};
        return script_.emit(word::variable, {}, {in, name, std::move(params), no_node});
    }

    tensor reshaped(tensor x, const std::vector<std::int64_t>& dims, scope_id in, const char* name) {
        placement where{in, name};
        where.params.dims = dims;
        return script_.emit(word::reshape, {x}, std::move(where));
    }

    /// The least or the greatest value of x, or of each channel.
    tensor extreme(const range_settings& r, word which, tensor x, scope_id in) {
        placement where{in, which == word::reduce_min ? "batch_min" : "batch_max"};
        if (r.channels) where.params.axis = r.channels->axis;
        return script_.emit(which, {x}, std::move(where));
    }

    /// f(min(x), max(x)): a range that holds 0.
    std::pair<tensor, tensor> observed_range(const range_settings& r, std::span<const tensor> values, scope_id in) {
        const quant_spec& spec = r.spec;
        const auto simple = [&](word op, argument a, argument b) { return script_.emit(op, {a, b}, in); };
        tensor low = extreme(r, word::reduce_min, values[0], in);
        tensor high = extreme(r, word::reduce_max, values[0], in);
        for (const tensor x : values.subspan(1)) {
            low = simple(word::minimum, low, extreme(r, word::reduce_min, x, in));
            high = simple(word::maximum, high, extreme(r, word::reduce_max, x, in));
        }
        argument low_bound = literal{0};
        argument high_bound = literal{0};
        if (!spec.symmetric) {
            const tensor bounded_low = simple(word::minimum, low, low_bound);
            return {bounded_low, simple(word::maximum, high, high_bound)};
        }
        const double levels = static_cast<double>(1 << spec.bits);
        const double ratio = spec.narrow_range ? -1.0 : -(levels - 2) / levels;
        low_bound = simple(word::div, high, literal{ratio});
        const tensor bounded_low = simple(word::minimum, low, low_bound);
        high_bound = simple(word::mul, low, literal{ratio});
        return {bounded_low, simple(word::maximum, high, high_bound)};
    }

    /// The variable after it has taken in `observed`.
    tensor updated(const range_settings& r, tensor variable, tensor observed, scope_id in, const std::string& end) {
        if (r.policy == range_policy::last_value) {
            return script_.emit(word::assign, {variable, observed}, in, "assign_" + end + "_last");
        }
        return script_.emit(word::ema_update, {variable, observed},
                            {in, "assign_" + end + "_ema", {.real = r.ema_decay}, no_node});
    }

    /// The variables after they have taken in what the function makes of `observed`.
    range_bounds customized(const range_settings& r, const range_bounds& observed, tensor low, tensor high,
                            scope_id in) {
        require_range_function(r.policy, custom_);
        const range_bounds next = custom_(script_, {observed, {low, high}, r.spec, r.ema_decay, in});
        return {script_.emit(word::assign, {low, next.low}, in, "assign_min_custom"),
                script_.emit(word::assign, {high, next.high}, in, "assign_max_custom")};
    }

    script& script_;
    bool is_training_;
    range_function custom_;
};

}  // namespace qgraft

#endif
