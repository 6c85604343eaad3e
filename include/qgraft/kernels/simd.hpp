// The vector kernels: many values at once, with whatever vector instructions the processor has.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SIMD_HPP
#define QGRAFT_KERNELS_SIMD_HPP

#include <qgraft/kernels/checks.hpp>
#include <qgraft/kernels/numerics.hpp>
#include <qgraft/kernels/observe.hpp>
#include <qgraft/kernels/policy.hpp>
#include <qgraft/kernels/scalar.hpp>
#include <qgraft/kernels/simd/channels.hpp>
#include <qgraft/kernels/simd/dispatch.hpp>
#include <qgraft/kernels/simd/level.hpp>
#include <qgraft/kernels/simd/params.hpp>
#include <qgraft/kernels/simd/storage.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <cstddef>
#include <cstring>
#include <limits>
#include <span>

namespace qgraft {

QGRAFT_ISA_NAMESPACE_BEGIN

/// The kernel policy for speed: AVX-512, AVX2, SSE4.1 or NEON, chosen when it runs, whatever flags the program is
/// compiled with. Same functions, same errors and, bit for bit, same values as scalar<Numerics>; sums of gradients are
/// equal within 1e-6 of the sum of magnitudes, as their order differs. A numerics policy with a formula of its own, and
/// a processor without these instructions, run the scalar definition. Tensors of large_tensor elements and more are
/// written past the caches, except in place; with Streams, which is for pieces of such a tensor, those of any size.
template <numerics_policy Numerics = tf115, bool Streams = false>
struct simd : detail::simd_channels<Numerics, Streams>, detail::simd_storage<Numerics> {
    using numerics = Numerics;

    static constexpr std::size_t large_tensor = detail::streamed_bytes / sizeof(float);
    using for_large_tensors = simd<Numerics, true>;

    /// out[i] = in[i] moved to the nearest value of the nudged range.
    static void fake_quantize(std::span<const float> in, std::span<float> out, quant_range range,
                              const quant_spec& spec) {
        const simd_level level = detail::level_for<Numerics>();
        if constexpr (detail::vector_nudge<Numerics>::exists) {
            constexpr detail::nudge_rule rule = detail::vector_nudge<Numerics>::rule;
            if (level != simd_level::baseline && spec.valid() && out.size() == in.size() &&
                detail::nudges_in_any_mode<Numerics>(range)) [[likely]] {
                const detail::nudge_spec numbers = detail::nudge_spec_of(spec);
                const bool streams = detail::worth_streaming<Streams>(in.data(), out.data(), in.size_bytes());
                bool done = false;
                QGRAFT_SIMD_GET(
                    done =, level,
                    forward_nudged<rule, Numerics::tensor_form>(in.data(), out.data(), in.size(), range.min, range.max,
                                                                numbers.qmin, numbers.qmax, numbers.symmetric, streams))
                if (done) return;
            }
        }
        any_fake_quantize(level, in, out, range, spec);
    }

    /// The same with the spec at compile time.
    template <quant_spec S>
    static void fake_quantize(std::span<const float> in, std::span<float> out, quant_range range) {
        require_valid<S>();
        if constexpr (S.valid()) fake_quantize(in, out, range, S);
    }

    /// dx and the gradient of the range, in one pass; see scalar.
    static range_gradient fake_quantize_gradient(std::span<const float> grad, std::span<const float> in,
                                                 std::span<float> dx, quant_range range, const quant_spec& spec) {
        const simd_level level = detail::level_for<Numerics>();
        range_gradient sums;
        if (few_gradients(level, grad, in, dx, range, spec, sums)) return sums;
        return any_fake_quantize_gradient(level, grad, in, dx, range, spec).rounded();
    }

    /// The same with the sums as they are before they are rounded; see summing_kernel_policy.
    static range_sums fake_quantize_gradient_sums(std::span<const float> grad, std::span<const float> in,
                                                  std::span<float> dx, quant_range range, const quant_spec& spec) {
        const simd_level level = detail::level_for<Numerics>();
        range_gradient sums;
        if (few_gradients(level, grad, in, dx, range, spec, sums)) return {sums.min, sums.max};
        return any_fake_quantize_gradient(level, grad, in, dx, range, spec);
    }

    /// The least and the greatest value; see scalar.
    static quant_range min_max(std::span<const float> in) {
        const simd_level level = detail::level_for<Numerics>();
        if (level == simd_level::baseline || in.size() <= 1) return scalar<Numerics>::min_max(in);
        constexpr float infinity = std::numeric_limits<float>::infinity();
        quant_range found{infinity, -infinity};
        if constexpr (detail::has_simd<Numerics>) {
            QGRAFT_SIMD_CALL(level, min_max<Numerics::min_max_keeps_nan>(in.data(), in.size(), &found))
        }
        return detail::definite_zeros<Numerics>(found);
    }

