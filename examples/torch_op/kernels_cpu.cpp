// The ops on the CPU: qgraft's vector kernels, on the threads of at::parallel_for.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>
#include <torch/version.h>

#include <qgraft/kernels/numerics.hpp>
#include <qgraft/kernels/observer.hpp>
#include <qgraft/kernels/parallel.hpp>
#include <qgraft/kernels/simd.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

namespace {

/// qgraft's piece_split.
struct torch_threads {
    void operator()(std::size_t count, qgraft::piece_function piece) const {
        at::parallel_for(0, static_cast<std::int64_t>(count), 1, [piece](std::int64_t i, std::int64_t end) {
            for (; i < end; ++i) piece(static_cast<std::size_t>(i));
        });
    }
};

/// The values of the PyTorch that this is compiled for. Before 2.9 an op with one range, too, goes by way of 64-bit
/// integers, so that what has none becomes the lower end. (Tried with 1.13 and 2.15.)
template <class Numerics>
struct of_this_version : Numerics {
#if TORCH_VERSION_MAJOR < 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR < 9)
    static constexpr qgraft::quantize_form tensor_form = Numerics::channel_form;
    static constexpr float quantize(float x, const qgraft::nudged_range& r) noexcept {
        return Numerics::quantize_channel(x, r);
    }
#endif
};

/// Scale and zero point are given, so nothing is nudged: min and max of a quant_range are these two.
struct given : of_this_version<qgraft::torch> {
    static constexpr qgraft::nudged_range nudge(qgraft::quant_range range, const qgraft::quant_spec& spec) {
        return qgraft::torch::given(range.min, static_cast<int>(range.max), spec);
    }
};

template <class Numerics>
using kernels = qgraft::parallel<qgraft::simd<Numerics>, torch_threads>;

/// PyTorch's integers, quant_min to quant_max, as qgraft's, which count from 0: PyTorch's are greater by `shift`.
struct integers {
    qgraft::quant_spec spec;
    std::int64_t shift;

