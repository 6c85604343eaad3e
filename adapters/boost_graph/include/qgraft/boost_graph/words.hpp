// words_by_op: a dialect for Boost graphs whose vertices say by a value which operation they are.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_BOOST_GRAPH_WORDS_HPP
#define QGRAFT_BOOST_GRAPH_WORDS_HPP

#include <algorithm>
#include <boost/graph/properties.hpp>
#include <concepts>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include <qgraft/boost_graph/access.hpp>
#include <qgraft/boost_graph/fields.hpp>
#include <qgraft/graph/error.hpp>
#include <qgraft/ops/dialect.hpp>

namespace qgraft::boost_graph {

namespace detail {

/// The Boost graph itself, where a graph type is an index over one.
template <class G>
auto& boost_graph_of(G& g) {
    if constexpr (requires { g.graph(); }) {
        return g.graph();
    } else {
        return g;
    }
}

}  // namespace detail

/// What dialect<G> may derive from where access<BG>::op tells a vertex's operation. `Words` has
///
///     static constexpr word_set spoken                   the words that build() can build
///     static constexpr std::pair<Op, word> table[]       operations and their words; the first that fits counts
///     static constexpr Op number                         the operation of a vertex that holds a number
///   and, where the graph keeps such things,
///     static void set_number(BG&, vertex, double)        what a new number is
///     static void set_params(BG&, vertex, const word_params&)    what else a new vertex says
///
/// An Op compares with the value of access<BG>::op and is assigned to it. Each word becomes one vertex: with the
/// properties of the vertex that it is a copy of, if any, its operation, its name, and its parameters.
template <class G, class Words>
struct words_by_op {
    using node = node_of<G>;
    using BG = std::remove_cvref_t<decltype(detail::boost_graph_of(std::declval<G&>()))>;

    static constexpr word_set spoken = Words::spoken;

    static word classify(const G& g, const node& n) {
        const auto& op = detail::read(access<BG>::op, detail::boost_graph_of(g), n);
        const auto* found =
            std::find_if(Words::table, std::end(Words::table), [&op](const auto& entry) { return op == entry.first; });
        return found == std::end(Words::table) ? word::other : found->second;
    }

    /// Throws rewrite_error for a word that the table has no operation for.
    static value<node> build(editor<G>& e, const instruction<node>& i) {
        const auto* found = std::find_if(Words::table, std::end(Words::table),
                                         [&i](const auto& entry) { return entry.second == i.op; });
        if (found == std::end(Words::table))
            throw rewrite_error(std::string(to_string(i.op)), "is no operation of this graph");
        new_vertex<BG> v;
        for (const auto& o : i.operands) v.inputs.push_back(tensor(e, o));
        if (i.like) v.properties = get(boost::vertex_all, std::as_const(detail::boost_graph_of(e.graph())), *i.like);
        const node made = e.add(std::move(v));
        BG& g = detail::boost_graph_of(e.graph());
        detail::write(access<BG>::op, g, made, found->first);
        if constexpr (requires { access<BG>::name; }) {
            const std::string part(i.hint.empty() ? to_string(i.op) : i.hint);
            detail::write(access<BG>::name, g, made, i.scope.path.empty() ? part : i.scope.path + "/" + part);
        }
        if constexpr (requires { Words::set_params(g, made, i.params); }) Words::set_params(g, made, i.params);
        return {made, 0};
    }

private:
    static value<node> tensor(editor<G>& e, const operand_of<node>& o) {
        if (const auto* t = std::get_if<value<node>>(&o)) return *t;
        const node made = e.add(new_vertex<BG>{});
        BG& g = detail::boost_graph_of(e.graph());
        detail::write(access<BG>::op, g, made, Words::number);
        if constexpr (requires { Words::set_number(g, made, 0.0); }) {
            Words::set_number(g, made, std::get<literal>(o).number);
        }
        return {made, 0};
    }
};

}  // namespace qgraft::boost_graph

#endif
