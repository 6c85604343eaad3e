// The adapter alone: edges in any order, edges with more to say, outputs, control edges, loops, numbered vertices.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/graph/adjacency_list.hpp>
#include <cstddef>
#include <qgraft/boost_graph/erase.hpp>
#include <qgraft/boost_graph/graph.hpp>
#include <qgraft/boost_graph/indexed.hpp>
#include <qgraft/graph/concepts.hpp>
#include <string>
#include <vector>

namespace {

using namespace qgraft;

struct station {
    std::string called;
};

struct slot_only {
    std::size_t slot = 0;
};
using bare = boost::adjacency_list<boost::listS, boost::vecS, boost::bidirectionalS, station, slot_only>;

struct rich_edge {
    std::size_t slot = 0;
    int port = 0;
    bool order = false;
    bool back = false;
    int colour = 0;
};
template <class OutEdges, class Vertices, class Direction>
using rich = boost::adjacency_list<OutEdges, Vertices, Direction, station, rich_edge>;

}  // namespace

template <>
struct qgraft::boost_graph::access<bare> {
    static constexpr auto operand = &slot_only::slot;
};

template <class OutEdges, class Vertices, class Direction>
struct qgraft::boost_graph::access<rich<OutEdges, Vertices, Direction>> {
    static constexpr auto operand = &rich_edge::slot;
    static constexpr auto port = &rich_edge::port;
    static constexpr auto is_control = &rich_edge::order;
    static constexpr auto is_back = &rich_edge::back;
    static constexpr auto name = [](const station& s) { return "at " + s.called; };
};

namespace {

/// c reads b, output 3, and a, through edges added in the other order; d runs after c.
template <class G, class BG>
struct chain {
    BG own;
    node_of<G> a = add_vertex(station{"a"}, own);
    node_of<G> b = add_vertex(station{"b"}, own);
    node_of<G> c = add_vertex(station{"c"}, own);
    node_of<G> d = add_vertex(station{"d"}, own);

    chain() {
        add_edge(a, c, rich_edge{.slot = 1, .colour = 7}, own);
        add_edge(b, c, rich_edge{.slot = 0, .port = 3, .colour = 8}, own);
        add_edge(c, d, rich_edge{.order = true}, own);
        add_edge(d, d, rich_edge{.slot = 0, .back = true}, own);
    }

    [[nodiscard]] int colour(node_of<G> from, node_of<G> to) const {
        const auto [e, found] = edge(from, to, own);
        return found ? own[e].colour : -1;
    }
};

template <class Graph>
struct of {
    using graph = Graph;
    using own = Graph;
    static graph& open(own& g) { return g; }
};
template <class BG>
struct of<boost_graph::indexed<BG>> {
    using graph = boost_graph::indexed<BG>;
    using own = BG;
    static graph open(own& g) { return graph(g); }
};

#define RICH_TYPES                                                                                                  \
    rich<boost::listS, boost::listS, boost::bidirectionalS>, rich<boost::vecS, boost::vecS, boost::bidirectionalS>, \
        boost_graph::indexed<rich<boost::listS, boost::listS, boost::directedS>>,                                   \
        boost_graph::indexed<rich<boost::vecS, boost::vecS, boost::directedS>>,                                     \
        boost_graph::indexed<rich<boost::listS, boost::vecS, boost::bidirectionalS>>

}  // namespace

TEST_CASE_TEMPLATE("operands come in the order that edges say", G, RICH_TYPES) {
    using traits = graph_traits<G>;
    static_assert(mutable_graph<G> && named_graph<G> && control_graph<G>);
    static_assert(!shaped_graph<G>);
    chain<G, typename of<G>::own> x;
    auto&& g = of<G>::open(x.own);
    const std::vector<value<node_of<G>>> expected{{x.b, 3}, {x.a, 0}};
    CHECK(traits::inputs(g, x.c) == expected);
    CHECK(traits::name(g, x.c) == "at c");
    CHECK(traits::control_inputs(g, x.d) == std::vector{x.c});
    CHECK(traits::is_back_edge(g, x.d, 0));
    CHECK_FALSE(traits::is_back_edge(g, x.c, 0));
}

