// expect: qgraft: dialect<G> lacks constant_of(const G&, value<node>), which returns an optional<constant_tensor>
// Kernels can fold only where constants can be read.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/fold.hpp>
#include <qgraft/kernels/scalar.hpp>

#include "ir.hpp"

template <>
struct qgraft::dialect<ir> {
    static constexpr word_set spoken = fold_words | constant_fold_words;
    static word classify(const ir&, int);
    static value<int> build(editor<ir>&, const instruction<int>&);
};

void use(ir& g) { qgraft::fold_batch_norms<qgraft::phase::evaluation, qgraft::scalar<>>(g); }
