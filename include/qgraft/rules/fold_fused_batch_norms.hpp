// Rule: folds batch norms that are one node into the layer before them.
//
// before     x, weights -> layer -> [batch_to_space] -> [identity] -> batch_norm(gamma, beta, mean, variance) -> users
//            a matmul has a reshape on both sides of its batch norm
// after      weights * [correction scale] * m -> layer -> [batch_to_space] -> [* reciprocal, + offset] -> + bias
//            -> users
//            m = gamma / sqrt(variance + epsilon),  bias = beta - mean * m
//
//   inference  mean and variance are operands of the batch norm; no corrections
//   training   they are those of the batch: outputs of the batch norm, which stays where it is for their sake, and
//              need not be operands. Its variance has Bessel's correction, v n / (n - 1) over n values a channel, which
//              is undone. Corrections: those of fold_correction.hpp, where moving averages follow both statistics
//   constant   where all its numbers are constants and a kernel policy computes: see fold_constant_batch_norms.hpp
//
// conditions   the batch norm's result is used; layer, batch norm and what is between them have the operands above; for
//              a layer inside a loop, or one whose channels cannot be told, the report says why it was left
// formula      y = (x - mean) gamma / sqrt(variance + epsilon) + beta, over x = layer(weights): linear in the weights
// source       the order of operations is that of TensorFlow 1.15's tf.contrib.quantize, fold_batch_norms.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_FOLD_FUSED_BATCH_NORMS_HPP
#define QGRAFT_RULES_FOLD_FUSED_BATCH_NORMS_HPP

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/pattern/combinators.hpp>
#include <qgraft/rules/fold_constant_batch_norms.hpp>
#include <qgraft/rules/fold_correction.hpp>
#include <qgraft/rules/fold_layer.hpp>

namespace qgraft {

/// The pattern of the rule, from the layer to the batch norm, and to the reshape after that of a matmul.
namespace fused_patterns {

using namespace pattern;

struct layer_tag;
struct input_tag;
struct weights_tag;
struct batch_to_space_tag;
struct reshape_tag;
struct norm_tag;
struct final_reshape_tag;

inline constexpr auto layer = capture<layer_tag>(
    op<word::conv2d, word::depthwise_conv2d, word::matmul>(capture<input_tag>(any), capture<weights_tag>(any)));
inline constexpr auto dilated = capture<batch_to_space_tag>(op<word::batch_to_space>(layer, rest));
inline constexpr auto layer_output = one_of(op<word::identity>(one_of(dilated, layer)), layer, dilated);
inline constexpr auto reshaped = capture<reshape_tag>(op<word::reshape>(layer_output, rest));
inline constexpr auto norm = capture<norm_tag>(op<word::batch_norm>(one_of(reshaped, layer_output), rest));
inline constexpr auto root = one_of(capture<final_reshape_tag>(op<word::reshape>(norm, rest)), norm);

}  // namespace fused_patterns

namespace detail {

/// One batch norm to fold.
struct fused_match {
    foldable_layer folded{};
    node_id norm = no_node;
    tensor layer_output{};  ///< what the layer itself gives
    tensor output{};        ///< what its users read
    bool reshaped = false;  ///< a reshape is between the layer and the batch norm
    batch_norm_facts facts{};
    tensor variance{};
    std::optional<moving_statistic<tensor>> moving_mean{};
    std::optional<moving_statistic<tensor>> moving_variance{};
    std::optional<folded_constants> constants{};
};

/// Finds the batch norms, then plans one after the other.
class fused_folder {
public:
    fused_folder(const graph_view& view, const fold_config& config, script& s, report& r)
        : view_(view),
          config_(config),
          script_(s),
          report_(r),
          folder_(view, config, s),
          folded_by_(view.size(), no_node),
          into_constants_(view.size(), false),
          decided_(view.size(), false) {}

