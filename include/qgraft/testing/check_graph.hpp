// Conformance checks of graph_traits<G>: what can be read, what can be changed, and that changes can be taken back.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTING_CHECK_GRAPH_HPP
#define QGRAFT_TESTING_CHECK_GRAPH_HPP

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <qgraft/graph/check.hpp>
#include <qgraft/graph/editor.hpp>
#include <qgraft/testing/sample.hpp>

namespace qgraft::testing {

namespace detail {

template <class G>
void check_lists(verdict& v, const G& g) {
    const auto nodes = nodes_of(g);
    v.expect(nodes_of(g) == nodes, "nodes() lists other nodes, or another order, when it is read again");
    const std::unordered_set<node_of<G>> set(nodes.begin(), nodes.end());
    v.expect(set.size() == nodes.size(), "nodes() lists a node twice");
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const auto inputs = inputs_of(g, nodes[i]);
        const std::string who = label(g, nodes[i], i);
        v.expect(inputs_of(g, nodes[i]) == inputs, "inputs() of " + who + " differ when they are read again");
        for (const auto& in : inputs) v.expect(set.contains(in.node), who + " reads a node that nodes() does not list");
        if constexpr (control_graph<G>) {
            for (const node_of<G> c : graph_traits<G>::control_inputs(g, nodes[i])) {
                v.expect(set.contains(c), "control_inputs() of " + who + " hold a node that nodes() does not list");
            }
        }
    }
}

template <class G>
void check_facts(verdict& v, const G& g) {
    using traits = graph_traits<G>;
    const auto nodes = nodes_of(g);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const node_of<G> n = nodes[i];
        const std::string who = label(g, n, i);
        if constexpr (named_graph<G>) {
            const std::string name(std::string_view(traits::name(g, n)));
            v.expect(name == std::string_view(traits::name(g, n)), "name() of " + who + " differs when read again");
        }
        if constexpr (shaped_graph<G>) {
            const tensor_shape shape = traits::shape(g, value_of<G>{n, 0});
            v.expect(shape == tensor_shape(traits::shape(g, value_of<G>{n, 0})),
                     "shape() of " + who + " differs when read again");
        }
        if constexpr (qgraft::detail::has_back_edges<G>) {
            for (std::size_t operand = 0; operand < inputs_of(g, n).size(); ++operand) {
                (void)static_cast<bool>(traits::is_back_edge(g, n, operand));
            }
        }
        if constexpr (attributed_graph<G>) {
            const std::optional<typename traits::attribute> none = traits::attribute_of(g, n, "qgraft: no such key");
            v.expect(!none.has_value(), "attribute_of() of " + who + " has a value for a key that it cannot have");
        }
    }
}

template <class G>
auto checkpoint_of(const G& g) {
    if constexpr (qgraft::detail::has_checkpoint<G>) {
        return graph_traits<G>::checkpoint(g);
    } else {
        return 0;
    }
}

/// Nodes are added and erased; those that were there keep their handles, order and operands.
template <class G, class Make, class Printer, class NewNode>
void check_adding(verdict& v, Make& make, Printer& print, NewNode& new_node) {
    using traits = graph_traits<G>;
    constexpr std::size_t many = 100;
    sample<G, Make> s(make);
    G& g = s.graph();
    const auto before = s.picture(print);
    [[maybe_unused]] const auto start = checkpoint_of(std::as_const(g));
    const auto nodes = nodes_of(g);
    std::vector<std::vector<value_of<G>>> inputs;
    for (const auto& n : nodes) inputs.push_back(inputs_of(g, n));
    std::vector<node_of<G>> added;
    for (std::size_t i = 0; i < many; ++i) added.push_back(traits::add_node(g, new_node(g)));

    const auto after = nodes_of(g);
    const std::unordered_set<node_of<G>> fresh(added.begin(), added.end());
    const std::unordered_set<node_of<G>> listed(after.begin(), after.end());
    v.expect(fresh.size() == many, "add_node() returns the same node twice");
    std::vector<node_of<G>> old;
    for (const auto& n : after) {
        if (!fresh.contains(n)) old.push_back(n);
    }
    v.expect(old == nodes, "add_node() changes the order or the handles of the nodes that were there");
    for (const auto& n : added) v.expect(listed.contains(n), "nodes() does not list a node that was added");
    if (old == nodes) {
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            v.expect(inputs_of(g, nodes[i]) == inputs[i], "add_node() changes the operands of another node");
        }
    }
    check_lists(v, std::as_const(g));
    for (; !added.empty(); added.pop_back()) traits::erase_node(g, added.back());
    if constexpr (qgraft::detail::has_checkpoint<G>) traits::restore(g, start);
    v.expect(s.picture(print) == before, "erase_node() in reverse order does not undo add_node()");
}