    qgraft::quant_range range(double scale, std::int64_t zero_point) const {
        return {static_cast<float>(scale), static_cast<float>(zero_point - shift)};
    }
};

integers integers_from(std::int64_t quant_min, std::int64_t quant_max) {
    for (int bits = qgraft::min_quant_bits; bits <= qgraft::max_quant_bits; ++bits) {
        for (const bool narrow : {false, true}) {
            const std::int64_t shift = narrow ? quant_min - 1 : quant_min;
            if (quant_max - shift == (1 << bits) - 1) return {{.bits = bits, .narrow_range = narrow}, shift};
        }
    }
    TORCH_CHECK(false, "quant_min and quant_max must span the integers of 2 to 16 bits, all or all but one, not ",
                quant_min, " to ", quant_max);
}

at::Tensor floats(const at::Tensor& tensor, const char* name) {
    TORCH_CHECK(tensor.scalar_type() == at::kFloat, name, " must be of float32, not ", tensor.scalar_type());
    return tensor.contiguous();
}

std::span<const float> values_of(const at::Tensor& t) {
    return {t.data_ptr<float>(), static_cast<std::size_t>(t.numel())};
}
std::span<float> values_in(at::Tensor& t) { return {t.data_ptr<float>(), static_cast<std::size_t>(t.numel())}; }

void check_zero_point(bool within, std::int64_t quant_min, std::int64_t quant_max) {
    TORCH_CHECK(within, "zero_point must be between quant_min and quant_max, ", quant_min, " and ", quant_max);
}

void check_same_shape(const at::Tensor& grad, const at::Tensor& input) {
    TORCH_CHECK(grad.sizes() == input.sizes(), "grad has the shape ", grad.sizes(), ", input ", input.sizes());
}

at::Tensor fake_quantize_per_tensor_affine(const at::Tensor& input, double scale, std::int64_t zero_point,
                                           std::int64_t quant_min, std::int64_t quant_max) {
    const integers q = integers_from(quant_min, quant_max);
    check_zero_point(zero_point >= quant_min && zero_point <= quant_max, quant_min, quant_max);
    const at::Tensor in = floats(input, "input");
    at::Tensor out = at::empty_like(in);
    kernels<given>().fake_quantize(values_of(in), values_in(out), q.range(scale, zero_point), q.spec);
    return out;
}

at::Tensor fake_quantize_per_tensor_affine_backward(const at::Tensor& grad, const at::Tensor& input, double scale,
                                                    std::int64_t zero_point, std::int64_t quant_min,
                                                    std::int64_t quant_max) {
    const integers q = integers_from(quant_min, quant_max);
    check_zero_point(zero_point >= quant_min && zero_point <= quant_max, quant_min, quant_max);
    check_same_shape(grad, input);
    const at::Tensor dy = floats(grad, "grad");
    const at::Tensor in = floats(input, "input");
    at::Tensor dx = at::empty_like(in);
    kernels<given>().fake_quantize_gradient(values_of(dy), values_of(in), values_in(dx), q.range(scale, zero_point),
                                            q.spec);
    return dx;
}

/// The channels of a tensor, and their ranges.
struct channels {
    std::vector<qgraft::quant_range> ranges;
    std::size_t inner;
    qgraft::quant_spec spec;
};

channels channels_of(const at::Tensor& input, const at::Tensor& scale, const at::Tensor& zero_point, std::int64_t axis,
                     std::int64_t quant_min, std::int64_t quant_max) {
    const integers q = integers_from(quant_min, quant_max);
    axis = at::maybe_wrap_dim(axis, input.dim(), false);
    TORCH_CHECK(zero_point.scalar_type() == at::kInt, "zero_point must be of int32, not ", zero_point.scalar_type());
    for (const at::Tensor& t : {scale, zero_point}) {
        TORCH_CHECK(t.dim() == 1 && t.size(0) == input.size(axis), "scale and zero_point must have the shape [",
                    input.size(axis), "], not ", t.sizes());
    }
    const at::Tensor scales = floats(scale, "scale");
    const at::Tensor zeros = zero_point.contiguous();
    channels found{{}, 1, q.spec};
    for (std::int64_t c = 0; c < scales.size(0); ++c) {
        const std::int64_t zero = zeros.data_ptr<int>()[c];
        check_zero_point(zero >= quant_min && zero <= quant_max, quant_min, quant_max);
        found.ranges.push_back(q.range(scales.data_ptr<float>()[c], zero));
    }
    for (std::int64_t i = axis + 1; i < input.dim(); ++i) found.inner *= static_cast<std::size_t>(input.size(i));
    return found;
}

at::Tensor fake_quantize_per_channel_affine(const at::Tensor& input, const at::Tensor& scale,
                                            const at::Tensor& zero_point, std::int64_t axis, std::int64_t quant_min,
                                            std::int64_t quant_max) {
    const channels c = channels_of(input, scale, zero_point, axis, quant_min, quant_max);
    const at::Tensor in = floats(input, "input");
    at::Tensor out = at::empty_like(in);
    kernels<given>().fake_quantize_channels(values_of(in), values_in(out), c.ranges, c.spec, c.inner);
    return out;
}

at::Tensor fake_quantize_per_channel_affine_backward(const at::Tensor& grad, const at::Tensor& input,
                                                     const at::Tensor& scale, const at::Tensor& zero_point,
                                                     std::int64_t axis, std::int64_t quant_min,
                                                     std::int64_t quant_max) {
    const channels c = channels_of(input, scale, zero_point, axis, quant_min, quant_max);
    check_same_shape(grad, input);
    const at::Tensor dy = floats(grad, "grad");
    const at::Tensor in = floats(input, "input");
    at::Tensor dx = at::empty_like(in);
    std::vector<qgraft::range_gradient> unused(c.ranges.size());
    kernels<given>().fake_quantize_channels_gradient(values_of(dy), values_of(in), values_in(dx), c.ranges, unused,
                                                     c.spec, c.inner);
    return dx;
}

at::Tensor fused_moving_avg_obs_fake_quant(const at::Tensor& input, at::Tensor running_min, at::Tensor running_max,
                                           at::Tensor scale, at::Tensor zero_point, double averaging_const,
                                           std::int64_t quant_min, std::int64_t quant_max, bool symmetric_quant) {
    using numerics = of_this_version<qgraft::torch_fused>;
    integers q = integers_from(quant_min, quant_max);
    q.spec.symmetric = symmetric_quant;
    const bool is_signed = q.spec.symmetric || q.spec.narrow_range;
    TORCH_CHECK(averaging_const > 0 && averaging_const <= 1, "averaging_const must be above 0 and at most 1, not ",
                averaging_const);
    TORCH_CHECK(q.shift == (is_signed ? -(1 << (q.spec.bits - 1)) : 0), "quant_min and quant_max must be the ends of ",
                is_signed ? "signed" : "unsigned", " integers here, not ", quant_min, " and ", quant_max);
    TORCH_CHECK(input.numel() > 0, "there is nothing to observe in an empty tensor");
    for (const at::Tensor& t : {running_min, running_max, scale}) {
        TORCH_CHECK(t.numel() == 1 && t.scalar_type() == at::kFloat,
                    "running_min, running_max and scale must each be one float32");
    }
    TORCH_CHECK(zero_point.numel() == 1 && zero_point.scalar_type() == at::kInt, "zero_point must be one int32");
    const at::Tensor in = floats(input, "input");
    at::Tensor out = at::empty_like(in);

    float* const min = running_min.data_ptr<float>();
    float* const max = running_max.data_ptr<float>();
    qgraft::torch_moving_average average{
        .decay = 1.0 - averaging_const, .range = {*min, *max}, .started = !std::isinf(*min) && !std::isinf(*max)};
    const qgraft::quant_range range =
        kernels<numerics>().observe_fake_quantize(average, values_of(in), values_in(out), q.spec);
    TORCH_CHECK(std::isfinite(range.min) && std::isfinite(range.max), "the observed range is ", range.min, " to ",
                range.max, ", which cannot be quantized");
    const qgraft::nudged_range nudged = numerics::nudge(range, q.spec);
    *min = range.min;
    *max = range.max;
    *scale.data_ptr<float>() = nudged.scale;
    *zero_point.data_ptr<int>() = static_cast<int>(nudged.zero_point + q.shift);
    return out;
}

at::Tensor fused_moving_avg_obs_fake_quant_backward(const at::Tensor& grad, const at::Tensor& input,
                                                    const at::Tensor& scale, const at::Tensor& zero_point,
                                                    std::int64_t quant_min, std::int64_t quant_max) {
    return fake_quantize_per_tensor_affine_backward(grad, input, scale.item<double>(), zero_point.item<std::int64_t>(),
                                                    quant_min, quant_max);
}

}  // namespace

TORCH_LIBRARY_IMPL(qgraft, CPU, library) {
    library.impl("fake_quantize_per_tensor_affine", fake_quantize_per_tensor_affine);
    library.impl("fake_quantize_per_tensor_affine_backward", fake_quantize_per_tensor_affine_backward);
    library.impl("fake_quantize_per_channel_affine", fake_quantize_per_channel_affine);
    library.impl("fake_quantize_per_channel_affine_backward", fake_quantize_per_channel_affine_backward);
    library.impl("fused_moving_avg_obs_fake_quant", fused_moving_avg_obs_fake_quant);
    library.impl("fused_moving_avg_obs_fake_quant_backward", fused_moving_avg_obs_fake_quant_backward);
}
