// The ops on NVIDIA's GPUs: qgraft's CUDA kernels, on the stream of TensorFlow's device.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <span>

#include <absl/status/status.h>
#include <absl/strings/str_cat.h>
#include <tensorflow/core/framework/device_base.h>
#include <tensorflow/core/framework/op_kernel.h>
#include <xla/stream_executor/stream.h>

#include "cuda.hpp"
#include "kernels.hpp"

namespace {

using fake_quant::ranges;
using fake_quant::task;

/// What computes on a GPU; see kernels.hpp. Nothing is waited for.
struct gpu {
    template <ranges Ranges>
    static void forward(tensorflow::OpKernelContext* context, const task& t, const float* in, float* out) {
        report(context, fake_quant::cuda_forward<Ranges>(t, in, out, stream_of(context)));
    }

    template <ranges Ranges>
    static void gradient(tensorflow::OpKernelContext* context, const task& t, const float* grad, const float* in,
                         const fake_quant::outputs& to) {
        // What the stream has yet to do with this memory is done before another op of the stream has it.
        const std::size_t size = fake_quant::cuda_workspace_size(t);
        tensorflow::Tensor memory;
        OP_REQUIRES_OK(context,
                       context->allocate_temp(tensorflow::DT_UINT8, {static_cast<std::int64_t>(size)}, &memory));
        const std::span workspace(reinterpret_cast<std::byte*>(memory.data()), size);
        report(context, fake_quant::cuda_gradient<Ranges>(t, grad, in, to, workspace, stream_of(context)));
    }

private:
    static void* stream_of(tensorflow::OpKernelContext* context) {
        return context->op_device_context()->stream()->platform_specific_handle().stream;
    }

    static void report(tensorflow::OpKernelContext* context, const char* trouble) {
        if (trouble != nullptr) context->SetStatus(absl::InternalError(absl::StrCat("CUDA says: ", trouble)));
    }
};

}  // namespace

REGISTER_FAKE_QUANT_KERNELS(tensorflow::DEVICE_GPU, gpu);