/// Another tensor than `now`, one that is in use where there is one.
template <class G>
value_of<G> another(const G& g, const value_of<G>& now) {
    const auto nodes = nodes_of(g);
    for (const auto& n : nodes) {
        for (const auto& in : inputs_of(g, n)) {
            if (in != now) return in;
        }
    }
    for (const auto& n : nodes) {
        if (n != now.node) return {n, 0};
    }
    return now;
}

/// Each operand is redirected, by itself, and back.
template <class G, class Make, class Printer>
void check_redirecting(verdict& v, Make& make, Printer& print) {
    using traits = graph_traits<G>;
    sample<G, Make> s(make);
    G& g = s.graph();
    const auto before = s.picture(print);
    const auto nodes = nodes_of(g);
    bool any = false;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const std::string who = label(g, nodes[i], i);
        const auto inputs = inputs_of(g, nodes[i]);
        for (std::size_t operand = 0; operand < inputs.size(); ++operand) {
            auto wanted = inputs;
            wanted[operand] = another(std::as_const(g), inputs[operand]);
            any = any || wanted != inputs;
            traits::set_input(g, nodes[i], operand, wanted[operand]);
            v.expect(inputs_of(g, nodes[i]) == wanted, "set_input() of operand " + std::to_string(operand) + " of " +
                                                           who + " does not change that operand alone");
            traits::set_input(g, nodes[i], operand, inputs[operand]);
            v.expect(inputs_of(g, nodes[i]) == inputs, "set_input() back does not restore the operands of " + who);
        }
    }
    v.expect(any, "the graph to check with has no operand that can be redirected: make one with two nodes or more");
    v.expect(nodes_of(g) == nodes, "set_input() changes the list of nodes");
    v.expect(s.picture(print) == before, "set_input() there and back does not restore the graph");
}

/// Adds two nodes and redirects every operand.
template <class G, class NewNode>
void change_everything(editor<G>& e, NewNode& new_node) {
    const auto nodes = nodes_of(std::as_const(e.graph()));
    e.add(new_node(e.graph()));
    const node_of<G> added = e.add(new_node(e.graph()));
    for (const auto& n : nodes) {
        const std::size_t operands = inputs_of(std::as_const(e.graph()), n).size();
        for (std::size_t i = 0; i < operands; ++i) e.set_input(n, i, {added, 0});
    }
}

template <class G, class Make, class Printer, class NewNode>
void check_editor(verdict& v, Make& make, Printer& print, NewNode& new_node) {
    sample<G, Make> s(make);
    const auto before = s.picture(print);
    {
        editor<G> e(s.graph());
        change_everything(e, new_node);
        v.expect(s.picture(print) != before,
                 "the snapshot does not show that nodes were added and operands redirected");
    }
    v.expect(s.picture(print) == before, "an editor that does not commit does not restore the graph");
    {
        editor<G> e(s.graph());
        change_everything(e, new_node);
        e.rollback();
        v.expect(s.picture(print) == before, "rollback() does not restore the graph");
        change_everything(e, new_node);
        e.commit();
    }
    v.expect(s.picture(print) != before, "the changes of an editor that commits do not stay");
    inject_failures<G>(v, make, print, [&](G& g, edit_observer fail) {
        editor<G> e(g, std::move(fail));
        change_everything(e, new_node);
        e.commit();
    });
}

