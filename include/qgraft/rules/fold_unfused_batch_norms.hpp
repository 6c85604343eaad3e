// Rule: folds batch norms that are spelled out, in single operations, into the layer before them.
//
// before     x, weights -> layer -> [batch_to_space] -> [identity] -> * m -> + shift -> users
//            m = [gamma] / sqrt(variance + epsilon),  shift = beta - mean * m
// after      weights * [correction scale] * m -> layer -> [batch_to_space] -> [* reciprocal, + offset] -> + shift
//            -> users
//
//   inference  m and shift are taken as they are
//   constant   where all its numbers are constants and a kernel policy computes: see fold_constant_batch_norms.hpp
//   training   as inference, and the corrections of fold_correction.hpp, where moving averages follow both statistics
//
// conditions   the result is used; m is a vector, one element a channel; a layer inside a loop is left. The reference
//              knows a batch norm by its names alone (named_batch_norm); by default the form above is what counts, and
//              of the tensors that names tell only those are taken that hold the same. Users: all by default, the one
//              that names tell under the reference's rules.
// formula      (layer(w) m) + shift = layer(w m) + shift, for any m of one element a channel
// source       the order of operations is that of TensorFlow 1.15's tf.contrib.quantize, fold_batch_norms.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_FOLD_UNFUSED_BATCH_NORMS_HPP
#define QGRAFT_RULES_FOLD_UNFUSED_BATCH_NORMS_HPP

#include <cstdint>
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

/// The patterns of the rule, from the layer to the sum at the end.
namespace unfused_patterns {

using namespace pattern;

struct layer_tag;
struct input_tag;
struct weights_tag;
struct batch_to_space_tag;
struct scaled_tag;
struct scale_tag;
struct gamma_tag;
struct variance_tag;
struct epsilon_tag;
struct beta_tag;
struct mean_tag;
struct shift_tag;

inline constexpr auto layer = capture<layer_tag>(
    op<word::conv2d, word::depthwise_conv2d, word::matmul>(capture<input_tag>(any), capture<weights_tag>(any)));
inline constexpr auto dilated = capture<batch_to_space_tag>(op<word::batch_to_space>(layer, rest));
inline constexpr auto layer_output = one_of(op<word::identity>(one_of(dilated, layer)), layer, dilated);
inline constexpr auto deviation = op<word::rsqrt>(op<word::add>(capture<variance_tag>(any), capture<epsilon_tag>(any)));
inline constexpr auto multiplier =
    capture<scale_tag>(one_of(commutative<word::mul>(deviation, capture<gamma_tag>(any)), deviation));
inline constexpr auto root = commutative<word::add>(
    capture<scaled_tag>(commutative<word::mul>(layer_output, multiplier)), capture<shift_tag>(any));
inline constexpr auto shift = op<word::sub>(
    capture<beta_tag>(any), commutative<word::mul>(capture<mean_tag>(any), capture<scale_tag>(multiplier)));

}  // namespace unfused_patterns

namespace detail {

/// One batch norm to fold.
struct unfused_match {
    std::string prefix{};  ///< of the names of what is made for it
    foldable_layer folded{};
    tensor output{};
    std::vector<use> users{};
    node_id scaled = no_node;  ///< the product of the layer's output and m
    tensor scale{};            ///< m
    tensor shift{};
    bool has_gamma = false;
    std::optional<tensor> mean{};
    std::optional<batch_statistics> statistics{};  ///< in training
    std::optional<tensor> moving_mean{};           ///< by its name
    std::optional<folded_constants> constants{};
};

/// beta - mean * m.
struct shift_parts {
    tensor beta{};
    tensor mean{};
};

/// Finds the batch norms, then plans one after the other.
class unfused_folder {
public:
    unfused_folder(const graph_view& view, const fold_config& config, script& s, report& r)
        : view_(view), config_(config), script_(s), report_(r), folder_(view, config, s), seen_(view.size(), false) {}

    void run() {
        for (const named_batch_norm<tensor>& named : view_.named_batch_norms()) {
            const node_id n = named.output.node;
            seen_[n] = true;
            if (view_.users(n).empty()) continue;
            if (!find(n, &named) && reason_.empty()) {
                decide(n, outcome::left_as_is, "does not follow a layer, or is not of the usual form");
            }
        }
        if (!config_.as_reference) {
            fold_in_order();
        } else {
            for (unfused_match& m : matches_) fold(m);
        }
    }

private:
    /// Finds those that no name tells of too, and folds all, producers first.
    void fold_in_order() {
        std::vector<unfused_match*> match_of(view_.size(), nullptr);
        for (unfused_match& m : matches_) match_of[m.output.node] = &m;
        for (const node_id n : view_.order()) {
            if (view_.word_of(n) != word::add || seen_[n] || view_.users(n).empty()) continue;
            if (find(n, nullptr)) match_of[n] = &matches_.back();
        }
        for (const node_id n : view_.order()) {
            if (match_of[n] != nullptr) fold(*match_of[n]);
        }
    }

