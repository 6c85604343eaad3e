// Rule: quantizes the outputs of additions and multiplications that layers have left.
//
// before      a, b -> add or mul -> users
// after       a, b -> add or mul -> fake quantization, moving average -> users
//
// conditions  an operand of it, seen through reshapes, identities, poolings and changes between space and batch, is
//             fake quantized; or is an addition or multiplication of which an operand meets these conditions itself.
//             Not where its only user is a relu, nor where quantize_layers has dealt with it.
// formula     that of fake_quantize.hpp
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_QUANTIZE_ACTIVATIONS_HPP
#define QGRAFT_RULES_QUANTIZE_ACTIVATIONS_HPP

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/rules/fake_quantize.hpp>

namespace qgraft {

namespace detail {

/// Decides for one node after the other, producers first, and plans the insertions.
class activation_sweep {
public:
    activation_sweep(const graph_view& view, script& s, report& r, const quantize_config& config,
                     std::vector<bool> handled)
        : view_(view),
          config_(config),
          quantizer_(view, s, r, config),
          handled_(std::move(handled)),
          verdicts_(view.size(), verdict::unknown),
          behind_(view.size()) {
        while (handled_.size() < view.size()) handled_.push_back(false);
        if (!config.as_reference)
            quantized_words_ = quantized_words_ | word_set{word::fake_quant_per_channel, word::fake_quant_fixed};
    }

    void run() {
        for (const node_id n : view_.order()) {
            if (sums_and_products.contains(view_.word_of(n)) && is_eligible(n)) quantize(n);
        }
    }

private:
    enum class verdict : std::uint8_t { unknown, open, no, yes };

    static constexpr word_set sums_and_products{word::add, word::mul};
    static constexpr word_set transparent{word::reshape,        word::identity, word::batch_to_space,
                                          word::space_to_batch, word::max_pool, word::max_over_axes};

    void quantize(node_id n) {
        fake_quant_request r{.rule = "quantize_activations",
                             .producer = n,
                             .context = view_.name(n),
                             .suffix = "activation_" + view_.op_name(n) + "_quant"};
        r.range.spec = config_.swept;
        r.range.kernel = config_.activation_kernel;
        r.range.policy = config_.activation_range;
        r.range.ema_decay = config_.ema_decay;
        r.producer_in_scope = true;
        quantizer_.insert(r);
    }

    /// Where an operand comes from: a quantized value, or the node behind the transparent ones.
    struct origin {
        bool quantized;
        node_id node;
    };

    /// The last of a row of transparent nodes, and what it reads.
    struct end_of_row {
        node_id reader = no_node;
        node_id node = no_node;
    };

    [[nodiscard]] origin origin_of(node_id reader, tensor t) {
        const end_of_row end = is_transparent(t.node) ? behind(t.node) : end_of_row{reader, t.node};
        const bool moved = quantizer_.has_planned(end.node) && !view_.has_role(end.reader, role::left_alone);
        return {moved || quantized_words_.contains(view_.word_of(end.node)), end.node};
    }

    [[nodiscard]] bool is_transparent(node_id n) const {
        return transparent.contains(view_.word_of(n)) && !view_.inputs(n).empty();
    }

    /// Follows operand 0 of transparent nodes, each once. A loop of them (through a back edge) ends where it is
    /// entered.
    [[nodiscard]] end_of_row behind(node_id n) {
        std::vector<node_id> row;
        while (is_transparent(n) && behind_[n].node == no_node) {
            behind_[n] = {n, n};
            row.push_back(n);
            n = view_.inputs(n)[0].node;
        }
        const end_of_row end = is_transparent(n) ? behind_[n] : end_of_row{row.back(), n};
        for (const node_id r : row) behind_[r] = end;
        return end;
    }

    /// Whether the node itself may be quantized, whatever its operands are.
    [[nodiscard]] bool is_candidate(node_id n) const {
        if (handled_[n] || !sums_and_products.contains(view_.word_of(n))) return false;
        const auto users = view_.users(n);
        constexpr word_set relus{word::relu, word::relu6};
        return users.size() != 1 || !relus.contains(view_.word_of(users.front().node));
    }

    /// The conditions, worked off a stack: chains of sums may be as long as the graph.
    bool is_eligible(node_id root) {
        std::vector<node_id> open{root};
        while (!open.empty()) {
            const node_id n = open.back();
            if (verdicts_[n] == verdict::yes || verdicts_[n] == verdict::no) {
                open.pop_back();
                continue;
            }
            if (verdicts_[n] == verdict::unknown && !is_candidate(n)) {
                verdicts_[n] = verdict::no;
                continue;
            }
            const bool asked = verdicts_[n] == verdict::open;
            verdicts_[n] = verdict::open;
            if (!decide(n, asked, open)) verdicts_[n] = verdict::no;
        }
        return verdicts_[root] == verdict::yes;
    }

    /// Sets the verdict on `n` to yes where it holds; else pushes what it depends on, once. False: nothing is left to
    /// ask.
    bool decide(node_id n, bool asked, std::vector<node_id>& open) {
        bool pushed = false;
        for (const tensor t : view_.inputs(n)) {
            const origin from = origin_of(n, t);
            if (from.quantized) {
                verdicts_[n] = verdict::yes;
                return true;
            }
            if (!sums_and_products.contains(view_.word_of(from.node))) continue;
            for (const tensor below : view_.inputs(from.node)) {
                const verdict v = verdicts_[below.node];
                if (v == verdict::yes) {
                    verdicts_[n] = verdict::yes;
                    return true;
                }
                if (!asked && v == verdict::unknown) {
                    open.push_back(below.node);
                    pushed = true;
                }
            }
        }
        return pushed;
    }

    const graph_view& view_;
    const quantize_config& config_;
    fake_quantizer quantizer_;
    std::vector<bool> handled_;
    std::vector<verdict> verdicts_;
    std::vector<end_of_row> behind_;
    word_set quantized_words_{word::fake_quant, word::delayed};
};

}  // namespace detail

/// Plans the rule. `handled`: what quantize_layers returned.
inline void quantize_activations(const graph_view& view, const quantize_config& config, std::vector<bool> handled,
                                 script& s, report& r) {
    detail::activation_sweep(view, s, r, config, std::move(handled)).run();
}

}  // namespace qgraft

#endif
