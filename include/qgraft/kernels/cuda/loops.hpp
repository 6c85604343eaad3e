// What one thread of cuda does of a plan, and how a block adds up: the kernels' bodies, which run on the host as well.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_CUDA_LOOPS_HPP
#define QGRAFT_KERNELS_CUDA_LOOPS_HPP

#include <qgraft/kernels/cuda/arithmetic.hpp>
#include <qgraft/kernels/cuda/plan.hpp>
#include <qgraft/quant/host_device.hpp>
#include <qgraft/quant/isa_namespace.hpp>

#include <cstddef>
#include <cstdint>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// The lanes of a group that are of one channel.
template <class Op>
struct one_channel {
    typename Op::state state;
    typename Op::sum sum{};

    QGRAFT_HOST_DEVICE const typename Op::state& at(unsigned) const noexcept { return state; }
    QGRAFT_HOST_DEVICE void add(const typename Op::term (&terms)[4]) noexcept {
        sum += (terms[0] + terms[1]) + (terms[2] + terms[3]);
    }
    QGRAFT_HOST_DEVICE void add(const typename Op::term (&terms)[1]) noexcept { sum += terms[0]; }
};

/// Lanes of a channel each.
template <class Op, unsigned N>
struct channel_a_lane {
    typename Op::state state[N];
    typename Op::sum sum[N]{};

    template <class... States>
    QGRAFT_HOST_DEVICE explicit channel_a_lane(const States&... states) noexcept : state{states...} {}

    QGRAFT_HOST_DEVICE const typename Op::state& at(unsigned k) const noexcept { return state[k]; }
    QGRAFT_HOST_DEVICE void add(const typename Op::term (&terms)[N]) noexcept {
        QGRAFT_UNROLL for (unsigned k = 0; k < N; ++k) sum[k] += terms[k];
    }
};

/// Does what is to be done with a group that was loaded.
template <unsigned N, class Op, class Lanes, class Loaded>
QGRAFT_HOST_DEVICE void take(const Op& op, Lanes& lanes, std::size_t i, Loaded p) {
    typename Op::term terms[N];
    QGRAFT_UNROLL for (unsigned k = 0; k < N; ++k) terms[k] = op.step(lanes.at(k), p, k);
    op.template store<N>(i, p);
    lanes.add(terms);
}

/// Groups first, first + stride ... below count of N elements, counted from element 0. Two are loaded before either is
/// stored.
template <unsigned N, class Index, class Op, class Lanes>
QGRAFT_HOST_DEVICE void take_groups(const Op& op, Lanes& lanes, Index first, Index stride, Index count) {
    Index at = first;
    for (; at < count && stride < count - at; at += 2 * stride) {
        const std::size_t i = std::size_t{at} * N;
        const std::size_t j = std::size_t{at + stride} * N;
        const auto a = op.template load<N>(i);
        const auto b = op.template load<N>(j);
        take<N>(op, lanes, i, a);
        take<N>(op, lanes, j, b);
    }
    if (at < count) take<N>(op, lanes, std::size_t{at} * N, op.template load<N>(std::size_t{at} * N));
}

/// The first `count` elements, of one channel, by a team of which this thread is the member-th.
template <class Op>
QGRAFT_HOST_DEVICE void take_segment(const Op& op, one_channel<Op>& lanes, std::uint32_t count, unsigned member,
                                     unsigned team, bool wide) {
    std::uint32_t head = count;
    std::uint32_t groups = 0;
    if (wide) {
        const std::uint32_t before = floats_before_aligned(op.in);
        head = before < count ? before : count;
        groups = (count - head) / 4;
    }
    take_groups<4, std::uint32_t>(op.from(head), lanes, member, team, groups);
    const std::uint32_t narrow = count - 4 * groups;
    for (std::uint32_t e = member; e < narrow; e += team) {
        const std::size_t i = e < head ? e : e + 4 * groups;
        take<1>(op, lanes, i, op.template load<1>(i));
    }
}

/// What thread `thread` of block `block` does. Returns its part of the sum that goes to slot slot_of_block.
template <class Op>
QGRAFT_HOST_DEVICE typename Op::sum take_part(const runs_plan& plan, const Op& op, unsigned block, unsigned thread) {
    const auto channels = static_cast<unsigned>(plan.channels);  // as many as there are blocks, at most
    const auto pieces = static_cast<unsigned>(plan.pieces);
    const unsigned channel = block % channels;
    const unsigned part = block / channels;
    const std::size_t first = part / pieces * plan.rows;
    const std::size_t end = first + plan.rows < plan.outer ? first + plan.rows : plan.outer;
    const std::size_t from = part % pieces * plan.piece;
    const std::size_t rest = plan.inner - from;
    const auto count = static_cast<std::uint32_t>(rest < plan.piece ? rest : plan.piece);
    one_channel<Op> lanes{op.at(channel)};
    for (std::size_t row = first + thread / plan.team; row < end; row += device_threads / plan.team) {
        const std::size_t begin = (row * plan.channels + channel) * plan.inner + from;
        const unsigned member = thread % plan.team;
        if (lanes.state.exact) {
            take_segment(op.from(begin), lanes, count, member, plan.team, plan.wide);
        } else {
            for (std::uint32_t e = member; e < count; e += plan.team) lanes.sum += op.define(channel, begin + e);
        }
    }
    return lanes.sum;
}

