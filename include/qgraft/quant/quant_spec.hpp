// How a tensor is quantized: bits, symmetry, narrow range, granularity.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_QUANT_QUANT_SPEC_HPP
#define QGRAFT_QUANT_QUANT_SPEC_HPP

#include <qgraft/quant/error.hpp>
#include <qgraft/quant/host_device.hpp>
#include <qgraft/quant/isa_namespace.hpp>

#include <type_traits>
#include <utility>

namespace qgraft {

/// Whether one range serves the whole tensor or each channel has its own.
enum class granularity { per_tensor, per_channel };

/// The fewest and the most bits a quant_spec may ask for.
inline constexpr int min_quant_bits = 2;
inline constexpr int max_quant_bits = 16;

struct quant_spec;

namespace detail {
QGRAFT_ISA_NAMESPACE_BEGIN

// Apart, so that looking at the bits is a few instructions wherever they are looked at.
[[noreturn]] inline void throw_invalid(int bits) {
    throw quant_error((sentence() << "qgraft: quant_spec bits must be from 2 to 16, not " << bits).text());
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace detail

QGRAFT_ISA_NAMESPACE_BEGIN
/// Throws quant_error where a run-time spec is not valid.
QGRAFT_HOST_DEVICE QGRAFT_ALWAYS_INLINE constexpr void require_valid(const quant_spec& spec);
QGRAFT_ISA_NAMESPACE_END

/// How a tensor is quantized. A structural type: usable as a template argument as well as at run time.
struct quant_spec {
    int bits = 8;               ///< width of the integers, min_quant_bits to max_quant_bits
    bool symmetric = false;     ///< the range is chosen symmetric around zero (see range_of)
    bool narrow_range = false;  ///< the lowest integer is not used: 1 ... 2^bits - 1 instead of 0 ... 2^bits - 1
    granularity grain = granularity::per_tensor;

    /// True where bits is in range; the functions below need that.
    QGRAFT_HOST_DEVICE QGRAFT_ALWAYS_INLINE constexpr bool valid() const noexcept {
        return bits >= min_quant_bits && bits <= max_quant_bits;
    }

    /// The lowest integer: 1 with a narrow range, else 0.
    QGRAFT_HOST_DEVICE QGRAFT_ALWAYS_INLINE constexpr int qmin() const noexcept { return narrow_range ? 1 : 0; }

    /// The highest integer, 2^bits - 1. Throws quant_error where the spec is not valid.
    QGRAFT_HOST_DEVICE QGRAFT_ALWAYS_INLINE constexpr int qmax() const {
        require_valid(*this);
        return (1 << bits) - 1;
    }

    /// How many integers there are, qmax - qmin + 1. Throws quant_error where the spec is not valid.
    QGRAFT_HOST_DEVICE QGRAFT_ALWAYS_INLINE constexpr int levels() const { return qmax() - qmin() + 1; }

    QGRAFT_ALWAYS_INLINE friend constexpr bool operator==(const quant_spec& a, const quant_spec& b) noexcept {
        return a.bits == b.bits && a.symmetric == b.symmetric && a.narrow_range == b.narrow_range && a.grain == b.grain;
    }
};

QGRAFT_ISA_NAMESPACE_BEGIN

QGRAFT_HOST_DEVICE QGRAFT_ALWAYS_INLINE constexpr void require_valid(const quant_spec& spec) {
#if !defined(__CUDA_ARCH__)
    if (!spec.valid()) [[unlikely]]
        detail::throw_invalid(spec.bits);
#else
    static_cast<void>(spec);  // looked at before the kernel was started
#endif
}

/// Refuses, in one sentence at compile time, a spec that is not valid as a template argument.
template <quant_spec S>
constexpr void require_valid() noexcept {
    static_assert(S.valid(), "qgraft: quant_spec bits must be from 2 to 16");
}

QGRAFT_ISA_NAMESPACE_END

/// Thrown by the dispatch of a run-time width that is valid but was not compiled in; what() names it and those there
/// are.
class width_not_compiled : public quant_error {
public:
    QGRAFT_ALWAYS_INLINE width_not_compiled(int bits, const char* what) : quant_error(what), bits_(bits) {}

    /// The width that was asked for.
    QGRAFT_ALWAYS_INLINE int bits() const noexcept { return bits_; }

private:
    int bits_;
};

/// A list of widths to compile: what a dispatch from run-time bits can reach.
template <int... Bits>
struct widths {
    static_assert(sizeof...(Bits) > 0 && (quant_spec{.bits = Bits}.valid() && ...),
                  "qgraft: widths needs one or more numbers of bits from 2 to 16");
};

using all_widths = widths<2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16>;

/// What dispatch_spec calls its function with: a spec that is a constant. spec_constant<S>{}() is S.
template <quant_spec S>
struct spec_constant {
    static constexpr quant_spec value = S;
    QGRAFT_ALWAYS_INLINE constexpr quant_spec operator()() const noexcept { return S; }
};

namespace detail {
QGRAFT_ISA_NAMESPACE_BEGIN

template <int... Bits>
[[noreturn]] void throw_not_compiled(int bits, widths<Bits...>) {
    sentence why;
    why << "qgraft: a quant_spec of " << bits << " bits was not compiled in; those of";
    ((why << " " << Bits), ...);
    why << " bits were";
    throw width_not_compiled(bits, why.text());
}

template <class Compiled, class F, int First, int... Rest>
constexpr decltype(auto) dispatch_among(int bits, F&& f, widths<First, Rest...>) {
    if (bits == First) return std::forward<F>(f)(std::integral_constant<int, First>{});
    if constexpr (sizeof...(Rest) > 0) {
        return dispatch_among<Compiled>(bits, std::forward<F>(f), widths<Rest...>{});
    } else {
        throw_not_compiled(bits, Compiled{});
    }
}

template <int Bits, bool Symmetric, bool Narrow, class F>
constexpr decltype(auto) dispatch_grain(granularity grain, F&& f) {
    if (grain == granularity::per_channel) {
        return std::forward<F>(f)(spec_constant<quant_spec{Bits, Symmetric, Narrow, granularity::per_channel}>{});
    }
    return std::forward<F>(f)(spec_constant<quant_spec{Bits, Symmetric, Narrow, granularity::per_tensor}>{});
}

template <int Bits, bool Symmetric, class F>
constexpr decltype(auto) dispatch_narrow(const quant_spec& spec, F&& f) {
    if (spec.narrow_range) return dispatch_grain<Bits, Symmetric, true>(spec.grain, std::forward<F>(f));
    return dispatch_grain<Bits, Symmetric, false>(spec.grain, std::forward<F>(f));
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace detail

QGRAFT_ISA_NAMESPACE_BEGIN

/// The one way from run-time bits to compile-time bits: calls f(std::integral_constant<int, N>{}) with N == bits and
/// returns what it returns (the same type for every N). Throws quant_error where bits is out of range,
/// width_not_compiled where it is none of Widths.
template <class Widths = all_widths, class F>
constexpr decltype(auto) dispatch_bits(int bits, F&& f) {
    require_valid(quant_spec{.bits = bits});
    return detail::dispatch_among<Widths>(bits, std::forward<F>(f), Widths{});
}

/// The one way from a run-time spec to a compile-time one: calls f(spec_constant<S>{}) with S == spec, so that
/// `kernels::fake_quantize<s()>(in, out, range)` in it is the same instantiation that other code has. Returns what f
/// returns, and throws, as dispatch_bits.
template <class Widths = all_widths, class F>
constexpr decltype(auto) dispatch_spec(const quant_spec& spec, F&& f) {
    return dispatch_bits<Widths>(spec.bits, [&](auto bits) -> decltype(auto) {
        if (spec.symmetric) return detail::dispatch_narrow<bits(), true>(spec, std::forward<F>(f));
        return detail::dispatch_narrow<bits(), false>(spec, std::forward<F>(f));
    });
}

QGRAFT_ISA_NAMESPACE_END

}  // namespace qgraft

#endif  // QGRAFT_QUANT_QUANT_SPEC_HPP
