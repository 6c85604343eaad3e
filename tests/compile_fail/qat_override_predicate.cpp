// expect: qgraft: an override's predicate is an empty type that is callable with (const layer_facts&) and returns a bool
// A predicate that takes something else is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include "ir_with_dialect.hpp"

struct no_predicate {
    bool operator()(const qgraft::layer_settings&) const;
};
using policy = qgraft::qat<qgraft::weights<qgraft::quant_spec{}>, qgraft::activations<qgraft::quant_spec{}>,
                           qgraft::no_kernels, qgraft::where<no_predicate, qgraft::excluded>>;

void use(ir& g) { qgraft::rewrite_for<qgraft::phase::training, policy>(g); }
