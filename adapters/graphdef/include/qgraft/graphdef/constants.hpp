// Constants of 32-bit floats: reads them from Const operations.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_CONSTANTS_HPP
#define QGRAFT_GRAPHDEF_CONSTANTS_HPP

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/graphdef/messages.hpp>
#include <qgraft/ops/constant.hpp>

namespace qgraft::graphdef {

/// More elements than a message can hold: its size is below 2 GiB.
inline constexpr std::int64_t too_many_floats = std::int64_t{1} << 29U;

/// The number of elements of a shape; none where it is not wholly known, or where they are too many for a message.
template <class ShapeProto>
std::optional<std::int64_t> float_count(const ShapeProto& shape) {
    if (shape.unknown_rank()) return std::nullopt;
    std::int64_t count = 1;
    for (const auto& d : shape.dim()) {
        if (d.size() < 0 || d.size() >= too_many_floats) return std::nullopt;
        count *= d.size();
        if (count >= too_many_floats) return std::nullopt;
    }
    return count;
}

/// The floats of a tensor's message, little-endian bytes or a list whose last element repeats; none where their number
/// does not fit the shape, or they are no 32-bit floats.
template <class TensorProto>
std::optional<constant_tensor> read_floats(const TensorProto& proto) {
    if (static_cast<int>(proto.dtype()) != static_cast<int>(element_type::float32)) return std::nullopt;
    const auto count = float_count(proto.tensor_shape());
    if (!count) return std::nullopt;
    const auto size = static_cast<std::size_t>(*count);
    const std::string& bytes = proto.tensor_content();
    const auto listed = static_cast<std::size_t>(proto.float_val_size());
    if (bytes.empty() ? listed > size : bytes.size() != size * sizeof(float) || listed > 0) return std::nullopt;
    constant_tensor c;
    for (const auto& d : proto.tensor_shape().dim()) c.dims.push_back(d.size());
    c.data.reserve(size);
    for (std::size_t i = 0; i < bytes.size(); i += sizeof(float)) {
        std::uint32_t bits = 0;
        for (unsigned k = 0; k < sizeof(float); ++k) {
            bits |= std::uint32_t{static_cast<unsigned char>(bytes[i + k])} << (8 * k);
        }
        c.data.push_back(std::bit_cast<float>(bits));
    }
    c.data.insert(c.data.end(), proto.float_val().begin(), proto.float_val().end());
    c.data.resize(size, c.data.empty() ? 0.0F : c.data.back());
    return c;
}

/// The floats of a constant node; none for any other node.
template <class NodeDef>
std::optional<constant_tensor> read_constant(const NodeDef& def) {
    if (def.op() != "Const") return std::nullopt;
    const auto* value = find_attribute(def, "value");
    return value == nullptr ? std::nullopt : read_floats(value->tensor());
}

}  // namespace qgraft::graphdef

#endif
