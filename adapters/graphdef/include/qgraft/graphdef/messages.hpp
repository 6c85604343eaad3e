// The message types that belong to a GraphDef type, and plain access to attributes.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_MESSAGES_HPP
#define QGRAFT_GRAPHDEF_MESSAGES_HPP

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/common.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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

namespace detail {

/// The bytes of a message, maps in the order of their keys: equal messages give equal bytes.
template <class Message>
std::string deterministic_bytes(const Message& m) {
    std::string bytes;
    bytes.reserve(m.ByteSizeLong());
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    m.SerializeWithCachedSizes(&coded);
    coded.Trim();
    return bytes;
}

/// Adds a field that a message's type does not know.
inline void add_field(google::protobuf::UnknownFieldSet& fields, int number, std::string bytes) {
#if GOOGLE_PROTOBUF_VERSION < 5028000
    *fields.AddLengthDelimited(number) = std::move(bytes);
#else
    fields.AddLengthDelimited(number, std::move(bytes));
#endif
}

/// Takes every field but the nodes out of a graph's message: their bytes. By generated functions alone: protobuf's
/// reflection would first build the descriptors of every message.
template <class GraphDef>
std::string take_all_but_nodes(GraphDef& def) {
    GraphDef* const aside = def.New(def.GetArena());
    const std::unique_ptr<GraphDef> on_heap(def.GetArena() == nullptr ? aside : nullptr);
    aside->mutable_node()->Swap(def.mutable_node());
    std::string rest = deterministic_bytes(def);
    def.Clear();
    aside->mutable_node()->Swap(def.mutable_node());
    return rest;
}

}  // namespace detail

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

/// The integers of a short tensor of 32 or 64 bits each; none where it is no such tensor.
template <class TensorProto>
std::optional<std::vector<std::int64_t>> read_integers(const TensorProto& proto) {
    constexpr std::int64_t longest = 256;
    const auto type = static_cast<element_type>(static_cast<int>(proto.dtype()));
    const std::size_t width = type == element_type::int32 ? 4 : type == element_type::int64 ? 8 : 0;
    std::int64_t count = 1;
    for (const auto& d : proto.tensor_shape().dim()) {
        if (d.size() < 0 || d.size() > longest || (count *= d.size()) > longest) return std::nullopt;
    }
    if (width == 0 || proto.tensor_shape().unknown_rank()) return std::nullopt;
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
    const std::string& bytes = proto.tensor_content();
    if (!bytes.empty() && bytes.size() != numbers.size() * width) return std::nullopt;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (bytes.empty()) {
            // A list that is too short goes on with its last number.
            const int listed = width == 4 ? proto.int_val_size() : proto.int64_val_size();
            const int place = std::min(static_cast<int>(i), listed - 1);
            if (place >= 0) numbers[i] = width == 4 ? std::int64_t{proto.int_val(place)} : proto.int64_val(place);
            continue;
        }
        std::uint64_t bits = 0;
        for (std::size_t b = width; b-- > 0;) bits = bits << 8U | static_cast<unsigned char>(bytes[i * width + b]);
        numbers[i] = width == 4 ? std::int64_t{static_cast<std::int32_t>(static_cast<std::uint32_t>(bits))}
                                : static_cast<std::int64_t>(bits);
    }
    return numbers;
}

}  // namespace qgraft::graphdef

#endif
