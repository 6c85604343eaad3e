// expect: qgraft: quantization is exact arithmetic; compile without -ffast-math
// flags: -ffast-math
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/kernels/scalar.hpp>
