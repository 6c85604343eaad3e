// expect: qgraft: a policy's settings_of must be callable with (const layer_of<node>&, layer_settings&)
// A policy whose settings_of takes something else is refused with a sentence, and not ignored.
// SPDX-License-Identifier: Apache-2.0
#include "ir_with_dialect.hpp"

struct policy : qgraft::qat_policy<> {
    static void settings_of(qgraft::layer_settings& s) { s.weights.bits = 4; }
};

void use(ir& g) { qgraft::rewrite_for<qgraft::phase::training, policy>(g); }
