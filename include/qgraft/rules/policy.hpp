// The functors of a kernel policy, as the rules put them into nodes.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_POLICY_HPP
#define QGRAFT_RULES_POLICY_HPP

#include <cstddef>
#include <span>
#include <type_traits>

#include <qgraft/kernels/policy.hpp>
#include <qgraft/ops/instruction.hpp>
#include <qgraft/quant/quant_spec.hpp>
#include <qgraft/rules/config.hpp>

namespace qgraft {

/// Stands for a kernel policy where graphs only get nodes: no functor is put into them.
struct no_kernels {};

namespace detail {

template <class Kernels, quant_spec Spec>
void run_kernel(std::span<const float> in, std::span<float> out, float min, float max) {
    Kernels{}.template fake_quantize<Spec>(in, out, quant_range{min, max});
}

template <class Kernels>
void run_scaling(std::span<const float> in, std::span<float> out, std::span<const float> scales, std::size_t inner) {
    Kernels{}.scale_channels(in, out, scales, inner);
}

/// True where the kernels' numerics nudges a symmetric range in a way of its own.
template <class Kernels>
concept tells_symmetric_apart = requires {
    requires Kernels::numerics::nudges_symmetric;
};

/// The widths that the kernels have functors for: Kernels::compiled_widths, else all.
template <class Kernels>
struct widths_of {
    using type = all_widths;
};
template <class Kernels>
requires requires { typename Kernels::compiled_widths; }
struct widths_of<Kernels> {
    using type = typename Kernels::compiled_widths;
};

/// What of a spec makes a functor of its own.
template <class Kernels>
constexpr quant_spec instantiated(const quant_spec& spec) {
    return {.bits = spec.bits,
            .symmetric = tells_symmetric_apart<Kernels> && spec.symmetric,
            .narrow_range = spec.narrow_range};
}

/// Refuses, in one sentence at compile time, kernels that are no kernel_policy which the rules can make.
template <class Kernels>
constexpr void require_kernels_by_type() noexcept {
    require_kernel_policy<Kernels>();
    if constexpr (kernel_policy<Kernels>) {
        static_assert(std::is_empty_v<Kernels> && std::is_default_constructible_v<Kernels>,
                      "qgraft: the rules take kernels by their type alone: it must be empty and default constructible");
    }
}

}  // namespace detail

/// The functor of a kernel policy that folds batch norms into constants; none where it is no folding_kernel_policy.
template <class Kernels>
constexpr channel_scaling_kernel scaling_kernel_for() {
    if constexpr (folding_kernel_policy<Kernels>) {
        return &detail::run_scaling<Kernels>;
    } else {
        return nullptr;
    }
}

/// The functor of a kernel policy for one spec, fixed at compile time; none for no_kernels, and none for per_channel:
/// a functor has one range.
template <class Kernels, quant_spec Spec>
constexpr fake_quant_kernel kernel_for() {
    require_valid<Spec>();
    if constexpr (std::is_same_v<Kernels, no_kernels> || Spec.grain == granularity::per_channel) {
        return nullptr;
    } else {
        detail::require_kernels_by_type<Kernels>();
        if constexpr (kernel_policy<Kernels>) {
            return &detail::run_kernel<Kernels, detail::instantiated<Kernels>(Spec)>;
        } else {
            return nullptr;
        }
    }
}

/// The functor of a kernel policy for a spec known at run time: one of those that kernel_for makes. Throws quant_error
/// for bits out of range, width_not_compiled for bits that are not in Kernels::compiled_widths, where there is such a
/// list.
template <class Kernels>
fake_quant_kernel kernel_for(const quant_spec& spec) {
    if constexpr (std::is_same_v<Kernels, no_kernels>) {
        require_valid(spec);
        return nullptr;
    } else {
        if (spec.grain == granularity::per_channel) return require_valid(spec), nullptr;
        return dispatch_bits<typename detail::widths_of<Kernels>::type>(spec.bits, [&spec](auto bits) {
            if constexpr (detail::tells_symmetric_apart<Kernels>) {
                if (spec.symmetric) {
                    return spec.narrow_range
                               ? kernel_for<Kernels,
                                            quant_spec{.bits = bits(), .symmetric = true, .narrow_range = true}>()
                               : kernel_for<Kernels, quant_spec{.bits = bits(), .symmetric = true}>();
                }
            }
            return spec.narrow_range ? kernel_for<Kernels, quant_spec{.bits = bits(), .narrow_range = true}>()
                                     : kernel_for<Kernels, quant_spec{.bits = bits()}>();
        });
    }
}

}  // namespace qgraft

#endif
