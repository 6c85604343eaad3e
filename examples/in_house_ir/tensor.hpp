// The interpreter's tensors.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_TENSOR_HPP
#define IN_HOUSE_TENSOR_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

namespace in_house {

using extents = std::vector<std::int64_t>;

/// The number of elements of a tensor.
inline std::size_t volume(const extents& dims) {
    return static_cast<std::size_t>(std::accumulate(dims.begin(), dims.end(), std::int64_t{1}, std::multiplies<>()));
}

/// A dense tensor, the last dimension innermost.
struct tensor {
    extents dims{};
    std::vector<float> data{};
};

/// A tensor of zeros.
inline tensor zeros(extents dims) {
    const std::size_t n = volume(dims);
    return {std::move(dims), std::vector<float>(n, 0.0F)};
}

/// Throws std::runtime_error unless the condition holds.
inline void require(bool condition, const char* otherwise) {
    if (!condition) throw std::runtime_error(otherwise);
}

}  // namespace in_house

#endif
