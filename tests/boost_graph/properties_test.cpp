// Graphs that keep what they know in Boost's other ways: interior properties, and property maps beside the graph.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/graph/adjacency_list.hpp>
#include <boost/property_map/function_property_map.hpp>
#include <boost/property_map/property_map.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <qgraft/boost_graph/erase.hpp>
#include <qgraft/boost_graph/graph.hpp>
#include <qgraft/boost_graph/indexed.hpp>
#include <qgraft/boost_graph/words.hpp>
#include <qgraft/fold.hpp>
#include <qgraft/testing/conformance.hpp>

namespace told {

struct op_tag {
    using kind = boost::vertex_property_tag;
};
struct number_tag {
    using kind = boost::vertex_property_tag;
};
struct more_tag {
    using kind = boost::vertex_property_tag;
};
struct slot_tag {
    using kind = boost::edge_property_tag;
};

/// Interior properties and no bundle; sets of vertices and of edges.
using inside = boost::adjacency_list<
    boost::multisetS, boost::setS, boost::bidirectionalS,
    boost::property<
        boost::vertex_name_t, std::string,
        boost::property<op_tag, std::string,
                        boost::property<number_tag, double, boost::property<more_tag, std::map<std::string, int>>>>>,
    boost::property<slot_tag, std::size_t>>;

struct edge_hash {
    std::size_t operator()(const auto& e) const { return std::hash<const void*>()(e.get_property()); }
};

/// Neither a vertex nor an edge keeps anything: tables beside the graph do.
struct beside : boost::adjacency_list<boost::vecS, boost::listS, boost::bidirectionalS> {
    std::map<vertex_descriptor, std::string> names;
    std::map<vertex_descriptor, std::string> ops;
    std::map<vertex_descriptor, double> numbers;
    std::map<vertex_descriptor, std::vector<qgraft::tensor_shape>> shapes;
    std::unordered_map<edge_descriptor, std::size_t, edge_hash> slots;
    std::unordered_map<edge_descriptor, int, edge_hash> ports;
};

/// A table as a property map: written into where the graph may be changed, and with a default where it may not.
template <auto Table>
struct table_of {
    template <class G>
    auto operator()(G& g) const {
        auto& table = g.*Table;
        using map = std::remove_cvref_t<decltype(table)>;
        if constexpr (std::is_const_v<G>) {
            const auto look_up = [&table](const typename map::key_type& k) {
                const auto found = table.find(k);
                return found == table.end() ? typename map::mapped_type{} : found->second;
            };
            return boost::make_function_property_map<typename map::key_type>(look_up);
        } else {
            return boost::associative_property_map<map>(table);
        }
    }
};

/// Operations by name, and the words that folding for inference needs.
struct words {
    static constexpr qgraft::word_set spoken = qgraft::fold_words;
    static constexpr const char* number = "number";
    static constexpr std::pair<const char*, qgraft::word> table[] = {
        {"conv", qgraft::word::conv2d},  {"each", qgraft::word::depthwise_conv2d},
        {"dense", qgraft::word::matmul}, {"norm", qgraft::word::batch_norm},
        {"+", qgraft::word::add},        {"-", qgraft::word::sub},
        {"*", qgraft::word::mul},        {"1 / root", qgraft::word::rsqrt},
        {"view", qgraft::word::reshape}, {"tiles to image", qgraft::word::batch_to_space}};

    static void set_number(inside& g, inside::vertex_descriptor v, double n) { put(number_tag(), g, v, n); }
    static void set_number(beside& g, beside::vertex_descriptor v, double n) { g.numbers[v] = n; }
};

}  // namespace told

template <>
struct qgraft::boost_graph::access<told::inside> {
    static constexpr auto operand = told::slot_tag();
    static constexpr auto name = boost::vertex_name;
    static constexpr auto op = told::op_tag();
    static constexpr auto attributes = told::more_tag();
};

template <>
struct qgraft::boost_graph::access<told::beside> {
    static constexpr auto operand = told::table_of<&told::beside::slots>();
    static constexpr auto port = told::table_of<&told::beside::ports>();
    static constexpr auto name = told::table_of<&told::beside::names>();
    static constexpr auto op = told::table_of<&told::beside::ops>();
    static constexpr auto shape = told::table_of<&told::beside::shapes>();
};
template <>
struct qgraft::graph_traits<told::beside> : qgraft::boost_graph::bidirectional_traits<told::beside> {};

template <class G>
struct told_dialect : qgraft::boost_graph::words_by_op<G, told::words> {
    static qgraft::batch_norm_facts batch_norm_of(const G&, qgraft::node_of<G>) { return {.epsilon = 0.125}; }
};
template <>
struct qgraft::dialect<told::inside> : told_dialect<told::inside> {};
template <>
struct qgraft::dialect<told::beside> : told_dialect<told::beside> {};

