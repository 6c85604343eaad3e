// Recorded TensorFlow graphs, as they are, in the hands of Boost.Graph's algorithms.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/concept/assert.hpp>
#include <boost/graph/dominator_tree.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <boost/graph/graph_concepts.hpp>
#include <boost/graph/graphviz.hpp>
#include <boost/graph/isomorphism.hpp>
#include <boost/graph/topological_sort.hpp>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/boost_graph/view.hpp>
#include <qgraft/graph/archetype.hpp>
#include <qgraft/graphdef/graph.hpp>
#include <qgraft/graphdef/qgraft_graphdef.pb.h>

namespace {

using namespace qgraft;

using meta_graph = graphdef::proto::MetaGraphDef;
using tensorflow_graph = graphdef::basic_graph<graphdef::proto::GraphDef, meta_graph>;
using tensorflow_view = boost_graph::view<tensorflow_graph>;

// The concepts as Boost checks them.
BOOST_CONCEPT_ASSERT((boost::VertexListGraphConcept<tensorflow_view>));
BOOST_CONCEPT_ASSERT((boost::EdgeListGraphConcept<tensorflow_view>));
BOOST_CONCEPT_ASSERT((boost::BidirectionalGraphConcept<tensorflow_view>));
BOOST_CONCEPT_ASSERT((boost::AdjacencyGraphConcept<tensorflow_view>));
BOOST_CONCEPT_ASSERT((boost::ReadablePropertyGraphConcept<tensorflow_view, std::size_t, boost::vertex_index_t>));
BOOST_CONCEPT_ASSERT((boost::ReadablePropertyGraphConcept<tensorflow_view, std::size_t, boost::vertex_name_t>));
BOOST_CONCEPT_ASSERT(
    (boost::ReadablePropertyGraphConcept<tensorflow_view, boost_graph::view_edge, boost::edge_index_t>));

/// Nodes that read what is not there.
struct torn {
    using node = int;
    [[nodiscard]] static std::vector<int> nodes() { return {1, 2}; }
    [[nodiscard]] static std::vector<value<int>> inputs(int n) { return {n + 1}; }
    [[nodiscard]] static std::string name(int n) { return "node " + std::to_string(n); }
};

constexpr std::size_t none = static_cast<std::size_t>(-1);

/// A recorded graph and the view of it.
struct recorded {
    meta_graph meta;
    tensorflow_graph graph;
    tensorflow_view view;

    explicit recorded(const std::string& name) : recorded(read(name)) {}
    explicit recorded(meta_graph m) : meta(std::move(m)), graph(meta), view(graph) {}
    recorded(const recorded&) = delete;
    recorded& operator=(const recorded&) = delete;

    static meta_graph read(const std::string& name) {
        std::ifstream in(QGRAFT_TEST_DATA_DIR "/graphs/" + name + ".pb", std::ios::binary);
        meta_graph m;
        REQUIRE(m.ParseFromIstream(&in));
        REQUIRE(m.graph_def().node_size() >= 20);
        return m;
    }
    [[nodiscard]] std::size_t named(const std::string& name) const { return view.find(*graph.find(name)); }
    [[nodiscard]] std::string op(std::size_t v) const { return std::string(graph.op(view[v])); }
};

/// The vertices that can be reached from `from` without passing `closed`.
std::vector<bool> reached(const tensorflow_view& g, std::size_t from, std::size_t closed) {
    std::vector<bool> seen(num_vertices(g), false);
    std::vector<std::size_t> stack;
    const auto visit = [&](std::size_t v) {
        if (v == closed || seen[v]) return;
        seen[v] = true;
        stack.push_back(v);
    };
    visit(from);
    while (!stack.empty()) {
        const std::size_t v = stack.back();
        stack.pop_back();
        for (auto [u, last] = adjacent_vertices(v, g); u != last; ++u) visit(*u);
    }
    return seen;
}

/// The immediate dominator of each vertex, or none. The numbers of vertices that cannot be reached, such as weights
/// from the image, must be marked: the short form of Boost's function does not, and then is wrong.
std::vector<std::size_t> dominators(const tensorflow_view& g, std::size_t entry) {
    const std::size_t count = num_vertices(g);
    const auto index = get(boost::vertex_index, g);
    std::vector<std::size_t> numbers(count, std::numeric_limits<std::size_t>::max());
    std::vector<std::size_t> parents(count, none);
    std::vector<std::size_t> by_number(count, none);
    std::vector<std::size_t> found(count, none);
    const auto map = [&](auto& v) { return boost::make_iterator_property_map(v.begin(), index); };
    boost::lengauer_tarjan_dominator_tree(g, entry, index, map(numbers), map(parents), by_number, map(found));
    return found;
}

/// A number for the op of each vertex, for isomorphisms that keep ops.
struct op_number {
    using argument_type = std::size_t;
    using result_type = std::size_t;

