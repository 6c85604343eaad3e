// What cuda does with the elements of tensors, four at a time or one: forward, gradient, extremes, scale.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_CUDA_OPS_HPP
#define QGRAFT_KERNELS_CUDA_OPS_HPP

#include <qgraft/kernels/cuda/arithmetic.hpp>
#include <qgraft/kernels/cuda/formulas.hpp>
#include <qgraft/kernels/device_policy.hpp>
#include <qgraft/quant/host_device.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <cstddef>
#include <limits>

// An op has a state for each channel, the numbers of its range, and for each element a term of a sum over the channel:
//
//     state at(channel)                          exact(state): whether step and state have the definition's values
//     load<N>(i), step(state, pack, k), store<N>(i, pack)
//                                                elements i ... i + N - 1 in pieces; step returns the term
//     from(i)                                    the op whose element 0 is this one's element i
//     define(channel, i)                         one element by the definition
//     finish(channel, sum, count)                takes the sum over a channel of so many elements
//
// Ops are passed to kernels by value and see the device's memory.

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// The term and the sum of an op that sums nothing.
struct no_sum {
    QGRAFT_HOST_DEVICE friend no_sum operator+(no_sum, no_sum) noexcept { return {}; }
    QGRAFT_HOST_DEVICE no_sum& operator+=(no_sum) noexcept { return *this; }
};

QGRAFT_HOST_DEVICE inline quant_range range_at(const device_range& from, std::size_t channel) noexcept {
    if (!from.is_on_device) return from.value;
    const std::size_t at = channel * from.on_device.stride;
    return {from.on_device.min[at], from.on_device.max[at]};
}

/// out = in moved to the nearest value of its channel's range.
template <class Numerics, bool PerChannel>
struct forward_op {
    static constexpr quantize_form form = PerChannel ? Numerics::channel_form : Numerics::tensor_form;
    static constexpr bool per_channel = PerChannel;
    using term = no_sum;
    using sum = no_sum;
    struct state {
        device_formula<form> formula;
        bool exact;
    };

    const float* in;
    float* out;
    device_range range;
    quant_spec spec;

    QGRAFT_HOST_DEVICE forward_op from(std::size_t i) const noexcept { return {in + i, out + i, range, spec}; }

    QGRAFT_HOST_DEVICE nudged_range nudged(std::size_t channel) const {
        return Numerics::nudge(range_at(range, channel), spec);
    }

    QGRAFT_HOST_DEVICE state at(std::size_t channel) const {
        const nudged_range r = nudged(channel);
        return {device_formula<form>(r), device_formula<form>::is_exact(r)};
    }

    template <unsigned N>
    QGRAFT_HOST_DEVICE pack<N> load(std::size_t i) const noexcept {
        return detail::load<N>(in + i);
    }
    template <unsigned N>
    QGRAFT_HOST_DEVICE static no_sum step(const state& s, pack<N>& p, unsigned k) noexcept {
        p.at[k] = s.formula(p.at[k]);
        return {};
    }
    template <unsigned N>
    QGRAFT_HOST_DEVICE void store(std::size_t i, const pack<N>& p) const noexcept {
        detail::store<N>(out + i, p);
    }

    QGRAFT_HOST_DEVICE no_sum define(std::size_t channel, std::size_t i) const {
        const nudged_range r = nudged(channel);
        out[i] = PerChannel ? Numerics::quantize_channel(in[i], r) : Numerics::quantize(in[i], r);
        return {};
    }

    QGRAFT_HOST_DEVICE void finish(std::size_t, no_sum, std::size_t) const noexcept {}
};

/// The two sums of a gradient, of a few elements.
struct gradient_term {
    float below, above;
    QGRAFT_HOST_DEVICE friend gradient_term operator+(const gradient_term& a, const gradient_term& b) noexcept {
        return {sum_of(a.below, b.below), sum_of(a.above, b.above)};
    }
};