namespace {

using namespace qgraft;
using told::beside;
using told::inside;

/// Adds a vertex and, last operand first, its edges.
template <class G>
node_of<G> add(G& g, const std::string& op, const std::string& name, const std::vector<node_of<G>>& inputs = {}) {
    const auto v = add_vertex(g);
    if constexpr (std::is_same_v<G, inside>) {
        put(boost::vertex_name, g, v, name);
        put(told::op_tag(), g, v, op);
    } else {
        g.names[v] = name;
        g.ops[v] = op;
    }
    for (std::size_t i = inputs.size(); i-- > 0;) {
        const auto e = add_edge(inputs[i], v, g).first;
        if constexpr (std::is_same_v<G, inside>) {
            put(told::slot_tag(), g, e, i);
        } else {
            g.slots[e] = i;
        }
    }
    return v;
}

template <class G>
node_of<G> named(const G& g, const std::string& name) {
    for (const auto n : graph_traits<G>::nodes(g)) {
        if (graph_traits<G>::name(g, n) == name) return n;
    }
    throw std::out_of_range(name);
}

/// A convolution with its batch norm, and a square of it.
template <class G>
void make_network(G& g) {
    const auto conv = add(g, "conv", "net/conv", {add(g, "read", "image"), add(g, "weights", "filter")});
    std::vector<node_of<G>> operands{conv};
    for (const char* name : {"gamma", "beta", "mean", "variance"}) operands.push_back(add(g, "weights", name));
    const auto norm = add(g, "norm", "net/norm", operands);
    add(g, "*", "square", {norm, norm});
}

/// What a node computes.
template <class G>
std::string formula(const G& g, node_of<G> n) {
    const auto inputs = graph_traits<G>::inputs(g, n);
    const std::string op = boost_graph::detail::read(boost_graph::access<G>::op, g, n);
    if (inputs.empty()) return op == "number" ? "number" : std::string(graph_traits<G>::name(g, n));
    std::string text = op + "(";
    for (const auto v : inputs) text += formula(g, v.node) + ",";
    text.back() = ')';
    return text;
}

/// Every node with its name, operation, attributes and operands, by name.
template <class G>
std::multiset<std::string> picture(const G& g) {
    std::multiset<std::string> lines;
    for (const auto n : graph_traits<G>::nodes(g)) {
        std::string line = std::string(graph_traits<G>::name(g, n)) + " = " + formula(g, n);
        if constexpr (attributed_graph<G>) {
            for (const auto& [key, number] : get(told::more_tag(), g, n)) line += " " + key + std::to_string(number);
        }
        lines.insert(line);
    }
    return lines;
}

}  // namespace

static_assert(rewritable_graph<inside> && attributed_graph<inside> && named_graph<inside> && !shaped_graph<inside>);
static_assert(rewritable_graph<beside> && !attributed_graph<beside> && named_graph<beside> && shaped_graph<beside>);

TEST_CASE_TEMPLATE("graphs told by property maps pass the conformance suite", G, inside, beside) {
    // Tables beside a graph hold its descriptors, so the graph must not move.
    const auto make = [] {
        auto g = std::make_unique<G>();
        make_network(*g);
        return g;
    };
    const auto print = [](const G& g) { return picture(g); };
    const auto new_node = [](G&) { return typename graph_traits<G>::node_data(); };
    const auto data = [](G& g) { return value<node_of<G>>{named(g, "image"), 0}; };
    for (const std::string& f : testing::check_graph<G>(make, print, new_node, data)) FAIL_CHECK(f);
    if constexpr (attributed_graph<G>) {
        for (const std::string& f : testing::check_attributes<G>(make, print, "stride", 2)) FAIL_CHECK(f);
    }
}

TEST_CASE_TEMPLATE("the batch norm of a graph told by property maps is folded, and what is left over erased", G, inside,
                   beside) {
    G g;
    make_network(g);
    CHECK(fold_batch_norms(g).count(outcome::folded) == 1);
    const std::string scale = "*(gamma,1 / root(+(variance,number)))";
    const std::string folded = "+(conv(image,*(filter," + scale + ")),-(beta,*(mean," + scale + ")))";
    CHECK(formula(g, named(g, "square")) == "*(" + folded + "," + folded + ")");

    const std::size_t after = num_vertices(g);
    CHECK(boost_graph::erase_unread(g, [&g](auto n) { return graph_traits<G>::name(g, n) != "square"; }) == 2);
    CHECK(num_vertices(g) == after - 2);
    CHECK(formula(g, named(g, "square")) == "*(" + folded + "," + folded + ")");
    CHECK_THROWS_AS(named(g, "net/norm"), std::out_of_range);
    CHECK_THROWS_AS(named(g, "net/conv"), std::out_of_range);
}

TEST_CASE("attributes are those of the vertex, through an index too") {
    using indexed = boost_graph::indexed<inside>;
    static_assert(attributed_graph<indexed>);
    inside g;
    make_network(g);
    const auto conv = named(g, "net/conv");
    indexed index(g);
    {
        editor<indexed> e(index);
        e.set_attribute(conv, "stride", 2);
        CHECK(graph_traits<inside>::attribute_of(g, conv, "stride") == 2);
    }
    CHECK_FALSE(graph_traits<inside>::attribute_of(g, conv, "stride"));
    graph_traits<inside>::set_attribute(g, conv, "stride", 3);
    CHECK(graph_traits<indexed>::attribute_of(index, conv, "stride") == 3);
}

TEST_CASE("the shapes of a table are those of the outputs") {
    beside g;
    const auto n = add(g, "split", "split");
    g.shapes[n] = {tensor_shape({2, 3}), tensor_shape::scalar()};
    using traits = graph_traits<beside>;
    CHECK(traits::shape(g, {n, 0}) == tensor_shape({2, 3}));
    CHECK(traits::shape(g, {n, 1}) == tensor_shape::scalar());
    CHECK(traits::shape(g, {n, 2}) == tensor_shape());
}
