// The kernels of cuda, each a shell around a loop body, and how they are put on a stream.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_CUDA_LAUNCH_HPP
#define QGRAFT_KERNELS_CUDA_LAUNCH_HPP

#include <qgraft/kernels/cuda/loops.hpp>
#include <qgraft/kernels/cuda/ops.hpp>
#include <qgraft/kernels/cuda/plan.hpp>
#include <qgraft/kernels/cuda/storage.hpp>
#include <qgraft/quant/isa_namespace.hpp>

#include <cstddef>
#include <limits>
#include <type_traits>

#if defined(__CUDACC__)
#include <cuda_runtime.h>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// Adds up what the threads of a block hold; the first has it all.
template <class S>
__device__ S sum_of_block(const S& mine) {
    alignas(16) __shared__ unsigned char memory[device_threads * sizeof(S)];
    auto* held = reinterpret_cast<S*>(memory);
    held[threadIdx.x] = mine;
    for (unsigned reach = device_threads / 2; reach > 0; reach /= 2) {
        __syncthreads();
        fold(held, threadIdx.x, reach);
    }
    return held[threadIdx.x];
}

template <class Op>
__global__ void __launch_bounds__(device_threads) runs_kernel(runs_plan plan, Op op, typename Op::sum* sums) {
    const auto mine = take_part(plan, op, blockIdx.x, threadIdx.x);
    if constexpr (!std::is_same_v<typename Op::sum, no_sum>) {
        const auto all = sum_of_block(mine);
        if (threadIdx.x == 0) sums[slot_of_block(plan, blockIdx.x)] = all;
    }
}

template <unsigned N, class Op>
__global__ void __launch_bounds__(device_threads) lanes_kernel(lanes_plan plan, Op op, typename Op::sum* sums) {
    const std::size_t thread = std::size_t{blockIdx.x} * device_threads + threadIdx.x;
    if (thread < plan.threads) {
        take_lanes<N>(plan, op, thread, sums);
    } else if (thread - plan.threads < plan.left()) {
        take_left(plan, op, thread - plan.threads, sums);
    }
}

template <class Plan, class Op>
__global__ void __launch_bounds__(device_threads)
    finish_kernel(Plan plan, Op op, const typename Op::sum* sums, std::size_t count) {
    const std::size_t channel = blockIdx.x;
    const auto all = sum_of_block(gather(plan, sums, channel, threadIdx.x));
    if (threadIdx.x == 0) op.finish(channel, all, count);
}

template <class Op>
__global__ void __launch_bounds__(device_threads) units_kernel(units_plan plan, Op op) {
    const std::size_t thread = std::size_t{blockIdx.x} * device_threads + threadIdx.x;
    if (thread < plan.threads) take_units(plan, op, thread);
}

template <class Op>
__global__ void __launch_bounds__(device_threads) each_kernel(std::size_t count, Op op) {
    const std::size_t i = std::size_t{blockIdx.x} * device_threads + threadIdx.x;
    if (i < count) op(i);
}

/// Runs plans on the current device.
struct cuda_executor {
    using status = cudaError_t;
    using stream_type = cudaStream_t;

    static status none() noexcept { return cudaSuccess; }

    template <class Op>
    static status run(const runs_plan& plan, const Op& op, typename Op::sum* sums, stream_type stream) noexcept {
        return launch(runs_kernel<Op>, plan.blocks(), stream, plan, op, sums);
    }

    template <class Op>
    static status run(const lanes_plan& plan, const Op& op, typename Op::sum* sums, stream_type stream) noexcept {
        if constexpr (!requires { Op::always_wide; }) {
            if (plan.width == 1) return launch(lanes_kernel<1, Op>, plan.blocks(), stream, plan, op, sums);
        }
        return launch(lanes_kernel<4, Op>, plan.blocks(), stream, plan, op, sums);
    }

    template <class Op>
    static status run(const units_plan& plan, const Op& op, no_sum*, stream_type stream) noexcept {
        return launch(units_kernel<Op>, plan.blocks(), stream, plan, op);
    }

    /// Calls op(i) for each i < count.
    template <class Op>
    static status each(std::size_t count, const Op& op, stream_type stream) noexcept {
        return launch(each_kernel<Op>, (count + device_threads - 1) / device_threads, stream, count, op);
    }

    template <class Plan, class Op>
    static status finish(const Plan& plan, const Op& op, const typename Op::sum* sums, stream_type stream) noexcept {
        return launch(finish_kernel<Plan, Op>, plan.channels, stream, plan, op, sums, plan.outer * plan.inner);
    }

private:
    template <class... Parameters>
    static status launch(void (*kernel)(Parameters...), std::size_t blocks, stream_type stream,
                         const std::type_identity_t<Parameters>&... arguments) noexcept {
        if (blocks > static_cast<std::size_t>(std::numeric_limits<int>::max())) return cudaErrorInvalidConfiguration;
        cudaLaunchConfig_t config{};
        config.gridDim = dim3(static_cast<unsigned>(blocks));
        config.blockDim = dim3(device_threads);
        config.stream = stream;
        return cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...);
    }
};

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif

#endif  // QGRAFT_KERNELS_CUDA_LAUNCH_HPP
