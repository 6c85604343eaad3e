// expect: qgraft: this pattern lists a number of operands that one of its words does not take
// A pattern that no node can fit is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/pattern/combinators.hpp>

using namespace qgraft::pattern;

constexpr auto wrong = op<qgraft::word::add, qgraft::word::relu>(any, any);

bool use(const qgraft::graph_view& view) { return match(view, 0, wrong).has_value(); }
