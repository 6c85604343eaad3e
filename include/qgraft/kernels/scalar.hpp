// The scalar kernels: one value at a time, in plain C++. They are the definition that every other kernel is tested
// against. SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SCALAR_HPP
#define QGRAFT_KERNELS_SCALAR_HPP

#include <qgraft/kernels/numerics.hpp>
#include <qgraft/kernels/policy.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace qgraft {

namespace detail {

inline void require_size(const char* argument, std::size_t size, std::size_t expected) {
    if (size != expected) {
        throw quant_error(std::string("qgraft: ") + argument + " has " + std::to_string(size) + " elements, expected " +
                          std::to_string(expected));
    }
}

inline void require_whole_channels(std::size_t size, std::size_t channels) {
    if (channels == 0 ? size != 0 : size % channels != 0) {
        throw quant_error("qgraft: " + std::to_string(size) + " elements are not a whole number of rows of " +
                          std::to_string(channels) + " channels");
    }
}

/// Gradient sums of one range. In double: the order of the summands then hardly matters.
struct range_sums {
    double min = 0.0;
    double max = 0.0;

    constexpr range_gradient rounded() const noexcept { return {static_cast<float>(min), static_cast<float>(max)}; }
};

}  // namespace detail

/// The kernel policy that defines the numbers. Numerics says what one quantized value is; see kernel_policy,
/// channel_kernel_policy and folding_kernel_policy for the functions. Each throws quant_error for spans of the wrong size
/// and for a spec that is not valid, before anything is written.
template <numerics_policy Numerics = tf115>
struct scalar {
    using numerics = Numerics;
    using ops = typename Numerics::ops;

    /// out[i] = in[i] moved to the nearest value of the nudged range.
    static void fake_quantize(std::span<const float> in, std::span<float> out, quant_range range,
                              const quant_spec& spec) {
        forward(in, out, Numerics::nudge(range, spec.qmin(), spec.qmax()));
    }

    /// The same with the spec at compile time.
    template <quant_spec S>
    static void fake_quantize(std::span<const float> in, std::span<float> out, quant_range range) {
        require_valid<S>();
        if constexpr (S.valid()) forward(in, out, Numerics::nudge(range, S.qmin(), S.qmax()));
    }

    /// dx[i] = grad[i] * (1 where in[i] is inside the nudged range, else 0), a product: the sign of a masked gradient
    /// stays on its zero, and a masked infinity is NaN. Returns the sums of grad[i] * (1 where in[i] is below, else 0)
    /// and likewise above. For a collapsed range dx is grad and both sums are 0.
    static range_gradient fake_quantize_gradient(std::span<const float> grad, std::span<const float> in,
                                                 std::span<float> dx, quant_range range, const quant_spec& spec) {
        const nudged_range nudged = Numerics::nudge(range, spec.qmin(), spec.qmax());
        detail::require_size("grad", grad.size(), in.size());
        detail::require_size("dx", dx.size(), in.size());
        detail::range_sums sums;
        for (std::size_t i = 0; i < in.size(); ++i) dx[i] = backward(grad[i], in[i], nudged, sums);
        return sums.rounded();
    }

    /// The least and the greatest value. NaN is passed over; infinity and -infinity where nothing else is there. A
    /// single value is returned as it is, even NaN: so do TensorFlow's reductions.
    static quant_range min_max(std::span<const float> in) {
        quant_range found;
        min_max_channels(in, {&found, 1});
        return found;
    }

    /// As fake_quantize, where the range of in[i] is ranges[i % ranges.size()].
    static void fake_quantize_channels(std::span<const float> in, std::span<float> out,
                                       std::span<const quant_range> ranges, const quant_spec& spec) {
        const std::vector<nudged_range> nudged = nudge_all(ranges, spec);
        detail::require_whole_channels(in.size(), ranges.size());
        detail::require_size("out", out.size(), in.size());
        for (std::size_t i = 0; i < in.size(); i += ranges.size()) {
            for (std::size_t c = 0; c < ranges.size(); ++c) out[i + c] = Numerics::quantize(in[i + c], nudged[c]);
        }
    }

