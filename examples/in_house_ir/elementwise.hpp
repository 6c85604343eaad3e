// Functions of two tensors, element by element, and of the dimensions of one.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_ELEMENTWISE_HPP
#define IN_HOUSE_ELEMENTWISE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "tensor.hpp"

namespace in_house {

/// The dimensions that both are brought to, aligned at the last; those that are missing or 1 are repeated.
inline extents common_dims(const extents& a, const extents& b) {
    extents dims(std::max(a.size(), b.size()));
    for (std::size_t i = 1; i <= dims.size(); ++i) {
        const std::int64_t of_a = i <= a.size() ? a[a.size() - i] : 1;
        const std::int64_t of_b = i <= b.size() ? b[b.size() - i] : 1;
        require(of_a == of_b || of_a == 1 || of_b == 1, "the operands have different dimensions");
        dims[dims.size() - i] = of_a == 1 ? of_b : of_a;
    }
    return dims;
}

/// x with its dimensions repeated up to `dims`.
inline tensor repeated(const tensor& x, const extents& dims) {
    if (x.dims == dims) return x;
    const std::size_t missing = dims.size() - x.dims.size();
    tensor y = zeros(dims);
    for (std::size_t at = 0; at < y.data.size(); ++at) {
        auto rest = static_cast<std::int64_t>(at);
        std::int64_t from = 0;
        std::int64_t stride = 1;
        for (std::size_t i = dims.size(); i-- > missing;) {
            const std::int64_t own = x.dims[i - missing];
            from += rest % dims[i] % own * stride;
            rest /= dims[i];
            stride *= own;
        }
        y.data[at] = x.data[static_cast<std::size_t>(from)];
    }
    return y;
}

/// f of each pair of elements.
template <class F>
tensor elementwise(const tensor& a, const tensor& b, F f) {
    const extents dims = common_dims(a.dims, b.dims);
    tensor y = repeated(a, dims);
    const tensor z = repeated(b, dims);
    for (std::size_t i = 0; i < y.data.size(); ++i) y.data[i] = f(y.data[i], z.data[i]);
    return y;
}

/// f of each element.
template <class F>
tensor elementwise(tensor x, F f) {
    for (float& v : x.data) v = f(v);
    return x;
}

/// x under other dimensions, one of which may be -1: what is left.
inline tensor reshape(tensor x, extents dims) {
    const auto open = std::find(dims.begin(), dims.end(), -1);
    if (open != dims.end()) {
        *open = 1;
        const std::size_t others = volume(dims);
        *open = static_cast<std::int64_t>(others == 0 ? 0 : x.data.size() / others);
    }
    require(volume(dims) == x.data.size(), "the number of elements changes");
    x.dims = std::move(dims);
    return x;
}

/// The part of `size` elements of an axis from `from` on; what lies outside of x is 0.
inline tensor window_of(const tensor& x, std::size_t axis, std::int64_t from, std::int64_t size) {
    require(axis < x.dims.size(), "there is no such axis");
    extents dims = x.dims;
    dims[axis] = size;
    const auto inner =
        static_cast<std::int64_t>(volume({x.dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1, x.dims.end()}));
    tensor y = zeros(dims);
    for (std::size_t at = 0; at < y.data.size(); ++at) {
        const auto row = static_cast<std::int64_t>(at) / inner;
        const std::int64_t place = row % size + from;
        if (place < 0 || place >= x.dims[axis]) continue;
        const std::int64_t source = (row / size * x.dims[axis] + place) * inner + static_cast<std::int64_t>(at) % inner;
        y.data[at] = x.data[static_cast<std::size_t>(source)];
    }
    return y;
}

/// a, and b behind it along an axis.
inline tensor joined(const tensor& a, const tensor& b, std::size_t axis) {
    require(axis < a.dims.size() && a.dims.size() == b.dims.size(), "the tensors do not fit each other");
    const std::int64_t size = a.dims[axis] + b.dims[axis];
    return elementwise(window_of(a, axis, 0, size), window_of(b, axis, -a.dims[axis], size), std::plus<float>());
}

/// exp(x) over the sum of these along the last dimension.
inline tensor softmax(tensor x) {
    require(!x.dims.empty() && !x.data.empty(), "a softmax takes a dimension");
    const auto size = static_cast<std::size_t>(x.dims.back());
    for (std::size_t first = 0; first < x.data.size(); first += size) {
        float* row = x.data.data() + first;
        const float greatest = *std::max_element(row, row + size);
        float sum = 0.0F;
        for (std::size_t i = 0; i < size; ++i) sum += row[i] = std::exp(row[i] - greatest);
        for (std::size_t i = 0; i < size; ++i) row[i] /= sum;
    }
    return x;
}

}  // namespace in_house

#endif
