// What a graph keeps of the nodes that a rewrite has added.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_NEW_NODES_HPP
#define QGRAFT_GRAPHDEF_NEW_NODES_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <qgraft/graph/shape.hpp>
#include <qgraft/graph/value.hpp>
#include <qgraft/graphdef/attributes.hpp>
#include <qgraft/graphdef/messages.hpp>
#include <qgraft/graphdef/node_ref.hpp>
#include <qgraft/graphdef/texts.hpp>

namespace qgraft::graphdef {

/// A new node: everything but its attributes, which are written once it is there. The texts are copied.
struct new_node {
    std::string_view op;
    std::string_view name;  ///< unique already
    std::vector<value<node_ref>> inputs;
    std::vector<node_ref> controls;
    std::string_view device;
};

/// The colocation groups of a node, sorted: the attribute that lists "loc:@name" of each.
using colocation_groups = spelled_value;

/// The new nodes of a graph, by their place among them: what the dialect has said of each, so that nobody needs to look
/// into its message, and where the graph has no messages of them, the bytes of their attributes.
class new_nodes {
public:
    /// What is known of one.
    struct facts {
        std::string_view device{};
        colocation_groups groups{};            ///< no bytes: it says none
        std::optional<element_type> type{};    ///< of a variable
        std::optional<std::int64_t> length{};  ///< of a variable that is a vector
        std::size_t first_shape = 0;
        std::size_t shapes = 0;           ///< none: it does not say its shapes
        std::size_t first_attribute = 0;  ///< where the bytes of its attributes begin, if there is no message
        std::size_t last_attribute = 0;   ///< where the last of these begins, if there are any
        bool is_current = true;           ///< the message, if there is one, says nothing else
    };

    [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
    [[nodiscard]] const facts& operator[](std::size_t i) const { return all_[i]; }

    /// Adds one.
    void add(std::string_view device) {
        all_.push_back({.device = device, .first_shape = shapes_.size(), .first_attribute = attributes_.size()});
    }
    /// Takes the last one back.
    void remove_last() {
        shapes_.resize(all_.back().first_shape);
        attributes_.cut(all_.back().first_attribute);
        all_.pop_back();
    }

    /// Notes facts of the last one.
    void set_device(std::string_view device) { all_.back().device = device; }
    void set_variable(element_type type, std::optional<std::int64_t> length) {
        all_.back().type = type;
        all_.back().length = length;
    }
    void set_groups(colocation_groups groups) { all_.back().groups = groups; }
    void add_shape(tensor_shape shape) {
        shapes_.push_back(std::move(shape));
        ++all_.back().shapes;
    }
    /// Adds an attribute to the bytes of the last one, a value that fields_of() knows: an entry of the map that is
    /// field 5 of a node. Entries are in the order of their keys, as protobuf writes maps when it is to write equal
    /// messages alike.
    template <class Value>
    void add_attribute(std::string_view key, const Value& v) {
        const auto value = fields_of(v);
        const std::size_t value_size = wire::size_of(value);
        const std::size_t pair_size = wire::size_of_field(key.size()) + wire::size_of_field(value_size);
        wire::writer out(make_room(key, wire::size_of_field(pair_size)));
        out.message(5, pair_size, [&](wire::writer& pair) {
            pair.bytes(1, key);
            pair.message(2, value_size, value);
        });
    }

    /// The shapes of the outputs of one of them; none where it does not say.
    [[nodiscard]] std::span<const tensor_shape> shapes(const facts& f) const {
        return std::span(shapes_).subspan(f.first_shape, f.shapes);
    }
    /// The bytes of the attributes of one of them.
    [[nodiscard]] std::string_view attributes(std::size_t i) const {
        const std::size_t end = i + 1 < all_.size() ? all_[i + 1].first_attribute : attributes_.size();
        return attributes_.view().substr(all_[i].first_attribute, end - all_[i].first_attribute);
    }
    /// To call when an attribute is changed by other means: from now on the message counts.
    void forget(std::size_t i) { all_[i].is_current = false; }

    /// Keeps a text for as long as this lives.
    std::string_view keep(std::string_view text) { return texts_.keep(text); }
    /// Keeps a value of an attribute, spelled, for as long as this lives.
    template <class Value>
    spelled_value keep_spelled(const Value& v) {
        const auto value = fields_of(v);
        const std::size_t size = wire::size_of(value);
        wire::writer out(texts_.room_for(size));
        value(out);
        return {texts_.keep({out.end() - size, size})};
    }

private:
    /// Room for the entry of a key among those of the last one.
    [[nodiscard]] char* make_room(std::string_view key, std::size_t size) {
        facts& f = all_.back();
        const std::size_t end = attributes_.size();
        const bool is_last = f.first_attribute == end || !(key < key_at(f.last_attribute));
        const std::size_t place = is_last ? end : place_of(key);
        f.last_attribute = is_last ? end : f.last_attribute + size;
        return attributes_.insert(place, size);
    }
    /// The place of the first entry that comes behind a key; there is one.
    [[nodiscard]] std::size_t place_of(std::string_view key) const {
        std::size_t at = all_.back().first_attribute;
        while (!(key < key_at(at))) {
            const char* inside = attributes_.view().data() + at + 1;
            const auto size = static_cast<std::size_t>(wire::read_varint(inside));
            at = static_cast<std::size_t>(inside - attributes_.view().data()) + size;
        }
        return at;
    }
    /// The key of the entry at a place.
    [[nodiscard]] std::string_view key_at(std::size_t place) const {
        const char* inside = attributes_.view().data() + place + 1;
        wire::read_varint(inside);
        const auto letters = static_cast<std::size_t>(wire::read_varint(++inside));
        return {inside, letters};
    }

    std::vector<facts> all_;
    std::vector<tensor_shape> shapes_;
    wire::buffer attributes_;  ///< of one after the other: only the last one's are written
    text_pool texts_;
};

}  // namespace qgraft::graphdef

#endif