    /// As fake_quantize_gradient, where the range of in[i] is ranges[i % ranges.size()]; the sums of channel c go to
    /// range_gradients[c].
    static void fake_quantize_channels_gradient(std::span<const float> grad, std::span<const float> in,
                                                std::span<float> dx, std::span<const quant_range> ranges,
                                                std::span<range_gradient> range_gradients, const quant_spec& spec) {
        const std::vector<nudged_range> nudged = nudge_all(ranges, spec);
        detail::require_whole_channels(in.size(), ranges.size());
        detail::require_size("grad", grad.size(), in.size());
        detail::require_size("dx", dx.size(), in.size());
        detail::require_size("range_gradients", range_gradients.size(), ranges.size());
        std::vector<detail::range_sums> sums(ranges.size());
        for (std::size_t i = 0; i < in.size(); i += ranges.size()) {
            for (std::size_t c = 0; c < ranges.size(); ++c)
                dx[i + c] = backward(grad[i + c], in[i + c], nudged[c], sums[c]);
        }
        for (std::size_t c = 0; c < ranges.size(); ++c) range_gradients[c] = sums[c].rounded();
    }

    /// min_max of each channel: ranges[c] is that of all in[i] with i % ranges.size() == c.
    static void min_max_channels(std::span<const float> in, std::span<quant_range> ranges) {
        detail::require_whole_channels(in.size(), ranges.size());
        constexpr float infinity = std::numeric_limits<float>::infinity();
        const bool single = in.size() == ranges.size();
        for (std::size_t c = 0; c < ranges.size(); ++c) {
            ranges[c] = single ? quant_range{in[c], in[c]} : quant_range{infinity, -infinity};
        }
        for (std::size_t i = 0; !single && i < in.size(); i += ranges.size()) {
            for (std::size_t c = 0; c < ranges.size(); ++c) {
                ranges[c] = {ops::minimum(ranges[c].min, in[i + c]), ops::maximum(ranges[c].max, in[i + c])};
            }
        }
    }

    /// out[i] = in[i] * scales[(i / inner) % scales.size()]. Of `in`, a tensor [..., channels, rest...] with the last
    /// dimension innermost, `inner` is the number of elements of rest; `out` is as long and may be `in`; `scales` has
    /// one element a channel.
    static void scale_channels(std::span<const float> in, std::span<float> out, std::span<const float> scales,
                               std::size_t inner) {
        detail::require_whole_channels(in.size(), inner);
        detail::require_whole_channels(inner == 0 ? 0 : in.size() / inner, scales.size());
        detail::require_size("out", out.size(), in.size());
        for (std::size_t i = 0; i < in.size();) {
            for (const float scale : scales) {
                for (const std::size_t end = i + inner; i < end; ++i) out[i] = ops::mul(in[i], scale);
            }
        }
    }

private:
    static void forward(std::span<const float> in, std::span<float> out, const nudged_range& nudged) {
        detail::require_size("out", out.size(), in.size());
        for (std::size_t i = 0; i < in.size(); ++i) out[i] = Numerics::quantize(in[i], nudged);
    }

    static float backward(float grad, float x, const nudged_range& nudged, detail::range_sums& sums) {
        if (nudged.collapsed) return grad;
        sums.min += static_cast<double>(ops::mul(grad, Numerics::below(x, nudged) ? 1.0F : 0.0F));
        sums.max += static_cast<double>(ops::mul(grad, Numerics::above(x, nudged) ? 1.0F : 0.0F));
        return ops::mul(grad, Numerics::passes(x, nudged) ? 1.0F : 0.0F);
    }

    static std::vector<nudged_range> nudge_all(std::span<const quant_range> ranges, const quant_spec& spec) {
        require_valid(spec);
        std::vector<nudged_range> nudged;
        nudged.reserve(ranges.size());
        for (const quant_range& range : ranges) nudged.push_back(Numerics::nudge(range, spec.qmin(), spec.qmax()));
        return nudged;
    }
};

}  // namespace qgraft

#endif  // QGRAFT_KERNELS_SCALAR_HPP