    const recorded* of;
    std::map<std::string, std::size_t>* numbers;

    std::size_t operator()(std::size_t v) const { return numbers->emplace(of->op(v), numbers->size()).first->second; }
    [[nodiscard]] std::size_t max() const { return 1000; }
};

/// Whether there is a renaming that keeps ops and edges. `image` is it.
bool isomorphic(const recorded& a, const recorded& b, std::vector<std::size_t>& image) {
    std::map<std::string, std::size_t> numbers;
    image.assign(num_vertices(a.view), none);
    const auto index = get(boost::vertex_index, a.view);
    return boost::isomorphism(a.view, b.view, boost::make_iterator_property_map(image.begin(), index),
                              op_number{&a, &numbers}, op_number{&b, &numbers}, op_number{}.max(), index,
                              get(boost::vertex_index, b.view));
}

}  // namespace

TEST_CASE("a view has every node and every edge, from either end") {
    const recorded r("control_dependencies.delay.after");
    std::size_t operands = 0;
    std::size_t controls = 0;
    REQUIRE(num_vertices(r.view) == static_cast<std::size_t>(r.meta.graph_def().node_size()));
    for (std::size_t v = 0; v < num_vertices(r.view); ++v) {
        const auto n = r.view[v];
        CHECK(r.view.find(n) == v);
        CHECK(get(boost::vertex_name, r.view, v) == r.meta.graph_def().node(static_cast<int>(v)).name());
        const auto& inputs = r.graph.inputs(n);
        const auto& before = r.graph.control_inputs(n);
        REQUIRE(in_degree(v, r.view) == inputs.size() + before.size());
        const auto [first, last] = in_edges(v, r.view);
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            CHECK(first[i].source == r.view.find(inputs[i].node));
            CHECK(first[i].port == inputs[i].port);
            CHECK(first[i].operand == i);
        }
        controls += static_cast<std::size_t>(std::count_if(first, last, [](const auto& e) { return e.is_control; }));
        operands += inputs.size();
        for (auto [e, end] = out_edges(v, r.view); e != end; ++e) {
            CHECK(source(*e, r.view) == v);
            const auto [begin, stop] = in_edges(target(*e, r.view), r.view);
            CHECK(std::count(begin, stop, *e) == 1);
        }
    }
    CHECK(num_edges(r.view) == operands + controls);
    CHECK(controls > 0);
}

