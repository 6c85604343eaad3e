// All vector kernels, over the vector that has been defined before.
// SPDX-License-Identifier: Apache-2.0

// Included once an instruction set, between begin.hpp and end.hpp.
#include <qgraft/kernels/simd/formulas.hpp>
#include <qgraft/kernels/simd/tensor_loops.hpp>
#include <qgraft/kernels/simd/gradient_output.hpp>
#include <qgraft/kernels/simd/gradient_loops.hpp>
#include <qgraft/kernels/simd/channel_loops.hpp>
#include <qgraft/kernels/simd/channel_gradient_loops.hpp>
#include <qgraft/kernels/simd/storage_loops.hpp>
#include <qgraft/kernels/simd/nudge.hpp>
#include <qgraft/kernels/simd/nudge_loops.hpp>
#include <qgraft/kernels/simd/range_loops.hpp>
