// The kernels for NVIDIA's GPUs. For files that nvcc compiles (.cu); no other header includes this one.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_CUDA_HPP
#define QGRAFT_KERNELS_CUDA_HPP

#include <qgraft/kernels/cuda/kernels.hpp>
#include <qgraft/kernels/cuda/launch.hpp>
#include <qgraft/kernels/device_policy.hpp>
#include <qgraft/kernels/numerics.hpp>
#include <qgraft/quant/isa_namespace.hpp>

namespace qgraft {

QGRAFT_ISA_NAMESPACE_BEGIN

#if defined(__CUDACC__)

/// The kernels on the current device; see device_kernel_policy for the functions. A status is a cudaError_t, a stream a
/// cudaStream_t. Same values, bit for bit, as scalar<Numerics>, whatever nvcc's flags; sums of gradients are equal
/// within 1e-6 of the sum of magnitudes, and the same on every device and in every run for the same sizes and
/// alignments of the buffers. Buffers may have any alignment that a float has, but accesses of 128 bits need buffers
/// that are aligned alike. A numerics policy of the user's needs QGRAFT_HOST_DEVICE before its functions.
template <numerics_policy Numerics = tf115>
struct cuda : detail::device_kernels<Numerics, detail::cuda_executor> {};

static_assert(device_kernel_policy<cuda<>>);

#else

template <numerics_policy Numerics = tf115>
struct cuda {
    static_assert(sizeof(Numerics) == 0, "qgraft: qgraft/kernels/cuda.hpp is for files that nvcc compiles (.cu)");
};

#endif

QGRAFT_ISA_NAMESPACE_END

}  // namespace qgraft

#endif  // QGRAFT_KERNELS_CUDA_HPP
