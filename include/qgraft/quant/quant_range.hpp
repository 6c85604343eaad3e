// The real range that the integers of a quantized tensor span, as observed and as nudged.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_QUANT_QUANT_RANGE_HPP
#define QGRAFT_QUANT_QUANT_RANGE_HPP

namespace qgraft {

/// A range of real values, in the tensor's unit. Nothing is promised about its order: min > max, NaN and infinities are
/// legal and have defined results (see nudge).
struct quant_range {
    float min = 0.0F;
    float max = 0.0F;

    friend constexpr bool operator==(const quant_range&, const quant_range&) = default;
};

/// A range moved so that zero is one of its integers. Real value of integer q: (q - zero_point) * scale.
struct nudged_range {
    float min = 0.0F;        ///< (qmin - zero_point) * scale
    float max = 0.0F;        ///< (qmax - zero_point) * scale
    float scale = 0.0F;      ///< real distance of two neighbouring integers
    float inv_scale = 0.0F;  ///< (qmax - qmin) / (max - min): not always the rounded 1 / scale
    int zero_point = 0;      ///< the integer that stands for zero
    bool collapsed = false;  ///< the range was 0, 0: everything is quantized to 0 and every gradient passes

    friend constexpr bool operator==(const nudged_range&, const nudged_range&) = default;
};

}  // namespace qgraft

#endif  // QGRAFT_QUANT_QUANT_RANGE_HPP
