// Compares observers that live in a device's memory with the same on the host.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_CUDA_CHECK_OBSERVERS_HPP
#define QGRAFT_TESTS_CUDA_CHECK_OBSERVERS_HPP

#include "check.hpp"

#include <cmath>
#include <cstring>

namespace cuda_check {

/// The same, or neighbours.
inline bool close(float a, float b) { return same(a, b) || std::nextafter(a, b) == b; }

/// A few batches through min_max, update_observers and fake_quantize, per channel, against observe_fake_quantize.
template <class N, class Kernels, class Memory, class Observer>
void check_observer(const char* what, const Observer& initial, findings& f) {
    constexpr std::size_t channels = 5;
    constexpr std::size_t size = channels * 40;
    const quant_spec spec{.bits = 6, .symmetric = true};
    std::vector<Observer> host(channels, initial);
    std::vector<quant_range> ranges(channels);
    placed<float, Memory> on_device(floats(2 * channels), 0);
    float* to = on_device.span().data();
    const qgraft::device_ranges_out out{to, to + channels, channels};
    const qgraft::device_ranges read{to, to + channels, channels};
    auto* observers = static_cast<Observer*>(Memory::allocate(channels * sizeof(Observer)));
    Memory::copy(observers, host.data(), channels * sizeof(Observer));
    placed<std::byte, Memory> workspace(std::vector<std::byte>(Kernels::workspace_size(size, channels, 1)), 0);
    for (unsigned batch = 0; batch < 12; ++batch) {
        floats x(size);
        std::mt19937 random(batch);
        std::normal_distribution<float> normal;
        for (float& v : x) v = normal(random) * static_cast<float>(batch + 1);
        if (batch == 7) x[11] = nan;
        placed<float, Memory> in(x, 1);
        placed<float, Memory> y(x, 1);
        floats expected(size);
        qgraft::scalar<N>::template observe_fake_quantize_channels<Observer>(host, x, expected, ranges, spec);
        const bool failed =
            Kernels::min_max_channels(in.in(), out, 1, workspace.span(), Memory::stream) != 0 ||
            Kernels::update_observers(std::span<Observer>(observers, channels), read, out, spec, Memory::stream) != 0 ||
            Kernels::fake_quantize_channels(in.in(), y.span(), read, spec, 1, Memory::stream) != 0;
        if (failed) f.differs("%s: failed", what);
        const floats got = on_device.read(what, f);
        bool equal = true;
        for (std::size_t c = 0; c < channels; ++c) {
            if (!close(got[c], ranges[c].min) || !close(got[channels + c], ranges[c].max)) {
                f.differs("%s: batch %u, channel %zu: %a %a, expected %a %a", what, batch, c,
                          static_cast<double>(got[c]), static_cast<double>(got[channels + c]),
                          static_cast<double>(ranges[c].min), static_cast<double>(ranges[c].max));
            }
            equal = equal && same(got[c], ranges[c].min) && same(got[channels + c], ranges[c].max);
        }
        if (equal) compare(what, y.read(what, f), expected, x, f);
    }
    Memory::release(observers);
}

template <class Kernels, class Torch, class Memory>
void check_observers(findings& f) {
    check_observer<qgraft::tf2, Kernels, Memory>("last_value", qgraft::last_value{}, f);
    check_observer<qgraft::tf2, Kernels, Memory>("running_min_max", qgraft::running_min_max{}, f);
    check_observer<qgraft::tf2, Kernels, Memory>("plain_moving_average", qgraft::plain_moving_average{}, f);
    check_observer<qgraft::tf2, Kernels, Memory>("moving_average", qgraft::moving_average{.decay = 0.9}, f);
    check_observer<qgraft::torch, Torch, Memory>("torch_min_max", qgraft::torch_min_max{}, f);
    check_observer<qgraft::torch, Torch, Memory>("torch_moving_average", qgraft::torch_moving_average{.decay = 0.9}, f);
}

}  // namespace cuda_check

#endif  // QGRAFT_TESTS_CUDA_CHECK_OBSERVERS_HPP
