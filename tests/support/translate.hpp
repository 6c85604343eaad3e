// Recorded TensorFlow graphs in other graph types and their vocabularies.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_SUPPORT_TRANSLATE_HPP
#define QGRAFT_TESTS_SUPPORT_TRANSLATE_HPP

#include <boost/graph/adjacency_list.hpp>

#include <qgraft/property_tree/dialect.hpp>
#include <qgraft/property_tree/graph.hpp>

#include "boost_graph/network.hpp"
#include "ir.hpp"
#include "support/recorded_graphs.hpp"

namespace qgraft::testing_support {

/// The Boost graph that networks are translated into.
using sketch_network = sketch::network<boost::listS, boost::listS, boost::bidirectionalS>;

/// The network in the vocabulary of the in-house IR. Names, shapes and the order of nodes are kept. A variable that is
/// read, partitioned or not, is one op without operands; a cond that waits for a quantization delay is one op; a node
/// without a word is a foreign op with the same operands. A fused batch norm is one op, and so is a moving average, which
/// TensorFlow spells out. Weights have no data.
in_house::module to_in_house(const tensorflow_graph& g);

/// The network in the vocabulary of tests/boost_graph, likewise. Edges are added with the last operand first.
sketch_network to_sketch(const tensorflow_graph& g);

/// The network as JSON text, likewise: operations have the names of qgraft's words, or TensorFlow's own.
std::string to_json(const tensorflow_graph& g);

}  // namespace qgraft::testing_support

#endif