template <class G, class Make, class Printer>
void check_checkpoint(verdict& v, Make& make, Printer& print) {
    if constexpr (qgraft::detail::has_checkpoint<G>) {
        sample<G, Make> s(make);
        const auto before = s.picture(print);
        const auto point = graph_traits<G>::checkpoint(std::as_const(s.graph()));
        graph_traits<G>::restore(s.graph(), point);
        v.expect(s.picture(print) == before, "restore() right after checkpoint() changes the graph");
    }
}

}  // namespace detail

/// Checks what rules read of a graph: nodes, operands and, where `G` has them, names, shapes, control inputs, back
/// edges and attributes. `make()` returns a `G`, or something that points to one, with at least two nodes.
template <class G, class Make>
failures check_readable(Make make) {
    detail::verdict v;
    if constexpr (check_readable_graph<G>()) {
        const detail::sample<G, Make> s(make);
        v.run("nodes() or inputs()", [&](auto& to) { detail::check_lists(to, s.graph()); });
        v.run("name(), shape(), is_back_edge() or attribute_of()",
              [&](auto& to) { detail::check_facts(to, s.graph()); });
    }
    return std::move(v).take();
}

/// Checks what rules change of a graph, and that it can be taken back, also after a failure before any of the changes.
/// The later checks run only where the earlier have found nothing.
/// `print` maps what `make` returns, or a const G&, to a snapshot that can be compared with ==. `new_node(G&)` returns
/// a node_data that can be added as often as it is asked for.
template <class G, class Make, class Printer, class NewNode>
failures check_mutable(Make make, Printer print, NewNode new_node) {
    detail::verdict v;
    if constexpr (check_mutable_graph<G>()) {
        v.run("add_node() or erase_node()", [&](auto& to) { detail::check_adding<G>(to, make, print, new_node); });
        v.run("set_input()", [&](auto& to) { detail::check_redirecting<G>(to, make, print); });
        if (!v.empty()) return std::move(v).take();
        v.run("the editor", [&](auto& to) { detail::check_editor<G>(to, make, print, new_node); });
        v.run("checkpoint() or restore()", [&](auto& to) { detail::check_checkpoint<G>(to, make, print); });
    }
    return std::move(v).take();
}

/// Checks that the attribute `key` of every node can be set to `a`, removed, and taken back. `make` and `print` as
/// above.
template <attributed_graph G, class Make, class Printer>
requires mutable_graph<G> failures check_attributes(Make make, Printer print, std::string_view key,
                                                    const typename graph_traits<G>::attribute& a) {
    using traits = graph_traits<G>;
    detail::verdict v;
    v.run("attribute_of() or set_attribute()", [&](detail::verdict& to) {
        detail::sample<G, Make> s(make);
        const auto before = s.picture(print);
        for (const auto& n : detail::nodes_of(std::as_const(s.graph()))) {
            editor<G> e(s.graph());
            e.set_attribute(n, key, a);
            to.expect(traits::attribute_of(s.graph(), n, key).has_value(), "set_attribute() does not set an attribute");
            e.set_attribute(n, key, std::nullopt);
            to.expect(!traits::attribute_of(s.graph(), n, key).has_value(),
                      "set_attribute() with none does not remove the attribute");
            e.set_attribute(n, key, a);
            e.rollback();
            to.expect(s.picture(print) == before, "set_attribute() is not undone by the editor");
        }
    });
    return std::move(v).take();
}

/// Checks that `change(G&, edit_observer)` leaves the graph as it was when the observer throws, whichever change it
/// throws before. `make` and `print` as above.
template <class G, class Make, class Printer, class Change>
failures check_all_or_nothing(Make make, Printer print, Change change) {
    detail::verdict v;
    v.run("the change", [&](auto& to) { detail::inject_failures<G>(to, make, print, change); });
    return std::move(v).take();
}

}  // namespace qgraft::testing

#endif