    /// Takes in what is to be folded here, if anything is; reason_ may say why not.
    bool find(node_id n, const named_batch_norm<tensor>* named) {
        namespace patterns = unfused_patterns;
        reason_.clear();
        const auto found = match(view_, n, patterns::root);
        if (!found) return false;
        unfused_match m;
        m.folded = {found->node<patterns::layer_tag>(), found->get<patterns::input_tag>(),
                    found->get<patterns::weights_tag>(), found->node<patterns::batch_to_space_tag>()};
        m.output = {n, 0};
        m.scaled = found->node<patterns::scaled_tag>();
        m.scale = found->get<patterns::scale_tag>();
        m.shift = found->get<patterns::shift_tag>();
        m.has_gamma = static_cast<bool>(found->get<patterns::gamma_tag>());
        m.prefix = named != nullptr ? named->prefix : path_of(m.folded.layer);
        if (named != nullptr) m.moving_mean = named->moving_mean;
        m.users = users_to_move(n, named);
        reason_ = obstacle(m);
        if (!reason_.empty()) {
            decide(n, outcome::left_as_is, reason_);
            return false;
        }
        if (named == nullptr && config_.was_rewritten) {
            decide(n, outcome::left_as_is, "an earlier rewrite of the graph has left it");
            return false;
        }
        m.constants = fold_constants(m, found->get<patterns::variance_tag>(), found->get<patterns::epsilon_tag>(),
                                     found->get<patterns::gamma_tag>());
        if (config_.is_training && !m.constants) {
            if (config_.as_reference) {
                m.statistics = statistics_by_name(*named);
                if (!m.statistics || (m.has_gamma && !m.statistics->scale)) return false;
            } else {
                m.statistics =
                    statistics_by_form(m, found->get<patterns::variance_tag>(), found->get<patterns::epsilon_tag>(),
                                       found->get<patterns::gamma_tag>(), named);
            }
        }
        matches_.push_back(std::move(m));
        return true;
    }

    [[nodiscard]] std::optional<folded_constants> fold_constants(const unfused_match& m, tensor variance,
                                                                 tensor epsilon, tensor gamma) const {
        if (config_.constants == nullptr) return std::nullopt;
        const auto shift = shift_of(m);
        if (!shift) return std::nullopt;
        return config_.constants->fold(view_, config_, m.folded, {gamma, shift->beta, shift->mean, variance, epsilon});
    }

    /// What the shift is made of, where it is beta - mean * m.
    [[nodiscard]] std::optional<shift_parts> shift_of(const unfused_match& m) const {
        namespace patterns = unfused_patterns;
        const auto found = match(view_, m.shift.node, patterns::shift);
        if (!found || found->get<patterns::scale_tag>() != m.scale) return std::nullopt;
        return shift_parts{found->get<patterns::beta_tag>(), found->get<patterns::mean_tag>()};
    }

    /// The path of a node, with a separator at its end unless it is at the top.
    [[nodiscard]] std::string path_of(node_id n) const {
        const std::string path = parent_path(view_.name(n), view_.separator());
        return path.empty() ? path : path + view_.separator();
    }

    [[nodiscard]] std::vector<use> users_to_move(node_id n, const named_batch_norm<tensor>* named) const {
        std::vector<use> all;
        for (const use u : view_.users(n)) {
            if (config_.as_reference && !(named->reader && named->reader->node == u.node)) continue;
            if (u.node < view_.size() && view_.read_by(u) == tensor{n, 0}) all.push_back(u);
        }
        return all;
    }

    [[nodiscard]] std::string obstacle(const unfused_match& m) const {
        if (m.users.empty()) return "has no user of a name that the reference knows";
        if (config_.as_reference) return folder_.obstacle(m.folded);
        const tensor_shape scale = view_.shape(m.scale);
        if (!scale.has_rank() || scale.rank() != 1 || view_.channels(m.folded.layer).after_data != 0) {
            return "does not scale by the last dimension alone";
        }
        if (last_dimension({m.folded.layer, 0}) != last_dimension({m.scaled, 0}))
            return "changes the number of channels";
        return folder_.obstacle(m.folded);
    }

    [[nodiscard]] std::int64_t last_dimension(tensor t) const {
        const tensor_shape shape = view_.shape(t);
        return shape.has_rank() && shape.rank() > 0 ? shape.dims().back() : tensor_shape::unknown;
    }

    /// What the reference finds by names; none where something is missing.
    static std::optional<batch_statistics> statistics_by_name(const named_batch_norm<tensor>& b) {
        if (!b.mean || !b.variance || !b.moving_mean || !b.moving_variance || !b.epsilon) return std::nullopt;
        batch_statistics s{.scale = b.scale.value_or(tensor{}), .mean = *b.mean, .variance = *b.variance};
        s.moving_mean = {.value = *b.moving_mean, .rate = b.mean_rate};
        s.moving_variance = {.value = *b.moving_variance, .rate = b.variance_rate};
        s.epsilon = *b.epsilon;
        return s;
    }

