// The numerics policies of TensorFlow: tf115, tf115_args, tf2, tf2_args.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_TENSORFLOW_NUMERICS_HPP
#define QGRAFT_KERNELS_TENSORFLOW_NUMERICS_HPP

#include <qgraft/kernels/numerics_concept.hpp>
#include <qgraft/quant/affine.hpp>
#include <qgraft/quant/float32.hpp>
#include <qgraft/quant/host_device.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

namespace qgraft {

namespace detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// What all of TensorFlow's fake quantization has in common. Its x86 kernels run with subnormals flushed, so subnormal
/// values and ranges count as zero here as well, whatever the floating-point mode of the calling thread is.
template <quantize_form Tensor, quantize_form Channel>
struct tensorflow_numerics {
    using ops = float_ops<subnormals::flush>;

    static constexpr quantize_form tensor_form = Tensor;
    static constexpr quantize_form channel_form = Channel;
    static constexpr bool min_max_keeps_nan = false;
    static constexpr bool nudges_symmetric = false;

    /// NaN stays NaN, but a collapsed range gives 0 even for NaN.
    QGRAFT_HOST_DEVICE static constexpr float quantize(float x, const nudged_range& r) noexcept {
        return r.collapsed ? 0.0F : value_of<Tensor>(steps<Tensor>(x, r), r);
    }

    QGRAFT_HOST_DEVICE static constexpr float quantize_channel(float x, const nudged_range& r) noexcept {
        return r.collapsed ? 0.0F : value_of<Channel>(steps<Channel>(x, r), r);
    }

    /// min <= x <= max. NaN neither passes nor is below nor above.
    QGRAFT_HOST_DEVICE static constexpr bool passes(float x, const nudged_range& r) noexcept {
        return at_most(r.min, ops::flushed(x)) && at_most(ops::flushed(x), r.max);
    }
    QGRAFT_HOST_DEVICE static constexpr bool below(float x, const nudged_range& r) noexcept {
        return less(ops::flushed(x), r.min);
    }
    QGRAFT_HOST_DEVICE static constexpr bool above(float x, const nudged_range& r) noexcept {
        return less(r.max, ops::flushed(x));
    }

    /// NaN becomes the zero point: dequantized it is 0.
    QGRAFT_HOST_DEVICE static constexpr int to_integer(float x, const nudged_range& r) noexcept {
        if (r.collapsed) return r.zero_point;
        const float q = ops::add(steps<Tensor>(x, r), lowest<Tensor>(r));
        if (is_nan(q)) return within(r.zero_point, r);
        if (at_most(q, static_cast<float>(r.qmin))) return r.qmin;
        return at_most(static_cast<float>(r.qmax), q) ? r.qmax : truncated(q);
    }

    QGRAFT_HOST_DEVICE static constexpr float to_real(int q, const nudged_range& r) noexcept {
        return r.collapsed ? 0.0F : value_of<Tensor>(ops::sub(static_cast<float>(q), lowest<Tensor>(r)), r);
    }

private:
    /// How many steps x is above min, or above zero where the form counts from there: a whole number, or NaN.
    template <quantize_form Form>
    QGRAFT_HOST_DEVICE static constexpr float steps(float x, const nudged_range& r) noexcept {
        const float shifted = ops::sub(ops::maximum(ops::minimum(x, r.max), r.min), r.min);
        float at = divides_by_scale(Form) ? ops::div(shifted, r.scale) : ops::mul(shifted, r.inv_scale);
        if constexpr (counts_from_zero(Form)) at = ops::sub(at, r.quant_zero);
        return ops::floor(ops::add(at, 0.5F));
    }

    template <quantize_form Form>
    QGRAFT_HOST_DEVICE static constexpr float value_of(float steps, const nudged_range& r) noexcept {
        const float product = ops::mul(steps, r.scale);
        return counts_from_zero(Form) ? product : ops::add(product, r.min);
    }

