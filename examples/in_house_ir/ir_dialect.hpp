// The in-house vocabulary in qgraft's words, both ways.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_IR_DIALECT_HPP
#define IN_HOUSE_IR_DIALECT_HPP

#include <qgraft/ops/dialect.hpp>

#include "ir_traits.hpp"

template <>
struct qgraft::dialect<in_house::module> {
    using module = in_house::module;
    using kind = in_house::kind;
    using node = in_house::op*;

    /// The word of each kind that is one whatever its attributes are.
    // clang-format off
    static constexpr std::pair<kind, word> plain[] = {
        {kind::state, word::variable},             {kind::param, word::variable},
        {kind::conv, word::conv2d},                {kind::fully_connected, word::matmul},
        {kind::bias, word::bias_add},              {kind::batch_norm, word::batch_norm},
        {kind::add, word::add},                    {kind::sub, word::sub},
        {kind::mul, word::mul},                    {kind::div, word::div},
        {kind::lesser, word::minimum},             {kind::greater, word::maximum},
        {kind::inverse_sqrt, word::rsqrt},         {kind::copy, word::identity},
        {kind::reshape, word::reshape},            {kind::max_pool, word::max_pool},
        {kind::concat, word::concat},              {kind::batch_to_tiles, word::batch_to_space},
        {kind::lowest, word::reduce_min},          {kind::tiles_to_batch, word::space_to_batch},
        {kind::highest, word::reduce_max},         {kind::running_average, word::ema_update},
        {kind::store, word::assign},               {kind::step_reached, word::after_step},
        {kind::choose, word::select},              {kind::fake_quantize, word::fake_quant},
        {kind::update, word::training_step},       {kind::backward, word::gradient}};
    // clang-format on

    static constexpr word_set spoken{word::variable,   word::reduce_min, word::reduce_max, word::minimum,
                                     word::maximum,    word::div,        word::mul,        word::assign,
                                     word::ema_update, word::after_step, word::select,     word::fake_quant};

    static word classify(const module&, node n) {
        const double high = n->get("high", 1e300);
        if (n->what == kind::clamp && n->get("low", -1.0) == 0 && high >= 1e300) return word::relu;
        if (n->what == kind::clamp && n->get("low", -1.0) == 0 && high == 6) return word::relu6;
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

    static value<node> build(editor<module>& e, const instruction<node>& i) {
        if (!spoken.contains(i.op)) throw rewrite_error(std::string(i.hint), "the in-house IR cannot build this word");
        const auto& k = *std::find_if(plain, std::end(plain), [&i](const auto& p) { return p.second == i.op; });
        in_house::op o{.what = k.first, .name = i.scope.path, .types = {in_house::tensor_type(std::in_place)}};
        o.name.append(o.name.empty() ? "" : "/").append(i.hint.empty() ? to_string(o.what) : i.hint);
        for (const operand_of<node>& operand : i.operands) {
            value<node> v;
            if (const auto* t = std::get_if<value<node>>(&operand)) v = *t;
            if (const auto* l = std::get_if<literal>(&operand))
                v.node = e.add({.what = kind::constant, .types = o.types, .data = {static_cast<float>(l->number)}});
            o.operands.push_back({v.node, v.port});
        }
        if (i.op == word::variable) o.data = {static_cast<float>(i.params.real)};
        if (i.op == word::ema_update) o.attributes = {{"decay", i.params.real}};
        if (i.op == word::after_step) o.attributes = {{"step", i.params.integer}};
        if (i.op == word::fake_quant)
            o.attributes = {{"bits", std::int64_t{i.params.bits}},
                            {"narrow_range", i.params.narrow_range},
                            {"quantizer", i.params.kernel}};
        if (i.op == word::fake_quant || i.op == word::select)  // what they give is shaped like what they take
            o.types = {in_house::type_of(o.operands[i.op == word::select ? 1 : 0])};
        return {e.add(std::move(o))};
    }
};

#endif
