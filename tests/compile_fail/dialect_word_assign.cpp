// expect: qgraft: dialect<G>::spoken lacks the word 'assign', which this rule builds
// Training needs to store ranges.
// SPDX-License-Identifier: Apache-2.0
#include "ir.hpp"

template <>
struct qgraft::dialect<ir> {
    static constexpr word_set spoken{word::variable,   word::reduce_min, word::reduce_max, word::minimum,
                                     word::maximum,    word::div,        word::mul,        word::ema_update,
                                     word::after_step, word::select,     word::fake_quant};
    static word classify(const ir&, int);
    static value<int> build(editor<ir>&, const instruction<int>&);
};

void use(ir& g) { qgraft::create_training_graph(g); }
