// expect: qgraft: graph_traits<G> lacks the type 'node', a regular handle of a node
// A type that nobody has told qgraft about is refused with a sentence, by each entry point.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/qat.hpp>

struct ir {};

void use(ir& g) {
    qgraft::create_training_graph(g);
    qgraft::create_eval_graph(g);
    qgraft::experimental_create_training_graph(g);
    qgraft::experimental_create_eval_graph(g);
    qgraft::rewrite_for<qgraft::phase::training>(g, qgraft::qat_options<ir>{.weight_bits = 4});
    qgraft::rewrite_for<qgraft::phase::training, qgraft::qat_policy<>>(g);
}
