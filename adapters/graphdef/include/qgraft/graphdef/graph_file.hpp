// Graph files with qgraft's own messages, for a program that has none of TensorFlow's.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_GRAPH_FILE_HPP
#define QGRAFT_GRAPHDEF_GRAPH_FILE_HPP

#include <qgraft/graphdef/io.hpp>
#include <qgraft/graphdef/qgraft_graphdef.pb.h>

namespace qgraft::graphdef {

/// A graph file read into qgraft's own message types.
using graph_file = basic_graph_file<proto::MetaGraphDef>;

}  // namespace qgraft::graphdef

#endif