/// The same of many.
struct gradient_sum {
    double below = 0.0, above = 0.0;
    QGRAFT_HOST_DEVICE gradient_sum& operator+=(const gradient_sum& more) noexcept {
        below += more.below;
        above += more.above;
        return *this;
    }
    QGRAFT_HOST_DEVICE gradient_sum& operator+=(const gradient_term& more) noexcept {
        below += widened(more.below);
        above += widened(more.above);
        return *this;
    }
};

template <unsigned N>
struct gradient_pack {
    pack<N> x, g;
};

/// dx = grad where the range lets it pass; sums of grad below and above.
template <class Numerics>
struct gradient_op {
    using ops = typename Numerics::ops;
    using term = gradient_term;
    using sum = gradient_sum;
    using directions = device_directions<Numerics::tensor_form, ops::flushes>;
    struct state {
        directions of;
        bool exact;
    };

    const float* grad;
    const float* in;
    float* dx;
    device_range range;
    device_ranges_out sums;
    quant_spec spec;

    QGRAFT_HOST_DEVICE gradient_op from(std::size_t i) const noexcept {
        return {grad + i, in + i, dx + i, range, sums, spec};
    }

    QGRAFT_HOST_DEVICE nudged_range nudged(std::size_t channel) const {
        return Numerics::nudge(range_at(range, channel), spec);
    }

    QGRAFT_HOST_DEVICE state at(std::size_t channel) const {
        const nudged_range r = nudged(channel);
        return {directions(r), directions::is_exact(r)};
    }

    template <unsigned N>
    QGRAFT_HOST_DEVICE gradient_pack<N> load(std::size_t i) const noexcept {
        return {detail::load<N>(in + i), detail::load<N>(grad + i)};
    }
    template <unsigned N>
    QGRAFT_HOST_DEVICE static gradient_term step(const state& s, gradient_pack<N>& p, unsigned k) noexcept {
        const directions_of_gradient to = s.of(p.x.at[k]);
        const float g = p.g.at[k];
        p.g.at[k] = masked<ops::flushes>(g, to.passes);
        return {masked<ops::flushes>(g, to.below), masked<ops::flushes>(g, to.above)};
    }
    template <unsigned N>
    QGRAFT_HOST_DEVICE void store(std::size_t i, const gradient_pack<N>& p) const noexcept {
        detail::store<N>(dx + i, p.g);
    }

    QGRAFT_HOST_DEVICE gradient_term define(std::size_t channel, std::size_t i) const {
        const nudged_range r = nudged(channel);
        const float g = grad[i];
        const float x = in[i];
        if (r.collapsed) {
            dx[i] = g;
            return {0.0F, 0.0F};
        }
        dx[i] = ops::mul(g, Numerics::passes(x, r) ? 1.0F : 0.0F);
        return {ops::mul(g, Numerics::below(x, r) ? 1.0F : 0.0F), ops::mul(g, Numerics::above(x, r) ? 1.0F : 0.0F)};
    }

    QGRAFT_HOST_DEVICE void finish(std::size_t channel, const gradient_sum& all, std::size_t) const noexcept {
        sums.min[channel * sums.stride] = narrowed(all.below);
        sums.max[channel * sums.stride] = narrowed(all.above);
    }
};

/// The least and the greatest of some values; NaN is passed over, or taken into both.
template <class Numerics>
struct extremes_sum {
    float least = std::numeric_limits<float>::infinity();
    float greatest = -std::numeric_limits<float>::infinity();

    QGRAFT_HOST_DEVICE extremes_sum& operator+=(const extremes_sum& more) noexcept {
        if constexpr (Numerics::min_max_keeps_nan) {
            least = lesser_or_nan(least, more.least);
            greatest = greater_or_nan(greatest, more.greatest);
        } else {
            least = lesser_number(least, more.least);
            greatest = greater_number(greatest, more.greatest);
        }
        return *this;
    }
    QGRAFT_HOST_DEVICE friend extremes_sum operator+(extremes_sum a, const extremes_sum& b) noexcept { return a += b; }
};