    /// The integer of no steps.
    template <quantize_form Form>
    QGRAFT_HOST_DEVICE static constexpr float lowest(const nudged_range& r) noexcept {
        const auto qmin = static_cast<float>(r.qmin);
        return counts_from_zero(Form) ? ops::add(qmin, r.quant_zero) : qmin;
    }

    QGRAFT_HOST_DEVICE static constexpr int within(int q, const nudged_range& r) noexcept {
        return q < r.qmin ? r.qmin : q > r.qmax ? r.qmax : q;
    }
};

template <class Ops>
QGRAFT_HOST_DEVICE constexpr float rounded_zero(const nudged_range& r) noexcept {
    return Ops::floor(Ops::add(Ops::mul(negated(r.min), r.inv_scale), 0.5F));
}

/// The nudge of TensorFlow 2, which also rounds where zero is: quant_zero = floor(-min * inv_scale + 0.5).
template <bool Collapses>
QGRAFT_HOST_DEVICE constexpr nudged_range nudge_with_zero(quant_range range, const quant_spec& spec) {
    nudged_range r = qgraft::nudge<subnormals::flush, Collapses>(range, spec);
    if (r.collapsed) return r;
#if !defined(__CUDA_ARCH__)
    if (is_ordinary(r.min) && is_ordinary(r.inv_scale)) {
        r.quant_zero = rounded_zero<float_ops<subnormals::keep>>(r);
        return r;
    }
#endif
    r.quant_zero = rounded_zero<float_ops<subnormals::flush>>(r);
    return r;
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace detail

QGRAFT_ISA_NAMESPACE_BEGIN

/// TensorFlow 1.15, its fake quantization with ranges from variables, per tensor and per channel: results are bit-equal
/// to those of its x86 kernels.
struct tf115 : detail::tensorflow_numerics<quantize_form::divide, quantize_form::divide> {
    QGRAFT_HOST_DEVICE static constexpr nudged_range nudge(quant_range range, const quant_spec& spec) {
        return qgraft::nudge<subnormals::flush>(range, spec);
    }
};

/// TensorFlow 1.15, its fake quantization with a fixed range in attributes, which multiplies by the rounded 1 / scale.
/// The op refuses the range 0, 0, but not one of subnormals, which gives NaN everywhere: so does 0, 0 here.
struct tf115_args : detail::tensorflow_numerics<quantize_form::multiply, quantize_form::multiply> {
    QGRAFT_HOST_DEVICE static constexpr nudged_range nudge(quant_range range, const quant_spec& spec) {
        nudged_range r = qgraft::nudge<subnormals::flush, false>(range, spec);
        r.inv_scale = ops::div(1.0F, r.scale);
        return r;
    }
};

/// TensorFlow 2 (2.21), its fake quantization with ranges from variables, per tensor and per channel: a tensor with one
/// range is divided by the scale, one with a range a channel is multiplied.
struct tf2 : detail::tensorflow_numerics<quantize_form::divide_zero, quantize_form::multiply_zero> {
    QGRAFT_HOST_DEVICE static constexpr nudged_range nudge(quant_range range, const quant_spec& spec) {
        return detail::nudge_with_zero<true>(range, spec);
    }
};

/// TensorFlow 2 (2.21), its fake quantization with a fixed range in attributes. The op refuses the range 0,
/// 0, which gives NaN everywhere here.
struct tf2_args : detail::tensorflow_numerics<quantize_form::multiply_zero, quantize_form::multiply_zero> {
    QGRAFT_HOST_DEVICE static constexpr nudged_range nudge(quant_range range, const quant_spec& spec) {
        return detail::nudge_with_zero<false>(range, spec);
    }
};

QGRAFT_ISA_NAMESPACE_END

}  // namespace qgraft

#endif  // QGRAFT_KERNELS_TENSORFLOW_NUMERICS_HPP
