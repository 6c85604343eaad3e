// The quantize rules on Boost graphs: every choice of containers, a vocabulary that is nobody else's.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <cstddef>
#include <initializer_list>
#include <map>
#include <qgraft/kernels/scalar.hpp>
#include <qgraft/qat.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "boost_graph/network_dialect.hpp"

namespace {

using namespace qgraft;
using sketch::kind;

template <class OutEdges, class Vertices>
using two_way = sketch::network<OutEdges, Vertices, boost::bidirectionalS>;
template <class OutEdges, class Vertices>
using one_way = boost_graph::indexed<sketch::network<OutEdges, Vertices, boost::directedS>>;

#define GRAPH_TYPES                                                                                                 \
    two_way<boost::listS, boost::listS>, two_way<boost::listS, boost::vecS>, two_way<boost::vecS, boost::listS>,    \
        two_way<boost::vecS, boost::vecS>, one_way<boost::listS, boost::listS>, one_way<boost::listS, boost::vecS>, \
        one_way<boost::vecS, boost::vecS>

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
        sketch::layer l;
        l.what = what;
        l.label = label;
        const node n = add_vertex(l, own);
        // Edges are added from the last operand to the first: their order must not matter.
        for (std::size_t i = inputs.size(); i-- > 0;) {
            add_edge(by_label.at(inputs.begin()[i]), n, sketch::wire{.slot = static_cast<int>(i)}, own);
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
                const sketch::layer& l = own[n];
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

using scalar_policy = qat_policy<quant_spec{.narrow_range = true}, quant_spec{}, scalar<tf115>>;

}  // namespace

TEST_CASE_TEMPLATE("conv, offset and clamp get fake quantization of weights and activation", G, GRAPH_TYPES) {
    fixture<G> f;
    f.make_layer();
    const report r = f.template rewrite<phase::training>();
    CHECK(r.count(outcome::quantized) == 2);

    const auto weights = f.input("net/conv", 1);
    REQUIRE(f.own[weights].what == kind::snap);
    CHECK(f.own[weights].bits == 8);
    CHECK(f.own[weights].leaves_out_lowest);
    CHECK(f.own[f.input(weights, 0).node].label == "net/filter");
    CHECK(f.own[f.input(weights, 1).node].what == kind::write);
    CHECK(f.own[f.input("net/conv", 0)].label == "image");

    const auto activation = f.input("pool", 0);
    REQUIRE(f.own[activation].what == kind::snap);
    CHECK_FALSE(f.own[activation].leaves_out_lowest);
    CHECK(f.own[f.input(activation, 0).node].label == "net/clamped");
    const auto average = f.input(activation, 2).node;
    CHECK(f.own[average].what == kind::moving_average);
    CHECK(f.own[average].number == 0.999);
    const auto larger = f.input(average, 1).node;
    CHECK(f.own[larger].what == kind::larger);
    CHECK(f.own[f.input(larger, 0).node].what == kind::extrema);
    CHECK(f.input(larger, 0).port == 1);
}

TEST_CASE_TEMPLATE("for evaluation, ranges are only read", G, GRAPH_TYPES) {
    fixture<G> f;
    f.make_layer();
    f.template rewrite<phase::evaluation>();
    const auto snaps = f.all(kind::snap);
    REQUIRE(snaps.size() == 2);
    for (const auto n : snaps) {
        CHECK(f.own[f.input(n, 1).node].what == kind::cell);
        CHECK(f.own[f.input(n, 2).node].what == kind::cell);
    }
    CHECK(f.all(kind::moving_average).empty());
    CHECK(f.all(kind::extrema).empty());
}

TEST_CASE_TEMPLATE("before the delay has passed, values go by", G, GRAPH_TYPES) {
    fixture<G> f;
    f.make_layer();
    qat_options<G> options;
    options.quant_delay = 500;
    f.template rewrite<phase::training>(options);
    const auto picked = f.input("pool", 0);
    REQUIRE(f.own[picked].what == kind::pick);
    CHECK(f.own[f.input(picked, 0).node].what == kind::ripe);
    CHECK(f.own[f.input(picked, 0).node].step == 500);
    CHECK(f.own[f.input(picked, 1).node].what == kind::snap);
    CHECK(f.own[f.input(picked, 2).node].label == "net/clamped");
}

TEST_CASE_TEMPLATE("the functor of the policy is in the node", G, GRAPH_TYPES) {
    fixture<G> f;
    f.make_layer();
    f.with_graph([](G& g) { return rewrite_for<phase::training, scalar_policy>(g); });
    for (const auto n : f.all(kind::snap)) {
        const bool has_functor = f.own[n].snapper != nullptr;
        REQUIRE(has_functor);
        const std::vector<float> in{-1.0F, 0.3F, 2.0F};
        std::vector<float> out(3);
        f.own[n].snapper(in, out, -1.0F, 1.0F);
        CHECK(out[2] <= 1.01F);
        CHECK(out[1] != in[1]);
    }
}

TEST_CASE_TEMPLATE("a second rewrite changes nothing", G, GRAPH_TYPES) {
    fixture<G> f;
    f.make_layer();
    qat_options<G> options;
    options.quant_delay = 10;
    f.template rewrite<phase::training>(options);
    const std::string once = f.text();
    f.template rewrite<phase::training>(options);
    CHECK(f.text() == once);
}

TEST_CASE_TEMPLATE("a failure at any change leaves the graph as it was", G, GRAPH_TYPES) {
    fixture<G> f;
    f.make_layer();
    // Reads one tensor twice, through parallel edges.
    f.add(kind::product, "square", {"net/clamped", "net/clamped"});
    const std::string before = f.text();
    std::size_t failures = 0;
    for (bool failed = true; failed; ++failures) {
        failed = false;
        std::size_t changes = 0;
        qat_options<G> options;
        options.quant_delay = 10;
        options.on_change = [&](std::string_view) {
            if (changes++ == failures) throw std::runtime_error("injected");
        };
        try {
            f.template rewrite<phase::training>(options);
        } catch (const std::runtime_error&) {
            failed = true;
            CHECK(f.text() == before);
        }
    }
    CHECK(failures > 40);
    CHECK(f.text() != before);
}

TEST_CASE_TEMPLATE("a dry run leaves the graph as it was", G, GRAPH_TYPES) {
    fixture<G> f;
    f.make_layer();
    const std::string before = f.text();
    qat_options<G> options;
    options.dry_run = true;
    const report r = f.template rewrite<phase::training>(options);
    CHECK(r.count(outcome::quantized) == 2);
    CHECK_FALSE(r.script.empty());
    CHECK(f.text() == before);
}

TEST_CASE_TEMPLATE("operands twice or missing are refused by name", G, GRAPH_TYPES) {
    fixture<G> f;
    f.make_layer();
    SUBCASE("twice") {
        add_edge(f.by_label["image"], f.by_label["pool"], sketch::wire{}, f.own);
        CHECK_THROWS_WITH_AS(f.template rewrite<phase::training>(), "pool: has two edges for operand 0", invalid_graph);
    }
    SUBCASE("missing") {
        add_edge(f.by_label["image"], f.by_label["pool"], sketch::wire{.slot = 2}, f.own);
        CHECK_THROWS_WITH_AS(f.template rewrite<phase::training>(), "pool: has no edge for operand 1", invalid_graph);
    }
}
