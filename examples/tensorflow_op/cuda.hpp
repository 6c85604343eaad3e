// What is compiled by nvcc, as it looks from outside: neither CUDA nor TensorFlow in it.
// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_OP_CUDA_HPP
#define TENSORFLOW_OP_CUDA_HPP

#include <cstddef>
#include <span>

#include "task.hpp"

namespace fake_quant {

/// Puts the work on a stream, a cudaStream_t; all pointers are of the device's memory. Returns what CUDA's runtime says
/// is wrong, or null. Throws qgraft::quant_error.
template <ranges Ranges>
const char* cuda_forward(const task& t, const float* in, float* out, void* stream);

/// The bytes of workspace that a gradient needs, of the device's memory.
std::size_t cuda_workspace_size(const task& t);

/// The same for a gradient.
template <ranges Ranges>
const char* cuda_gradient(const task& t, const float* grad, const float* in, const outputs& to,
                          std::span<std::byte> workspace, void* stream);

}  // namespace fake_quant

#endif  // TENSORFLOW_OP_CUDA_HPP