/// Where the sum of a block goes: the slots of a channel lie side by side.
QGRAFT_HOST_DEVICE inline std::size_t slot_of_block(const runs_plan& plan, unsigned block) noexcept {
    const auto channels = static_cast<unsigned>(plan.channels);
    return block % channels * plan.parts + block / channels;
}

QGRAFT_HOST_DEVICE inline std::uint32_t channel_of(const lanes_plan& plan, std::size_t i) noexcept {
    return static_cast<std::uint32_t>(i) / static_cast<std::uint32_t>(plan.inner) %
           static_cast<std::uint32_t>(plan.channels);
}

template <unsigned N, class Op>
QGRAFT_HOST_DEVICE channel_a_lane<Op, N> lanes_at(const lanes_plan& plan, const Op& op, std::size_t i) {
    static_assert(N == 1 || N == 4);
    if constexpr (N == 1) {
        return channel_a_lane<Op, N>(op.at(channel_of(plan, i)));
    } else {
        return channel_a_lane<Op, N>(op.at(channel_of(plan, i)), op.at(channel_of(plan, i + 1)),
                                     op.at(channel_of(plan, i + 2)), op.at(channel_of(plan, i + 3)));
    }
}

/// What thread `thread` of all does. Its sums go to slots, where that is not null.
template <unsigned N, class Op>
QGRAFT_HOST_DEVICE void take_lanes(const lanes_plan& plan, const Op& op, std::size_t thread, typename Op::sum* slots) {
    auto lanes = lanes_at<N>(plan, op, plan.head + thread * N);
    bool exact = true;
    QGRAFT_UNROLL for (unsigned k = 0; k < N; ++k) exact = exact && lanes.state[k].exact;
    if (exact) {
        take_groups<N, std::size_t>(op.from(plan.head), lanes, thread, plan.threads, plan.groups);
    } else {
        for (std::size_t at = thread; at < plan.groups; at += plan.threads) {
            QGRAFT_UNROLL for (unsigned k = 0; k < N; ++k) {
                const std::size_t i = plan.head + at * N + k;
                lanes.sum[k] += op.define(channel_of(plan, i), i);
            }
        }
    }
    QGRAFT_UNROLL for (unsigned k = 0; slots != nullptr && k < N; ++k) slots[thread * N + k] = lanes.sum[k];
}

/// The element of slot threads * width + e, one of those before the first group or after the last.
QGRAFT_HOST_DEVICE inline std::size_t element_left(const lanes_plan& plan, std::size_t e) noexcept {
    return e < plan.head ? e : e + plan.groups * plan.width;
}

/// What the thread of element_left(e) does.
template <class Op>
QGRAFT_HOST_DEVICE void take_left(const lanes_plan& plan, const Op& op, std::size_t e, typename Op::sum* slots) {
    const std::size_t i = element_left(plan, e);
    const std::uint32_t channel = channel_of(plan, i);
    one_channel<Op> lanes{op.at(channel)};
    if (lanes.state.exact) {
        take<1>(op, lanes, i, op.template load<1>(i));
    } else {
        lanes.sum += op.define(channel, i);
    }
    if (slots != nullptr) slots[plan.threads * plan.width + e] = lanes.sum;
}

/// The sum of those slots of a channel that are thread `thread`'s of a block which adds them up.
template <class S>
QGRAFT_HOST_DEVICE S gather(const runs_plan& plan, const S* slots, std::size_t channel, unsigned thread) {
    S sum{};
    for (std::size_t p = thread; p < plan.parts; p += device_threads) sum += slots[channel * plan.parts + p];
    return sum;
}

template <class S>
QGRAFT_HOST_DEVICE S gather(const lanes_plan& plan, const S* slots, std::size_t channel, unsigned thread) {
    S sum{};
    const auto inner = static_cast<std::uint32_t>(plan.inner);
    const std::size_t width = plan.channels * inner;
    const std::size_t count = plan.threads * plan.width;
    for (std::size_t j = thread; j < plan.rows_of_slots * inner; j += device_threads) {
        const auto row = static_cast<std::uint32_t>(j) / inner;
        const std::size_t i = row * width + channel * inner + (static_cast<std::uint32_t>(j) - row * inner);
        if (i >= plan.head && i - plan.head < count) sum += slots[i - plan.head];
    }
    for (std::size_t e = thread; e < plan.left(); e += device_threads) {
        if (channel_of(plan, element_left(plan, e)) == channel) sum += slots[count + e];
    }
    return sum;
}

/// One step of adding up what the threads of a block hold: `reach` is half as many as before, from device_threads / 2.
template <class S>
QGRAFT_HOST_DEVICE void fold(S* held, unsigned thread, unsigned reach) {
    if (thread < reach) held[thread] += held[thread + reach];
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_CUDA_LOOPS_HPP