TEST_CASE_TEMPLATE("a redirected operand keeps what its edge says beside", G, RICH_TYPES) {
    using traits = graph_traits<G>;
    chain<G, typename of<G>::own> x;
    auto&& g = of<G>::open(x.own);
    traits::set_input(g, x.c, 1, value<node_of<G>>{x.b, 2});
    const std::vector<value<node_of<G>>> both_of_b{{x.b, 3}, {x.b, 2}};
    CHECK(traits::inputs(g, x.c) == both_of_b);
    CHECK(x.colour(x.a, x.c) == -1);
    CHECK(num_edges(x.own) == 4);
    traits::set_input(g, x.c, 1, value<node_of<G>>{x.a, 0});
    CHECK(x.colour(x.a, x.c) == 7);
    CHECK(x.colour(x.b, x.c) == 8);
    traits::set_input(g, x.c, 0, value<node_of<G>>{x.b, 1});
    const std::vector<value<node_of<G>>> other_port{{x.b, 1}, {x.a, 0}};
    CHECK(traits::inputs(g, x.c) == other_port);
    CHECK(num_edges(x.own) == 4);
}

TEST_CASE_TEMPLATE("nodes are added with their edges, and taken back", G, RICH_TYPES) {
    using traits = graph_traits<G>;
    chain<G, typename of<G>::own> x;
    auto&& g = of<G>::open(x.own);
    const auto n = traits::add_node(g, typename traits::node_data{station{"n"}, {{x.a, 0}, {x.b, 1}, {x.a, 2}}, {x.c}});
    const std::vector<value<node_of<G>>> expected{{x.a, 0}, {x.b, 1}, {x.a, 2}};
    CHECK(traits::inputs(g, n) == expected);
    CHECK(traits::control_inputs(g, n) == std::vector{x.c});
    CHECK(traits::nodes(g).size() == 5);
    traits::erase_node(g, n);
    CHECK(traits::nodes(g).size() == 4);
    CHECK(num_edges(x.own) == 4);
}

TEST_CASE("a graph may have neither ports nor names nor control edges") {
    static_assert(mutable_graph<bare> && !named_graph<bare> && !control_graph<bare> && !shaped_graph<bare>);
    using traits = graph_traits<bare>;
    bare g;
    const auto a = add_vertex(station{"a"}, g);
    const auto b = traits::add_node(g, {station{"b"}, {{a, 0}}, {}});
    CHECK(traits::inputs(g, b) == std::vector{value{a, 0U}});
    CHECK_THROWS_WITH_AS(traits::set_input(g, b, 0, {a, 1}), "this graph's edges cannot read output 1", rewrite_error);
    CHECK_THROWS_AS(traits::add_node(g, {station{"c"}, {{a, 1}}, {}}), rewrite_error);
    CHECK_THROWS_AS(traits::add_node(g, {station{"c"}, {{a, 0}}, {b}}), rewrite_error);
    CHECK(num_vertices(g) == 2);
    CHECK(num_edges(g) == 1);
}

TEST_CASE("of numbered vertices only the last can be erased") {
    using G = rich<boost::listS, boost::vecS, boost::bidirectionalS>;
    chain<G, G> x;
    CHECK_THROWS_WITH_AS(graph_traits<G>::erase_node(x.own, x.b),
                         "at b: is not the last vertex, and only that one can be erased", rewrite_error);
    CHECK(num_edges(x.own) == 4);
}

TEST_CASE_TEMPLATE("what nothing reads is erased where the other vertices keep their descriptors", G,
                   rich<boost::listS, boost::listS, boost::bidirectionalS>,
                   boost_graph::indexed<rich<boost::vecS, boost::listS, boost::directedS>>) {
    using traits = graph_traits<G>;
    using node_data = typename traits::node_data;
    static_assert(boost_graph::erasable_graph<G>);
    chain<G, typename of<G>::own> x;
    auto&& g = of<G>::open(x.own);
    const auto p = traits::add_node(g, node_data{station{"p"}, {{x.a, 0}, {x.c, 1}}, {}});
    const auto q = traits::add_node(g, node_data{station{"q"}, {{p, 0}, {p, 1}}, {}});
    const auto r = traits::add_node(g, node_data{station{"r"}, {{x.b, 0}}, {}});
    const auto kept = [&](auto n) { return n != q && n != r; };
    CHECK_THROWS_AS(boost_graph::erase_unread(g, [](auto) -> bool { throw 1; }), int);
    CHECK(boost_graph::erase_unread(g, kept) == 0);
    CHECK(boost_graph::erase_unread(g, [&](auto n) { return n != r; }) == 2);
    // d runs after c, and reads itself.
    CHECK(traits::nodes(g) == std::vector{x.a, x.b, x.c, x.d, r});
    CHECK(num_edges(x.own) == 5);
}

static_assert(mutable_graph<rich<boost::listS, boost::vecS, boost::bidirectionalS>>);
static_assert(!boost_graph::erasable_graph<rich<boost::listS, boost::vecS, boost::bidirectionalS>>);
static_assert(!boost_graph::erasable_graph<boost_graph::indexed<rich<boost::listS, boost::vecS, boost::directedS>>>);
