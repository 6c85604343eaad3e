// expect: qgraft: the settings of layers are decided on by a callable that takes (std::span<const layer_of<node>>, std::span<layer_settings>)
// A callable that takes something else is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include "ir_with_dialect.hpp"

void use(ir& g) {
    qgraft::qat_options<ir> options;
    options.layers = [](qgraft::layer_settings& s) { s.weights.bits = 4; };
    qgraft::rewrite_for<qgraft::phase::training>(g, options);
}
