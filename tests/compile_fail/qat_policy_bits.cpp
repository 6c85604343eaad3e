// expect: qgraft: quant_spec bits must be from 2 to 16
// A policy with too few bits is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include "ir_with_dialect.hpp"

using policy = qgraft::qat_policy<qgraft::quant_spec{.bits = 1, .narrow_range = true}>;

void use(ir& g) { qgraft::rewrite_for<qgraft::phase::training, policy>(g); }
