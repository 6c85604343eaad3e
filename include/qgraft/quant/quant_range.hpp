// The real range that the integers of a quantized tensor span, as observed and as nudged.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_QUANT_QUANT_RANGE_HPP
#define QGRAFT_QUANT_QUANT_RANGE_HPP

#include <qgraft/quant/isa_namespace.hpp>

namespace qgraft {

/// A range of real values, in the tensor's unit. Nothing is promised about its order: min > max, NaN and infinities are
/// legal and have defined results (see nudge).
struct quant_range {
    float min = 0.0F;
    float max = 0.0F;

    QGRAFT_ALWAYS_INLINE friend constexpr bool operator==(const quant_range& a, const quant_range& b) noexcept {
        return a.min == b.min && a.max == b.max;
    }
};

/// A range moved so that zero is one of its integers, with all that is computed once a range. Real value of integer q:
/// (q - zero_point) * scale, but see to_real of the numerics policies for its last bit.
struct nudged_range {
    float min = 0.0F;         ///< (qmin - zero_point) * scale
    float max = 0.0F;         ///< (qmax - zero_point) * scale
    float scale = 0.0F;       ///< real distance of two neighbouring integers
    float inv_scale = 0.0F;   ///< what values are multiplied with where the formula does not divide; see each policy
    int zero_point = 0;       ///< the integer that stands for zero
    bool collapsed = false;   ///< the range was 0, 0: everything is quantized to 0 and every gradient passes
    int qmin = 0;             ///< the lowest integer
    int qmax = 0;             ///< the highest integer
    float quant_zero = 0.0F;  ///< where TensorFlow 2 has its zero, counted from qmin; 0 for other policies

    QGRAFT_ALWAYS_INLINE friend constexpr bool operator==(const nudged_range& a, const nudged_range& b) noexcept {
        return a.min == b.min && a.max == b.max && a.scale == b.scale && a.inv_scale == b.inv_scale &&
               a.zero_point == b.zero_point && a.collapsed == b.collapsed && a.qmin == b.qmin && a.qmax == b.qmax &&
               a.quant_zero == b.quant_zero;
    }
};

}  // namespace qgraft

#endif  // QGRAFT_QUANT_QUANT_RANGE_HPP
