// Type inference: what the results of an op are, from its operands and attributes.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_RESULT_TYPES_HPP
#define IN_HOUSE_RESULT_TYPES_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "op.hpp"

namespace in_house {

namespace detail {

using dims = std::vector<std::int64_t>;

inline tensor_type type_of_operand(const op& o, std::size_t i) {
    return i < o.operands.size() ? type_of(o.operands[i]) : std::nullopt;
}

/// Of two operands that meet element by element: from the last dimension on, a 1 is stretched.
inline tensor_type stretched(const tensor_type& a, const tensor_type& b) {
    if (!a || !b) return std::nullopt;
    dims out(std::max(a->size(), b->size()), 1);
    const auto stretch = [&out](const dims& d) {
        for (std::size_t i = 0; i < d.size(); ++i) {
            std::int64_t& to = out[out.size() - d.size() + i];
            if (to == 1) to = d[i];
        }
    };
    stretch(*a);
    stretch(*b);
    return out;
}

/// How many places a window has along one axis; -1 where that is not known.
inline std::int64_t places(std::int64_t size, std::int64_t window, std::int64_t stride, bool same) {
    if (size < 0 || window < 1 || stride < 1) return -1;
    return same ? (size + stride - 1) / stride : std::max<std::int64_t>(0, (size - window) / stride + 1);
}

/// Of an image that a window moves over.
inline tensor_type windowed(const op& o, const tensor_type& x, std::int64_t channels, const dims& window) {
    const dims strides = o.get("strides", dims{1, 1});
    if (!x || x->size() != 4 || window.size() != 2 || strides.size() != 2) return std::nullopt;
    const bool same = o.get("padding", std::string("valid")) == "same";
    return dims{x->at(0), channels, places(x->at(2), window[0], strides[0], same),
                places(x->at(3), window[1], strides[1], same)};
}

inline tensor_type reshaped(const tensor_type& x, dims to) {
    const auto open = std::find(to.begin(), to.end(), -1);
    if (to.empty() || open == to.end() || !x || std::find(x->begin(), x->end(), -1) != x->end()) return to;
    *open = 1;
    const auto count = [](const dims& d) {
        return std::accumulate(d.begin(), d.end(), std::int64_t{1}, std::multiplies<>());
    };
    const std::int64_t others = count(to);
    *open = others == 0 ? 0 : count(*x) / others;
    return to;
}

inline tensor_type type_of_first_result(const op& o) {
    const tensor_type x = type_of_operand(o, 0);
    const tensor_type w = type_of_operand(o, 1);
    switch (o.what) {
        case kind::constant:
        case kind::param:
        case kind::state:
            return o.data.size() == 1 ? tensor_type(std::in_place) : std::nullopt;
        case kind::input:
            return o.attributes.contains("dims") ? tensor_type(o.get("dims", dims{})) : std::nullopt;
        case kind::conv:
            return w && w->size() == 4 ? windowed(o, x, w->at(0), {w->at(2), w->at(3)}) : std::nullopt;
        case kind::max_pool:
            return x && x->size() == 4 ? windowed(o, x, x->at(1), o.get("window", dims{1, 1})) : std::nullopt;
        case kind::fully_connected:
            return x && w && x->size() == 2 && w->size() == 2 ? tensor_type(dims{x->at(0), w->at(0)}) : std::nullopt;
        case kind::add:
        case kind::sub:
        case kind::mul:
        case kind::div:
        case kind::lesser:
        case kind::greater:
            return stretched(x, w);
        case kind::choose:
            return stretched(w, type_of_operand(o, 2));
        case kind::store:
        case kind::running_average:
            return w;
        case kind::step_reached:
            return tensor_type(std::in_place);
        case kind::lowest:
        case kind::highest:
            return o.operands.size() == 1 ? tensor_type(std::in_place) : std::nullopt;
        case kind::reshape:
            return o.attributes.contains("dims") ? reshaped(x, o.get("dims", dims{})) : std::nullopt;
        case kind::concat:
        case kind::tiles_to_batch:
        case kind::batch_to_tiles:
        case kind::update:
        case kind::backward:
        case kind::foreign:
            return std::nullopt;
        default:
            return x;
    }
}

}  // namespace detail

/// The types of all results, as far as they can be told.
inline std::vector<tensor_type> result_types(const op& o) {
    std::vector<tensor_type> types{detail::type_of_first_result(o)};
    // Of a batch: its mean and variance, one value a channel, as the scale has.
    if (o.what == kind::batch_norm && o.operands.size() == 3)
        types.insert(types.end(), 2, detail::type_of_operand(o, 1));
    return types;
}

}  // namespace in_house

#endif
