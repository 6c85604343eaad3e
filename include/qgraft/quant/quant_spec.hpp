// How a tensor is quantized: bits, symmetry, narrow range, granularity.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_QUANT_QUANT_SPEC_HPP
#define QGRAFT_QUANT_QUANT_SPEC_HPP

#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace qgraft {

/// Thrown for arguments of the quant and kernels rooms that are out of range; what() names the argument and the reason.
class quant_error : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
};

/// Whether one range serves the whole tensor or each channel (the innermost dimension) has its own.
enum class granularity { per_tensor, per_channel };

/// The fewest and the most bits a quant_spec may ask for.
inline constexpr int min_quant_bits = 2;
inline constexpr int max_quant_bits = 16;

/// How a tensor is quantized. A structural type: usable as a template argument as well as at run time.
struct quant_spec {
    int bits = 8;               ///< width of the integers, min_quant_bits to max_quant_bits
    bool symmetric = false;     ///< the range is chosen symmetric around zero (see range_of)
    bool narrow_range = false;  ///< the lowest integer is not used: 1 ... 2^bits - 1 instead of 0 ... 2^bits - 1
    granularity grain = granularity::per_tensor;

    /// True where bits is in range; the functions below need that.
    constexpr bool valid() const noexcept { return bits >= min_quant_bits && bits <= max_quant_bits; }

    /// The lowest integer: 1 with a narrow range, else 0.
    constexpr int qmin() const noexcept { return narrow_range ? 1 : 0; }

    /// The highest integer, 2^bits - 1. Throws quant_error where the spec is not valid.
    constexpr int qmax() const;

    /// How many integers there are, qmax - qmin + 1. Throws quant_error where the spec is not valid.
    constexpr int levels() const { return qmax() - qmin() + 1; }

    friend constexpr bool operator==(const quant_spec&, const quant_spec&) = default;
};

/// Throws quant_error where a run-time spec is not valid.
constexpr void require_valid(const quant_spec& spec) {
    if (!spec.valid()) {
        throw quant_error("qgraft: quant_spec bits must be from 2 to 16, not " + std::to_string(spec.bits));
    }
}

/// Refuses, in one sentence at compile time, a spec that is not valid as a template argument.
template <quant_spec S>
constexpr void require_valid() noexcept {
    static_assert(S.valid(), "qgraft: quant_spec bits must be from 2 to 16");
}

constexpr int quant_spec::qmax() const {
    require_valid(*this);
    return (1 << bits) - 1;
}

namespace detail {

template <int N, class F>
constexpr decltype(auto) dispatch_bits_from(int bits, F&& f) {
    if constexpr (N < max_quant_bits) {
        if (bits != N) return dispatch_bits_from<N + 1>(bits, std::forward<F>(f));
    }
    return std::forward<F>(f)(std::integral_constant<int, N>{});
}

}  // namespace detail

/// The one way from run-time bits to compile-time bits: calls f(std::integral_constant<int, N>{}) with N == bits and
/// returns what it returns (the same type for every N). Throws quant_error where bits is out of range.
template <class F>
constexpr decltype(auto) dispatch_bits(int bits, F&& f) {
    require_valid(quant_spec{.bits = bits});
    return detail::dispatch_bits_from<min_quant_bits>(bits, std::forward<F>(f));
}

}  // namespace qgraft

#endif  // QGRAFT_QUANT_QUANT_SPEC_HPP
