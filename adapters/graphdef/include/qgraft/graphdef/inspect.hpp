// What a GraphDef holds at a glance: whether it can be trained, and where its layers are.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_INSPECT_HPP
#define QGRAFT_GRAPHDEF_INSPECT_HPP

#include <cstddef>
#include <string>
#include <string_view>

#include <qgraft/graphdef/classify.hpp>

namespace qgraft::graphdef {

/// Counts of a GraphDef.
struct graph_facts {
    std::size_t variables = 0;            ///< variables, and reads of them
    std::size_t layers = 0;               ///< convolutions and matrix products
    std::size_t layers_in_functions = 0;  ///< those in the function library, which no rewrite reaches

    /// Whether the weights are no variables any more, or not yet: nothing of it can be trained.
    [[nodiscard]] bool is_frozen() const noexcept { return layers > 0 && variables == 0; }
};

/// What to do with a frozen graph.
inline constexpr std::string_view frozen_graph_advice =
    "has layers but no variables: it seems frozen, and quantization-aware training needs variables; export the "
    "training "
    "graph from before freezing (tf.compat.v1.train.export_meta_graph) and rewrite that";

/// Counts what a graph holds.
template <class GraphDef>
graph_facts inspect(const GraphDef& def) {
    constexpr word_set variables{word::variable, word::read_variable};
    graph_facts facts;
    for (const auto& n : def.node()) {
        const word w = word_of_op(n.op());
        facts.layers += foldable_layers.contains(w) ? 1U : 0U;
        facts.variables += variables.contains(w) ? 1U : 0U;
    }
    for (const auto& f : def.library().function()) {
        for (const auto& n : f.node_def())
            facts.layers_in_functions += foldable_layers.contains(word_of_op(n.op())) ? 1U : 0U;
    }
    return facts;
}

}  // namespace qgraft::graphdef

#endif
