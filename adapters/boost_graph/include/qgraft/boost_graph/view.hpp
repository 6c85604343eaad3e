// view<G>: any qgraft graph, as Boost.Graph's algorithms read one.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_BOOST_GRAPH_VIEW_HPP
#define QGRAFT_BOOST_GRAPH_VIEW_HPP

#include <boost/graph/adjacency_iterator.hpp>
#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/iterator/counting_iterator.hpp>
#include <boost/iterator/permutation_iterator.hpp>
#include <boost/property_map/property_map.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <qgraft/graph/check.hpp>
#include <qgraft/graph/error.hpp>

namespace qgraft::boost_graph {

/// An edge of a view, from the producer of a tensor to the node that reads it, or between two nodes in order.
struct view_edge {
    std::size_t source = 0;
    std::size_t target = 0;
    std::size_t index = 0;    ///< edges are numbered by target, and there by operand; control edges come last
    std::size_t operand = 0;  ///< which operand of the target it is; of a control edge, 0
    std::uint32_t port = 0;   ///< which output of the source it reads
    bool is_control = false;  ///< it carries no tensor
    bool is_back = false;     ///< it closes a loop

    friend bool operator==(const view_edge& a, const view_edge& b) { return a.index == b.index; }
    friend bool operator<(const view_edge& a, const view_edge& b) { return a.index < b.index; }
};

/// For boost::filtered_graph: the edges that close no loop, so that what is left can be put in order.
struct forward_edges {
    bool operator()(const view_edge& e) const noexcept { return !e.is_back; }
};

/// A graph of Boost's concepts VertexListGraph, EdgeListGraph, BidirectionalGraph and AdjacencyGraph over a
/// readable_graph `G`. A vertex is the place of its node in nodes(G). Nodes and what they hold stay in the graph: the
/// view keeps the ends of the edges, since graph_traits does not know what is read from a node. The graph must outlive
/// the view, and must not change while the view is used. Interior properties: vertex_index, edge_index and, of a
/// named_graph, vertex_name.
template <class G>
class view {
    static_assert(check_readable_graph<G>());

public:
    using node = node_of<G>;

    using vertex_descriptor = std::size_t;
    using edge_descriptor = view_edge;
    using directed_category = boost::bidirectional_tag;
    using edge_parallel_category = boost::allow_parallel_edge_tag;
    struct traversal_category : virtual boost::vertex_list_graph_tag,
                                virtual boost::edge_list_graph_tag,
                                virtual boost::bidirectional_graph_tag,
                                virtual boost::adjacency_graph_tag {};
    using vertices_size_type = std::size_t;
    using edges_size_type = std::size_t;
    using degree_size_type = std::size_t;

    using vertex_iterator = boost::counting_iterator<std::size_t>;
    using edge_iterator = const view_edge*;
    using in_edge_iterator = const view_edge*;
    using out_edge_iterator = boost::permutation_iterator<const view_edge*, const std::size_t*>;
    using adjacency_iterator =
        typename boost::adjacency_iterator_generator<view, vertex_descriptor, out_edge_iterator>::type;

    /// The mark of no vertex.
    static vertex_descriptor null_vertex() noexcept { return static_cast<std::size_t>(-1); }

    /// Reads every edge once. Throws invalid_graph where a node reads one that nodes(G) does not list.
    explicit view(const G& g) : graph_(&g) {
        for (const node n : graph_traits<G>::nodes(g)) nodes_.push_back(n);
        for (std::size_t v = 0; v < nodes_.size(); ++v) vertices_.emplace(nodes_[v], v);
        first_in_.push_back(0);
        for (std::size_t v = 0; v < nodes_.size(); ++v) {
            read_operands(v);
            if constexpr (control_graph<G>) {
                for (const node c : graph_traits<G>::control_inputs(g, nodes_[v])) {
                    append({.source = source_of(c, v), .target = v, .is_control = true});
                }
            }
            first_in_.push_back(edges_.size());
        }
        sort_by_source();
    }
    explicit view(const G&&) = delete;

    /// The graph that is read.
    [[nodiscard]] const G& graph() const noexcept { return *graph_; }
    /// The node at a vertex.
    [[nodiscard]] const node& operator[](vertex_descriptor v) const { return nodes_[v]; }
    /// The vertex of a node; null_vertex() where the graph has no such node.
    [[nodiscard]] vertex_descriptor find(const node& n) const {
        const auto found = vertices_.find(n);
        return found == vertices_.end() ? null_vertex() : found->second;
    }

