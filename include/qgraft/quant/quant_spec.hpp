// How a tensor is quantized: bits, symmetry, narrow range, granularity.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_QUANT_QUANT_SPEC_HPP
#define QGRAFT_QUANT_QUANT_SPEC_HPP

#include <qgraft/quant/error.hpp>
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

QGRAFT_ISA_NAMESPACE_BEGIN
/// Throws quant_error where a run-time spec is not valid.
constexpr void require_valid(const quant_spec& spec);
QGRAFT_ISA_NAMESPACE_END

/// How a tensor is quantized. A structural type: usable as a template argument as well as at run time.
struct quant_spec {
    int bits = 8;               ///< width of the integers, min_quant_bits to max_quant_bits
    bool symmetric = false;     ///< the range is chosen symmetric around zero (see range_of)
    bool narrow_range = false;  ///< the lowest integer is not used: 1 ... 2^bits - 1 instead of 0 ... 2^bits - 1
    granularity grain = granularity::per_tensor;

    /// True where bits is in range; the functions below need that.
    QGRAFT_ALWAYS_INLINE constexpr bool valid() const noexcept {
        return bits >= min_quant_bits && bits <= max_quant_bits;
    }

    /// The lowest integer: 1 with a narrow range, else 0.
    QGRAFT_ALWAYS_INLINE constexpr int qmin() const noexcept { return narrow_range ? 1 : 0; }

    /// The highest integer, 2^bits - 1. Throws quant_error where the spec is not valid.
    QGRAFT_ALWAYS_INLINE constexpr int qmax() const {
        require_valid(*this);
        return (1 << bits) - 1;
    }

    /// How many integers there are, qmax - qmin + 1. Throws quant_error where the spec is not valid.
    QGRAFT_ALWAYS_INLINE constexpr int levels() const { return qmax() - qmin() + 1; }

    QGRAFT_ALWAYS_INLINE friend constexpr bool operator==(const quant_spec& a, const quant_spec& b) noexcept {
        return a.bits == b.bits && a.symmetric == b.symmetric && a.narrow_range == b.narrow_range && a.grain == b.grain;
    }
};

QGRAFT_ISA_NAMESPACE_BEGIN

constexpr void require_valid(const quant_spec& spec) {
    if (!spec.valid()) {
        throw quant_error(
            (detail::sentence() << "qgraft: quant_spec bits must be from 2 to 16, not " << spec.bits).text());
    }
}

/// Refuses, in one sentence at compile time, a spec that is not valid as a template argument.
template <quant_spec S>
constexpr void require_valid() noexcept {
    static_assert(S.valid(), "qgraft: quant_spec bits must be from 2 to 16");
}

QGRAFT_ISA_NAMESPACE_END

namespace detail {
QGRAFT_ISA_NAMESPACE_BEGIN

template <int N, class F>
constexpr decltype(auto) dispatch_bits_from(int bits, F&& f) {
    if constexpr (N < max_quant_bits) {
        if (bits != N) return dispatch_bits_from<N + 1>(bits, std::forward<F>(f));
    }
    return std::forward<F>(f)(std::integral_constant<int, N>{});
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace detail

QGRAFT_ISA_NAMESPACE_BEGIN

/// The one way from run-time bits to compile-time bits: calls f(std::integral_constant<int, N>{}) with N == bits and
/// returns what it returns (the same type for every N). Throws quant_error where bits is out of range.
template <class F>
constexpr decltype(auto) dispatch_bits(int bits, F&& f) {
    require_valid(quant_spec{.bits = bits});
    return detail::dispatch_bits_from<min_quant_bits>(bits, std::forward<F>(f));
}

QGRAFT_ISA_NAMESPACE_END

}  // namespace qgraft

#endif  // QGRAFT_QUANT_QUANT_SPEC_HPP
