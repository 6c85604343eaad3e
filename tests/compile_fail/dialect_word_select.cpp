// expect: qgraft: dialect<G>::spoken lacks the word 'select', which this rule builds
// A delay needs a choice of two values.
// SPDX-License-Identifier: Apache-2.0
#include "ir.hpp"

template <>
struct qgraft::dialect<ir> {
    static constexpr word_set spoken{word::variable,   word::reduce_min, word::reduce_max, word::minimum,
                                     word::maximum,    word::div,        word::mul,        word::assign,
                                     word::ema_update, word::after_step, word::fake_quant};
    static word classify(const ir&, int);
    static value<int> build(editor<ir>&, const instruction<int>&);
};

void use(ir& g) { qgraft::create_eval_graph(g); }
