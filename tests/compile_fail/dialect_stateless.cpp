// expect: qgraft: this graph has no state (its dialect speaks neither variable nor assign), which training and trained ranges need
// A graph without state is refused with a sentence about state, not about a word.
// SPDX-License-Identifier: Apache-2.0
#include "ir.hpp"

template <>
struct qgraft::dialect<ir> {
    static constexpr word_set spoken{word::reduce_min, word::reduce_max, word::minimum,    word::maximum,
                                     word::div,        word::mul,        word::ema_update, word::after_step,
                                     word::select,     word::fake_quant};
    static word classify(const ir&, int);
    static value<int> build(editor<ir>&, const instruction<int>&);
};

void use(ir& g) { qgraft::create_training_graph(g); }
