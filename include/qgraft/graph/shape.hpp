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

    /// Whether every dimension is known.
    [[nodiscard]] bool is_complete() const noexcept {
        for (const std::int64_t d : dims_) {
            if (d == unknown) return false;
        }
        return has_rank_;
    }
    /// The number of elements of a complete shape.
    [[nodiscard]] std::int64_t elements() const noexcept {
        std::int64_t product = 1;
        for (const std::int64_t d : dims_) product *= d;
        return product;
    }

    friend bool operator==(const tensor_shape&, const tensor_shape&) = default;

private:
    std::vector<std::int64_t> dims_;
    bool has_rank_ = false;
};

/// What is known of the shape of an elementwise operation's result: trailing dimensions meet, and 1 gives way. Where
/// both are known and differ, the greater counts.
inline tensor_shape broadcast(const tensor_shape& a, const tensor_shape& b) {
    if (!a.has_rank() || !b.has_rank()) return {};
    const tensor_shape& longer = a.rank() >= b.rank() ? a : b;
    const tensor_shape& shorter = a.rank() >= b.rank() ? b : a;
    std::vector<std::int64_t> dims = longer.dims();
    const std::size_t missing = longer.rank() - shorter.rank();
    for (std::size_t i = missing; i < dims.size(); ++i) {
        const std::int64_t x = dims[i];
        const std::int64_t y = shorter.dims()[i - missing];
        // A dimension of unknown size may be 1, or that of the other.
        const bool unsure = (x == tensor_shape::unknown && y == 1) || (y == tensor_shape::unknown && x == 1);
        dims[i] = unsure ? tensor_shape::unknown : x < y ? y : x;
    }
    return tensor_shape(std::move(dims));
}

}  // namespace qgraft

#endif