    /// What Boost calls vertices, edges, in_edges and out_edges.
    [[nodiscard]] std::pair<vertex_iterator, vertex_iterator> all_vertices() const {
        return {vertex_iterator(0), vertex_iterator(nodes_.size())};
    }
    [[nodiscard]] std::pair<edge_iterator, edge_iterator> all_edges() const {
        return {edges_.data(), edges_.data() + edges_.size()};
    }
    [[nodiscard]] std::pair<in_edge_iterator, in_edge_iterator> edges_into(vertex_descriptor v) const {
        return {edges_.data() + first_in_[v], edges_.data() + first_in_[v + 1]};
    }
    [[nodiscard]] std::pair<out_edge_iterator, out_edge_iterator> edges_from(vertex_descriptor v) const {
        return {out_edge_iterator(edges_.data(), by_source_.data() + first_out_[v]),
                out_edge_iterator(edges_.data(), by_source_.data() + first_out_[v + 1])};
    }

private:
    void read_operands(std::size_t v) {
        using traits = graph_traits<G>;
        std::size_t operand = 0;
        for (const value<node> in : traits::inputs(*graph_, nodes_[v])) {
            view_edge e{.source = source_of(in.node, v), .target = v, .operand = operand, .port = in.port};
            if constexpr (qgraft::detail::has_back_edges<G>)
                e.is_back = traits::is_back_edge(*graph_, nodes_[v], operand);
            append(e);
            ++operand;
        }
    }
    void append(view_edge e) {
        e.index = edges_.size();
        edges_.push_back(e);
    }
    [[nodiscard]] std::size_t source_of(const node& n, std::size_t reader) const {
        const std::size_t v = find(n);
        if (v != null_vertex()) return v;
        std::string who;
        if constexpr (named_graph<G>) who = std::string_view(graph_traits<G>::name(*graph_, nodes_[reader]));
        throw invalid_graph(who, "reads a node that the graph does not list");
    }
    void sort_by_source() {
        first_out_.assign(nodes_.size() + 1, 0);
        for (const view_edge& e : edges_) ++first_out_[e.source + 1];
        for (std::size_t v = 0; v < nodes_.size(); ++v) first_out_[v + 1] += first_out_[v];
        std::vector<std::size_t> next = first_out_;
        by_source_.resize(edges_.size());
        for (const view_edge& e : edges_) by_source_[next[e.source]++] = e.index;
    }

    const G* graph_;
    std::vector<node> nodes_;
    std::unordered_map<node, std::size_t> vertices_;
    std::vector<view_edge> edges_;        ///< by target
    std::vector<std::size_t> first_in_;   ///< where in edges_ those into a vertex begin
    std::vector<std::size_t> by_source_;  ///< indices of edges
    std::vector<std::size_t> first_out_;  ///< where in by_source_ those from a vertex begin
};

/// What Boost.Graph's concepts ask for, found by the type of the view.
template <class G>
auto vertices(const view<G>& g) {
    return g.all_vertices();
}
template <class G>
std::size_t num_vertices(const view<G>& g) {
    return static_cast<std::size_t>(g.all_vertices().second - g.all_vertices().first);
}
template <class G>
auto edges(const view<G>& g) {
    return g.all_edges();
}
template <class G>
std::size_t num_edges(const view<G>& g) {
    return static_cast<std::size_t>(g.all_edges().second - g.all_edges().first);
}
template <class G>
auto in_edges(std::size_t v, const view<G>& g) {
    return g.edges_into(v);
}
template <class G>
std::size_t in_degree(std::size_t v, const view<G>& g) {
    return static_cast<std::size_t>(g.edges_into(v).second - g.edges_into(v).first);
}
template <class G>
auto out_edges(std::size_t v, const view<G>& g) {
    return g.edges_from(v);
}
template <class G>
std::size_t out_degree(std::size_t v, const view<G>& g) {
    return static_cast<std::size_t>(g.edges_from(v).second - g.edges_from(v).first);
}
template <class G>
std::size_t degree(std::size_t v, const view<G>& g) {
    return in_degree(v, g) + out_degree(v, g);
}
template <class G>
auto adjacent_vertices(std::size_t v, const view<G>& g) {
    using iterator = typename view<G>::adjacency_iterator;
    const auto [first, last] = g.edges_from(v);
    return std::pair(iterator(first, &g), iterator(last, &g));
}
template <class G>
std::size_t source(const view_edge& e, const view<G>&) {
    return e.source;
}
template <class G>
std::size_t target(const view_edge& e, const view<G>&) {
    return e.target;
}

/// The names of a view's vertices, as a property map.
template <class G>
struct view_names {
    using key_type = std::size_t;
    using value_type = std::string;
    using reference = std::string;
    using category = boost::readable_property_map_tag;

    const view<G>* of = nullptr;

    friend std::string get(const view_names& names, std::size_t v) {
        return std::string(std::string_view(graph_traits<G>::name(names.of->graph(), (*names.of)[v])));
    }
};

/// The numbers of a view's edges, as a property map.
struct view_edge_indices {
    using key_type = view_edge;
    using value_type = std::size_t;
    using reference = std::size_t;
    using category = boost::readable_property_map_tag;

    friend std::size_t get(const view_edge_indices&, const view_edge& e) { return e.index; }
};

/// The interior properties of a view.
template <class G>
auto get(boost::vertex_index_t, const view<G>&) {
    return boost::typed_identity_property_map<std::size_t>();
}
template <class G>
auto get(boost::edge_index_t, const view<G>&) {
    return view_edge_indices();
}
template <named_graph G>
auto get(boost::vertex_name_t, const view<G>& g) {
    return view_names<G>{&g};
}
template <class Tag, class G, class Descriptor>
auto get(Tag tag, const view<G>& g, const Descriptor& d) {
    return get(get(tag, g), d);
}

}  // namespace qgraft::boost_graph

template <class G>
struct boost::property_map<qgraft::boost_graph::view<G>, boost::vertex_index_t> {
    using type = boost::typed_identity_property_map<std::size_t>;
    using const_type = type;
};
template <class G>
struct boost::property_map<qgraft::boost_graph::view<G>, boost::edge_index_t> {
    using type = qgraft::boost_graph::view_edge_indices;
    using const_type = type;
};
template <class G>
struct boost::property_map<qgraft::boost_graph::view<G>, boost::vertex_name_t> {
    using type = qgraft::boost_graph::view_names<G>;
    using const_type = type;
};

#endif
