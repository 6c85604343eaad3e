// "Quantize this value": inserts fake quantization between a tensor and its users. The other quantize rules use it.
//
// before    x ----------------> users
// after     x --> fake_quant -> users        fake_quant(x, low, high), bits and narrow range from the spec
//
//   range, evaluation        low, high = variables min, max
//   range, last value        low, high = the variables, assigned f(min(x), max(x)) in each step; for weights
//   range, moving average    low, high = the variables, updated by a zero-debiased exponential average of
//                            f(min(x), max(x)): biased -= (biased - new)(1 - decay); step += 1;
//                            value = biased / (1 - decay^step); for activations
//   range, custom            low, high = the variables, assigned what a function of the caller's makes of
//                            f(min(x), max(x)) and of what they held
//   f, affine                (min(low, 0), max(high, 0))
//   f, symmetric             (min(low, high/r), max(high, low*r)); r = -1 with narrow range, else -(2^bits - 2)/2^bits
//   range, of each channel   the same on vectors: min(x) and max(x) over all axes but that of the channels, and
//                            fake_quant_per_channel; where channels are on two axes, between two reshapes
//   delay                    users read select(after_step(delay), fake_quant, x)
//
// conditions   x is not followed by fake quantization yet, directly or through identities and reshapes; it is not
//              computed inside a loop; producer and users lie in the scope where one is given. Users that the dialect
//              leaves alone (gradients) keep reading x.
// source       the formulas and their order are those of TensorFlow 1.15's tf.contrib.quantize, quant_ops.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_FAKE_QUANTIZE_HPP
#define QGRAFT_RULES_FAKE_QUANTIZE_HPP

#include <string>
#include <vector>

#include <qgraft/ops/view.hpp>
#include <qgraft/rewrite/report.hpp>
#include <qgraft/rewrite/script.hpp>
#include <qgraft/rules/config.hpp>
#include <qgraft/rules/paths.hpp>
#include <qgraft/rules/range_nodes.hpp>

namespace qgraft {

/// One value to quantize.
struct fake_quant_request {
    std::string rule{};          ///< for the report
    node_id producer = no_node;  ///< its first output is quantized
    std::string context{};       ///< the path under which the new nodes are named
    std::string suffix{};        ///< the last part of that path
    range_settings range{};
    bool producer_in_scope = false;   ///< the producer's name must start with the scope
    bool consumers_in_scope = false;  ///< each user's name must
};

/// Plans insertions into one script, and remembers them.
class fake_quantizer {
public:
    fake_quantizer(const graph_view& view, script& s, report& r, const quantize_config& config)
        : view_(view),
          script_(s),
          nodes_(s, config.is_training, config.custom_range),
          report_(r),
          config_(config),
          planned_(view.size(), false),
          seen_in_(view.size(), 0) {
        scope_ = prefix_of_scope(config.scope, view.separator());
    }

    /// Plans the insertion, unless a condition of this rule does not hold; the report says which. Returns whether it
    /// did.
    bool insert(const fake_quant_request& request) {
        const std::string reason = obstacle(request);
        report_.decisions.push_back({request.rule, view_.name(request.producer),
                                     reason.empty() ? outcome::quantized : outcome::left_as_is,
                                     reason.empty() ? describe(request.range) : reason});
        if (!reason.empty()) return false;
        const tensor x{request.producer, 0};
        const std::string prefix = joined_path(request.context, request.suffix, view_.separator());
        const scope_id in = script_.open_scope(scope_kind::state, prefix);
        tensor result = nodes_.quantized(request.range, x, in);
        if (config_.quant_delay.value_or(0) > 0)
            result = nodes_.delayed(prefix, view_.separator(), *config_.quant_delay, result, x);
        script_.reroute(x, result, uses_to_move(view_, x));
        planned_[request.producer] = true;
        return true;
    }

    /// Whether this object has planned fake quantization of the node's first output.
    [[nodiscard]] bool has_planned(node_id n) const { return planned_[n]; }

    /// The nodes that read any output of `n`, less those that are left alone; a node may come twice.
    [[nodiscard]] std::vector<node_id> consumers(node_id n) const {
        std::vector<node_id> nodes;
        for (const use u : view_.users(n)) {
            if (!view_.has_role(u.node, role::left_alone)) nodes.push_back(u.node);
        }
        return nodes;
    }

private:
    /// Why the value must not be quantized; empty when it may.
    [[nodiscard]] std::string obstacle(const fake_quant_request& request) {
        if (request.producer_in_scope && !in_scope(request.producer)) return "is not in the scope " + scope_;
        if (request.consumers_in_scope) {
            for (const node_id n : consumers(request.producer)) {
                if (!in_scope(n)) return "is used by '" + view_.name(n) + "', which is not in the scope " + scope_;
            }
        }
        if (followed_by_fake_quant(request.producer)) return "is quantized already";
        if (request.range.channels && !request.range.channels->obstacle.empty())
            return request.range.channels->obstacle;
        if (!config_.as_reference && view_.has_role(request.producer, role::in_loop)) {
            return "runs inside a loop, where the variables of a range cannot be updated";
        }
        return {};
    }

    [[nodiscard]] bool in_scope(node_id n) const { return scope_.empty() || view_.name(n).starts_with(scope_); }

    /// Looks through identities and reshapes, each once; with an explicit stack, since chains of them may be long.
    [[nodiscard]] bool followed_by_fake_quant(node_id n) {
        constexpr word_set transparent{word::identity, word::reshape};
        std::vector<node_id> open{n};
        seen_in_[n] = ++searches_;
        while (!open.empty()) {
            const node_id at = open.back();
            open.pop_back();
            if (planned_[at]) return true;
            for (const use u : view_.users(at)) {
                const word w = view_.word_of(u.node);
                if (quantizers.contains(w) || (w == word::transpose && is_moved_to_be_quantized(u.node))) return true;
                if (!transparent.contains(w) || seen_in_[u.node] == searches_) continue;
                seen_in_[u.node] = searches_;
                open.push_back(u.node);
            }
        }
        return false;
    }

    /// Whether a transpose moves the channels of what is quantized a channel at a time.
    [[nodiscard]] bool is_moved_to_be_quantized(node_id n) const {
        if (config_.as_reference) return false;
        for (const use u : view_.users(n)) {
            if (u.operand == 0 && view_.word_of(u.node) == word::fake_quant_per_channel) return true;
        }
        return false;
    }

    const graph_view& view_;
    script& script_;
    range_nodes nodes_;
    report& report_;
    const quantize_config& config_;
    std::string scope_;
    std::vector<bool> planned_;
    std::vector<node_id> seen_in_;  ///< by node: the last search that has seen it
    node_id searches_ = 0;
};

}  // namespace qgraft

#endif
