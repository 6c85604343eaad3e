// The types of an op's results, from those of its operands.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_INFER_HPP
#define IN_HOUSE_INFER_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "op.hpp"
#include "windows.hpp"

namespace in_house {

namespace detail {

inline tensor_type operand_type(const op& o, std::size_t i) {
    return i < o.operands().size() ? o.operand(i).type : tensor_type();
}

/// Dimension `i` of a type; -1 where it is not known.
inline std::int64_t dimension(const tensor_type& t, std::size_t i) { return t && i < t->size() ? (*t)[i] : -1; }

/// The type that both types are brought to; unknown where that cannot be.
inline tensor_type common_type(const tensor_type& a, const tensor_type& b) {
    if (!a || !b) return std::nullopt;
    std::vector<std::int64_t> dims(a->size() < b->size() ? b->size() : a->size());
    for (std::size_t i = 1; i <= dims.size(); ++i) {
        const std::int64_t of_a = i <= a->size() ? (*a)[a->size() - i] : 1;
        const std::int64_t of_b = i <= b->size() ? (*b)[b->size() - i] : 1;
        const bool differ = of_a > 1 && of_b > 1 && of_a != of_b;
        if (differ) return std::nullopt;
        const bool open = (of_a < 0 && of_b < 2) || (of_b < 0 && of_a < 2);
        dims[dims.size() - i] = open ? -1 : of_a == 1 ? of_b : of_b == 1 || of_a > of_b ? of_a : of_b;
    }
    return dims;
}

/// `dims`, of which one may be -1, as far as the elements of `from` can fill it.
inline tensor_type reshaped_type(const tensor_type& from, std::vector<std::int64_t> dims) {
    if (!from) return dims;
    std::int64_t all = 1;
    for (const std::int64_t d : *from) {
        if (d == -1) return dims;
        all *= d;
    }
    std::int64_t others = -1;
    for (const std::int64_t d : dims) others *= d;
    for (std::int64_t& d : dims) {
        if (d == -1 && others > 0) d = all / others;
    }
    return dims;
}

/// Images under windows: `channels` of them for each.
inline tensor_type windows_type(const op& o, std::int64_t channels, std::int64_t height, std::int64_t width) {
    const auto strides = o.get("strides", std::vector<std::int64_t>{1, 1});
    const bool same = o.get("padding", std::string("valid")) == "same";
    const tensor_type x = operand_type(o, 0);
    if (strides.size() != 2) return std::nullopt;
    return std::vector<std::int64_t>{dimension(x, 0), channels,
                                     count_windows(dimension(x, 2), height, strides[0], same),
                                     count_windows(dimension(x, 3), width, strides[1], same)};
}

inline tensor_type conv_type(const op& o) {
    const tensor_type w = operand_type(o, 1);
    return windows_type(o, dimension(w, 0), dimension(w, 2), dimension(w, 3));
}

inline tensor_type pool_type(const op& o) {
    const auto window = o.get("window", std::vector<std::int64_t>{1, 1});
    if (window.size() != 2) return std::nullopt;
    return windows_type(o, dimension(operand_type(o, 0), 1), window[0], window[1]);
}

inline tensor_type padded_type(const op& o) {
    const auto before = o.get("before", std::vector<std::int64_t>{});
    const auto behind = o.get("behind", std::vector<std::int64_t>{});
    tensor_type t = operand_type(o, 0);
    for (std::size_t i = 0; t && i < t->size(); ++i) {
        if ((*t)[i] >= 0 && i < before.size() && i < behind.size()) (*t)[i] += before[i] + behind[i];
    }
    return t;
}

inline tensor_type joined_type(const op& o) {
    const auto axis = static_cast<std::size_t>(o.get("axis", std::int64_t{1}));
    tensor_type t = operand_type(o, 0);
    for (std::size_t i = 1; t && axis < t->size() && i < o.operands().size(); ++i) {
        const std::int64_t more = dimension(operand_type(o, i), axis);
        (*t)[axis] = more < 0 || (*t)[axis] < 0 ? -1 : (*t)[axis] + more;
    }
    return t;
}

inline tensor_type stored_type(const op& o) {
    if (o.data.size() == 1) return tensor_type(std::in_place);
    return std::vector{static_cast<std::int64_t>(o.data.size())};
}

inline tensor_type first_type(const op& o) {
    switch (o.what) {
        case kind::constant:
        case kind::param:
        case kind::state:
            return stored_type(o);
        case kind::conv:
            return conv_type(o);
        case kind::fully_connected:
            return std::vector{dimension(operand_type(o, 0), 0), dimension(operand_type(o, 1), 0)};
        case kind::max_pool:
        case kind::average_pool:
            return pool_type(o);
        case kind::concat:
            return joined_type(o);
        case kind::border:
            return padded_type(o);
        case kind::reshape:
            if (o.operands().size() != 1) return std::nullopt;
            return reshaped_type(operand_type(o, 0), o.get("dims", std::vector<std::int64_t>{}));
        case kind::add:
        case kind::sub:
        case kind::mul:
        case kind::div:
        case kind::lesser:
        case kind::greater:
            return common_type(operand_type(o, 0), operand_type(o, 1));
        case kind::choose:
            return common_type(operand_type(o, 1), operand_type(o, 2));
        case kind::lowest:
        case kind::highest:
            return o.operands().size() == 1 ? tensor_type(std::in_place) : std::nullopt;
        case kind::step_reached:
            return tensor_type(std::in_place);
        case kind::batch_norm:
        case kind::bias:
        case kind::inverse:
        case kind::inverse_sqrt:
        case kind::clamp:
        case kind::leak:
        case kind::hard_swish:
        case kind::sigmoid:
        case kind::tanh:
        case kind::softmax:
        case kind::copy:
        case kind::filled:
        case kind::population:
        case kind::store:
        case kind::running_average:
        case kind::fake_quantize:
        case kind::loop_value:
            return operand_type(o, 0);
        default:
            return std::nullopt;
    }
}

}  // namespace detail

/// The types of the results of `o`, as far as they are known.
inline std::vector<tensor_type> infer_types(const op& o) {
    std::vector<tensor_type> types{detail::first_type(o)};
    if (o.what == kind::batch_norm && o.get("training", false)) {
        const tensor_type by_channel = std::vector{detail::dimension(types[0], 1)};
        types.push_back(by_channel);
        types.push_back(by_channel);
    }
    return types;
}

}  // namespace in_house

#endif
