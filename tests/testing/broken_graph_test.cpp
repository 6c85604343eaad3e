// The conformance suite finds what is wrong with graph types that break one promise each.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <qgraft/testing/conformance.hpp>

#include "support/lines.hpp"

using namespace qgraft;
using testing::failures;

namespace {

/// What a broken graph does wrong.
enum class defect {
    none,
    lists_twice,
    lists_in_changing_order,
    reads_strangers,
    erases_nothing,
    redirects_all_operands,
    redirects_nothing,
    forgets_to_restore,
    keeps_attributes,
    invents_attributes,
    adds_in_front,
    controlled_by_strangers,
};

template <defect D>
struct broken {
    using node = int;
    using attribute = int;
    struct node_data {
        std::vector<value<int>> inputs{};
        std::map<std::string, int, std::less<>> attributes{};
        friend bool operator==(const node_data&, const node_data&) = default;
    };

    std::vector<node_data> all;
    int names = 0;
    mutable int calls = 0;

    broken() {
        all.resize(3);
        all[1].inputs = {{0, 0}, {0, 0}};
        all[2].inputs = {{1, 0}};
    }

    [[nodiscard]] std::vector<int> nodes() const {
        std::vector<int> list(all.size());
        for (std::size_t i = 0; i < list.size(); ++i) list[i] = static_cast<int>(i);
        if (D == defect::lists_twice) list.push_back(0);
        if (D == defect::lists_in_changing_order && ++calls % 2 == 0) std::reverse(list.begin(), list.end());
        if (D == defect::adds_in_front && list.size() > 3)
            std::rotate(list.begin(), list.begin() + 1, list.begin() + 3);
        return list;
    }
    [[nodiscard]] std::vector<value<int>> inputs(int n) const {
        auto list = all.at(static_cast<std::size_t>(n)).inputs;
        if (D == defect::reads_strangers) list.push_back({1000, 0});
        return list;
    }
    [[nodiscard]] std::vector<int> control_inputs(int) const {
        return D == defect::controlled_by_strangers ? std::vector<int>{1000} : std::vector<int>{};
    }
    int add_node(node_data data) {
        ++names;
        all.push_back(std::move(data));
        return static_cast<int>(all.size() - 1);
    }
    void erase_node(int) {
        if (D != defect::erases_nothing) all.pop_back();
        if (D != defect::forgets_to_restore) --names;
    }
    void set_input(int n, std::size_t operand, value<int> v) {
        auto& list = all[static_cast<std::size_t>(n)].inputs;
        if (D == defect::redirects_nothing) return;
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (i == operand || D == defect::redirects_all_operands) list[i] = v;
        }
    }
    [[nodiscard]] std::optional<int> attribute_of(int n, std::string_view key) const {
        const auto& map = all[static_cast<std::size_t>(n)].attributes;
        const auto it = map.find(key);
        if (it != map.end()) return it->second;
        return D == defect::invents_attributes ? std::optional<int>(0) : std::nullopt;
    }
    void set_attribute(int n, std::string_view key, std::optional<int> a) {
        auto& map = all[static_cast<std::size_t>(n)].attributes;
        if (a) {
            map.insert_or_assign(std::string(key), *a);
        } else if (D != defect::keeps_attributes) {
            map.erase(std::string(key));
        }
    }
    friend bool operator==(const broken& a, const broken& b) { return a.all == b.all && a.names == b.names; }
};

template <defect D>
failures found() {
    using graph = broken<D>;
    const auto make = [] { return graph{}; };
    const auto print = [](const graph& g) { return g; };
    const auto new_node = [](graph&) { return typename graph::node_data{{value<int>{0, 0}}}; };
    failures all = testing::check_readable<graph>(make);
    for (const auto& f : testing::check_mutable<graph>(make, print, new_node)) all.push_back(f);
    for (const auto& f : testing::check_attributes<graph>(make, print, "key", 1)) all.push_back(f);
    return all;
}

bool holds(const failures& all, const std::string& sentence) {
    return std::find(all.begin(), all.end(), sentence) != all.end();
}

}  // namespace

TEST_CASE("nothing is found where nothing is wrong") { CHECK(found<defect::none>() == failures{}); }

TEST_CASE("lists that do not hold what they should") {
    CHECK(holds(found<defect::lists_twice>(), "nodes() lists a node twice"));
    CHECK(holds(found<defect::lists_in_changing_order>(),
                "nodes() lists other nodes, or another order, when it is read again"));
    CHECK(holds(found<defect::reads_strangers>(), "node 0 reads a node that nodes() does not list"));
    CHECK(holds(found<defect::controlled_by_strangers>(),
                "control_inputs() of node 0 hold a node that nodes() does not list"));
}

TEST_CASE("changes that do too much, too little, or stay") {
    CHECK(holds(found<defect::erases_nothing>(), "erase_node() in reverse order does not undo add_node()"));
    CHECK(holds(found<defect::forgets_to_restore>(), "erase_node() in reverse order does not undo add_node()"));
    CHECK(holds(found<defect::redirects_all_operands>(),
                "set_input() of operand 0 of node 1 does not change that operand alone"));
    CHECK(holds(found<defect::redirects_nothing>(),
                "set_input() of operand 0 of node 2 does not change that operand alone"));
    CHECK(holds(found<defect::adds_in_front>(),
                "add_node() changes the order or the handles of the nodes that were there"));
}

TEST_CASE("attributes that stay, or come from nowhere") {
    CHECK(holds(found<defect::keeps_attributes>(), "set_attribute() with none does not remove the attribute"));
    CHECK(holds(found<defect::keeps_attributes>(), "set_attribute() is not undone by the editor"));
    CHECK(holds(found<defect::invents_attributes>(),
                "attribute_of() of node 0 has a value for a key that it cannot have"));
}

TEST_CASE("a change that goes around the editor is found where it fails after that") {
    using graph = broken<defect::none>;
    const auto change = [](graph& g, edit_observer fail) {
        editor<graph> e(g, std::move(fail));
        e.add({});
        g.all[0].attributes["around"] = 1;
        e.set_input(1, 0, {2, 0});
        e.commit();
    };
    CHECK(testing::check_all_or_nothing<graph>([] { return graph{}; }, [](const graph& g) { return g; }, change) ==
          failures{"a failure before change 2 (set_input) does not leave the graph as it was"});
}
