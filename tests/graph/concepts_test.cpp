// Tests of graph/concepts.hpp and graph/check.hpp: which types satisfy what.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <list>
#include <span>
#include <vector>

#include <qgraft/graph/archetype.hpp>
#include <qgraft/graph/check.hpp>
#include <qgraft/graph/full_archetype.hpp>

using namespace qgraft;

namespace types {

/// A graph whose ranges are of the kinds given.
template <class Nodes, class Inputs>
struct with_ranges {
    using node = int;
    [[nodiscard]] Nodes nodes() const;
    [[nodiscard]] Inputs inputs(int) const;
};

/// A graph with handles of the type given.
template <class Node>
struct with_handles {
    using node = Node;
    [[nodiscard]] std::vector<Node> nodes() const;
    [[nodiscard]] std::vector<value<Node>> inputs(Node) const;
};

struct unhashable {
    friend bool operator==(const unhashable&, const unhashable&) = default;
};
struct incomparable {};
struct nothing {};

using tensors = std::vector<value<int>>;

}  // namespace types

using namespace types;

TEST_CASE("the archetypes satisfy what they are for, and no more") {
    static_assert(readable_graph<archetype_graph> && mutable_graph<archetype_graph>);
    static_assert(!named_graph<archetype_graph> && !attributed_graph<archetype_graph>);
    static_assert(!shaped_graph<archetype_graph> && !control_graph<archetype_graph>);
    static_assert(!detail::has_checkpoint<archetype_graph> && !detail::has_back_edges<archetype_graph>);
    static_assert(mutable_graph<full_archetype> && named_graph<full_archetype> && attributed_graph<full_archetype>);
    static_assert(shaped_graph<full_archetype> && control_graph<full_archetype>);
    static_assert(detail::has_checkpoint<full_archetype> && detail::has_back_edges<full_archetype>);
    static_assert(check_mutable_graph<archetype_graph>() && check_mutable_graph<full_archetype>());
}

TEST_CASE("a type of which nothing is known satisfies nothing") {
    static_assert(!readable_graph<nothing> && !mutable_graph<nothing> && !named_graph<nothing>);
    static_assert(!attributed_graph<nothing> && !shaped_graph<nothing> && !control_graph<nothing>);
}

TEST_CASE("any range of handles will do") {
    static_assert(readable_graph<with_ranges<std::vector<int>, tensors>>);
    static_assert(readable_graph<with_ranges<const std::vector<int>&, const tensors&>>);
    static_assert(readable_graph<with_ranges<std::list<int>, std::list<value<int>>>>);
    static_assert(readable_graph<with_ranges<std::span<const int>, std::span<const value<int>>>>);
    static_assert(readable_graph<with_ranges<std::array<int, 3>, std::array<value<int>, 2>>>);
    static_assert(!readable_graph<with_ranges<int, tensors>>);
    static_assert(!readable_graph<with_ranges<std::vector<nothing>, tensors>>);
    static_assert(!readable_graph<with_ranges<std::vector<int>, std::vector<nothing>>>);
}

TEST_CASE("a handle is regular and hashable") {
    static_assert(readable_graph<with_handles<int>>);
    static_assert(readable_graph<with_handles<const nothing*>>);
    static_assert(!readable_graph<with_handles<unhashable>>);
    static_assert(!readable_graph<with_handles<incomparable>>);
}

TEST_CASE("to read is not to change") {
    static_assert(!mutable_graph<with_handles<int>>);
    static_assert(!named_graph<with_handles<int>>);
}
