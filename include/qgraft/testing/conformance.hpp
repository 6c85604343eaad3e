// The conformance suite: whether a graph type of your own does what qgraft's rules rely on.
// SPDX-License-Identifier: Apache-2.0
//
// Include this header in a test of yours, with any test framework or none:
//
//     #include <qgraft/testing/conformance.hpp>
//
//     my_graph make();                                   // a small network: at least two nodes and one operand
//     std::string print(const my_graph&);                // everything of it that a rewrite must restore
//     my_graph::node_data new_node(my_graph&);           // a node to add, as often as it is asked for
//     qgraft::value<my_graph::node> data(my_graph&);     // a tensor of numbers in that network
//
//     for (const std::string& f : qgraft::testing::check_graph<my_graph>(make, print, new_node, data)) {
//         std::cerr << f << '\n';                        // no sentence: the type conforms
//     }
//
// Where a graph lives outside of its type (a message, a file), make() may return what owns both, as long as *made is
// the graph; print() then may take what make() returned. The parts can be called one by one:
//
//     check_readable<G>(make)                            nodes, operands, names, shapes, control inputs
//     check_mutable<G>(make, print, new_node)            add_node, erase_node, set_input, the editor, checkpoints
//     check_attributes<G>(make, print, key, attribute)   set_attribute
//     check_dialect<G>(make, print, data)                classify, and build for every word that the dialect speaks
//     check_all_or_nothing<G>(make, print, change)       change(G&, edit_observer) fails at every change in turn
//
// The last one takes whole rewrites, too: let `change` give the observer to qat_options::on_change.
#ifndef QGRAFT_TESTING_CONFORMANCE_HPP
#define QGRAFT_TESTING_CONFORMANCE_HPP

#include <iterator>
#include <utility>

#include <qgraft/testing/check_dialect.hpp>
#include <qgraft/testing/check_graph.hpp>

namespace qgraft::testing {

/// check_readable, check_mutable and check_dialect in one: the sentences of all.
template <class G, class Make, class Printer, class NewNode, class Data>
failures check_graph(Make make, Printer print, NewNode new_node, Data data) {
    failures all = check_readable<G>(make);
    for (failures more : {check_mutable<G>(make, print, new_node), check_dialect<G>(make, print, data)}) {
        all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    }
    return all;
}

}  // namespace qgraft::testing

#endif
