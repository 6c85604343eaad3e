// Activations that a graph spells out, and that a target computes as one: nothing inside of them has a range.
//
// hard-swish    x relu6(x + 3) / 6, multiplied in any order, by 1/6 or divided by 6
// PReLU         relu(x) + slopes relu(-x), with the negated slopes of each channel
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_COMPOUNDS_HPP
#define QGRAFT_RULES_COMPOUNDS_HPP

#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include <qgraft/ops/view.hpp>
#include <qgraft/pattern/combinators.hpp>

namespace qgraft {

/// Nodes that are one activation together.
struct compound {
    node_id first = no_node;         ///< reads what the activation is of
    std::array<node_id, 5> parts{};  ///< all of them, the last one that gives the result; or no_node
};

namespace detail::compounds {

using namespace pattern;

struct input_tag;
struct again_tag;
struct three_tag;
struct six_tag;
struct shifted_tag;
struct clipped_tag;
struct part_tag;
struct positive_tag;
struct negated_tag;
struct slopes_tag;

inline constexpr auto clipped = capture<clipped_tag>(
    op<word::relu6>(capture<shifted_tag>(op<word::add>(capture<input_tag>(any), capture<three_tag>(any)))));
inline constexpr auto gated = capture<part_tag>(commutative<word::mul>(capture<again_tag>(any), clipped));
inline constexpr auto sixth = capture<part_tag>(
    one_of(commutative<word::mul>(clipped, capture<six_tag>(any)), op<word::div>(clipped, capture<six_tag>(any))));
// Two forms, one after the other: numbers alone tell which product is the gate.
inline constexpr auto swish_then_scaled =
    one_of(commutative<word::mul>(gated, capture<six_tag>(any)), op<word::div>(gated, capture<six_tag>(any)));
inline constexpr auto scaled_then_swish = commutative<word::mul>(capture<again_tag>(any), sixth);

inline constexpr auto negative = op<word::relu>(capture<negated_tag>(op<word::neg>(capture<again_tag>(any))));
inline constexpr auto prelu = commutative<word::add>(
    capture<positive_tag>(op<word::relu>(capture<input_tag>(any))),
    capture<part_tag>(commutative<word::mul>(capture<clipped_tag>(negative), capture<slopes_tag>(any))));

/// Whether a tensor is a constant scalar, near to a number.
inline bool is_number(const graph_view& view, tensor t, double number) {
    const std::optional<constant_tensor> c = view.constant(t);
    return c && c->data.size() == 1 && std::abs(c->data[0] / number - 1) < 1e-6;
}

template <class P>
std::optional<compound> match_hard_swish(const graph_view& view, node_id root, P form) {
    const auto m = match(view, root, form);
    if (!m) return std::nullopt;
    tensor x = m->template get<input_tag>();
    tensor three = m->template get<three_tag>();
    if (x != m->template get<again_tag>()) std::swap(x, three);
    if (x != m->template get<again_tag>() || !is_number(view, three, 3)) return std::nullopt;
    const node_id part = m->template node<part_tag>();
    const bool divides = view.word_of(root) == word::div || view.word_of(part) == word::div;
    if (!is_number(view, m->template get<six_tag>(), divides ? 6 : 1.0 / 6)) return std::nullopt;
    const node_id shifted = m->template node<shifted_tag>();
    return compound{shifted, {shifted, m->template node<clipped_tag>(), part, root, no_node}};
}

inline std::optional<compound> match_prelu(const graph_view& view, node_id root) {
    const auto m = match(view, root, prelu);
    if (!m || m->get<input_tag>() != m->get<again_tag>()) return std::nullopt;
    const node_id positive = m->node<positive_tag>();
    return compound{positive, {positive, m->node<negated_tag>(), m->node<clipped_tag>(), m->node<part_tag>(), root}};
}

}  // namespace detail::compounds

/// The activation whose result a node is; none where it is none that is spelled out.
inline std::optional<compound> match_compound(const graph_view& view, node_id root) {
    if (view.word_of(root) == word::add) return detail::compounds::match_prelu(view, root);
    const auto found = detail::compounds::match_hard_swish(view, root, detail::compounds::swish_then_scaled);
    return found ? found : detail::compounds::match_hard_swish(view, root, detail::compounds::scaled_then_swish);
}

}  // namespace qgraft

#endif
