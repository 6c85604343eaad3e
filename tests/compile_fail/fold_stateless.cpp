// expect: qgraft: this graph has no state (its dialect speaks neither variable nor assign), which training and trained ranges need
// A graph without state cannot fold what a network in training has.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/fold.hpp>

#include "ir.hpp"

template <>
struct qgraft::dialect<ir> {
    static constexpr word_set spoken{word::add,     word::sub,            word::mul,    word::rsqrt,
                                     word::reshape, word::batch_to_space, word::conv2d, word::matmul,
                                     word::depthwise_conv2d};
    static word classify(const ir&, int);
    static value<int> build(editor<ir>&, const instruction<int>&);
};

void use(ir& g) { qgraft::fold_batch_norms<qgraft::phase::training>(g); }
