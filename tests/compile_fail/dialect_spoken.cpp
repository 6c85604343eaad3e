// expect: qgraft: dialect<G> lacks the constant 'spoken', the word_set it can build
// A dialect that does not say what it can build is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include "ir.hpp"

template <>
struct qgraft::dialect<ir> {
    static word classify(const ir&, int);
    static value<int> build(editor<ir>&, const instruction<int>&);
};

void use(ir& g) { qgraft::create_training_graph(g); }
