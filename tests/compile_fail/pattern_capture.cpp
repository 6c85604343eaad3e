// expect: qgraft: this pattern has no capture of that tag
// A tag that the pattern does not bind is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/pattern/combinators.hpp>

using namespace qgraft::pattern;

struct weights;
struct bias;

constexpr auto layer = op<qgraft::word::matmul>(any, capture<weights>(any));

qgraft::node_id use(const qgraft::graph_view& view) { return match(view, 0, layer)->node<bias>(); }