    /// The statistics of the form itself, where both have moving averages; of the tensors that hold the same, those
    /// that the names tell.
    [[nodiscard]] std::optional<batch_statistics> statistics_by_form(const unfused_match& m, tensor variance,
                                                                     tensor epsilon, tensor gamma,
                                                                     const named_batch_norm<tensor>* named) const {
        const auto shift = shift_of(m);
        if (!shift) return std::nullopt;
        tensor mean = shift->mean;
        const auto moving_mean = average_behind(mean);
        const auto moving_variance = average_behind(variance);
        if (!moving_mean || !moving_variance) return std::nullopt;
        batch_statistics s{gamma, mean, variance, *moving_mean, *moving_variance, epsilon};
        if (named != nullptr) {
            prefer(s.scale, named->scale);
            prefer(s.moving_mean.value, named->moving_mean);
            prefer(s.moving_variance.value, named->moving_variance);
        }
        return s;
    }

    /// The moving average of a statistic, which identities may pass on; `statistic` becomes what it is of.
    [[nodiscard]] std::optional<moving_statistic<tensor>> average_behind(tensor& statistic) const {
        tensor t = statistic;
        for (node_id steps = 0; steps < view_.size(); ++steps) {
            if (auto average = view_.average_of(t)) {
                statistic = t;
                return average;
            }
            if (view_.word_of(t.node) != word::identity) break;
            t = view_.inputs(t.node)[0];
        }
        return std::nullopt;
    }

    /// Takes the tensor that names tell where both are the value of one variable.
    void prefer(tensor& t, const std::optional<tensor>& named) const {
        if (!t || !named) return;
        const tensor source = source_of(t);
        if (view_.word_of(source.node) == word::variable && source == source_of(*named)) t = *named;
    }

    /// Follows reads and identities upwards.
    [[nodiscard]] tensor source_of(tensor t) const {
        constexpr word_set reads{word::identity, word::read_variable};
        for (node_id steps = 0; steps < view_.size() && reads.contains(view_.word_of(t.node)); ++steps) {
            if (view_.inputs(t.node).empty()) break;
            t = view_.inputs(t.node)[0];
        }
        return t;
    }

    void fold(unfused_match& m) {
        if (m.constants) {
            const tensor sum =
                config_.constants->plan(script_, folder_, m.folded, *std::move(m.constants), scope_id::root, m.prefix);
            folder_.replace(m.output, sum, m.users);
            decide(m.output.node, outcome::folded, "with the statistics it is given, into constants");
            return;
        }
        constexpr scope_id top = scope_id::root;
        const auto called = [&m](const char* name) { return m.prefix + name; };
        if (!m.has_gamma) {
            const std::optional<tensor> like = m.statistics ? m.statistics->moving_mean.value : m.moving_mean;
            tensor ones{};
            if (like) ones = script_.emit(word::fill, {*like}, {.params = {.real = 1}});
            if (m.statistics) m.statistics->scale = ones;
        }
        std::optional<batch_norm_corrections> correction;
        if (m.statistics) {
            const scope_id in = script_.open_scope(scope_kind::fresh, m.prefix + "batch_norm_correction");
            correction = correction_planner(view_, config_, script_).plan(*m.statistics, in);
        }
        const foldable_layer& l = m.folded;
        const tensor scale = folder_.beside_weights(l, m.scale, top, called("scale_reshape"));
        tensor weights = l.weights;
        if (correction) {
            const tensor corrected = folder_.beside_weights(l, correction->scale, top, called("correction_reshape"));
            weights =
                script_.emit(word::mul, {corrected, weights}, {.hint = called("correction_mult"), .like = m.scaled});
        }
        weights = script_.emit(word::mul, {weights, scale}, top, called("mul_fold"));
        tensor result = folder_.clone(l, weights, folder_.scope_of(l.layer));
        if (l.batch_to_space != no_node) {
            result = folder_.clone_batch_to_space(l, result, folder_.scope_of(l.batch_to_space));
        }
        if (correction) {
            result = script_.emit(word::mul, {correction->reciprocal, result}, top, called("post_conv_mul"));
            result = folder_.sum(result, correction->offset, top, called("correction_add"));
        }
        result = folder_.sum(result, m.shift, top, called("add_fold"));
        folder_.replace(m.output, result, m.users);
        decide(m.output.node, outcome::folded,
               m.statistics ? "with the statistics of the batch, corrected to their moving averages"
                            : "with the statistics it is given");
    }

    void decide(node_id n, outcome what, std::string reason) {
        report_.decisions.push_back({"fold_unfused_batch_norms", view_.name(n), what, std::move(reason)});
    }

    const graph_view& view_;
    const fold_config& config_;
    script& script_;
    report& report_;
    layer_folder folder_;
    std::vector<bool> seen_;
    std::list<unfused_match> matches_;
    std::string reason_;  ///< why the last match was left
};

}  // namespace detail

/// Plans the rule.
inline void fold_unfused_batch_norms(const graph_view& view, const fold_config& config, script& s, report& r) {
    detail::unfused_folder(view, config, s, r).run();
}

}  // namespace qgraft

#endif
