// Range observers: how the range of a tensor follows the batches that are seen.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_OBSERVER_HPP
#define QGRAFT_KERNELS_OBSERVER_HPP

#include <qgraft/quant/affine.hpp>
#include <qgraft/quant/float32.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <qgraft/quant/error.hpp>
#include <qgraft/quant/isa_namespace.hpp>

#include <cmath>
#include <string>

namespace qgraft {

/// The range that TensorFlow 1.15's observers hold before the first batch.
inline constexpr quant_range initial_range{-6.0F, 6.0F};

/// Observes weights: the range is that of the last batch. The state is `range`; copy it out and in to save and restore.
struct last_value {
    quant_range range = initial_range;

    /// Takes the least and the greatest value of a batch (see min_max) and returns the range to quantize that batch
    /// with. Throws quant_error where the spec is not valid.
    constexpr quant_range update(quant_range batch, const quant_spec& spec) {
        return range = range_of(batch.min, batch.max, spec);
    }

    friend constexpr bool operator==(const last_value&, const last_value&) = default;
};

/// An exponential moving average that started from zero and is divided by the weight it has gathered since. The three
/// members are the state, and are what TensorFlow keeps as the variables `value`, `biased` and `local_step`.
struct debiased_average {
    float value = 0.0F;   ///< the average, free of the bias to zero
    float biased = 0.0F;  ///< the average that started from zero
    float step = 0.0F;    ///< how many updates there were

    /// biased -= (biased - sample) * (1 - decay);  step += 1;  value = biased / (1 - decay^step), in float32 with
    /// subnormals flushed. Source: TensorFlow 1.15's zero-debiased moving average, which rounds 1 - decay to float32
    /// first. The power is std::pow of the C library, as in TensorFlow; another library's may differ in the last bit. 0
    /// <= decay < 1.
    float update(float sample, double decay) {
        if (!(decay >= 0.0 && decay < 1.0)) {
            throw quant_error("qgraft: the decay of a moving average must be at least 0 and below 1, not " +
                              std::to_string(decay));
        }
        using ops = float_ops<subnormals::flush>;
        const auto rate = static_cast<float>(1.0 - decay);
        biased = ops::sub(biased, ops::mul(ops::sub(biased, sample), rate));
        step = ops::add(step, 1.0F);
        const float power = std::pow(ops::sub(1.0F, rate), step);
        return value = ops::div(biased, ops::sub(1.0F, power));
    }

    friend constexpr bool operator==(const debiased_average&, const debiased_average&) = default;
};

/// Observes activations: the range is the zero-debiased moving average of the batches' ranges. The state is `min` and
/// `max`; copy them out and in to save and restore.
struct moving_average {
    double decay = 0.999;
    debiased_average min{.value = initial_range.min};
    debiased_average max{.value = initial_range.max};

    /// The range to quantize with.
    constexpr quant_range range() const noexcept { return {min.value, max.value}; }

    /// Takes the least and the greatest value of a batch (see min_max) and returns the range to quantize that batch
    /// with. Throws quant_error where the spec is not valid or the decay is out of range.
    quant_range update(quant_range batch, const quant_spec& spec) {
        const quant_range sample = range_of(batch.min, batch.max, spec);
        return {min.update(sample.min, decay), max.update(sample.max, decay)};
    }

    friend constexpr bool operator==(const moving_average&, const moving_average&) = default;
};

}  // namespace qgraft

#endif  // QGRAFT_KERNELS_OBSERVER_HPP
