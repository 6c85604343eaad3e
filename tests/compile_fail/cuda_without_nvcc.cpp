// expect: qgraft: qgraft/kernels/cuda.hpp is for files that nvcc compiles (.cu)
// The kernels for a GPU are refused where no compiler for one compiles.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/kernels/cuda.hpp>

void quantize(std::span<const float> in, std::span<float> out) {
    qgraft::cuda<>::fake_quantize(in, out, qgraft::quant_range{-1.0F, 1.0F}, {}, nullptr);
}
