// graph_view: what patterns and rules read of any graph, on dense ids.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_OPS_VIEW_HPP
#define QGRAFT_OPS_VIEW_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <qgraft/graph/shape.hpp>
#include <qgraft/ops/batch_norm.hpp>
#include <qgraft/ops/constant.hpp>
#include <qgraft/ops/words.hpp>

namespace qgraft {

/// A node, by its place in a graph_view.
using node_id = std::uint32_t;

/// No node.
inline constexpr node_id no_node = 0xffffffffU;

/// A tensor, by the place of its producer in a graph_view. A default tensor is none.
struct tensor {
    node_id node = no_node;
    std::uint32_t port = 0;

    /// Whether this names a tensor at all.
    explicit operator bool() const noexcept { return node != no_node; }
    friend bool operator==(const tensor&, const tensor&) = default;
};

/// One operand slot of a node: a place where a tensor is used.
struct use {
    node_id node = no_node;
    std::uint32_t operand = 0;

    friend bool operator==(const use&, const use&) = default;
};

/// What the dialect says of a node beside its word.
enum class role : std::uint8_t {
    parameter = 1,   ///< the value of a trained weight
    left_alone = 2,  ///< its operands are never redirected
    in_loop = 4,     ///< it runs once an iteration of a loop
    in_norm = 8,     ///< it is part of a batch norm that is spelled out
    constant = 16,   ///< its value is written in the graph
};

/// An index over a graph: the word, the operands and the users of each node. It holds no attributes and is no copy
/// of the graph; names and shapes are asked of the graph itself.
class graph_view {
public:
    virtual ~graph_view() = default;

    /// The number of nodes; ids are 0 to size() - 1.
    [[nodiscard]] node_id size() const noexcept { return static_cast<node_id>(words_.size()); }
    [[nodiscard]] word word_of(node_id n) const noexcept { return words_[n]; }
    [[nodiscard]] bool has_role(node_id n, role r) const noexcept {
        return (roles_[n] & static_cast<std::uint8_t>(r)) != 0;
    }

    /// The operands of a node, in order.
    [[nodiscard]] std::span<const tensor> inputs(node_id n) const noexcept {
        return inputs_.subspan(first_input_[n], first_input_[n + 1] - first_input_[n]);
    }
    /// Every operand slot that reads any output of a node, in the order of the nodes that read.
    [[nodiscard]] std::span<const use> users(node_id n) const noexcept {
        return users_.subspan(first_user_[n], first_user_[n + 1] - first_user_[n]);
    }
    /// The tensor that a slot reads.
    [[nodiscard]] tensor read_by(use u) const noexcept { return inputs(u.node)[u.operand]; }

    /// Producers before consumers; where there is a choice, in the graph's own order. Nodes that a rewrite has added
    /// come last, in the order of adding.
    [[nodiscard]] std::span<const node_id> order() const noexcept { return order_; }

    /// The node's name; empty where the graph has no names.
    [[nodiscard]] virtual std::string name(node_id n) const = 0;
    /// The graph's own name of the node's operation.
    [[nodiscard]] virtual std::string op_name(node_id n) const = 0;
    /// What is known of a tensor's shape.
    [[nodiscard]] virtual tensor_shape shape(tensor t) const = 0;
    /// The numbers of a constant of 32-bit floats; none for any other tensor. They are copied.
    [[nodiscard]] virtual std::optional<constant_tensor> constant(tensor) const { return std::nullopt; }
    /// What a batch norm says of itself.
    [[nodiscard]] virtual batch_norm_facts batch_norm(node_id) const { return {}; }
    /// Where a layer has its channels.
    [[nodiscard]] virtual channel_layout channels(node_id) const { return {}; }
    /// The moving average that follows a statistic; none where there is none. Here: an ema_update, or value -
    /// statistic, times a rate.
    [[nodiscard]] virtual std::optional<moving_statistic<tensor>> average_of(tensor statistic) const {
        std::optional<moving_statistic<tensor>> found;
        for (const use u : users(statistic.node)) {
            if (read_by(u) != statistic || u.operand != 1) continue;
            if (word_of(u.node) == word::ema_update) {
                found = {inputs(u.node)[0], std::nullopt, tensor{u.node, 0}, 1};
            }
            if (word_of(u.node) != word::sub) continue;
            for (const use product : users(u.node)) {
                if (word_of(product.node) != word::mul || product.operand != 0) continue;
                found = {inputs(u.node)[0], inputs(product.node)[1], tensor{product.node, 0}, 1};
            }
        }
        return found;
    }
    /// The batch norms that names tell of.
    [[nodiscard]] virtual std::vector<named_batch_norm<tensor>> named_batch_norms() const { return {}; }
    /// Between the parts of a name.
    [[nodiscard]] virtual char separator() const noexcept = 0;

protected:
    graph_view() = default;
    /// A view of the same lists, whose owner must outlive it.
    graph_view(const graph_view&) = default;
    graph_view& operator=(const graph_view&) = delete;

    std::span<const word> words_;
    std::span<const std::uint8_t> roles_;
    std::span<const std::uint32_t> first_input_;  ///< by node, and the end of the last
    std::span<const tensor> inputs_;
    std::span<const std::uint32_t> first_user_;  ///< by node, and the end of the last
    std::span<const use> users_;
    std::span<const node_id> order_;
};

}  // namespace qgraft

#endif
