// The ops on the CPU: qgraft's vector kernels, on the threads of TensorFlow's own pool.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tensorflow/core/framework/device_base.h>
#include <tensorflow/core/framework/op_kernel.h>
#include <tensorflow/core/lib/core/threadpool.h>

#include <qgraft/kernels/numerics.hpp>
#include <qgraft/kernels/parallel.hpp>
#include <qgraft/kernels/simd.hpp>
#include <qgraft/quant/quant_range.hpp>

#include "kernels.hpp"

namespace {

/// qgraft's piece_split: runs the pieces on TensorFlow's threads, and on the one that calls.
class tensorflow_threads {
public:
    explicit tensorflow_threads(tensorflow::OpKernelContext* context)
        : pool_(context->device()->tensorflow_cpu_worker_threads()->workers) {}

    void operator()(std::size_t count, qgraft::piece_function piece) const {
        using pool = tensorflow::thread::ThreadPool;
        // The cycles of a piece, about: enough that each is worth a thread.
        const auto cost = pool::SchedulingParams::Adaptive(50000);
        pool_->ParallelFor(static_cast<std::int64_t>(count), cost, [piece](std::int64_t i, std::int64_t end) {
            for (; i < end; ++i) piece(static_cast<std::size_t>(i));
        });
    }

private:
    tensorflow::thread::ThreadPool* pool_;
};

using fake_quant::ranges;
using fake_quant::task;
using kernels = qgraft::parallel<qgraft::simd<qgraft::tf2>, tensorflow_threads>;

/// What computes on the CPU; see kernels.hpp.
struct cpu {
    template <ranges Ranges>
    static void forward(tensorflow::OpKernelContext* context, const task& t, const float* in, float* out) {
        const kernels run({}, tensorflow_threads(context));
        if constexpr (Ranges == ranges::one) {
            run.fake_quantize({in, t.size}, {out, t.size}, {*t.min, *t.max}, t.spec);
        } else {
            run.fake_quantize_channels({in, t.size}, {out, t.size}, ranges_of(t), t.spec, t.inner);
        }
    }

    template <ranges Ranges>
    static void gradient(tensorflow::OpKernelContext* context, const task& t, const float* grad, const float* in,
                         const fake_quant::outputs& to) {
        const kernels run({}, tensorflow_threads(context));
        const std::span dx(to.dx, t.size);
        if constexpr (Ranges == ranges::one) {
            const qgraft::range_gradient d =
                run.fake_quantize_gradient({grad, t.size}, {in, t.size}, dx, {*t.min, *t.max}, t.spec);
            *to.dmin = d.min;
            *to.dmax = d.max;
        } else {
            std::vector<qgraft::range_gradient> d(t.channels);
            run.fake_quantize_channels_gradient({grad, t.size}, {in, t.size}, dx, ranges_of(t), d, t.spec, t.inner);
            for (std::size_t c = 0; c < t.channels; ++c) {
                to.dmin[c] = d[c].min;
                to.dmax[c] = d[c].max;
            }
        }
    }

private:
    static std::vector<qgraft::quant_range> ranges_of(const task& t) {
        std::vector<qgraft::quant_range> all(t.channels);
        for (std::size_t c = 0; c < t.channels; ++c) all[c] = {t.min[c], t.max[c]};
        return all;
    }
};

}  // namespace

REGISTER_FAKE_QUANT_KERNELS(tensorflow::DEVICE_CPU, cpu);
