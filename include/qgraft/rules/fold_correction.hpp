// The corrections that keep a folded batch norm on the statistics of the batch; both fold rules use them.
//
// A layer's weights are folded with the moving variance, so that they change slowly from step to step and their
// quantization can settle. What the layer computes is then corrected to the statistics of the batch:
//
//   scale       sqrt(batch variance + epsilon) / sqrt(moving variance + epsilon)    multiplies the weights
//   reciprocal  1 / scale                                                            multiplies the layer's output
//   offset      0                                                                    is added to it
//
// With a freeze delay, from that step on the network uses the moving statistics:
//
//   reciprocal  1
//   offset      gamma (batch mean / sqrt(batch variance + epsilon) - moving mean / sqrt(moving variance + epsilon))
//
// and the moving averages stand still. Where the rate of one is a tensor, it becomes 0; an average that is one node
// reads its own value instead of the statistic:
//
//   rate        0
//   statistic   moving value          of value -= (value - statistic) rate, either makes the change 0
//
// source       the formulas and their order are those of TensorFlow 1.15's tf.contrib.quantize, fold_batch_norms.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_FOLD_CORRECTION_HPP
#define QGRAFT_RULES_FOLD_CORRECTION_HPP

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/ops/view.hpp>
#include <qgraft/rewrite/script.hpp>
#include <qgraft/rules/config.hpp>

namespace qgraft {

/// The tensors of a batch norm in training.
struct batch_statistics {
    tensor scale{};  ///< gamma
    tensor mean{};
    tensor variance{};  ///< without Bessel's correction
    moving_statistic<tensor> moving_mean{};
    moving_statistic<tensor> moving_variance{};
    argument epsilon{};
};

/// A vector each, one element a channel.
struct batch_norm_corrections {
    tensor scale{};
    tensor reciprocal{};
    tensor offset{};
};

namespace detail {

/// Plans the corrections of one batch norm after the other.
class correction_planner {
public:
    correction_planner(const graph_view& view, const fold_config& config, script& s)
        : view_(view), config_(config), script_(s) {}

    /// Everything new goes into the scope `in`.
    batch_norm_corrections plan(const batch_statistics& b, scope_id in) {
        const tensor moving = reciprocal_deviation(b.moving_variance.value, b.epsilon, in);
        const tensor batch = reciprocal_deviation(b.variance, b.epsilon, in);
        const tensor ratio = script_.emit(word::div, {moving, batch}, in, "scale_compute");
        batch_norm_corrections c;
        c.scale = script_.emit(word::identity, {ratio}, in, "correction_scale");
        c.reciprocal = script_.emit(word::reciprocal, {c.scale}, in, "reciprocal_compute");
        const tensor batch_shift = script_.emit(word::mul, {b.mean, batch}, in);
        const tensor moving_shift = script_.emit(word::mul, {b.moving_mean.value, moving}, in);
        const tensor shift = script_.emit(word::sub, {batch_shift, moving_shift}, in);
        c.offset = script_.emit(word::mul, {b.scale, shift}, in, "offset_compute");
        if (!config_.freeze_bn_delay) {
            c.offset = script_.emit(word::fill, {c.offset}, in);
            return c;
        }
        const tensor frozen =
            script_.emit(word::after_step, {}, {in, "use_moving_average", {.integer = *config_.freeze_bn_delay}});
        stop(b.moving_mean, frozen, in, "freeze_moving_mean");
        stop(b.moving_variance, frozen, in, "freeze_moving_var");
        c.reciprocal = script_.emit(word::select, {frozen, literal{1}, c.reciprocal}, in, "correction_recip");
        c.offset = script_.emit(word::select, {frozen, c.offset, literal{0}}, in, "correction_offset");
        return c;
    }

private:
    tensor reciprocal_deviation(tensor variance, const argument& epsilon, scope_id in) {
        const tensor sum = script_.emit(word::add, {variance, epsilon}, in);
        return script_.emit(word::rsqrt, {sum}, in);
    }

    /// Once the statistics are frozen, makes the rate 0, or the statistic that an average reads its own value.
    void stop(const moving_statistic<tensor>& average, tensor frozen, scope_id in, const char* name) {
        if (!average.rate && !average.reader) return;
        std::vector<use> slots;
        if (average.reader) slots.push_back({average.reader->node, average.operand});
        if (average.rate && (config_.as_reference || !average.reader)) slots = all_uses(*average.rate);
        const tensor read = average.rate ? *average.rate : view_.read_by(slots.front());
        const argument still = average.rate ? argument(literal{0}) : argument(average.value);
        const tensor selected = script_.emit(word::select, {frozen, still, read}, in, name);
        script_.reroute(read, selected, slots);
    }

    [[nodiscard]] std::vector<use> all_uses(tensor t) const {
        std::vector<use> all;
        for (const use u : view_.users(t.node)) {
            if (view_.read_by(u) == t) all.push_back(u);
        }
        return all;
    }

    const graph_view& view_;
    const fold_config& config_;
    script& script_;
};

}  // namespace detail

}  // namespace qgraft

#endif