TEST_CASE("topological sort puts each node after what it reads") {
    const recorded r("control_dependencies.delay.after");
    std::vector<std::size_t> order;
    boost::topological_sort(r.view, std::back_inserter(order));
    REQUIRE(order.size() == num_vertices(r.view));
    std::vector<std::size_t> place(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
    for (auto [e, last] = edges(r.view); e != last; ++e) CHECK(place[e->source] > place[e->target]);
}

TEST_CASE("a loop is put in order without the edges that close it") {
    const recorded r("existing_loop.before");
    std::vector<std::size_t> order;
    CHECK_THROWS_AS(boost::topological_sort(r.view, std::back_inserter(order)), boost::not_a_dag);
    const boost::filtered_graph forward(r.view, boost_graph::forward_edges());
    order.clear();
    boost::topological_sort(forward, std::back_inserter(order));
    CHECK(order.size() == num_vertices(r.view));
}

TEST_CASE("a view asks of a graph no more than that it can be read") {
    const archetype_graph least(7);
    const boost_graph::view g(least);
    CHECK(num_vertices(g) == 1);
    CHECK(num_edges(g) == 0);
    CHECK(g[0] == least.first());
}

TEST_CASE("a node that reads what is not there is refused by name") {
    const torn g;
    CHECK_THROWS_WITH_AS(boost_graph::view{g}, "node 2: reads a node that the graph does not list", invalid_graph);
}

TEST_CASE("a dominator is what every path must pass") {
    const recorded r("conv_bias_relu6.eval.after");
    const tensorflow_view& g = r.view;
    std::size_t entry = none;
    for (std::size_t v = 0; v < num_vertices(g); ++v) {
        if (r.op(v) == "Placeholder") entry = v;
    }
    REQUIRE(entry != none);
    const std::vector<std::size_t> dominator = dominators(g, entry);

    const auto all = reached(g, entry, none);
    std::size_t dominated = 0;
    for (std::size_t v = 0; v < num_vertices(g); ++v) {
        if (dominator[v] == none) continue;
        ++dominated;
        CHECK(all[v]);
        CHECK_FALSE(reached(g, entry, dominator[v])[v]);
    }
    CHECK(dominated + 1 == static_cast<std::size_t>(std::count(all.begin(), all.end(), true)));
    // What reads the layer has no way around its fake quantization.
    bool quantized = false;
    for (std::size_t v = 0; v < num_vertices(g); ++v) {
        if (dominator[v] != none && r.op(v) != "FakeQuantWithMinMaxVars" &&
            r.op(dominator[v]) == "FakeQuantWithMinMaxVars")
            quantized = true;
    }
    CHECK(quantized);
}

TEST_CASE("a graph whose nodes are listed the other way round is isomorphic, another is not") {
    const recorded r("conv_bias_relu6.eval.after");
    meta_graph turned = r.meta;
    auto& nodes = *turned.mutable_graph_def()->mutable_node();
    std::reverse(nodes.begin(), nodes.end());
    std::vector<std::size_t> image;
    SUBCASE("the same") {
        const recorded other(std::move(turned));
        REQUIRE(isomorphic(r, other, image));
        for (std::size_t v = 0; v < image.size(); ++v) {
            CHECK(r.op(v) == other.op(image[v]));
            CHECK(in_degree(v, r.view) == in_degree(image[v], other.view));
        }
    }
    SUBCASE("one operand reads something else") {
        const auto reader = std::find_if(nodes.begin(), nodes.end(), [](const auto& n) { return n.op() == "Relu6"; });
        REQUIRE(reader != nodes.end());
        const auto image_node =
            std::find_if(nodes.begin(), nodes.end(), [](const auto& n) { return n.op() == "Placeholder"; });
        reader->set_input(0, image_node->name());
        CHECK_FALSE(isomorphic(r, recorded(std::move(turned)), image));
    }
}

TEST_CASE("write_graphviz draws a graph with the names of its nodes") {
    const recorded r("conv_bias_relu6.before");
    std::ostringstream dot;
    boost::write_graphviz(dot, r.view, boost::make_label_writer(get(boost::vertex_name, r.view)));
    const std::string text = dot.str();
    CHECK(text.starts_with("digraph G {"));
    std::size_t arrows = 0;
    for (auto at = text.find("->"); at != std::string::npos; at = text.find("->", at + 1)) ++arrows;
    CHECK(arrows == num_edges(r.view));
    for (std::size_t v = 0; v < num_vertices(r.view); ++v) {
        const std::string line = std::to_string(v) + "[label=";
        const std::string name = r.meta.graph_def().node(static_cast<int>(v)).name();
        const auto at = text.find("\n" + line);
        REQUIRE(at != std::string::npos);
        CHECK(text.substr(at, text.find('\n', at + 1) - at).find(name) != std::string::npos);
    }
}
