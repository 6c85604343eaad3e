// The message types that belong to a GraphDef type, and plain access to attributes.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_MESSAGES_HPP
#define QGRAFT_GRAPHDEF_MESSAGES_HPP

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <qgraft/graph/shape.hpp>

namespace qgraft::graphdef {

/// NodeDef, AttrValue and so on of a GraphDef class: the project's own or the host's.
template <class GraphDef>
struct messages {
    using node_def = std::remove_cvref_t<decltype(std::declval<const GraphDef&>().node(0))>;
    using attr_value = typename std::remove_cvref_t<decltype(std::declval<const node_def&>().attr())>::mapped_type;
    using shape_proto = std::remove_cvref_t<decltype(std::declval<const attr_value&>().shape())>;
    using data_type = decltype(std::declval<const attr_value&>().type());
};

/// The numbers of the element types that qgraft writes; those of every DataType enumeration.
enum class element_type : int { float32 = 1, float64 = 2, int32 = 3, int64 = 9, boolean = 10 };

/// The attribute of a node, made when it is missing.
template <class NodeDef>
auto& attribute(NodeDef& def, std::string_view key) {
    return (*def.mutable_attr())[std::string(key)];
}

/// The attribute of a node, or none.
template <class NodeDef>
auto* find_attribute(const NodeDef& def, std::string_view key) {
    const auto it = def.attr().find(std::string(key));
    return it == def.attr().end() ? nullptr : &it->second;
}

/// Sets an attribute to an element type.
template <class NodeDef>
void set_type(NodeDef& def, std::string_view key, element_type type) {
    auto& a = attribute(def, key);
    a.set_type(static_cast<decltype(a.type())>(type));
}

/// A shape as qgraft has it.
template <class ShapeProto>
tensor_shape read_shape(const ShapeProto& proto) {
    if (proto.unknown_rank()) return {};
    std::vector<std::int64_t> dims;
    dims.reserve(static_cast<std::size_t>(proto.dim_size()));
    for (const auto& d : proto.dim()) dims.push_back(d.size() < 0 ? tensor_shape::unknown : d.size());
    return tensor_shape(std::move(dims));
}

/// A shape as the message has it.
template <class ShapeProto>
void write_shape(const tensor_shape& shape, ShapeProto& proto) {
    if (!shape.has_rank()) proto.set_unknown_rank(true);
    for (const std::int64_t d : shape.dims()) proto.add_dim()->set_size(d);
}

}  // namespace qgraft::graphdef

#endif
