// expect: qgraft: there is no dialect<G> for this graph type
// A graph type without a dialect is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include "ir.hpp"

void use(ir& g) { qgraft::create_training_graph(g); }
