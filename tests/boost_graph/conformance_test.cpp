// Boost graphs conform: every choice of containers.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/graph/adjacency_list.hpp>
#include <memory>
#include <sstream>
#include <string>

#include <qgraft/testing/conformance.hpp>

#include "boost_graph/network_dialect.hpp"

namespace {

using namespace qgraft;
using sketch::kind;

template <class OutEdges, class Vertices>
using two_way = sketch::network<OutEdges, Vertices, boost::bidirectionalS>;
template <class OutEdges, class Vertices>
using one_way = boost_graph::indexed<sketch::network<OutEdges, Vertices, boost::directedS>>;

/// source and weight, a convolution of them, and a product of that with itself.
template <class BG>
void fill(BG& g) {
    const auto add = [&g](kind what, const char* label) {
        sketch::layer l;
        l.what = what;
        l.label = label;
        return add_vertex(l, g);
    };
    const auto source = add(kind::source, "image");
    const auto weight = add(kind::weight, "net/filter");
    const auto conv = add(kind::convolution, "net/conv");
    const auto square = add(kind::product, "net/square");
    add_edge(weight, conv, sketch::wire{.slot = 1}, g);
    add_edge(source, conv, sketch::wire{.slot = 0}, g);
    add_edge(conv, square, sketch::wire{.slot = 1}, g);
    add_edge(conv, square, sketch::wire{.slot = 0}, g);
}

/// A network, or an index with the network that it is over.
template <class G>
struct owner {
    G graph;

    owner() { fill(graph); }
    G& operator*() { return graph; }
    const G& operator*() const { return graph; }
};
template <class BG>
struct owner<boost_graph::indexed<BG>> {
    std::unique_ptr<BG> own = std::make_unique<BG>();
    boost_graph::indexed<BG> graph{(fill(*own), *own)};

    boost_graph::indexed<BG>& operator*() { return graph; }
    const boost_graph::indexed<BG>& operator*() const { return graph; }
};

}  // namespace

TEST_CASE_TEMPLATE("Boost graphs pass the conformance suite", G, two_way<boost::listS, boost::listS>,
                   two_way<boost::listS, boost::vecS>, two_way<boost::vecS, boost::vecS>,
                   one_way<boost::listS, boost::listS>, one_way<boost::vecS, boost::vecS>) {
    using traits = graph_traits<G>;
    const auto make = [] { return owner<G>(); };
    const auto print = [](const G& g) {
        std::ostringstream out;
        for (const auto n : traits::nodes(g)) {
            out << traits::name(g, n);
            for (const auto v : traits::inputs(g, n)) out << ' ' << traits::name(g, v.node) << ':' << v.port;
            for (const auto c : traits::control_inputs(g, n)) out << " ^" << traits::name(g, c);
            out << '\n';
        }
        return out.str();
    };
    const auto new_node = [](G&) {
        typename traits::node_data data;
        data.properties.label = "new";
        return data;
    };
    const auto data = [](G& g) { return value<node_of<G>>{traits::nodes(g)[2], 0}; };
    for (const std::string& failure : testing::check_graph<G>(make, print, new_node, data)) FAIL_CHECK(failure);
}
