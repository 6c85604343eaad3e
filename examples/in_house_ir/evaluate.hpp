// What an op gives for its operands, where that does not depend on earlier runs.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_EVALUATE_HPP
#define IN_HOUSE_EVALUATE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "compute.hpp"
#include "elementwise.hpp"
#include "op.hpp"

namespace in_house {

/// The values of an op's operands.
class arguments {
public:
    explicit arguments(std::vector<const tensor*> values) : values_(std::move(values)) {}

    [[nodiscard]] std::size_t size() const { return values_.size(); }
    const tensor& operator[](std::size_t i) const {
        require(i < values_.size(), "lacks an operand");
        return *values_[i];
    }
    [[nodiscard]] float number(std::size_t i) const {
        const tensor& t = (*this)[i];
        require(t.data.size() == 1, "takes a scalar");
        return t.data[0];
    }

private:
    std::vector<const tensor*> values_;
};

/// The data of a constant, param or state.
inline tensor stored(const op& o) {
    require(has_whole_data(o), "its data do not fit its type");
    return {*o.result().type, o.data};
}

namespace detail {

inline std::vector<tensor> batch_norm(const op& o, const arguments& in) {
    const auto epsilon = static_cast<float>(o.get("epsilon", 0.0));
    if (!o.get("training", false)) return {normalize(in[0], in[1], in[2], in[3], in[4], epsilon)};
    normalized n = normalize_batch(in[0], in[1], in[2], epsilon);
    return {std::move(n.y), std::move(n.mean), std::move(n.variance)};
}

inline std::vector<tensor> split(const op& o, const arguments& in) {
    const auto axis = static_cast<std::size_t>(o.get("axis", std::int64_t{1}));
    const auto parts = static_cast<std::int64_t>(o.results());
    require(axis < in[0].dims.size() && in[0].dims[axis] % parts == 0, "the parts are not equal");
    const std::int64_t size = in[0].dims[axis] / parts;
    std::vector<tensor> results;
    for (std::int64_t i = 0; i < parts; ++i) results.push_back(window_of(in[0], axis, i * size, size));
    return results;
}

inline tensor concat(const op& o, const arguments& in) {
    const auto axis = static_cast<std::size_t>(o.get("axis", std::int64_t{1}));
    tensor y = in[0];
    for (std::size_t i = 1; i < in.size(); ++i) y = joined(y, in[i], axis);
    return y;
}

inline tensor border(const op& o, const arguments& in) {
    const extents before = o.get("before", extents{});
    const extents behind = o.get("behind", extents{});
    require(before.size() == in[0].dims.size() && behind.size() == before.size(), "a border is for each dimension");
    tensor x = in[0];
    for (std::size_t i = 0; i < before.size(); ++i) x = window_of(x, i, -before[i], before[i] + x.dims[i] + behind[i]);
    return x;
}

inline tensor population(const arguments& in) {
    const auto n = static_cast<float>(in[1].data.size()) / static_cast<float>(in[2].data.size());
    return elementwise(in[0], [factor = (n - 1.0F) / n](float v) { return v * factor; });
}

inline tensor clamp(const op& o, const arguments& in) {
    const auto low = static_cast<float>(o.get("low", -std::numeric_limits<double>::infinity()));
    const auto high = static_cast<float>(o.get("high", std::numeric_limits<double>::infinity()));
    return elementwise(in[0], [low, high](float v) { return std::min(std::max(v, low), high); });
}

inline tensor extreme(const op& o, const arguments& in) {
    require(in.size() == 1, "the interpreter reduces over everything only");
    require(!in[0].data.empty(), "there is no extreme of nothing");
    const auto [low, high] = std::minmax_element(in[0].data.begin(), in[0].data.end());
    return {{}, {o.what == kind::lowest ? *low : *high}};
}

inline tensor choose(const arguments& in) {
    const bool first = in.number(0) != 0.0F;
    return repeated(in[first ? 1 : 2], common_dims(in[1].dims, in[2].dims));
}

inline tensor fake_quantize(const op& o, const arguments& in) {
    const auto quantize = o.get("quantizer", quantizer{nullptr});
    require(quantize != nullptr, "carries no quantizer");
    tensor y = zeros(in[0].dims);
    quantize(in[0].data, y.data, in.number(1), in.number(2));
    return y;
}

inline tensor evaluate_pair(const op& o, const arguments& in) {
    const auto with = [&](auto f) { return elementwise(in[0], in[1], f); };
    switch (o.what) {
        case kind::add:
            return with(std::plus<float>());
        case kind::sub:
            return with(std::minus<float>());
        case kind::mul:
            return with(std::multiplies<float>());
        case kind::div:
            return with(std::divides<float>());
        case kind::lesser:
            return with([](float a, float b) { return std::min(a, b); });
        case kind::greater:
            return with([](float a, float b) { return std::max(a, b); });
        default:
            throw std::runtime_error("the interpreter has nothing to run for '" + std::string(to_string(o.what)) + "'");
    }
}

inline tensor evaluate_single(const op& o, const arguments& in) {
    const auto with = [&](auto f) { return elementwise(in[0], f); };
    switch (o.what) {
        case kind::copy:
            return in[0];
        case kind::filled:
            return with([v = o.get("value", 0.0)](float) { return static_cast<float>(v); });
        case kind::inverse:
            return with([](float x) { return 1.0F / x; });
        case kind::inverse_sqrt:
            return with([](float x) { return 1.0F / std::sqrt(x); });
        case kind::leak:
            return with([s = static_cast<float>(o.get("slope", 0.2))](float x) { return x < 0.0F ? x * s : x; });
        case kind::hard_swish:
            return with([](float x) { return x * std::min(std::max(x + 3.0F, 0.0F), 6.0F) / 6.0F; });
        case kind::sigmoid:
            return with([](float x) { return 1.0F / (1.0F + std::exp(-x)); });
        case kind::tanh:
            return with([](float x) { return std::tanh(x); });
        case kind::softmax:
            return softmax(in[0]);
        case kind::clamp:
            return clamp(o, in);
        default:
            return evaluate_pair(o, in);
    }
}

inline tensor evaluate_first(const op& o, const arguments& in) {
    const extents strides = o.get("strides", extents{1, 1});
    const bool same = o.get("padding", std::string("valid")) == "same";
    switch (o.what) {
        case kind::conv:
            return conv(in[0], in[1], strides, same, o.get("groups", std::int64_t{1}));
        case kind::fully_connected:
            return fully_connected(in[0], in[1]);
        case kind::bias:
            return bias(in[0], in[1]);
        case kind::max_pool:
            return max_pool(in[0], o.get("window", extents{1, 1}), strides, same);
        case kind::average_pool:
            return average_pool(in[0], o.get("window", extents{1, 1}), strides, same);
        case kind::border:
            return border(o, in);
        case kind::concat:
            return concat(o, in);
        case kind::reshape:
            return reshape(in[0], o.get("dims", extents{}));
        case kind::population:
            return population(in);
        case kind::lowest:
        case kind::highest:
            return extreme(o, in);
        case kind::choose:
            return choose(in);
        case kind::fake_quantize:
            return fake_quantize(o, in);
        default:
            return evaluate_single(o, in);
    }
}

}  // namespace detail

/// All results of an op. Throws std::runtime_error where it cannot be run.
inline std::vector<tensor> evaluate(const op& o, const arguments& in) {
    switch (o.what) {
        case kind::constant:
        case kind::param:
            return {stored(o)};
        case kind::batch_norm:
            return detail::batch_norm(o, in);
        case kind::split:
            return detail::split(o, in);
        default:
            return {detail::evaluate_first(o, in)};
    }
}

}  // namespace in_house

#endif
