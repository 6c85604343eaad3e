// expect: qgraft: dialect<G> lacks classify(const G&, node), which returns a word
// A dialect that does not say what a node is is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include "ir.hpp"

template <>
struct qgraft::dialect<ir> {
    static constexpr word_set spoken{word::variable,   word::reduce_min, word::reduce_max, word::minimum,
                                     word::maximum,    word::div,        word::mul,        word::assign,
                                     word::ema_update, word::after_step, word::select,     word::fake_quant};
    static value<int> build(editor<ir>&, const instruction<int>&);
};

void use(ir& g) { qgraft::create_training_graph(g); }
