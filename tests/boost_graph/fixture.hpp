// A user's Boost graph, built by labels, for tests over every choice of containers.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_BOOST_GRAPH_FIXTURE_HPP
#define QGRAFT_TESTS_BOOST_GRAPH_FIXTURE_HPP

#include <boost/graph/adjacency_list.hpp>
#include <cstddef>
#include <initializer_list>
#include <map>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include <qgraft/qat.hpp>

#include "boost_graph/network_dialect.hpp"

namespace sketch {

using namespace qgraft;

template <class OutEdges, class Vertices>
using two_way = network<OutEdges, Vertices, boost::bidirectionalS>;
template <class OutEdges, class Vertices>
using one_way = boost_graph::indexed<network<OutEdges, Vertices, boost::directedS>>;

/// The user's graph of a graph type.
template <class G>
struct storage {
    using type = G;
};
template <class BG>
struct storage<boost_graph::indexed<BG>> {
    using type = BG;
};

/// A user's graph, and the graph type that qgraft is given.
template <class G>
struct fixture {
    using BG = typename storage<G>::type;
    using node = node_of<G>;

    BG own;
    std::map<std::string, node> by_label;

    node add(kind what, const std::string& label, std::initializer_list<std::string> inputs = {}) {
        layer l;
        l.what = what;
        l.label = label;
        const node n = add_vertex(l, own);
        // Edges are added from the last operand to the first: their order must not matter.
        for (std::size_t i = inputs.size(); i-- > 0;) {
            add_edge(by_label.at(inputs.begin()[i]), n, wire{.slot = static_cast<int>(i)}, own);
        }
        by_label[label] = n;
        return n;
    }

    node clamp(const std::string& label, const std::string& input, double high) {
        const node n = add(kind::clamp, label, {input});
        own[n].low = 0;
        own[n].high = high;
        return n;
    }

    /// conv, offset, clamp to [0, 6], and a pool that reads them.
    void make_layer() {
        add(kind::source, "image");
        add(kind::weight, "net/filter");
        add(kind::weight, "net/offsets");
        add(kind::convolution, "net/conv", {"image", "net/filter"});
        add(kind::offset, "net/shifted", {"net/conv", "net/offsets"});
        clamp("net/clamped", "net/shifted", 6);
        add(kind::pool, "pool", {"net/clamped"});
    }

    /// Calls f with the graph as qgraft is given it.
    template <class F>
    auto with_graph(F f) {
        if constexpr (std::is_same_v<G, BG>) {
            return f(own);
        } else {
            G g(own);
            return f(g);
        }
    }

    /// Every node with its properties and operands, in order.
    [[nodiscard]] std::string text() {
        return with_graph([this](G& g) {
            std::ostringstream out;
            for (const node n : graph_traits<G>::nodes(g)) {
                const layer& l = own[n];
                out << static_cast<int>(l.what) << ' ' << l.label << ' ' << l.low << ' ' << l.high << ' ' << l.number
                    << ' ' << l.step << ' ' << l.bits << ' ' << l.leaves_out_lowest;
                for (const value<node> v : graph_traits<G>::inputs(g, n))
                    out << ' ' << own[v.node].label << ':' << v.port;
                out << '\n';
            }
            return out.str();
        });
    }

    [[nodiscard]] std::vector<node> all(kind what) {
        std::vector<node> found;
        for (auto [v, last] = vertices(own); v != last; ++v) {
            if (own[*v].what == what) found.push_back(*v);
        }
        return found;
    }

    /// What operand `i` of a node reads.
    [[nodiscard]] value<node> input(node n, std::size_t i) {
        return with_graph([&](G& g) { return graph_traits<G>::inputs(g, n)[i]; });
    }
    [[nodiscard]] node input(const std::string& label, std::size_t i) { return input(by_label.at(label), i).node; }

    template <phase P>
    report rewrite(const qat_options<G>& options = {}) {
        return with_graph([&](G& g) { return rewrite_for<P>(g, options); });
    }
};

}  // namespace sketch

#endif