    /// min_max, the observer's update, and fake_quantize with its new range; see observing_kernel_policy.
    template <observer O>
    static quant_range observe_fake_quantize(O& o, std::span<const float> in, std::span<float> out,
                                             const quant_spec& spec) {
        return detail::observe_fake_quantize(simd{}, o, in, out, spec);
    }

    /// The same with an observer and a range a channel.
    template <observer O>
    static void observe_fake_quantize_channels(std::span<O> observers, std::span<const float> in, std::span<float> out,
                                               std::span<quant_range> ranges, const quant_spec& spec,
                                               std::size_t inner = 1) {
        detail::observe_fake_quantize_channels(simd{}, observers, in, out, ranges, spec, inner);
    }

private:
    /// fake_quantize_gradient of a few elements with one of the usual ranges; false where that does not serve.
    QGRAFT_ALWAYS_INLINE static bool few_gradients(simd_level level, std::span<const float> grad,
                                                   std::span<const float> in, std::span<float> dx, quant_range range,
                                                   const quant_spec& spec, range_gradient& sums) {
        bool done = false;
        if constexpr (detail::vector_nudge<Numerics>::exists) {
            constexpr detail::nudge_rule rule = detail::vector_nudge<Numerics>::rule;
            const bool in_place = dx.data() == grad.data() || dx.data() == in.data();
            if (level != simd_level::baseline && !in.empty() &&
                in.size() <= detail::few_gradients_of<Numerics>(level) && !in_place && spec.valid() &&
                grad.size() == in.size() && dx.size() == in.size() && detail::nudges_in_any_mode<Numerics>(range)) {
                const detail::nudge_spec numbers = detail::nudge_spec_of(spec);
                QGRAFT_SIMD_GET(done =, level,
                                gradient_nudged<rule, Numerics::tensor_form>(
                                    grad.data(), in.data(), dx.data(), in.size(), range.min, range.max, numbers.qmin,
                                    numbers.qmax, numbers.symmetric, &sums))
            }
        }
        return done;
    }

    // Apart, so that calls with the usual ranges need no more than they use.

    /// fake_quantize for every range, and what it refuses.
    [[gnu::noinline]] static void any_fake_quantize(simd_level level, std::span<const float> in, std::span<float> out,
                                                    quant_range range, const quant_spec& spec) {
        if (level == simd_level::baseline) return scalar<Numerics>::fake_quantize(in, out, range, spec);
        if constexpr (detail::has_simd<Numerics>) {
            const nudged_range nudged = Numerics::nudge(range, spec);
            detail::require_size("out", out.size(), in.size());
            if (in.empty()) return;
            if (!detail::is_exact<Numerics>(nudged)) return scalar<Numerics>::fake_quantize(in, out, range, spec);
            if (nudged.collapsed) {
                std::memset(out.data(), 0, out.size_bytes());
                return;
            }
            float params[detail::simd_params];
            detail::put_params<Numerics::tensor_form>(nudged, params, 1);
            const bool streams = detail::worth_streaming<Streams>(in.data(), out.data(), in.size_bytes());
            const detail::numerics_mode<Numerics::ops::flushes> mode(!detail::is_common(nudged.scale));
            QGRAFT_SIMD_CALL(level, forward<Numerics::tensor_form>(in.data(), out.data(), in.size(), params, streams))
        }
    }

    /// fake_quantize_gradient_sums for every range and length, and what it refuses.
    [[gnu::noinline]] static range_sums any_fake_quantize_gradient(simd_level level, std::span<const float> grad,
                                                                   std::span<const float> in, std::span<float> dx,
                                                                   quant_range range, const quant_spec& spec) {
        if (level == simd_level::baseline) {
            return scalar<Numerics>::fake_quantize_gradient_sums(grad, in, dx, range, spec);
        }
        range_sums sums;
        if constexpr (detail::has_simd<Numerics>) {
            const nudged_range nudged = Numerics::nudge(range, spec);
            detail::require_size("grad", grad.size(), in.size());
            detail::require_size("dx", dx.size(), in.size());
            if (in.empty()) return sums;
            if (nudged.collapsed) {
                if (dx.data() != grad.data()) std::memmove(dx.data(), grad.data(), dx.size_bytes());
                return sums;
            }
            float params[detail::simd_params];
            detail::put_params<Numerics::tensor_form>(nudged, params, 1);
            const bool large = detail::is_large<Streams>(in.size_bytes());
            const detail::numerics_mode<Numerics::ops::flushes> mode;
            QGRAFT_SIMD_CALL(level, gradient<Numerics::tensor_form>(grad.data(), in.data(), dx.data(), in.size(),
                                                                    params, 1, large, &sums))
        }
        return sums;
    }
};

QGRAFT_ISA_NAMESPACE_END

}  // namespace qgraft

#endif  // QGRAFT_KERNELS_SIMD_HPP
