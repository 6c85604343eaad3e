// Calls qgraft's kernels for NVIDIA's GPUs. Compiled by nvcc, which sees no header of TensorFlow.
// SPDX-License-Identifier: Apache-2.0
#include "cuda.hpp"

#include <cstddef>
#include <span>

#include <cuda_runtime_api.h>

#include <qgraft/kernels/cuda.hpp>
#include <qgraft/kernels/numerics.hpp>

namespace fake_quant {

namespace {

using kernels = qgraft::cuda<qgraft::tf2>;

qgraft::device_ranges ranges_of(const task& t) { return {t.min, t.max, t.channels, 1}; }

const char* said(cudaError_t status) { return status == cudaSuccess ? nullptr : cudaGetErrorString(status); }

}  // namespace

template <ranges Ranges>
const char* cuda_forward(const task& t, const float* in, float* out, void* stream) {
    const std::span values(in, t.size);
    const std::span to(out, t.size);
    auto* const on = static_cast<cudaStream_t>(stream);
    if constexpr (Ranges == ranges::one) {
        return said(kernels::fake_quantize(values, to, ranges_of(t), t.spec, on));
    } else {
        return said(kernels::fake_quantize_channels(values, to, ranges_of(t), t.spec, t.inner, on));
    }
}

std::size_t cuda_workspace_size(const task& t) { return kernels::workspace_size(t.size, t.channels, t.inner); }

template <ranges Ranges>
const char* cuda_gradient(const task& t, const float* grad, const float* in, const outputs& to,
                          std::span<std::byte> workspace, void* stream) {
    const std::span back(grad, t.size);
    const std::span values(in, t.size);
    const std::span dx(to.dx, t.size);
    const qgraft::device_ranges_out sums{to.dmin, to.dmax, t.channels, 1};
    auto* const on = static_cast<cudaStream_t>(stream);
    if constexpr (Ranges == ranges::one) {
        return said(kernels::fake_quantize_gradient(back, values, dx, ranges_of(t), sums, t.spec, workspace, on));
    } else {
        return said(kernels::fake_quantize_channels_gradient(back, values, dx, ranges_of(t), sums, t.spec, t.inner,
                                                             workspace, on));
    }
}

template const char* cuda_forward<ranges::one>(const task&, const float*, float*, void*);
template const char* cuda_forward<ranges::per_channel>(const task&, const float*, float*, void*);
template const char* cuda_gradient<ranges::one>(const task&, const float*, const float*, const outputs&,
                                                std::span<std::byte>, void*);
template const char* cuda_gradient<ranges::per_channel>(const task&, const float*, const float*, const outputs&,
                                                        std::span<std::byte>, void*);

}  // namespace fake_quant
