// What is known of a tensor's shape.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPH_SHAPE_HPP
#define QGRAFT_GRAPH_SHAPE_HPP

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace qgraft {

/// A possibly partial shape: the rank may be unknown, and so may each dimension.
class tensor_shape {
public:
    /// A dimension of unknown size.
    static constexpr std::int64_t unknown = -1;

    /// A shape of unknown rank.
    tensor_shape() = default;

    /// A shape of known rank; `unknown` marks dimensions of unknown size.
    explicit tensor_shape(std::vector<std::int64_t> dims) : dims_(std::move(dims)), has_rank_(true) {}

    /// The shape of a scalar.
    static tensor_shape scalar() { return tensor_shape(std::vector<std::int64_t>{}); }

    [[nodiscard]] bool has_rank() const noexcept { return has_rank_; }
    [[nodiscard]] std::size_t rank() const noexcept { return dims_.size(); }
    [[nodiscard]] const std::vector<std::int64_t>& dims() const noexcept { return dims_; }

    friend bool operator==(const tensor_shape&, const tensor_shape&) = default;

private:
    std::vector<std::int64_t> dims_;
    bool has_rank_ = false;
};

}  // namespace qgraft

#endif
