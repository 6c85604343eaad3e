// expect: qgraft: widths needs one or more numbers of bits from 2 to 16
// A list of widths with one that cannot be is refused.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/quant/quant_spec.hpp>

int levels(const qgraft::quant_spec& spec) {
    return qgraft::dispatch_bits<qgraft::widths<4, 8, 32>>(spec.bits, [](auto bits) { return 1 << bits(); });
}
