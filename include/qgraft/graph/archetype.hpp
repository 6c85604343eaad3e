// Archetypes: graph types that have what the concepts ask for and nothing else. What compiles with them asks no more
// than it says. They also run, so that tests can look at what was built.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPH_ARCHETYPE_HPP
#define QGRAFT_GRAPH_ARCHETYPE_HPP

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include <qgraft/graph/traits.hpp>
#include <qgraft/graph/value.hpp>

namespace qgraft {

/// The least handle: regular and hashable. It has no order, no number, no text.
class archetype_node {
public:
    archetype_node() = default;
    friend bool operator==(const archetype_node& a, const archetype_node& b) { return a.place_ == b.place_; }

private:
    friend class archetype_graph;
    friend struct std::hash<archetype_node>;

    explicit archetype_node(std::size_t place) : place_(place) {}

    std::size_t place_ = static_cast<std::size_t>(-1);
};

}  // namespace qgraft

template <>
struct std::hash<qgraft::archetype_node> {
    std::size_t operator()(const qgraft::archetype_node& n) const { return n.place_; }
};

namespace qgraft {

/// The least range of `T`: it is read once, from begin to an end of another type; its elements convert to `T`. Neither
/// it nor its iterators can be copied or moved.
template <class T>
class archetype_range {
public:
    class element {
    public:
        explicit element(const T& of) : of_(of) {}
        element(const element&) = delete;
        element& operator=(const element&) = delete;
        operator T() const { return of_; }

    private:
        const T& of_;
    };

    class end_mark {};

    class iterator {
    public:
        explicit iterator(const archetype_range& of) : of_(of) {}
        iterator(const iterator&) = delete;
        iterator& operator=(const iterator&) = delete;
        element operator*() const { return element(of_.elements_[at_]); }
        void operator++() { ++at_; }
        bool operator!=(end_mark) const { return at_ < of_.elements_.size(); }

    private:
        const archetype_range& of_;
        std::size_t at_ = 0;
    };

    explicit archetype_range(std::vector<T> elements) : elements_(std::move(elements)) {}
    archetype_range(const archetype_range&) = delete;
    archetype_range& operator=(const archetype_range&) = delete;

    [[nodiscard]] iterator begin() { return iterator(*this); }
    [[nodiscard]] end_mark end() { return {}; }

private:
    std::vector<T> elements_;
};

/// The least node_data: it can be moved, once.
class archetype_data {
public:
    /// `kind` is whatever a dialect makes of it.
    archetype_data(unsigned kind, std::vector<value<archetype_node>> inputs)
        : kind_(kind), inputs_(std::move(inputs)) {}
    archetype_data(archetype_data&&) = default;
    archetype_data(const archetype_data&) = delete;
    archetype_data& operator=(const archetype_data&) = delete;

private:
    friend class archetype_graph;

    unsigned kind_;
    std::vector<value<archetype_node>> inputs_;
};

/// The least mutable_graph. It has no default constructor, cannot be copied or moved, and its nodes have no names.
class archetype_graph {
public:
    /// A graph of one node, of this kind, without operands.
    explicit archetype_graph(unsigned kind) { append(archetype_data(kind, {})); }
    archetype_graph(const archetype_graph&) = delete;
    archetype_graph& operator=(const archetype_graph&) = delete;

    /// The node that the constructor has made.
    [[nodiscard]] archetype_node first() const { return archetype_node(0); }
    [[nodiscard]] unsigned kind_of(archetype_node n) const { return nodes_[n.place_].kind_; }
    [[nodiscard]] const std::vector<value<archetype_node>>& operands_of(archetype_node n) const {
        return nodes_[n.place_].inputs_;
    }

    archetype_node append(archetype_data data) {
        nodes_.push_back(std::move(data));
        return archetype_node(nodes_.size() - 1);
    }
    void remove_last() { nodes_.pop_back(); }
    void redirect(archetype_node n, std::size_t operand, value<archetype_node> v) {
        nodes_[n.place_].inputs_[operand] = v;
    }
    [[nodiscard]] std::vector<archetype_node> all() const {
        std::vector<archetype_node> nodes;
        for (std::size_t i = 0; i < nodes_.size(); ++i) nodes.push_back(archetype_node(i));
        return nodes;
    }

private:
    std::vector<archetype_data> nodes_;
};

template <>
struct graph_traits<archetype_graph> {
    using node = archetype_node;
    using node_data = archetype_data;

    /// What add_node returns: it converts to the node.
    class added {
    public:
        explicit added(node n) : node_(n) {}
        added(const added&) = delete;
        added& operator=(const added&) = delete;
        operator node() const { return node_; }

    private:
        node node_;
    };

    static archetype_range<node> nodes(const archetype_graph& g) { return archetype_range<node>(g.all()); }
    static archetype_range<value<node>> inputs(const archetype_graph& g, const node& n) {
        return archetype_range<value<node>>(g.operands_of(n));
    }
    static added add_node(archetype_graph& g, node_data&& data) { return added(g.append(std::move(data))); }
    static void erase_node(archetype_graph& g, const node&) { g.remove_last(); }
    static void set_input(archetype_graph& g, const node& n, std::size_t operand, const value<node>& v) {
        g.redirect(n, operand, v);
    }
};

}  // namespace qgraft

#endif
