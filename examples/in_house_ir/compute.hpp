// What layers compute, in plain loops: tensors in NCHW, filters in OIHW.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_COMPUTE_HPP
#define IN_HOUSE_COMPUTE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "tensor.hpp"
#include "windows.hpp"

namespace in_house {

/// How a window moves over one axis of an image.
struct sliding {
    std::int64_t window, stride, before, in, out;

    /// "same": the padding is split evenly, with the odd one behind.
    sliding(std::int64_t size, std::int64_t window_, std::int64_t stride_, bool same)
        : window(window_), stride(stride_), before(0), in(size), out(0) {
        require(stride > 0 && window > 0, "the window and its strides must be positive");
        out = count_windows(in, window, stride, same);
        if (same) before = std::max<std::int64_t>(0, (out - 1) * stride + window - in) / 2;
    }

    /// Calls f(position in the window, position in the image) for each position inside the image.
    template <class F>
    void each(std::int64_t output, F f) const {
        for (std::int64_t k = 0; k < window; ++k) {
            const std::int64_t at = output * stride - before + k;
            if (at >= 0 && at < in) f(k, at);
        }
    }
};

/// The place of an element in a tensor of four dimensions.
inline std::size_t place(const extents& d, std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t e) {
    return static_cast<std::size_t>(((a * d[1] + b) * d[2] + c) * d[3] + e);
}

/// Convolution (cross-correlation, as networks have it). Input channel g * I + i belongs to group g.
inline tensor conv(const tensor& x, const tensor& w, const extents& strides, bool same, std::int64_t groups) {
    require(x.dims.size() == 4 && w.dims.size() == 4 && strides.size() == 2, "a conv takes images and filters");
    require(groups > 0 && x.dims[1] == w.dims[1] * groups && w.dims[0] % groups == 0, "channels do not fit the filter");
    const sliding rows(x.dims[2], w.dims[2], strides[0], same);
    const sliding columns(x.dims[3], w.dims[3], strides[1], same);
    tensor y = zeros({x.dims[0], w.dims[0], rows.out, columns.out});
    const std::int64_t outputs_of_group = w.dims[0] / groups;
    for (std::size_t at = 0; at < y.data.size(); ++at) {
        auto rest = static_cast<std::int64_t>(at);
        const std::int64_t c = rest % columns.out;
        const std::int64_t r = (rest /= columns.out) % rows.out;
        const std::int64_t o = (rest /= rows.out) % w.dims[0];
        const std::int64_t n = rest / w.dims[0];
        float sum = 0.0F;
        for (std::int64_t i = 0; i < w.dims[1]; ++i) {
            const std::int64_t channel = o / outputs_of_group * w.dims[1] + i;
            rows.each(r, [&](std::int64_t kr, std::int64_t ir) {
                columns.each(c, [&](std::int64_t kc, std::int64_t ic) {
                    sum += x.data[place(x.dims, n, channel, ir, ic)] * w.data[place(w.dims, o, i, kr, kc)];
                });
            });
        }
        y.data[at] = sum;
    }
    return y;
}

/// What `collect` makes of each window: it is given an element of it at a time, with what it has made so far, at first
/// `start`; `finish` gets the last of these with the number of elements.
template <class Collect, class Finish>
tensor pool(const tensor& x, const extents& window, const extents& strides, bool same, float start, Collect collect,
            Finish finish) {
    require(x.dims.size() == 4 && window.size() == 2 && strides.size() == 2, "a pool takes images");
    const sliding rows(x.dims[2], window[0], strides[0], same);
    const sliding columns(x.dims[3], window[1], strides[1], same);
    tensor y = zeros({x.dims[0], x.dims[1], rows.out, columns.out});
    for (std::size_t at = 0; at < y.data.size(); ++at) {
        auto rest = static_cast<std::int64_t>(at);
        const std::int64_t c = rest % columns.out;
        const std::int64_t r = (rest /= columns.out) % rows.out;
        const std::int64_t image = rest / rows.out * x.dims[2];
        float made = start;
        std::int64_t count = 0;
        rows.each(r, [&](std::int64_t, std::int64_t ir) {
            columns.each(c, [&](std::int64_t, std::int64_t ic) {
                made = collect(made, x.data[static_cast<std::size_t>((image + ir) * x.dims[3] + ic)]);
                ++count;
            });
        });
        y.data[at] = finish(made, count);
    }
    return y;
}

/// The greatest value of each window.
inline tensor max_pool(const tensor& x, const extents& window, const extents& strides, bool same) {
    return pool(
        x, window, strides, same, -std::numeric_limits<float>::infinity(),
        [](float a, float b) { return std::max(a, b); }, [](float made, std::int64_t) { return made; });
}

/// The mean of each window.
inline tensor average_pool(const tensor& x, const extents& window, const extents& strides, bool same) {
    return pool(x, window, strides, same, 0.0F, std::plus<float>(),
                [](float sum, std::int64_t count) { return sum / static_cast<float>(count); });
}

/// x times the transpose of w.
inline tensor fully_connected(const tensor& x, const tensor& w) {
    require(x.dims.size() == 2 && w.dims.size() == 2 && x.dims[1] == w.dims[1], "the weights do not fit the input");
    tensor y = zeros({x.dims[0], w.dims[0]});
    const auto inputs = static_cast<std::size_t>(x.dims[1]);
    const auto outputs = static_cast<std::size_t>(w.dims[0]);
    for (std::size_t at = 0; at < y.data.size(); ++at) {
        const float* a = x.data.data() + at / outputs * inputs;
        const float* b = w.data.data() + at % outputs * inputs;
        for (std::size_t i = 0; i < inputs; ++i) y.data[at] += a[i] * b[i];
    }
    return y;
}

/// x with b[c] added to each element of channel c, the second dimension.
inline tensor bias(tensor x, const tensor& b) {
    require(x.dims.size() >= 2 && b.dims.size() == 1 && b.dims[0] == x.dims[1], "a bias has one value a channel");
    const std::size_t inner = volume({x.dims.begin() + 2, x.dims.end()});
    for (std::size_t i = 0; i < x.data.size(); ++i) x.data[i] += b.data[i / inner % b.data.size()];
    return x;
}

/// What a batch norm in training gives.
struct normalized {
    tensor y{};
    tensor mean{};
    tensor variance{};  ///< of the sample: over one value less than there are
};

/// (x - mean) / sqrt(variance + epsilon) * scale + offset along channels, the second dimension.
inline tensor normalize(tensor x, const tensor& scale, const tensor& offset, const tensor& mean, const tensor& variance,
                        float epsilon) {
    require(x.dims.size() >= 2, "a batch_norm takes channels");
    const auto channels = static_cast<std::size_t>(x.dims[1]);
    for (const tensor* t : {&scale, &offset, &mean, &variance})
        require(t->dims.size() == 1 && t->data.size() == channels, "a batch_norm takes one value a channel");
    const std::size_t inner = volume({x.dims.begin() + 2, x.dims.end()});
    for (std::size_t i = 0; i < x.data.size(); ++i) {
        const std::size_t c = i / inner % channels;
        const float factor = scale.data[c] / std::sqrt(variance.data[c] + epsilon);
        x.data[i] = (x.data[i] - mean.data[c]) * factor + offset.data[c];
    }
    return x;
}

/// The same with the statistics of x itself. Sums are of double precision.
inline normalized normalize_batch(const tensor& x, const tensor& scale, const tensor& offset, float epsilon) {
    require(x.dims.size() >= 2 && x.dims[1] > 0 && !x.data.empty(), "a batch_norm takes channels");
    const auto channels = static_cast<std::size_t>(x.dims[1]);
    const std::size_t inner = volume({x.dims.begin() + 2, x.dims.end()});
    const auto count = static_cast<double>(x.data.size() / channels);
    std::vector<double> sums(channels, 0.0);
    for (std::size_t i = 0; i < x.data.size(); ++i) sums[i / inner % channels] += x.data[i];
    std::vector<double> squares(channels, 0.0);
    for (std::size_t i = 0; i < x.data.size(); ++i) {
        const std::size_t c = i / inner % channels;
        const double difference = x.data[i] - sums[c] / count;
        squares[c] += difference * difference;
    }
    normalized result{{}, zeros({x.dims[1]}), zeros({x.dims[1]})};
    tensor of_batch = zeros({x.dims[1]});
    for (std::size_t c = 0; c < channels; ++c) {
        result.mean.data[c] = static_cast<float>(sums[c] / count);
        of_batch.data[c] = static_cast<float>(squares[c] / count);
        result.variance.data[c] = static_cast<float>(squares[c] / std::max(count - 1, 1.0));
    }
    result.y = normalize(x, scale, offset, result.mean, of_batch, epsilon);
    return result;
}

}  // namespace in_house

#endif
