// indexed<BG>: what each node of a Boost graph reads, for graphs that know only what is read from it.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_BOOST_GRAPH_INDEXED_HPP
#define QGRAFT_BOOST_GRAPH_INDEXED_HPP

#include <boost/graph/adjacency_list.hpp>
#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

#include <qgraft/boost_graph/access.hpp>
#include <qgraft/boost_graph/edit.hpp>
#include <qgraft/boost_graph/fields.hpp>
#include <qgraft/graph/traits.hpp>

namespace qgraft::boost_graph {

/// A graph type over a Boost graph with parallel edges, for which access<BG> is specialized.
/// It refers to the user's graph, and changes it in place; nobody else may while this object is in use. The dialect is
/// that of indexed<BG>. It suits directedS, and any graph whose nodes have very many edges.
template <class BG>
class indexed : public detail::attribute_members<BG, indexed<BG>> {
    static_assert(check_access<BG>());

public:
    using node = vertex_of<BG>;
    using node_data = new_vertex<BG>;

    /// Reads every edge once. Throws invalid_graph for two edges of one operand, and for an operand without an edge.
    explicit indexed(BG& g) : graph_(&g) {
        for (const node n : nodes()) reads_.try_emplace(n);
        for (auto [e, last] = edges(g); e != last; ++e) {
            using fields = detail::fields<BG>;
            record& r = reads_.at(target(*e, g));
            if (fields::is_control(g, *e)) {
                r.controls.push_back(source(*e, g));
            } else {
                const value<node> from{source(*e, g), fields::port(g, *e)};
                r.operands.push_back({fields::operand(g, *e), from, fields::is_back(g, *e)});
            }
        }
        for (const node n : nodes()) detail::sort_operands(g, n, reads_.at(n).operands);
    }

    [[nodiscard]] std::vector<node> nodes() const { return detail::all_vertices(std::as_const(*graph_)); }

    [[nodiscard]] std::vector<value<node>> inputs(node n) const {
        std::vector<value<node>> values;
        for (const incoming<BG>& i : reads_.at(n).operands) values.push_back(i.from);
        return values;
    }
    [[nodiscard]] const std::vector<node>& control_inputs(node n) const requires detail::has_control<BG> {
        return reads_.at(n).controls;
    }
    [[nodiscard]] decltype(auto) name(node n) const requires detail::has_name<BG> {
        return detail::read(access<BG>::name, std::as_const(*graph_), n);
    }
    [[nodiscard]] tensor_shape shape(value<node> v) const requires detail::has_shape<BG> {
        return detail::shape_of(std::as_const(*graph_), v.node, v.port);
    }
    [[nodiscard]] bool is_back_edge(node n, std::size_t operand) const requires detail::has_back<BG> {
        return reads_.at(n).operands.at(operand).is_back;
    }

    node add_node(node_data data) {
        record r;
        for (const value<node> v : data.inputs) r.operands.push_back({r.operands.size(), v, false});
        r.controls = data.controls;
        const node n = detail::add_vertex_with_edges(*graph_, std::move(data));
        try {
            reads_.emplace(n, std::move(r));
        } catch (...) {
            clear_vertex(n, *graph_);
            remove_vertex(n, *graph_);
            throw;
        }
        return n;
    }
    /// Takes a node back that nothing reads. Throws rewrite_error for a numbered vertex that is not the last.
    void erase_node(node n) {
        detail::require_erasable(*graph_, n);
        const auto taken = reads_.extract(n);
        for (const incoming<BG>& i : taken.mapped().operands) remove_edge(i.from.node, n, *graph_);
        for (const node c : taken.mapped().controls) remove_edge(c, n, *graph_);
        remove_vertex(n, *graph_);
    }
    void set_input(node n, std::size_t operand, value<node> v) {
        value<node>& from = reads_.at(n).operands.at(operand).from;
        detail::move_edge(*graph_, n, operand, from.node, v);
        from = v;
    }

    /// The user's graph.
    [[nodiscard]] const BG& graph() const noexcept { return *graph_; }
    [[nodiscard]] BG& graph() noexcept { return *graph_; }

private:
    struct record {
        std::vector<incoming<BG>> operands;
        std::vector<node> controls;
    };

    BG* graph_;
    std::unordered_map<node, record> reads_;
};

}  // namespace qgraft::boost_graph

#endif
