// Observe, update and quantize in one call, with any kernels and any observer.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_OBSERVE_HPP
#define QGRAFT_KERNELS_OBSERVE_HPP

#include <qgraft/kernels/checks.hpp>
#include <qgraft/kernels/observer.hpp>
#include <qgraft/kernels/policy.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <cstddef>
#include <span>

namespace qgraft {

namespace detail {
QGRAFT_ISA_NAMESPACE_BEGIN

constexpr void copy_values(std::span<const float> in, std::span<float> out) noexcept {
    if (in.data() == out.data()) return;
    for (std::size_t i = 0; i < in.size(); ++i) out[i] = in[i];
}

/// What observe_fake_quantize of a kernel policy does: the observer takes the least and the greatest value of `in`, and
/// its range, just updated, quantizes `in` into `out`. Two reads of `in`; one where the observer is frozen. An observer
/// that only observes leaves the values as they are. Returns the range.
template <class P, observer O>
constexpr quant_range observe_fake_quantize(const P& kernels, O& o, std::span<const float> in, std::span<float> out,
                                            const quant_spec& spec) {
    require_valid(spec);
    require_size("out", out.size(), in.size());
    if (o.mode != observer_mode::frozen) o.update(kernels.min_max(in), spec);
    const quant_range range = o.current();
    if (o.mode == observer_mode::observing) {
        copy_values(in, out);
    } else {
        kernels.fake_quantize(in, out, range, spec);
    }
    return range;
}

/// The mode that all the observers of a tensor are in; throws quant_error where they differ.
template <observer O>
constexpr observer_mode mode_of(std::span<const O> observers) {
    const observer_mode mode = observers.empty() ? observer_mode::frozen : observers[0].mode;
    for (const O& o : observers) {
        if (o.mode != mode) throw quant_error("qgraft: the observers of the channels of a tensor must be in one mode");
    }
    return mode;
}

/// The same with an observer a channel. `ranges`, one a channel, gets what the channels are quantized with.
template <class P, observer O>
constexpr void observe_fake_quantize_channels(const P& kernels, std::span<O> observers, std::span<const float> in,
                                              std::span<float> out, std::span<quant_range> ranges,
                                              const quant_spec& spec, std::size_t inner) {
    require_valid(spec);
    require_size("ranges", ranges.size(), observers.size());
    rows_of(in.size(), observers.size(), inner);
    require_size("out", out.size(), in.size());
    const observer_mode mode = mode_of<O>(observers);
    for (O trial : observers) trial.update(trial.current(), spec);  // refuses a bad one before any is changed
    if (mode != observer_mode::frozen) kernels.min_max_channels(in, ranges, inner);
    for (std::size_t c = 0; c < observers.size(); ++c) {
        ranges[c] = mode == observer_mode::frozen ? observers[c].current() : observers[c].update(ranges[c], spec);
    }
    if (mode == observer_mode::observing) {
        copy_values(in, out);
    } else {
        kernels.fake_quantize_channels(in, out, ranges, spec, inner);
    }
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace detail

/// A channel_kernel_policy that also observes, updates an observer and quantizes with its new range, in one call:
///
///     quant_range observe_fake_quantize(observer, in, out, spec)
///     void        observe_fake_quantize_channels(observers, in, out, ranges, spec, inner)
///
/// for any observer; of the second, spans of an observer and a range a channel, where the ranges are written. What is
/// written, and where from, is that of min_max, update and fake_quantize in turn; see observer_mode.
template <class P>
concept observing_kernel_policy = channel_kernel_policy<P> &&
    requires(const P& p, last_value& one, std::span<last_value> many, std::span<const float> in, std::span<float> out,
             std::span<quant_range> ranges, const quant_spec& spec, std::size_t inner) {
    { p.observe_fake_quantize(one, in, out, spec) } -> std::same_as<quant_range>;
    { p.observe_fake_quantize_channels(many, in, out, ranges, spec, inner) } -> std::same_as<void>;
};

}  // namespace qgraft

#endif  // QGRAFT_KERNELS_OBSERVE_HPP
