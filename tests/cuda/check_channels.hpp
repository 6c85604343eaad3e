// Compares a device's kernels for tensors with a range a channel with the scalar definition.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_CUDA_CHECK_CHANNELS_HPP
#define QGRAFT_TESTS_CUDA_CHECK_CHANNELS_HPP

#include "check.hpp"
#include "check_tensor.hpp"

namespace cuda_check {

struct shape {
    std::size_t outer, channels, inner;
    std::size_t size() const { return outer * channels * inner; }
};

/// Ordinary ranges; with some of every kind among them where odd.
inline std::vector<quant_range> channel_ranges(std::size_t channels, bool odd) {
    std::vector<quant_range> made(channels);
    for (std::size_t c = 0; c < channels; ++c) {
        const auto at = static_cast<float>(c % 29);
        made[c] = odd && c % 3 == 1 ? ranges()[c % ranges().size()] : quant_range{-0.1F * at - 0.2F, 3.0F - 0.07F * at};
    }
    return made;
}

/// Values by channel, so that each meets the ties of its own range.
inline floats values_of_channels(const shape& s, const std::vector<quant_range>& by_channel, const quant_spec& spec) {
    floats made(s.size());
    for (std::size_t c = 0; c < s.channels; ++c) {
        const floats x = values_for(by_channel[c], spec, s.outer * s.inner, static_cast<unsigned>(c));
        for (std::size_t i = 0; i < x.size(); ++i) made[(i / s.inner * s.channels + c) * s.inner + i % s.inner] = x[i];
    }
    return made;
}

template <class N, class Kernels, class Memory>
void check_channels(const shape& s, const shifts& at, bool odd, const quant_spec& spec, findings& f) {
    using definition = qgraft::scalar<N>;
    const std::size_t before = f.count;
    const std::vector<quant_range> by_channel = channel_ranges(s.channels, odd);
    const floats x = values_of_channels(s, by_channel, spec);
    const floats g = gradients(s.size(), static_cast<unsigned>(s.size()), odd);
    floats expected(s.size());
    placed<float, Memory> in(x, at.in);
    placed<float, Memory> grad(g, at.grad);
    placed<float, Memory> out(floats(s.size()), at.out);
    floats flat;
    for (const quant_range& r : by_channel) flat.insert(flat.end(), {r.min, r.max});
    placed<float, Memory> ends(flat, 0);
    placed<float, Memory> written(floats(4 * s.channels), 0);
    const qgraft::device_ranges on_device{ends.in().data(), ends.in().data() + 1, s.channels, 2};
    float* to = written.span().data();
    const qgraft::device_ranges_out sums{to, to + s.channels, s.channels};
    const qgraft::device_ranges_out found{to + 2 * s.channels, to + 2 * s.channels + 1, s.channels, 2};
    placed<std::byte, Memory> workspace(std::vector<std::byte>(Kernels::workspace_size(s.size(), s.channels, s.inner)),
                                        0);

    definition::fake_quantize_channels(x, expected, by_channel, spec, s.inner);
    if (Kernels::fake_quantize_channels(in.in(), out.span(), on_device, spec, s.inner, Memory::stream) != 0) {
        f.differs("channels: failed");
    }
    compare("channels", out.read("channels", f), expected, x, f);

    std::vector<qgraft::range_gradient> d(s.channels);
    definition::fake_quantize_channels_gradient(g, x, expected, by_channel, d, spec, s.inner);
    if (Kernels::fake_quantize_channels_gradient(grad.in(), in.in(), out.span(), on_device, sums, spec, s.inner,
                                                 workspace.span(), Memory::stream) != 0) {
        f.differs("channels' gradient: failed");
    }
    compare("channels' gradient", out.read("channels' gradient", f), expected, x, f);

    std::vector<quant_range> least(s.channels);
    definition::min_max_channels(x, least, s.inner);
    if (Kernels::min_max_channels(in.in(), found, s.inner, workspace.span(), Memory::stream) != 0) {
        f.differs("channels' min_max: failed");
    }
    workspace.read("workspace", f);
    const floats now = written.read("channels' sums", f);
    std::vector<double> all(s.channels);
    for (std::size_t i = 0; i < g.size(); ++i) all[i / s.inner % s.channels] += std::abs(static_cast<double>(g[i]));
    for (std::size_t c = 0; c < s.channels; ++c) {
        compare_sum("channel's gradient of min", now[c], d[c].min, all[c], f);
        compare_sum("channel's gradient of max", now[s.channels + c], d[c].max, all[c], f);
        const float* got = &now[2 * s.channels + 2 * c];
        if (!same(got[0], least[c].min) || !same(got[1], least[c].max)) {
            f.differs("min_max of channel %zu: %a %a, expected %a %a", c, static_cast<double>(got[0]),
                      static_cast<double>(got[1]), static_cast<double>(least[c].min),
                      static_cast<double>(least[c].max));
        }
    }

    definition::scale_channels(x, expected, {flat.data(), s.channels}, s.inner);
    if (Kernels::scale_channels(in.in(), out.span(), ends.in().first(s.channels), s.inner, Memory::stream) != 0) {
        f.differs("scale: failed");
    }
    compare("scale", out.read("scale", f), expected, x, f);
    if (f.count != before) f.differs("  that was [%zu, %zu, %zu]", s.outer, s.channels, s.inner);
}

/// Channels outer, in the middle and innermost, aligned and not.
template <class N, class Kernels, class Memory>
void check_all_channels(std::size_t most, findings& f) {
    const auto check = [&](const shape& s) {
        const std::size_t k = s.outer + s.channels + s.inner;
        const quant_spec& spec = specs()[k % specs().size()];
        check_channels<N, Kernels, Memory>(s, {k % 4, k % 4, k % 4}, k % 3 == 0, spec, f);
        check_channels<N, Kernels, Memory>(s, {k % 4, k % 3, k % 5}, k % 3 == 1, spec, f);
    };
    for (std::size_t channels = 1; channels <= most; ++channels) {
        for (const std::size_t outer : {1U, 3U, 9U, 70U}) check({outer, channels, 1});
    }
    for (std::size_t inner = 2; inner <= most; ++inner) {
        for (const std::size_t outer : {1U, 2U, 5U}) {
            for (const std::size_t channels : {1U, 3U, 8U}) check({outer, channels, inner});
        }
    }
    for (const shape& s : {shape{700, 64, 1}, shape{300, 65, 1}, shape{9, 2100, 1}, shape{40, 1, 1}, shape{3000, 3, 1},
                           shape{2, 2, 17000}, shape{30, 7, 130}, shape{100, 4, 49}, shape{0, 4, 2}, shape{60, 5, 31},
                           shape{1, 3000, 9}, shape{20000, 2, 3}, shape{3, 300, 33}}) {
        check(s);
    }
}

}  // namespace cuda_check

#endif  // QGRAFT_TESTS_CUDA_CHECK_CHANNELS_HPP
