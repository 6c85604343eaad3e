// expect: qgraft: there is no dialect<G> for this graph type
// The verifier refuses a graph type without a dialect with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include "ir.hpp"

#include <qgraft/verify.hpp>

void use(const ir& g) { qgraft::missing_ranges(g, qgraft::target::tflite_uint8); }