    void run() {
        for (const node_id n : view_.order()) {
            constexpr word_set roots{word::batch_norm, word::reshape};
            if (!roots.contains(view_.word_of(n))) continue;
            find(n);
        }
        for (fused_match& m : matches_) fold(m);
        for (const node_id n : view_.order()) {
            if (view_.word_of(n) == word::batch_norm && !decided_[n] && !uses({n, 0}).empty()) explain_unmatched(n);
        }
    }

private:
    /// Takes in what is to be folded here.
    void find(node_id root) {
        namespace patterns = fused_patterns;
        const auto found = match(view_, root, patterns::root);
        if (!found) return;
        fused_match m;
        m.folded = {found->node<patterns::layer_tag>(), found->get<patterns::input_tag>(),
                    found->get<patterns::weights_tag>(), found->node<patterns::batch_to_space_tag>()};
        m.layer_output = found->get<patterns::layer_tag>();
        m.norm = found->node<patterns::norm_tag>();
        m.reshaped = found->node<patterns::reshape_tag>() != no_node;
        m.output = {m.norm, 0};
        if (is_reshaped_back(m)) {
            const node_id back = found->node<patterns::final_reshape_tag>();
            if (back == no_node) return;
            m.output = {back, 0};
        }
        if (into_constants_[m.norm] || uses(m.output).empty()) return;
        m.facts = view_.batch_norm(m.norm);
        if (const std::string reason = obstacle(m); !reason.empty()) {
            if (view_.word_of(root) == word::batch_norm || is_reshaped_back(m)) decide(m, outcome::left_as_is, reason);
            return;
        }
        // Each batch norm gets constants of its own, however many the layer has.
        if (m.constants = fold_constants(m); m.constants) {
            into_constants_[m.norm] = true;
            matches_.push_back(std::move(m));
            return;
        }
        const node_id folded_by = folded_by_[m.folded.layer];
        // While it looks for matches, the reference prepares even those that it drops.
        if (config_.as_reference || folded_by == no_node || folded_by == m.norm) read_statistics(m);
        if (folded_by != no_node) {
            if (folded_by != m.norm) {
                decide(m, outcome::left_as_is, "its layer is folded into another batch norm");
            }
            return;
        }
        folded_by_[m.folded.layer] = m.norm;
        matches_.push_back(std::move(m));
    }

    [[nodiscard]] std::optional<folded_constants> fold_constants(const fused_match& m) const {
        if (config_.constants == nullptr || m.facts.is_training) return std::nullopt;
        const auto operands = view_.inputs(m.norm);
        return config_.constants->fold(view_, config_, m.folded,
                                       {operands[1], operands[2], operands[3], operands[4], literal{m.facts.epsilon}});
    }

    /// A matmul's output is brought into the form of an image for its batch norm, and back.
    [[nodiscard]] bool is_reshaped_back(const fused_match& m) const {
        return view_.word_of(m.folded.layer) == word::matmul && (m.reshaped || config_.as_reference);
    }

    [[nodiscard]] std::string obstacle(const fused_match& m) const {
        const std::size_t operands = view_.inputs(m.norm).size();
        if (operands != 5 && !(m.facts.is_training && operands == 3)) {
            return "does not have its scale, offset and statistics as operands";
        }
        if (config_.as_reference && m.facts.unknown_to_reference) return "is unknown to the reference";
        if (config_.as_reference) return folder_.obstacle(m.folded);
        if (!m.facts.obstacle.empty()) return m.facts.obstacle;
        if (m.facts.is_training && config_.inference_only) return "uses the statistics of the batch, which needs state";
        if (m.reshaped && !keeps_channels(m)) return "is separated from its layer by a reshape";
        if (!m.reshaped && view_.channels(m.folded.layer).after_data != view_.channels(m.norm).after_data) {
            return "has its channels elsewhere than its layer";
        }
        return folder_.obstacle(m.folded);
    }

    /// Whether the reshapes around the batch norm of a matmul leave each channel to itself, and the shape as it was.
    [[nodiscard]] bool keeps_channels(const fused_match& m) const {
        if (view_.word_of(m.folded.layer) != word::matmul || view_.channels(m.norm).after_data != 0) return false;
        const tensor_shape before = view_.shape(m.layer_output);
        const tensor_shape inside = view_.shape(view_.inputs(m.norm)[0]);
        const tensor_shape after = view_.shape(m.output);
        const auto ends_alike = [](const tensor_shape& a, const tensor_shape& b) {
            return !a.has_rank() || !b.has_rank() || a.rank() == 0 || b.rank() == 0 ||
                   a.dims().back() == tensor_shape::unknown || b.dims().back() == tensor_shape::unknown ||
                   a.dims().back() == b.dims().back();
        };
        const bool same_rank = !before.has_rank() || !after.has_rank() || before.rank() == after.rank();
        return same_rank && ends_alike(before, inside) && ends_alike(before, after);
    }

    /// In training: the variance of the batch, and the averages that follow both statistics.
    void read_statistics(fused_match& m) {
        const auto operands = view_.inputs(m.norm);
        if (!m.facts.is_training) {
            m.variance = operands[4];
            return;
        }
        script_.annotate(m.norm, annotation::statistics_gradient);
        // The reference counts the values of a dilated layer before batch_to_space crops them.
        const bool cropped = m.folded.batch_to_space != no_node && !config_.as_reference;
        const tensor counted = cropped ? operands[0] : m.layer_output;
        m.variance = script_.emit(word::biased_variance, {tensor{m.norm, 2}, counted, tensor{m.norm, 1}},
                                  folder_.scope_of(m.norm), "undo_bessel_correction");
        m.moving_mean = view_.average_of({m.norm, 1});
        m.moving_variance = view_.average_of({m.norm, 2});
    }

