// How a tensor of channels is cut into rows of whole vectors, and the table of their ranges.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SIMD_ROW_PLAN_HPP
#define QGRAFT_KERNELS_SIMD_ROW_PLAN_HPP

#include <qgraft/kernels/checks.hpp>
#include <qgraft/quant/isa_namespace.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// Room for `size` values, which are not set; a few are on the stack.
template <class T, std::size_t Few>
class scratch {
public:
    explicit scratch(std::size_t size) : many_(size > Few ? new T[size] : nullptr) {}
    T* data() noexcept { return many_ ? many_.get() : std::launder(reinterpret_cast<T*>(few_)); }

private:
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
    alignas(64) std::byte few_[Few * sizeof(T)];
    std::unique_ptr<T[]> many_;
};

/// A row of a tensor [outer, channels, inner] has `period` elements, channels * inner. Rows that are no whole number of
/// vectors are taken together, as many as make one: `width` elements, unless that is long, or there are few rows.
struct row_plan {
    std::size_t lanes;
    std::size_t inner;
    std::size_t period;
    std::size_t width;
    std::size_t stride;  ///< of a table: the width, and a vector at either end

    static constexpr std::size_t long_width = 2048;

    row_plan(const channel_rows& layout, std::size_t vector) noexcept
        : lanes(vector), inner(layout.inner), period(layout.channels * layout.inner), width(period), stride(0) {
        std::size_t together = 1;
        while (period * together % lanes != 0) ++together;
        if (period * together <= long_width && layout.outer >= 4 * together) width = period * together;
        stride = (width + 2 * lanes + 15) / 16 * 16;
    }

    bool whole_vectors() const noexcept { return width % lanes == 0; }

    /// The elements before the first address of a whole vector, where a tensor of n elements is long enough to skip
    /// them.
    std::size_t head(const float* p, std::size_t n) const noexcept {
        if (!whole_vectors() || n < 16 * lanes) return 0;
        const std::size_t floats = reinterpret_cast<std::uintptr_t>(p) / sizeof(float);
        return (lanes - floats % lanes) % lanes;
    }

    /// Fills a row of a table whose first `period` elements are there.
    void repeat(float* row) const noexcept {
        // Period by period: of one long loop compilers would have to think that it reads what it wrote just before.
        for (std::size_t at = period; at < stride; at += period) {
            const std::size_t n = stride - at < period ? stride - at : period;
            for (std::size_t i = 0; i < n; ++i) row[at + i] = row[i];
        }
    }
};

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_SIMD_ROW_PLAN_HPP
