// constant_tensor: the numbers of a tensor that a graph holds itself.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_OPS_CONSTANT_HPP
#define QGRAFT_OPS_CONSTANT_HPP

#include <cstdint>
#include <vector>

namespace qgraft {

/// A tensor of 32-bit floats, the last dimension innermost.
struct constant_tensor {
    std::vector<float> data{};         ///< as many as the product of `dims`
    std::vector<std::int64_t> dims{};  ///< empty for a scalar

    friend bool operator==(const constant_tensor&, const constant_tensor&) = default;
};

}  // namespace qgraft

#endif
