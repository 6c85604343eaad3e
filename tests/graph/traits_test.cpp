// Tests of graph/traits.hpp: by members, and by a specialization for a type of somebody else's.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include <qgraft/graph/check.hpp>
#include <qgraft/graph/full_archetype.hpp>

using namespace qgraft;

namespace foreign {

/// A graph that has none of the members: a map from names to names.
struct table {
    std::map<std::string, std::vector<std::string>> rows;
};

}  // namespace foreign

template <>
struct qgraft::graph_traits<foreign::table> {
    using node = std::string;
    using node_data = std::string;

    static std::vector<node> nodes(const foreign::table& g) {
        std::vector<node> all;
        for (const auto& row : g.rows) all.push_back(row.first);
        return all;
    }
    static std::vector<value<node>> inputs(const foreign::table& g, const node& n) {
        std::vector<value<node>> all;
        for (const std::string& in : g.rows.at(n)) all.push_back({in, 0});
        return all;
    }
    static const std::string& name(const foreign::table&, const node& n) { return n; }
    static node add_node(foreign::table& g, const node_data& data) { return g.rows.emplace(data, 0).first->first; }
    static void erase_node(foreign::table& g, const node& n) { g.rows.erase(n); }
    static void set_input(foreign::table& g, const node& n, std::size_t operand, const value<node>& v) {
        g.rows.at(n).at(operand) = v.node;
    }
};

TEST_CASE("members of the right names need no specialization") {
    using traits = graph_traits<full_archetype>;
    static_assert(std::is_same_v<node_of<full_archetype>, std::size_t>);
    static_assert(std::is_same_v<traits::attribute, std::string>);
    full_archetype g;
    const auto a = traits::add_node(g, full_archetype::node_data{.name = "a", .shape = tensor_shape({2})});
    const auto b =
        traits::add_node(g, full_archetype::node_data{.name = "b", .inputs = {{a, 0}}, .controls = {a}, .back = 0});
    CHECK(traits::nodes(g) == std::vector{a, b});
    CHECK(traits::inputs(g, b) == std::vector{value<std::size_t>{a, 0}});
    CHECK(traits::name(g, b) == "b");
    CHECK(traits::shape(g, value<std::size_t>{a, 0}) == tensor_shape({2}));
    CHECK(traits::control_inputs(g, b) == std::vector{a});
    CHECK(traits::is_back_edge(g, b, 0));
    traits::set_attribute(g, a, "key", "value");
    CHECK(traits::attribute_of(g, a, "key") == "value");
    traits::set_attribute(g, a, "key", std::nullopt);
    CHECK_FALSE(traits::attribute_of(g, a, "key").has_value());
    const auto state = traits::checkpoint(g);
    g.unique("path");
    traits::restore(g, state);
    CHECK(g.unique("path") == "path");
    traits::set_input(g, b, 0, value<std::size_t>{a, 1});
    CHECK(traits::inputs(g, b).front().port == 1);
    traits::erase_node(g, b);
    CHECK(traits::nodes(g).size() == 1);
}

TEST_CASE("a specialization speaks for a type of another namespace") {
    static_assert(mutable_graph<foreign::table> && named_graph<foreign::table>);
    static_assert(!shaped_graph<foreign::table> && !control_graph<foreign::table>);
    using traits = graph_traits<foreign::table>;
    foreign::table g{{{"a", {}}, {"b", {"a"}}}};
    traits::add_node(g, "c");
    traits::set_input(g, "b", 0, {"c", 0});
    CHECK(traits::inputs(g, "b").front().node == "c");
    CHECK(traits::nodes(g).size() == 3);
}
