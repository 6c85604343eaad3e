// Small graphs for the tests of the adapter, and what they are compared by.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_GRAPHDEF_SKETCH_HPP
#define QGRAFT_TESTS_GRAPHDEF_SKETCH_HPP

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <qgraft/graphdef/dialect.hpp>
#include <qgraft/graphdef/graph.hpp>
#include <qgraft/graphdef/qgraft_graphdef.pb.h>

namespace qgraft::testing_support {

namespace proto = graphdef::proto;
using meta_graph = proto::MetaGraphDef;
using graph = graphdef::basic_graph<proto::GraphDef, meta_graph>;
using bare_graph = graphdef::basic_graph<proto::GraphDef>;
using graphdef::node_ref;

/// The bytes of a message, maps in the order of their keys.
template <class Message>
std::string bytes_of(const Message& m) {
    std::string bytes;
    {
        google::protobuf::io::StringOutputStream stream(&bytes);
        google::protobuf::io::CodedOutputStream coded(&stream);
        coded.SetSerializationDeterministic(true);
        m.SerializeToCodedStream(&coded);
    }
    return bytes;
}

/// A file of tests/data.
template <class Message>
Message read_data(const std::string& name) {
    std::ifstream in(std::string(QGRAFT_TEST_DATA_DIR "/") + name, std::ios::binary);
    Message m;
    if (!m.ParseFromIstream(&in)) throw std::runtime_error("tests/data lacks " + name);
    return m;
}

/// The lines of a text file of tests/data that are no comments.
inline std::vector<std::string> read_lines(const std::string& name) {
    std::ifstream in(std::string(QGRAFT_TEST_DATA_DIR "/") + name);
    if (!in) throw std::runtime_error("tests/data lacks " + name);
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with('#')) all.push_back(line);
    }
    return all;
}

/// A MetaGraphDef to put nodes into.
struct sketch {
    meta_graph meta;

    proto::NodeDef& node(const std::string& name, const std::string& op, const std::vector<std::string>& inputs = {}) {
        proto::NodeDef& n = *meta.mutable_graph_def()->add_node();
        n.set_name(name);
        n.set_op(op);
        for (const std::string& i : inputs) n.add_input(i);
        return n;
    }

    /// A placeholder of these sizes.
    proto::NodeDef& input(const std::string& name, const std::vector<std::int64_t>& sizes) {
        proto::NodeDef& n = node(name, "Placeholder");
        graphdef::write_shape(tensor_shape(sizes), *graphdef::attribute(n, "shape").mutable_shape());
        return n;
    }

    /// A constant of these sizes.
    proto::NodeDef& constant(const std::string& name, const std::vector<std::int64_t>& sizes) {
        proto::NodeDef& n = node(name, "Const");
        auto& value = *graphdef::attribute(n, "value").mutable_tensor();
        graphdef::write_shape(tensor_shape(sizes), *value.mutable_tensor_shape());
        return n;
    }

    /// A node by name.
    proto::NodeDef& at(const std::string& name) {
        for (proto::NodeDef& n : *meta.mutable_graph_def()->mutable_node()) {
            if (n.name() == name) return n;
        }
        throw std::runtime_error("the sketch lacks " + name);
    }
};

/// The nodes from the `first` on: "name = Op(inputs)", and "@device" where there is one.
inline std::vector<std::string> described(const meta_graph& meta, int first = 0) {
    std::vector<std::string> all;
    for (int i = first; i < meta.graph_def().node_size(); ++i) {
        const proto::NodeDef& n = meta.graph_def().node(i);
        std::string line = n.name() + " = " + n.op() + "(";
        for (int k = 0; k < n.input_size(); ++k) line += (k > 0 ? ", " : "") + n.input(k);
        all.push_back(line + ")" + (n.device().empty() ? "" : "@" + n.device()));
    }
    return all;
}

/// An output of the node of this name.
template <class G>
value<node_ref> tensor(const G& g, std::string_view name, std::uint32_t port = 0) {
    const auto n = g.find(name);
    if (!n) throw std::runtime_error("the graph lacks " + std::string(name));
    return {*n, port};
}

}  // namespace qgraft::testing_support

#endif
