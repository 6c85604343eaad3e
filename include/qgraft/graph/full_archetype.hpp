// The archetype that satisfies every graph concept, through members of its own: graph_traits is not specialized.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPH_FULL_ARCHETYPE_HPP
#define QGRAFT_GRAPH_FULL_ARCHETYPE_HPP

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <qgraft/graph/shape.hpp>
#include <qgraft/graph/value.hpp>

namespace qgraft {

/// A graph with names, attributes, shapes, control inputs, back edges, and state beside its nodes.
class full_archetype {
public:
    using node = std::size_t;
    using attribute = std::string;

    struct node_data {
        unsigned kind = 0;  ///< whatever a dialect makes of it
        std::string name{};
        std::vector<value<node>> inputs{};
        std::vector<node> controls{};
        tensor_shape shape{};  ///< of each output
        std::map<std::string, attribute, std::less<>> attributes{};
        std::optional<std::size_t> back{};  ///< the operand that closes a loop

        friend bool operator==(const node_data&, const node_data&) = default;
    };

    [[nodiscard]] std::vector<node> nodes() const {
        std::vector<node> all;
        for (node n = 0; n < nodes_.size(); ++n) all.push_back(n);
        return all;
    }
    [[nodiscard]] const std::vector<value<node>>& inputs(node n) const { return nodes_[n].inputs; }
    [[nodiscard]] std::string_view name(node n) const { return nodes_[n].name; }
    [[nodiscard]] const std::vector<node>& control_inputs(node n) const { return nodes_[n].controls; }
    [[nodiscard]] tensor_shape shape(const value<node>& v) const { return nodes_[v.node].shape; }
    [[nodiscard]] bool is_back_edge(node n, std::size_t operand) const { return nodes_[n].back == operand; }
    [[nodiscard]] std::optional<attribute> attribute_of(node n, std::string_view key) const {
        const auto it = nodes_[n].attributes.find(key);
        return it == nodes_[n].attributes.end() ? std::nullopt : std::optional(it->second);
    }

    node add_node(node_data data) {
        nodes_.push_back(std::move(data));
        return nodes_.size() - 1;
    }
    void erase_node(node) { nodes_.pop_back(); }
    void set_input(node n, std::size_t operand, const value<node>& v) { nodes_[n].inputs[operand] = v; }
    void set_attribute(node n, std::string_view key, std::optional<attribute> a) {
        if (a) {
            nodes_[n].attributes.insert_or_assign(std::string(key), *std::move(a));
        } else if (const auto it = nodes_[n].attributes.find(key); it != nodes_[n].attributes.end()) {
            nodes_[n].attributes.erase(it);
        }
    }

    /// A path that no other call has given.
    std::string unique(const std::string& path) {
        const int before = paths_[path]++;
        return before == 0 ? path : path + "_" + std::to_string(before);
    }
    [[nodiscard]] std::map<std::string, int> checkpoint() const { return paths_; }
    void restore(const std::map<std::string, int>& paths) { paths_ = paths; }

    [[nodiscard]] const node_data& at(node n) const { return nodes_[n]; }
    friend bool operator==(const full_archetype&, const full_archetype&) = default;

private:
    std::vector<node_data> nodes_;
    std::map<std::string, int> paths_;
};

}  // namespace qgraft

#endif
