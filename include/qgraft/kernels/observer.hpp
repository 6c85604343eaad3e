// Range observers: how the range of a tensor follows the batches that are seen.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_OBSERVER_HPP
#define QGRAFT_KERNELS_OBSERVER_HPP

#include <qgraft/quant/affine.hpp>
#include <qgraft/quant/error.hpp>
#include <qgraft/quant/float32.hpp>
#include <qgraft/quant/host_device.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <concepts>
#include <limits>

namespace qgraft {

/// What an observer does with a batch.
enum class observer_mode {
    observing,   ///< its range follows the batches, which are not quantized yet
    quantizing,  ///< its range follows the batches, and they are quantized with it
    frozen       ///< its range stays, and batches are quantized with it
};

/// What an observer takes of a batch's least and greatest value.
enum class range_choice {
    extended,    ///< range_of: extended to zero or made symmetric first, as TensorFlow does; subnormals count as zero
    as_observed  ///< the two as they are, as PyTorch does: its numerics extends them; nothing of an empty batch
};

/// A type whose members are the state of an observer: copy them out and in to save, restore and resume.
///
///     quant_range update(batch, spec)     takes the least and the greatest value of a batch (see min_max), and returns
///                                         current(); changes nothing where the mode is frozen. Throws
///                                         quant_error, before it changes anything, where the spec or a
///                                         member is out of range
///     quant_range current()               the range to quantize with
///     observer_mode mode
template <class O>
concept observer = std::copyable<O> && requires(O& o, const O& held, quant_range batch, const quant_spec& spec) {
    { o.update(batch, spec) } -> std::same_as<quant_range>;
    { held.current() } -> std::same_as<quant_range>;
    { o.mode } -> std::same_as<observer_mode&>;
};

/// The range that TensorFlow 1.15's observers hold before the first batch.
inline constexpr quant_range initial_range{-6.0F, 6.0F};

/// The range of no values at all.
inline constexpr quant_range empty_range{std::numeric_limits<float>::infinity(),
                                         -std::numeric_limits<float>::infinity()};

namespace detail {
QGRAFT_ISA_NAMESPACE_BEGIN

template <range_choice Choice>
using observer_ops = float_ops<Choice == range_choice::extended ? subnormals::flush : subnormals::keep>;

/// What an observer takes of a batch.
template <range_choice Choice>
QGRAFT_HOST_DEVICE constexpr quant_range sample_of(quant_range batch, const quant_spec& spec) {
    require_valid(spec);
    return Choice == range_choice::extended ? qgraft::range_of(batch.min, batch.max, spec) : batch;
}

/// True where a batch had no values, and is nothing to an observer of this choice.
template <range_choice Choice>
QGRAFT_HOST_DEVICE constexpr bool is_nothing(quant_range batch) noexcept {
    return Choice == range_choice::as_observed && less(batch.max, batch.min);
}

/// value - (value - sample) * rate
template <class Ops>
QGRAFT_HOST_DEVICE constexpr float moved(float value, float sample, float rate) noexcept {
    return Ops::sub(value, Ops::mul(Ops::sub(value, sample), rate));
}

QGRAFT_HOST_DEVICE constexpr void require_decay(double decay) {
#if !defined(__CUDA_ARCH__)
    if (!(decay >= 0.0 && decay < 1.0)) {
        throw quant_error("qgraft: the decay of a moving average must be at least 0 and below 1");
    }
#else
    static_cast<void>(decay);
#endif
}

/// The lesser ends of both and the greater; NaN where either is NaN.
template <class Ops>
QGRAFT_HOST_DEVICE constexpr quant_range united(quant_range a, quant_range b) noexcept {
    return {is_nan(b.min) ? b.min : Ops::minimum(a.min, b.min), is_nan(b.max) ? b.max : Ops::maximum(a.max, b.max)};
}

/// base^step for a whole step, by squaring in double and rounded once: powf of a C library differs in the last bit of
/// one case in a hundred.
QGRAFT_HOST_DEVICE inline float whole_power(float base, float step) noexcept {
    double power = 1.0;
    double square = widened(base);
    for (auto bits = static_cast<unsigned>(truncated(step)); bits != 0; bits /= 2) {
        if (bits % 2 != 0) power *= square;
        square *= square;
    }
    return narrowed(power);
}

QGRAFT_HOST_DEVICE inline float unbiased(float biased, float step, float rate) noexcept {
    using ops = float_ops<subnormals::flush>;
#if defined(__CUDA_ARCH__)
    const float power = whole_power(ops::sub(1.0F, rate), step);
#else
    const float power = __builtin_powf(ops::sub(1.0F, rate), step);
#endif
    return ops::div(biased, ops::sub(1.0F, power));
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace detail

/// Observes weights: the range is that of the last batch. The state is `range` and `mode`.
struct last_value {
    quant_range range = initial_range;
    observer_mode mode = observer_mode::quantizing;

    QGRAFT_HOST_DEVICE QGRAFT_ALWAYS_INLINE constexpr quant_range current() const noexcept { return range; }

    QGRAFT_HOST_DEVICE QGRAFT_ALWAYS_INLINE constexpr quant_range update(quant_range batch, const quant_spec& spec) {
        const quant_range sample = detail::sample_of<range_choice::extended>(batch, spec);
        if (mode != observer_mode::frozen) range = sample;
        return range;
    }

    QGRAFT_ALWAYS_INLINE friend constexpr bool operator==(const last_value& a, const last_value& b) noexcept {
        return a.range == b.range && a.mode == b.mode;
    }
};

/// The range is that of all batches seen. The state is `range` and `mode`.
template <range_choice Choice>
struct basic_min_max {
    quant_range range = empty_range;
    observer_mode mode = observer_mode::quantizing;

    QGRAFT_HOST_DEVICE QGRAFT_ALWAYS_INLINE constexpr quant_range current() const noexcept { return range; }

    QGRAFT_HOST_DEVICE QGRAFT_ALWAYS_INLINE constexpr quant_range update(quant_range batch, const quant_spec& spec) {
        const quant_range sample = detail::sample_of<Choice>(batch, spec);
        if (mode != observer_mode::frozen) range = detail::united<detail::observer_ops<Choice>>(range, sample);
        return range;
    }

    QGRAFT_ALWAYS_INLINE friend constexpr bool operator==(const basic_min_max& a, const basic_min_max& b) noexcept {
        return a.range == b.range && a.mode == b.mode;
    }
};

/// The range is an exponential moving average of the batches' ranges, the first of which counts in full:
///
///     range -= (range - sample) * (1 - decay)
///
/// with 1 - decay rounded to float32 first. The state is `range`, `started` (whether range holds an average already)
/// and `mode`. To average from a value of your own, set range and started. Throws quant_error unless 0 <= decay < 1.
/// Source: PyTorch's MovingAverageMinMaxObserver, whose averaging_constant is 1 - decay here; TensorFlow's moving
/// average without zero_debias, which starts from its variable.
template <range_choice Choice>
struct basic_plain_average {
    double decay = 0.99;
    quant_range range = empty_range;
    bool started = false;
    observer_mode mode = observer_mode::quantizing;

    QGRAFT_HOST_DEVICE QGRAFT_ALWAYS_INLINE constexpr quant_range current() const noexcept { return range; }

    QGRAFT_HOST_DEVICE QGRAFT_ALWAYS_INLINE constexpr quant_range update(quant_range batch, const quant_spec& spec) {
        using ops = detail::observer_ops<Choice>;
        const quant_range sample = detail::sample_of<Choice>(batch, spec);
        detail::require_decay(decay);
        if (mode == observer_mode::frozen || detail::is_nothing<Choice>(batch)) return range;
        const float rate = detail::narrowed(1.0 - decay);
        range = started ? quant_range{detail::moved<ops>(range.min, sample.min, rate),
                                      detail::moved<ops>(range.max, sample.max, rate)}
                        : sample;
        started = true;
        return range;
    }

    QGRAFT_ALWAYS_INLINE friend constexpr bool operator==(const basic_plain_average& a,
                                                          const basic_plain_average& b) noexcept {
        return a.decay == b.decay && a.range == b.range && a.started == b.started && a.mode == b.mode;
    }
};

/// An exponential moving average that started from zero and is divided by the weight it has gathered since. The three
/// members are the state, and are what TensorFlow keeps as the variables `value`, `biased` and `local_step`.
struct debiased_average {
    float value = 0.0F;   ///< the average, free of the bias to zero
    float biased = 0.0F;  ///< the average that started from zero
    float step = 0.0F;    ///< how many updates there were

    /// biased -= (biased - sample) * (1 - decay);  step += 1;  value = biased / (1 - decay^step), in float32 with
    /// subnormals flushed. Source: TensorFlow 1.15's zero-debiased moving average, which rounds 1 - decay to float32
    /// first. The power is powf of the C library, as in TensorFlow; another library's may differ in the last bit.
    /// Throws quant_error unless 0 <= decay < 1.
    QGRAFT_HOST_DEVICE QGRAFT_ALWAYS_INLINE float update(float sample, double decay) {
        using ops = float_ops<subnormals::flush>;
        detail::require_decay(decay);
        const float rate = detail::narrowed(1.0 - decay);
        biased = detail::moved<ops>(biased, sample, rate);
        step = ops::add(step, 1.0F);
        return value = detail::unbiased(biased, step, rate);
    }

    QGRAFT_ALWAYS_INLINE friend constexpr bool operator==(const debiased_average& a,
                                                          const debiased_average& b) noexcept {
        return a.value == b.value && a.biased == b.biased && a.step == b.step;
    }
};

/// Observes activations: the range is the zero-debiased moving average of the batches' ranges. The state is `min`,
/// `max` and `mode`.
struct moving_average {
    double decay = 0.999;
    debiased_average min{.value = initial_range.min};
    debiased_average max{.value = initial_range.max};
    observer_mode mode = observer_mode::quantizing;

    QGRAFT_HOST_DEVICE QGRAFT_ALWAYS_INLINE constexpr quant_range current() const noexcept {
        return {min.value, max.value};
    }

    QGRAFT_HOST_DEVICE QGRAFT_ALWAYS_INLINE quant_range update(quant_range batch, const quant_spec& spec) {
        const quant_range sample = detail::sample_of<range_choice::extended>(batch, spec);
        detail::require_decay(decay);
        if (mode != observer_mode::frozen) {
            min.update(sample.min, decay);
            max.update(sample.max, decay);
        }
        return current();
    }

    QGRAFT_ALWAYS_INLINE friend constexpr bool operator==(const moving_average& a, const moving_average& b) noexcept {
        return a.decay == b.decay && a.min == b.min && a.max == b.max && a.mode == b.mode;
    }
};

/// TensorFlow's way: ranges are extended to zero, or made symmetric, before they are averaged.
using running_min_max = basic_min_max<range_choice::extended>;
using plain_moving_average = basic_plain_average<range_choice::extended>;

/// PyTorch's observers: MinMaxObserver and MovingAverageMinMaxObserver, for the numerics torch and torch_fused.
using torch_min_max = basic_min_max<range_choice::as_observed>;
using torch_moving_average = basic_plain_average<range_choice::as_observed>;

}  // namespace qgraft

#endif  // QGRAFT_KERNELS_OBSERVER_HPP
