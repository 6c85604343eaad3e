// Runs the plans of cuda on the host, thread by thread: the same loop bodies as on a GPU, in its order of addition.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_CUDA_HOST_EXECUTOR_HPP
#define QGRAFT_TESTS_CUDA_HOST_EXECUTOR_HPP

#include <qgraft/kernels/cuda/kernels.hpp>
#include <qgraft/kernels/cuda/loops.hpp>

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <vector>

namespace cuda_check {

namespace detail = qgraft::detail;

struct host_executor {
    using status = int;
    using stream_type = int;

    static status none() { return 0; }

    template <class Op>
    static status run(const detail::runs_plan& plan, const Op& op, typename Op::sum* sums, int) {
        for (unsigned block = 0; block < plan.blocks(); ++block) {
            std::vector<typename Op::sum> held(detail::device_threads);
            for (unsigned t = 0; t < detail::device_threads; ++t) held[t] = detail::take_part(plan, op, block, t);
            if (sums != nullptr) sums[detail::slot_of_block(plan, block)] = sum_of(held);
        }
        return 0;
    }

    template <class Op>
    static status run(const detail::lanes_plan& plan, const Op& op, typename Op::sum* sums, int) {
        for (std::size_t t = 0; t < plan.blocks() * detail::device_threads; ++t) {
            if (t < plan.threads) {
                if (plan.width == 4) {
                    detail::take_lanes<4>(plan, op, t, sums);
                } else {
                    detail::take_lanes<1>(plan, op, t, sums);
                }
            } else if (t - plan.threads < plan.left()) {
                detail::take_left(plan, op, t - plan.threads, sums);
            }
        }
        return 0;
    }

    template <class Op>
    static status run(const detail::units_plan& plan, const Op& op, detail::no_sum*, int) {
        for (std::size_t t = 0; t < plan.threads; ++t) detail::take_units(plan, op, t);
        return 0;
    }

    template <class Plan, class Op>
    static status finish(const Plan& plan, const Op& op, const typename Op::sum* sums, int) {
        for (std::size_t channel = 0; channel < plan.channels; ++channel) {
            std::vector<typename Op::sum> held;
            for (unsigned t = 0; t < detail::device_threads; ++t) {
                held.push_back(detail::gather(plan, sums, channel, t));
            }
            op.finish(channel, sum_of(held), plan.outer * plan.inner);
        }
        return 0;
    }

    template <class Op>
    static status each(std::size_t count, const Op& op, int) {
        for (std::size_t i = 0; i < count; ++i) op(i);
        return 0;
    }

private:
    template <class Sum>
    static Sum sum_of(std::vector<Sum>& held) {
        for (unsigned reach = detail::device_threads / 2; reach > 0; reach /= 2) {
            for (unsigned t = 0; t < detail::device_threads; ++t) detail::fold(held.data(), t, reach);
        }
        return held[0];
    }
};

/// The functions of cuda, on the host.
template <class Numerics>
using host_kernels = detail::device_kernels<Numerics, host_executor>;

/// Memory of the device: here the host's.
struct host_memory {
    static constexpr int stream = 0;
    static void* allocate(std::size_t bytes) { return ::operator new (bytes, std::align_val_t{256}); }
    static void release(void* p) { ::operator delete (p, std::align_val_t{256}); }
    static void copy(void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
};

}  // namespace cuda_check

#endif  // QGRAFT_TESTS_CUDA_HOST_EXECUTOR_HPP
