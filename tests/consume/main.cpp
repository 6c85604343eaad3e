// A program of a user: includes what its build found of qgraft, and says so.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/version.hpp>

#include <iostream>

#ifdef CONSUME_GRAPHDEF
#include <qgraft/graphdef/qgraft_graphdef.pb.h>
#endif
#ifdef CONSUME_BOOST_GRAPH
#include <boost/graph/adjacency_list.hpp>
#endif
#ifdef CONSUME_PROPERTY_TREE
#include <qgraft/property_tree/json.hpp>
#endif

static_assert(QGRAFT_VERSION >= 100);

int main() {
    std::cout << "qgraft " << qgraft::version << '\n';
#ifdef CONSUME_GRAPHDEF
    qgraft::graphdef::proto::MetaGraphDef meta;
    meta.mutable_graph_def()->add_node()->set_name("a");
    std::cout << "graphdef: " << meta.graph_def().node_size() << " node\n";
#endif
#ifdef CONSUME_BOOST_GRAPH
    std::cout << "boost_graph: " << num_vertices(boost::adjacency_list<>(1)) << " node\n";
#endif
#ifdef CONSUME_PROPERTY_TREE
    std::cout << "property_tree: " << qgraft::property_tree::read_json("[1]").size() << " value\n";
#endif
}
