// Functions that a GPU runs as well: what nvcc has to be told, and nothing for any other compiler.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_QUANT_HOST_DEVICE_HPP
#define QGRAFT_QUANT_HOST_DEVICE_HPP

/// Before a function that kernels of CUDA call, too.
#if defined(__CUDACC__)
#define QGRAFT_HOST_DEVICE __host__ __device__
#else
#define QGRAFT_HOST_DEVICE
#endif

/// Before a loop over an array that is to lie in registers.
#if defined(__CUDA_ARCH__)
#define QGRAFT_UNROLL _Pragma("unroll")
#else
#define QGRAFT_UNROLL
#endif

#endif  // QGRAFT_QUANT_HOST_DEVICE_HPP
