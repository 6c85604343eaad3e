// What every set of kernels checks of its arguments before it writes anything.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_CHECKS_HPP
#define QGRAFT_KERNELS_CHECKS_HPP

#include <qgraft/quant/error.hpp>
#include <qgraft/quant/isa_namespace.hpp>

#include <cstddef>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// Throws quant_error where an argument has not as many elements as it should.
constexpr void require_size(const char* argument, std::size_t size, std::size_t expected) {
    if (size != expected) {
        throw quant_error(
            (sentence() << "qgraft: " << argument << " has " << size << " elements, expected " << expected).text());
    }
}

/// A tensor seen as [outer, channels, inner], the last innermost.
struct channel_rows {
    std::size_t outer = 0;
    std::size_t channels = 0;
    std::size_t inner = 0;
};

/// The rows of a tensor of `size` elements; throws quant_error where it is not a whole number of rows.
constexpr channel_rows rows_of(std::size_t size, std::size_t channels, std::size_t inner) {
    if (size == 0) return {0, channels, inner};
    if (inner == 0 || channels == 0 || size % inner != 0 || size / inner % channels != 0) {
        sentence why;
        why << "qgraft: " << size << " elements are not a whole number of rows of " << channels << " channels";
        if (inner != 1) why << " of " << inner << " elements";
        throw quant_error(why.text());
    }
    return {size / inner / channels, channels, inner};
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_CHECKS_HPP
