// How windows move over images.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_WINDOWS_HPP
#define IN_HOUSE_WINDOWS_HPP

#include <cstdint>

namespace in_house {

/// How many windows there are on an axis of `size` elements. "same": as many as strides begin in the image; "valid":
/// those that lie inside. -1 where the size is not known, or no window moves.
constexpr std::int64_t count_windows(std::int64_t size, std::int64_t window, std::int64_t stride, bool same) {
    if (size < 0 || window < 1 || stride < 1) return -1;
    if (same) return (size + stride - 1) / stride;
    const std::int64_t inside = (size - window) / stride + 1;
    return inside < 0 ? 0 : inside;
}

}  // namespace in_house

#endif
