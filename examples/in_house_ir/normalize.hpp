// What batch norms compute, in plain loops.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_NORMALIZE_HPP
#define IN_HOUSE_NORMALIZE_HPP

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "compute.hpp"

namespace in_house {

/// How many elements of x belong to each position of one channel, the second dimension.
inline std::size_t inner_of(const tensor& x) {
    require(x.dims.size() >= 2, "a batch norm takes channels");
    return volume({x.dims.begin() + 2, x.dims.end()});
}

/// (x - mean) scale / sqrt(variance + epsilon) + offset, by channel.
inline tensor normalize(tensor x, const tensor& scale, const tensor& offset, const tensor& mean, const tensor& variance,
                        double epsilon) {
    const std::size_t inner = inner_of(x);
    const auto channels = static_cast<std::size_t>(x.dims[1]);
    for (const tensor* t : {&scale, &offset, &mean, &variance}) {
        require(t->data.size() == channels, "a batch norm has one value a channel");
    }
    for (std::size_t i = 0; i < x.data.size(); ++i) {
        const std::size_t c = i / inner % channels;
        const float deviation = std::sqrt(variance.data[c] + static_cast<float>(epsilon));
        x.data[i] = (x.data[i] - mean.data[c]) * scale.data[c] / deviation + offset.data[c];
    }
    return x;
}

/// A variance without Bessel's correction: times (n - 1) / n, over n values of x a channel.
inline tensor population_variance(tensor variance, const tensor& x) {
    require(!variance.data.empty() && !x.data.empty(), "there is no variance of nothing");
    const auto n = static_cast<float>(x.data.size() / variance.data.size());
    return each(std::move(variance), [n](float v) { return v * ((n - 1) / n); });
}

/// Normalizes x by its own statistics: gives that, their mean, and their variance with Bessel's correction.
inline std::vector<tensor> normalize_batch(const tensor& x, const tensor& scale, const tensor& offset, double epsilon) {
    const std::size_t inner = inner_of(x);
    const auto channels = static_cast<std::size_t>(x.dims[1]);
    require(scale.data.size() == channels && !x.data.empty(), "a batch norm has one value a channel");
    std::vector<double> sums(channels);
    std::vector<double> squares(channels);
    for (std::size_t i = 0; i < x.data.size(); ++i) sums[i / inner % channels] += static_cast<double>(x.data[i]);
    const double n = static_cast<double>(x.data.size()) / static_cast<double>(channels);
    for (std::size_t i = 0; i < x.data.size(); ++i) {
        const double d = static_cast<double>(x.data[i]) - sums[i / inner % channels] / n;
        squares[i / inner % channels] += d * d;
    }
    tensor mean = zeros(scale.dims);
    tensor variance = mean;
    tensor corrected = mean;
    for (std::size_t c = 0; c < channels; ++c) {
        mean.data[c] = static_cast<float>(sums[c] / n);
        variance.data[c] = static_cast<float>(squares[c] / n);
        corrected.data[c] = static_cast<float>(squares[c] / (n > 1 ? n - 1 : 1));
    }
    tensor y = normalize(x, scale, offset, mean, variance, epsilon);
    return {std::move(y), std::move(mean), std::move(corrected)};
}

}  // namespace in_house

#endif
