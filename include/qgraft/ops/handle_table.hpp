// handle_table: the id of each handle of a graph.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_OPS_HANDLE_TABLE_HPP
#define QGRAFT_OPS_HANDLE_TABLE_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <qgraft/ops/view.hpp>

namespace qgraft::detail {

/// The handles of a graph in the order of their ids, and the way back from a handle to its id. A handle that hashes to
/// its own id, as a plain index does, needs no table; the others are in one with open addressing, which asks for no
/// memory of its own a node and compiles in a fraction of the time of std::unordered_map.
template <class Node>
class handle_table {
public:
    [[nodiscard]] std::size_t size() const noexcept { return handles_.size(); }
    [[nodiscard]] const Node& operator[](node_id id) const noexcept { return handles_[id]; }

    [[nodiscard]] std::optional<node_id> find(const Node& n) const {
        const std::size_t hash = std::hash<Node>{}(n);
        if (hash < handles_.size() && handles_[hash] == n) return static_cast<node_id>(hash);
        if (places_.empty()) return std::nullopt;
        for (std::size_t at = first_place(hash); places_[at] != no_node; at = next_place(at)) {
            if (handles_[places_[at]] == n) return places_[at];
        }
        return std::nullopt;
    }

    /// Adds a handle; or, where it is there already, returns its id.
    std::optional<node_id> add(const Node& n) {
        const auto id = static_cast<node_id>(handles_.size());
        const std::size_t hash = std::hash<Node>{}(n);
        if (hash < id && handles_[hash] == n) return static_cast<node_id>(hash);
        if (hash != id && 2 * (held_ + 1) > places_.size()) grow();
        if (!places_.empty()) {
            std::size_t at = first_place(hash);
            for (; places_[at] != no_node; at = next_place(at)) {
                if (handles_[places_[at]] == n) return places_[at];
            }
            if (hash != id) {
                places_[at] = id;
                ++held_;
            }
        }
        handles_.push_back(n);
        return std::nullopt;
    }

private:
    static constexpr unsigned least_bits = 6;

    /// Fibonacci hashing: the hash of a pointer is often the pointer, whose lowest bits tell nothing.
    [[nodiscard]] std::size_t first_place(std::size_t hash) const {
        return static_cast<std::size_t>((std::uint64_t{hash} * 0x9e3779b97f4a7c15U) >> (64U - bits_));
    }
    [[nodiscard]] std::size_t next_place(std::size_t at) const { return (at + 1) & (places_.size() - 1); }

    void put(std::size_t hash, node_id id) {
        std::size_t at = first_place(hash);
        while (places_[at] != no_node) at = next_place(at);
        places_[at] = id;
    }

    void grow() {
        bits_ = places_.empty() ? least_bits : bits_ + 1;
        const std::vector<node_id> before = std::move(places_);
        places_.assign(std::size_t{1} << bits_, no_node);
        for (const node_id id : before) {
            if (id != no_node) put(std::hash<Node>{}(handles_[id]), id);
        }
    }

    std::vector<Node> handles_;
    std::vector<node_id> places_;  ///< a power of two of them, at most half of them held
    std::size_t held_ = 0;
    unsigned bits_ = 0;
};

}  // namespace qgraft::detail

#endif