/// Finds the least and the greatest value of each channel.
template <class Numerics>
struct extremes_op {
    static constexpr bool always_wide = true;  // there is one buffer
    using ops = typename Numerics::ops;
    using term = extremes_sum<Numerics>;
    using sum = extremes_sum<Numerics>;
    struct state {
        bool exact = true;
    };

    const float* in;
    device_ranges_out found;

    QGRAFT_HOST_DEVICE extremes_op from(std::size_t i) const noexcept { return {in + i, found}; }

    QGRAFT_HOST_DEVICE state at(std::size_t) const noexcept { return {}; }
    template <unsigned N>
    QGRAFT_HOST_DEVICE pack<N> load(std::size_t i) const noexcept {
        return detail::load<N>(in + i);
    }
    template <unsigned N>
    QGRAFT_HOST_DEVICE static term step(const state&, const pack<N>& p, unsigned k) noexcept {
        return {p.at[k], p.at[k]};
    }
    template <unsigned N>
    QGRAFT_HOST_DEVICE void store(std::size_t, const pack<N>&) const noexcept {}
    QGRAFT_HOST_DEVICE term define(std::size_t, std::size_t i) const noexcept { return {in[i], in[i]}; }

    /// A zero is +0 and a subnormal is flushed, where the numerics does, but a single value is left as it is.
    QGRAFT_HOST_DEVICE void finish(std::size_t channel, const sum& all, std::size_t count) const noexcept {
        const quant_range r = count == 1 ? quant_range{in[channel], in[channel]}
                                         : quant_range{ops::add(all.least, 0.0F), ops::add(all.greatest, 0.0F)};
        found.min[channel * found.stride] = r.min;
        found.max[channel * found.stride] = r.max;
    }
};

/// Has each observer take its range of a batch.
template <class Observer>
struct update_op {
    Observer* observers;
    device_ranges batch;
    device_ranges_out ranges;
    quant_spec spec;

    QGRAFT_HOST_DEVICE void operator()(std::size_t i) const {
        Observer o = observers[i];
        const quant_range r = o.update({batch.min[i * batch.stride], batch.max[i * batch.stride]}, spec);
        observers[i] = o;
        ranges.min[i * ranges.stride] = r.min;
        ranges.max[i * ranges.stride] = r.max;
    }
};

/// out = in times the number of its channel.
template <class Numerics>
struct scale_op {
    static constexpr bool per_channel = true;
    using term = no_sum;
    using sum = no_sum;
    struct state {
        float scale;
        static constexpr bool exact = true;
    };

    const float* in;
    float* out;
    const float* scales;

    QGRAFT_HOST_DEVICE scale_op from(std::size_t i) const noexcept { return {in + i, out + i, scales}; }

    QGRAFT_HOST_DEVICE state at(std::size_t channel) const noexcept { return {scales[channel]}; }
    template <unsigned N>
    QGRAFT_HOST_DEVICE pack<N> load(std::size_t i) const noexcept {
        return detail::load<N>(in + i);
    }
    template <unsigned N>
    QGRAFT_HOST_DEVICE static no_sum step(const state& s, pack<N>& p, unsigned k) noexcept {
        p.at[k] = Numerics::ops::mul(p.at[k], s.scale);
        return {};
    }
    template <unsigned N>
    QGRAFT_HOST_DEVICE void store(std::size_t i, const pack<N>& p) const noexcept {
        detail::store<N>(out + i, p);
    }
    QGRAFT_HOST_DEVICE no_sum define(std::size_t, std::size_t) const noexcept { return {}; }
    QGRAFT_HOST_DEVICE void finish(std::size_t, no_sum, std::size_t) const noexcept {}
};

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_CUDA_OPS_HPP