    void fold(fused_match& m) {
        const scope_id in = folder_.scope_of(m.folded.layer);
        if (m.constants) {
            const tensor sum = config_.constants->plan(script_, folder_, m.folded, *std::move(m.constants), in, "");
            folder_.replace(m.output, sum, uses(m.output));
            decide(m, outcome::folded, "with the statistics it is given, into constants");
            return;
        }
        const bool top = in == scope_id::root;
        const scope_id inner = script_.open_scope(top ? scope_kind::fresh : scope_kind::reenter, "BatchNorm_Fold", in);
        const auto operands = view_.inputs(m.norm);
        const tensor mean = m.facts.is_training ? tensor{m.norm, 1} : operands[3];
        const tensor sum = script_.emit(word::add, {m.variance, literal{m.facts.epsilon}}, inner);
        const tensor deviation = script_.emit(word::rsqrt, {sum}, inner);
        tensor multiplier = script_.emit(word::mul, {operands[1], deviation}, inner);
        const tensor shift = script_.emit(word::mul, {mean, multiplier}, inner);
        tensor bias = script_.emit(word::sub, {operands[2], shift}, inner, "bias");
        std::optional<batch_norm_corrections> correction;
        if (m.moving_mean && m.moving_variance) {
            const scope_id corrections = script_.open_scope(scope_kind::fresh, "batch_norm_correction", inner);
            correction =
                correction_planner(view_, config_, script_)
                    .plan({operands[1], mean, m.variance, *m.moving_mean, *m.moving_variance, literal{m.facts.epsilon}},
                          corrections);
        }
        const foldable_layer& l = m.folded;
        multiplier = folder_.beside_weights(l, multiplier, inner, "scale_reshape");
        tensor weights = l.weights;
        if (correction) {
            const tensor scale = folder_.beside_weights(l, correction->scale, inner, "correction_reshape");
            weights = script_.emit(word::mul, {scale, weights}, in, "correction_mult");
        }
        weights = script_.emit(word::mul, {weights, multiplier}, in, "mul_fold");
        tensor result = folder_.clone(l, weights, in);
        // The reference forgets the batch_to_space of every layer but this one.
        const bool kept = !config_.as_reference || view_.word_of(l.layer) == word::depthwise_conv2d;
        if (l.batch_to_space != no_node && kept) result = folder_.clone_batch_to_space(l, result, in);
        if (correction) {
            const tensor reciprocal = folder_.beside_data(l, correction->reciprocal, inner, "correction_recip_reshape");
            const tensor offset = folder_.beside_data(l, correction->offset, inner, "correction_offset_reshape");
            result = script_.emit(word::mul, {reciprocal, result}, in, "post_conv_mul");
            result = folder_.sum(result, offset, in, "correction_add");
        }
        bias = folder_.beside_data(l, bias, inner, "bias_reshape");
        result = folder_.sum(result, bias, in, "add_fold");
        folder_.replace(m.output, result, uses(m.output));
        decide(m, outcome::folded, reason(m, correction.has_value()));
    }

    static std::string reason(const fused_match& m, bool corrected) {
        if (!m.facts.is_training) return "with the statistics it is given";
        return corrected ? "with the statistics of the batch, corrected to their moving averages"
                         : "with the statistics of the batch, which no moving averages follow";
    }

    [[nodiscard]] std::vector<use> uses(tensor t) const {
        std::vector<use> all;
        for (const use u : view_.users(t.node)) {
            if (view_.read_by(u) == t) all.push_back(u);
        }
        return all;
    }

    /// Why a batch norm that is used does not match.
    void explain_unmatched(node_id n) {
        fused_match m;
        m.norm = n;
        std::string reason = "no reshape follows it that brings back the form of its layer's output";
        if (!match(view_, n, fused_patterns::norm)) {
            reason = "does not follow a layer";
            if (!view_.inputs(n).empty()) {
                const node_id before = view_.inputs(n)[0].node;
                reason += ": " + pattern::to_string(view_, pattern::explain(view_, before, fused_patterns::layer));
            }
        }
        decide(m, outcome::left_as_is, std::move(reason));
    }

    void decide(const fused_match& m, outcome what, std::string reason) {
        decided_[m.norm] = true;
        report_.decisions.push_back({"fold_fused_batch_norms", view_.name(m.norm), what, std::move(reason)});
    }

    const graph_view& view_;
    const fold_config& config_;
    script& script_;
    report& report_;
    layer_folder folder_;
    std::list<fused_match> matches_;
    std::vector<node_id> folded_by_;    ///< by layer: the batch norm that it is folded into
    std::vector<bool> into_constants_;  ///< by batch norm: it is folded into constants
    std::vector<bool> decided_;         ///< by batch norm: the report tells of it
};

}  // namespace detail

/// Plans the rule.
inline void fold_fused_batch_norms(const graph_view& view, const fold_config& config, script& s, report& r) {
    detail::fused_folder(view, config, s, r).run();
}

}  // namespace qgraft

#endif
