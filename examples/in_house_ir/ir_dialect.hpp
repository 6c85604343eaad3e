// The in-house vocabulary in qgraft's words, both ways.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_IR_DIALECT_HPP
#define IN_HOUSE_IR_DIALECT_HPP

#include <qgraft/ops/dialect.hpp>
#include <qgraft/rules/config.hpp>

#include "ir_traits.hpp"

template <>
struct qgraft::dialect<in_house::module> {
    using module = in_house::module;
    using kind = in_house::kind;
    using node = in_house::op*;

    /// The word of each kind that is one whatever its attributes are.
    // clang-format off
    static constexpr std::pair<kind, word> plain[] = {
        {kind::state, word::variable}, {kind::param, word::variable}, {kind::conv, word::conv2d},
        {kind::fully_connected, word::matmul}, {kind::bias, word::bias_add}, {kind::batch_norm, word::batch_norm},
        {kind::add, word::add}, {kind::sub, word::sub}, {kind::mul, word::mul}, {kind::div, word::div},
        {kind::lesser, word::minimum}, {kind::greater, word::maximum}, {kind::inverse_sqrt, word::rsqrt},
        {kind::inverse, word::reciprocal}, {kind::splat, word::fill}, {kind::copy, word::identity},
        {kind::reshape, word::reshape}, {kind::max_pool, word::max_pool}, {kind::concat, word::concat},
        {kind::lowest, word::reduce_min}, {kind::highest, word::reduce_max}, {kind::store, word::assign},
        {kind::choose, word::select}, {kind::running_average, word::ema_update}, {kind::update, word::training_step},
        {kind::step_reached, word::after_step}, {kind::fake_quantize, word::fake_quant},
        {kind::population_variance, word::biased_variance}, {kind::tiles_to_batch, word::space_to_batch},
        {kind::batch_to_tiles, word::batch_to_space}, {kind::backward, word::gradient}};
    // clang-format on
    static constexpr word_set spoken = training_words | training_fold_words;

    static word classify(const module&, node n) {
        const double high = n->what == kind::clamp && n->get("low", -1.0) == 0 ? n->get("high", 1e300) : 0;
        if (high == 6 || high >= 1e300) return high == 6 ? word::relu6 : word::relu;
        if (n->what == kind::conv && n->get("groups", std::int64_t{1}) > 1) return word::depthwise_conv2d;
        if (n->what == kind::choose && n->operands[0].producer->what == kind::step_reached) return word::delayed;
        if (n->what == kind::fake_quantize && n->operands.size() == 1) return word::fake_quant_fixed;
        if (n->what == kind::highest && n->operands.size() == 2) return word::max_over_axes;
        const auto* p = std::find_if(plain, std::end(plain), [n](const auto& q) { return q.first == n->what; });
        return p != std::end(plain) && takes(p->second, n->operands.size()) ? p->second : word::other;
    }
    static bool is_parameter(const module&, node n) { return n->what == kind::param; }
    static bool is_left_alone(const module&, node n) { return n->pinned; }
    static bool is_in_loop(const module&, node n) { return n->get("in_loop", false); }
    static std::string op_name(const module&, node n) { return n->get("op", std::string(to_string(n->what))); }
    static batch_norm_facts batch_norm_of(const module&, node n) {
        return {.is_training = n->operands.size() == 3, .epsilon = n->get("epsilon", 1e-3)};
    }
    static channel_layout channels_of(const module&, node n) {  // images are NCHW, filters OIHW
        const auto type = in_house::type_of(n->operands.at(0));
        const bool flat = type ? type->size() == 2 : n->what == kind::fully_connected;
        return {.after_data = flat ? 0U : 2U, .after_weights = flat ? 1U : 3U};
    }

    static value<node> build(editor<module>& e, const instruction<node>& i) {
        const auto* k = std::find_if(plain, std::end(plain), [&i](const auto& p) { return p.second == i.op; });
        if (!i.like && k == std::end(plain)) throw rewrite_error(i.scope.path, "the in-house IR cannot build this");
        in_house::op o{.what = i.like ? (*i.like)->what : k->first, .name = i.scope.path};
        if (i.like) o.attributes = (*i.like)->attributes;
        o.name.append(o.name.empty() ? "" : "/").append(i.hint.empty() ? to_string(o.what) : i.hint);
        for (const operand_of<node>& x : i.operands) {
            const auto* l = std::get_if<literal>(&x);
            const value<node> v = l ? value<node>{e.add(in_house::constant(l->number))} : std::get<value<node>>(x);
            o.operands.push_back({v.node, v.port});
        }
        const word_params& p = i.params;
        if (i.op == word::variable) o.data = {static_cast<float>(p.real)};
        if (i.op == word::fill) o.attributes = {{"value", p.real}};
        if (i.op == word::ema_update) o.attributes = {{"decay", p.real}};
        if (i.op == word::reshape) o.attributes = {{"dims", p.dims}};
        if (i.op == word::after_step) o.attributes = {{"step", p.integer}};
        if (i.op == word::fake_quant)
            o.attributes = {{"bits", std::int64_t{p.bits}}, {"narrow_range", p.narrow_range}, {"quantizer", p.kernel}};
        return {e.add(std::move(o))};
    }
};

#endif
