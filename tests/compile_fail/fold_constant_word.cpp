// expect: qgraft: dialect<G>::spoken lacks the word 'constant', which this rule builds
// Kernels can fold only where constants can be built.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/fold.hpp>
#include <qgraft/kernels/scalar.hpp>

#include "ir.hpp"

template <>
struct qgraft::dialect<ir> {
    static constexpr word_set spoken = fold_words;
    static word classify(const ir&, int);
    static value<int> build(editor<ir>&, const instruction<int>&);
};

void use(ir& g) { qgraft::fold_batch_norms<qgraft::phase::evaluation, qgraft::scalar<>>(g); }
