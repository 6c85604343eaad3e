// qat: what is fixed at compile time of a rewrite, as a type: specs, kernels, and overrides for layers.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_QAT_POLICY_HPP
#define QGRAFT_RULES_QAT_POLICY_HPP

#include <concepts>
#include <type_traits>

#include <qgraft/quant/quant_spec.hpp>
#include <qgraft/rules/layer_settings.hpp>
#include <qgraft/rules/policy.hpp>

namespace qgraft {

/// How a policy quantizes weights.
template <quant_spec Spec>
struct weights {
    static constexpr quant_spec spec = Spec;
    static_assert(Spec.valid(), "qgraft: quant_spec bits must be from 2 to 16");

    static constexpr void put(layer_settings& s) { s.weights = Spec; }
};

/// How a policy quantizes activations: with one range a tensor.
template <quant_spec Spec>
struct activations {
    static constexpr quant_spec spec = Spec;
    static_assert(Spec.valid(), "qgraft: quant_spec bits must be from 2 to 16");
    static_assert(Spec.grain == granularity::per_tensor,
                  "qgraft: activations have one range a tensor; per_channel is for weights");

    static constexpr void put(layer_settings& s) { s.activations = Spec; }
};

/// Of a policy: the layers that it is for stay as they are, neither folded nor quantized.
struct excluded {
    static constexpr void put(layer_settings& s) { s.excluded = true; }
};

namespace detail {

template <class P>
concept predicate_on_layers =
    std::is_empty_v<P> && std::default_initializable<P> && std::is_invocable_r_v<bool, const P&, const layer_facts&>;

template <class Part>
concept has_spec = requires {
    { Part::spec } -> std::convertible_to<quant_spec>;
};

template <class Part>
constexpr bool is_per_channel() {
    if constexpr (has_spec<Part>) return Part::spec.grain == granularity::per_channel;
    return false;
}

/// Whether the kernels have a functor for the spec of a part; functors for channels there are none.
template <class Kernels, class Part, int... Bits>
constexpr bool has_width(widths<Bits...>) {
    if constexpr (has_spec<Part>) return is_per_channel<Part>() || ((Part::spec.bits == Bits) || ...);
    return true;
}
template <class Kernels, class Part>
constexpr bool has_kernel() {
    return std::is_same_v<Kernels, no_kernels> || has_width<Kernels, Part>(typename widths_of<Kernels>::type{});
}

/// What overrides give a policy: it decides on layers only where there are some.
template <class... Overrides>
struct overridden {};
template <class First, class... Rest>
struct overridden<First, Rest...> {
    /// The settings of one layer.
    static void settings_of(const layer_facts& layer, layer_settings& s) {
        First::put(layer, s);
        (Rest::put(layer, s), ...);
    }
};

}  // namespace detail

/// An override of a policy: Parts, which are weights<>, activations<> or excluded, for the layers that `Predicate`
/// chooses: an empty type that is called with (const layer_facts&) and returns a bool, such as decltype of a lambda.
template <class Predicate, class... Parts>
struct where {
    static_assert(detail::predicate_on_layers<Predicate>,
                  "qgraft: an override's predicate is an empty type that is callable with (const layer_facts&) and "
                  "returns a bool");
    static_assert(sizeof...(Parts) > 0 && (requires(layer_settings & s) { Parts::put(s); } && ...),
                  "qgraft: an override says weights<spec>, activations<spec> or excluded of the layers it is for");

    static constexpr bool is_per_channel = (detail::is_per_channel<Parts>() || ...);
    template <class Kernels>
    static constexpr bool has_kernels = (detail::has_kernel<Kernels, Parts>() && ...);

    static void put(const layer_facts& layer, layer_settings& s) {
        if constexpr (detail::predicate_on_layers<Predicate>) {
            if (Predicate{}(layer)) (Parts::put(s), ...);
        }
    }
};

/// What a rewrite fixes at compile time: how weights and activations are quantized, a kernel_policy whose functors go
/// into the fake-quantization nodes of graphs that keep them, or no_kernels, and where<>s for single layers, of which
/// the later one counts.
template <class Weights = weights<quant_spec{.narrow_range = true}>, class Activations = activations<quant_spec{}>,
          class Kernels = no_kernels, class... Overrides>
struct qat : detail::overridden<Overrides...> {
    static constexpr quant_spec weights = Weights::spec;
    static constexpr quant_spec activations = Activations::spec;
    using kernels = Kernels;

    static_assert((Overrides::template has_kernels<Kernels> && ...),
                  "qgraft: the kernels' compiled_widths lack the bits of one of the policy's overrides");

    /// Whether the weights of a layer may have a range for each channel.
    static constexpr bool has_channels = detail::is_per_channel<Weights>() || (Overrides::is_per_channel || ...);
};

/// The same by specs alone.
template <quant_spec Weights = quant_spec{.narrow_range = true}, quant_spec Activations = quant_spec{},
          class Kernels = no_kernels>
using qat_policy = qat<weights<Weights>, activations<Activations>, Kernels>;

namespace detail {

/// Whether a policy, a qat or a type of its own with the same members, quantizes weights a channel at a time.
template <class Policy>
constexpr bool policy_has_channels() {
    if constexpr (requires { Policy::has_channels; }) {
        return Policy::has_channels;
    } else {
        return Policy::weights.grain == granularity::per_channel;
    }
}

}  // namespace detail

}  // namespace qgraft

#endif
