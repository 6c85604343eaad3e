// A rule of one's own: activations that are spelled out become one op.
//
// before   greater(x, mul(x, slope))                      slope: a constant of at most 1
// after    leak(x) [slope]
//
// before   mul(mul(x, clamp(add(x, 3), 0, 6)), 1/6)       or the factor at the clamp
// after    hard_swish(x)
//
// Operands may come in any order.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_FUSE_ACTIVATIONS_HPP
#define IN_HOUSE_FUSE_ACTIVATIONS_HPP

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <qgraft/pattern/combinators.hpp>
#include <qgraft/rewrite/transaction.hpp>

#include "ir_dialect.hpp"

namespace in_house {

namespace spelled_out {

using namespace qgraft::pattern;
using qgraft::word;
using qgraft::pattern::op;

struct x;
struct x_again;
struct slope;
struct three;
struct sixth;

template <class Tag>
constexpr auto number = capture<Tag>(op<word::constant>());

constexpr auto leaky_relu =
    commutative<word::maximum>(capture<x>(any), commutative<word::mul>(capture<x_again>(any), number<slope>));

constexpr auto gate = op<word::relu6>(commutative<word::add>(capture<x_again>(any), number<three>));
constexpr auto hard_swish =
    one_of(commutative<word::mul>(commutative<word::mul>(capture<x>(any), gate), number<sixth>),
           commutative<word::mul>(capture<x>(any), commutative<word::mul>(gate, number<sixth>)));

/// The one number of a constant; NaN where it has not one.
inline double number_of(const qgraft::graph_view& view, qgraft::tensor t) {
    const auto c = view.constant(t);
    return c && c->data.size() == 1 ? c->data[0] : std::numeric_limits<double>::quiet_NaN();
}

/// Plans the op that does what `root` does, where it is one of these. A tensor that is none: it is not.
inline qgraft::tensor plan(const qgraft::graph_view& view, qgraft::node_id root, qgraft::script& s) {
    const std::string name = view.name(root);
    if (const auto m = match(view, root, leaky_relu); m && m->get<x>() == m->get<x_again>()) {
        const double by = number_of(view, m->get<slope>());
        if (by <= 1) return s.emit(word::leaky_relu, {m->get<x>()}, {.hint = name, .params = {.real = by}});
    }
    if (const auto m = match(view, root, hard_swish); m && m->get<x>() == m->get<x_again>()) {
        const double six = 1 / number_of(view, m->get<sixth>());
        if (number_of(view, m->get<three>()) == 3 && std::abs(six - 6) < 1e-5)
            return s.emit(word::hard_swish, {m->get<x>()}, {.hint = name});
    }
    return {};
}

}  // namespace spelled_out

/// Applies the rule to a whole module, and removes what nothing reads then. Returns how many activations it was. All or
/// nothing.
inline std::size_t fuse_activations(module& m) {
    qgraft::transaction<module> t(m);
    qgraft::script s(t.view().size());
    std::vector<op*> replaced;
    for (const qgraft::node_id n : t.view().order()) {
        const qgraft::tensor fused = spelled_out::plan(t.view(), n, s);
        if (!fused) continue;
        std::vector<qgraft::use> uses(t.view().users(n).begin(), t.view().users(n).end());
        std::erase_if(uses, [&t](auto u) { return t.view().has_role(u.node, qgraft::role::left_alone); });
        s.reroute({n, 0}, fused, uses);
        replaced.push_back(t.view().handle(n));
    }
    t.apply(s);
    t.commit();
    for (op* o : replaced) module::erase_if_unused(o);
    return replaced.size();
}

}  // namespace in_house

#endif
