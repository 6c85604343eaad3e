// Closes what begin.hpp has opened.
// SPDX-License-Identifier: Apache-2.0
#undef QGRAFT_SIMD_ISA
#undef QGRAFT_SIMD_TARGET
#undef QGRAFT_SIMD_APART
#undef QGRAFT_SIMD_ROLLED
#undef QGRAFT_SIMD_FN
#undef QGRAFT_SIMD_KERNEL
