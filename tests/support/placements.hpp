// Where a rewrite has put fake quantization: read off graphs of any type, and off the reference's result.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_SUPPORT_PLACEMENTS_HPP
#define QGRAFT_TESTS_SUPPORT_PLACEMENTS_HPP

#include <compare>
#include <cstddef>
#include <string>
#include <unordered_set>
#include <vector>

#include "support/translate.hpp"

namespace qgraft::testing_support {

/// How the range of one fake quantization comes about.
enum class range_kind { only_read, last_value, moving_average, unknown };

/// One fake quantization.
struct quantization {
    std::string producer;
    std::vector<std::string> consumers;  ///< the readers that were there before, sorted; each once a slot
    int bits = 0;
    bool narrow_range = false;
    range_kind range = range_kind::unknown;
    bool delayed = false;

    friend auto operator<=>(const quantization&, const quantization&) = default;
};

/// "producer -> consumer, consumer: 8 bits, narrow range, last value, delayed".
std::string to_string(const quantization& q);

/// The nodes that a graph had, by their handles.
template <class Node>
using nodes_before = std::unordered_set<Node>;

/// What a rewrite has inserted into a graph that had the nodes `before`, sorted.
std::vector<quantization> placements(const in_house::module& m, const nodes_before<in_house::op*>& before);
std::vector<quantization> placements(const sketch_network& net,
                                     const nodes_before<sketch_network::vertex_descriptor>& before);
std::vector<quantization> placements(const property_tree::graph& g,
                                     const nodes_before<property_tree::graph::node>& before);

/// What the reference has inserted, sorted: in `after`, and not in `before`.
std::vector<quantization> placements(const tensorflow_graph& after, const tensorflow_graph& before);

}  // namespace qgraft::testing_support

#endif
