// How cuda divides a tensor [outer, channels, inner] among threads. A plan depends on shapes and alignments alone, not
// on the device, and so do the sums.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_CUDA_PLAN_HPP
#define QGRAFT_KERNELS_CUDA_PLAN_HPP

#include <qgraft/kernels/checks.hpp>
#include <qgraft/quant/host_device.hpp>
#include <qgraft/quant/isa_namespace.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <numeric>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// Threads of a block.
inline constexpr unsigned device_threads = 256;

/// How many floats come before the first that is aligned to 16 bytes.
QGRAFT_HOST_DEVICE inline unsigned floats_before_aligned(const float* p) noexcept {
    return static_cast<unsigned>(0U - reinterpret_cast<std::uintptr_t>(p)) % 16U / 4U;
}

/// Whether accesses of 128 bits in one of the buffers are such in all of them.
inline bool are_aligned_alike(std::initializer_list<const float*> buffers) noexcept {
    return std::all_of(buffers.begin(), buffers.end(), [&](const float* p) {
        return floats_before_aligned(p) == floats_before_aligned(*buffers.begin());
    });
}

/// For long runs of a channel: each block takes a part of one channel, which is a few rows or a piece of one. In a
/// block, teams of threads take a row each.
struct runs_plan {
    std::size_t outer, channels, inner;
    std::size_t piece;   ///< elements of a run that a part takes at most
    std::size_t pieces;  ///< how many of them a run is
    std::size_t rows;    ///< rows of a part, 1 where a run is more than one piece
    std::size_t parts;   ///< parts of a channel
    unsigned team;       ///< threads, a power of two
    bool wide;           ///< accesses of 128 bits where possible

    std::size_t blocks() const noexcept { return channels * parts; }
    std::size_t slots() const noexcept { return channels * parts; }
};

/// For short runs: a thread takes every threads-th group of `width` elements, where that is a multiple of a row's
/// width, so that its lanes stay in their channels. What is left at both ends, where the groups are aligned, is a
/// thread's each.
struct lanes_plan {
    std::size_t outer, channels, inner;
    unsigned width;             ///< elements of a group: 4, or 1 where the buffers are not aligned alike
    std::size_t head;           ///< elements before the first group
    std::size_t groups;         ///< how many there are
    std::size_t threads;        ///< that take groups
    std::size_t rows_of_slots;  ///< rows of the tensor that the threads' first groups reach into

    QGRAFT_HOST_DEVICE std::size_t size() const noexcept { return outer * channels * inner; }
    QGRAFT_HOST_DEVICE std::size_t left() const noexcept { return size() - groups * width; }
    QGRAFT_HOST_DEVICE std::size_t slots() const noexcept { return threads * width + left(); }
    std::size_t blocks() const noexcept { return (threads + left() + device_threads - 1) / device_threads; }
};

/// How many elements a block takes: few of a small tensor, so that there are blocks enough.
inline std::size_t elements_of_block(std::size_t size) noexcept {
    std::size_t elements = std::size_t{4} * device_threads;
    while (elements < 8192 && elements * 2048 < size) elements *= 2;
    return elements;
}

inline runs_plan make_runs_plan(const channel_rows& shape, bool wide) noexcept {
    const std::size_t piece = elements_of_block(shape.outer * shape.channels * shape.inner);
    const std::size_t pieces = std::max<std::size_t>(1, (shape.inner + piece - 1) / piece);
    unsigned team = 4;
    while (team < device_threads && (pieces > 1 || team * std::size_t{8} < shape.inner)) team *= 2;
    const std::size_t teams = device_threads / team;
    const std::size_t rows =
        pieces > 1 ? 1 : (piece / std::max<std::size_t>(1, shape.inner) + teams - 1) / teams * teams;
    return {shape.outer,
            shape.channels,
            shape.inner,
            piece,
            pieces,
            rows,
            pieces > 1 ? shape.outer * pieces : (shape.outer + rows - 1) / rows,
            team,
            wide};
}

inline lanes_plan make_lanes_plan(const channel_rows& shape, bool wide, unsigned before_aligned) noexcept {
    constexpr std::size_t most_threads = 131072;
    constexpr std::size_t groups_of_thread = 8;
    const std::size_t size = shape.outer * shape.channels * shape.inner;
    const unsigned width = wide ? 4 : 1;
    const std::size_t head = wide ? std::min<std::size_t>(before_aligned, size) : 0;
    const std::size_t groups = (size - head) / width;
    const std::size_t period = std::lcm(shape.channels * shape.inner, std::size_t{width}) / width;
    const std::size_t wanted = std::min(most_threads, groups / groups_of_thread);
    const std::size_t threads = std::min(groups, period * std::max<std::size_t>(1, wanted / period));
    const std::size_t row = shape.channels * shape.inner;
    return {shape.outer, shape.channels, shape.inner, width,
            head,        groups,         threads,     (head + threads * width + row - 1) / row};
}

/// Whether lanes serve a shape better than runs. Lanes count in 32 bits.
inline bool has_short_runs(const channel_rows& shape) noexcept {
    const std::size_t size = shape.outer * shape.channels * shape.inner;
    return shape.inner < 32 && shape.channels > 1 && size <= std::numeric_limits<std::uint32_t>::max() / 2;
}

/// How many sums a reduction leaves to be added up, for any alignment of the buffers.
inline std::size_t slots_of(const channel_rows& shape) noexcept {
    if (!has_short_runs(shape)) return make_runs_plan(shape, true).slots();
    std::size_t most = make_lanes_plan(shape, false, 0).slots();
    for (unsigned before = 0; before < 4; ++before) most = std::max(most, make_lanes_plan(shape, true, before).slots());
    return most;
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_CUDA_PLAN_HPP
