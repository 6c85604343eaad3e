// The in-house vocabulary in qgraft's words, both ways.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_IR_DIALECT_HPP
#define IN_HOUSE_IR_DIALECT_HPP

#include <qgraft/ops/dialect.hpp>
#include <qgraft/rules/config.hpp>

#include "ir_traits.hpp"

template <>
struct qgraft::dialect<in_house::module> {
    using enum in_house::kind;
    using node = in_house::op*;
    using module = in_house::module;
    /// The word of each kind, whatever its attributes are: the first one that takes a node's operands.
    // clang-format off
    static constexpr std::pair<in_house::kind, word> plain[] = {
        {state, word::variable}, {param, word::variable}, {conv, word::conv2d}, {conv, word::depthwise_conv2d},
        {fully_connected, word::matmul}, {batch_norm, word::batch_norm}, {bias, word::bias_add}, {add, word::add},
        {sub, word::sub}, {mul, word::mul}, {div, word::div}, {lesser, word::minimum}, {greater, word::maximum},
        {inverse, word::reciprocal}, {inverse_sqrt, word::rsqrt}, {copy, word::identity}, {filled, word::fill},
        {reshape, word::reshape}, {max_pool, word::max_pool}, {average_pool, word::average_pool},
        {split, word::slice}, {border, word::pad}, {softmax, word::softmax}, {sigmoid, word::logistic},
        {tanh, word::tanh}, {leak, word::leaky_relu}, {hard_swish, word::hard_swish}, {concat, word::concat},
        {batch_to_tiles, word::batch_to_space}, {lowest, word::reduce_min}, {highest, word::reduce_max},
        {tiles_to_batch, word::space_to_batch}, {store, word::assign}, {step_reached, word::after_step},
        {population, word::biased_variance}, {choose, word::select}, {running_average, word::ema_update},
        {update, word::training_step}, {backward, word::gradient}, {fake_quantize, word::fake_quant_fixed},
        {fake_quantize, word::fake_quant}, {highest, word::max_over_axes}, {constant, word::constant}};
    // clang-format on
    static constexpr word_set spoken = training_words | training_fold_words;
    static word classify(const module&, node n) {
        const double high = n->get("low", -1.0) == 0 ? n->get("high", 1e300) : -1;
        if (n->what == clamp) return high >= 1e300 ? word::relu : high == 6 ? word::relu6 : word::other;
        if (n->what == conv && n->get("groups", std::int64_t{1}) > 1) return word::depthwise_conv2d;
        for (const auto& [what, w] : plain) {
            if (what == n->what && takes(w, n->operands().size())) return w;
        }
        return word::other;
    }
    static bool is_parameter(const module&, node n) { return n->what == param; }
    static bool is_left_alone(const module&, node n) { return n->pinned; }
    static bool is_in_loop(const module&, node n) { return in_house::is_in_loop(*n); }
    static auto op_name(const module&, node n) { return n->get("op", std::string(to_string(n->what))); }
    static batch_norm_facts batch_norm_of(const module&, node n) {
        return {.is_training = n->get("training", false), .epsilon = n->get("epsilon", 0.0)};
    }
    static channel_layout channels_of(const module&, node n) { return {spatial_rank(*n), spatial_rank(*n) + 1}; }
    static std::optional<constant_tensor> constant_of(const module&, value<node> v) {
        if (v.node->what != constant || !has_whole_data(*v.node)) return std::nullopt;
        return constant_tensor{v.node->data, *v.node->result().type};
    }

    static value<node> build(editor<module>& e, const instruction<node>& i) {
        const auto* entry = plain;
        while (entry != std::end(plain) && entry->second != i.op) ++entry;
        if (entry == std::end(plain)) throw rewrite_error(std::string(i.hint), "the in-house IR lacks this word");
        in_house::op_state o{.what = entry->first};
        o.name = in_house::below(i.scope.path, i.hint.empty() ? to_string(o.what) : i.hint);
        for (const operand_of<node>& operand : i.operands) {
            const auto* l = std::get_if<literal>(&operand);
            const auto v = l ? value<node>{e.add(in_house::scalar(l->number))} : std::get<value<node>>(operand);
            o.operands.emplace_back(v.node, v.port);
        }
        const auto& p = i.params;
        if (i.like) o.attributes = (*i.like)->attributes;
        if (i.op == word::variable) o.data = {static_cast<float>(p.real)};
        if (i.op == word::fill) o.attributes.set("value", p.real);
        if (i.op == word::leaky_relu) o.attributes.set("slope", p.real);
        if (i.op == word::reshape) o.attributes.set("dims", p.dims);
        if (i.op == word::ema_update) o.attributes = {{"decay", p.real}, {"debias", true}};
        if (i.op == word::after_step) o.attributes.set("step", p.integer);
        if (i.op == word::fake_quant)
            o.attributes = {{"bits", std::int64_t{p.bits}}, {"narrow_range", p.narrow_range}, {"quantizer", p.kernel}};
        return {e.add(std::move(o))};
    }
};

#endif
