// A range policy of one's own: a range that grows at once, and shrinks slowly.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_PEAK_RANGE_HPP
#define IN_HOUSE_PEAK_RANGE_HPP

#include <qgraft/rules/custom_range.hpp>

namespace in_house {

/// low = min(low decay, observed low), high = max(high decay, observed high); for qat_options::custom_range.
inline qgraft::range_bounds peak_range(qgraft::script& s, const qgraft::range_update& u) {
    using qgraft::word;
    const qgraft::tensor low = s.emit(word::mul, {u.stored.low, qgraft::literal{u.ema_decay}}, u.in);
    const qgraft::tensor high = s.emit(word::mul, {u.stored.high, qgraft::literal{u.ema_decay}}, u.in);
    return {s.emit(word::minimum, {low, u.observed.low}, u.in), s.emit(word::maximum, {high, u.observed.high}, u.in)};
}

}  // namespace in_house

#endif
