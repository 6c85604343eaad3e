// Shapes of tensors where the file does not say them: what a rewrite needs, and no more.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_INFER_HPP
#define QGRAFT_GRAPHDEF_INFER_HPP

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <qgraft/graph/shape.hpp>
#include <qgraft/graph/value.hpp>
#include <qgraft/graphdef/infer_windows.hpp>
#include <qgraft/graphdef/messages.hpp>
#include <qgraft/graphdef/node_ref.hpp>

namespace qgraft::graphdef {

/// How the shape of an operation's outputs follows from the operation.
enum class shape_rule : std::uint8_t {
    unknown,     ///< nothing is known
    attribute,   ///< the attribute `shape`: variables, placeholders
    constant,    ///< the shape of the tensor in the attribute `value`
    like_first,  ///< as operand 0, the same shape
    rank_first,  ///< of the rank of operand 0
    blocks,      ///< as operand 0 after the first dimension and those that operand 1 has blocks of
    sliced,      ///< of the rank of operand 0, less the axes that are dropped, and with those that are new
    agreed,      ///< of the rank that all operands have; output 1 is a scalar
    broadcast,   ///< what its operands broadcast to
    matrix,      ///< the product of two matrices
    window,      ///< a convolution or a pooling
    image,       ///< of rank 4
    filled,      ///< of as many dimensions as operand 0 has elements
    concat,      ///< its operands joined along the axis that the last one holds
    reshaped,    ///< to the sizes in operand 1, or of as many dimensions as it has elements
    reduced,     ///< operand 0 less as many axes as operand 1 has elements, or as operand 0 with keep_dims
    scalar,      ///< a scalar
    measured,    ///< a vector with as many elements as operand 0 has dimensions
    packed,      ///< a vector with as many elements as there are operands, when these are scalars
    statistics,  ///< as operand 0; outputs 1 to 4 are vectors like operand 1
    squeezed,    ///< operand 0 less the axes in squeeze_dims
};

/// The rule of an operation.
inline shape_rule shape_rule_of(std::string_view op) {
    static const std::unordered_map<std::string_view, shape_rule> rules = [] {
        std::unordered_map<std::string_view, shape_rule> r;
        const auto put = [&r](shape_rule rule, std::initializer_list<std::string_view> ops) {
            for (const std::string_view o : ops) r.emplace(o, rule);
        };
        put(shape_rule::attribute, {"Variable", "VariableV2", "VarHandleOp", "Placeholder", "PlaceholderWithDefault"});
        put(shape_rule::constant, {"Const"});
        put(shape_rule::like_first, {"Identity",
                                     "ReadVariableOp",
                                     "Relu",
                                     "Relu6",
                                     "Elu",
                                     "Selu",
                                     "LeakyRelu",
                                     "Sigmoid",
                                     "Tanh",
                                     "Softplus",
                                     "Softmax",
                                     "LogSoftmax",
                                     "BiasAdd",
                                     "StopGradient",
                                     "FakeQuantWithMinMaxVars",
                                     "FakeQuantWithMinMaxVarsPerChannel",
                                     "FakeQuantWithMinMaxArgs",
                                     "Switch",
                                     "Enter",
                                     "Exit",
                                     "NextIteration",
                                     "Rsqrt",
                                     "Sqrt",
                                     "Square",
                                     "Neg",
                                     "Exp",
                                     "Log",
                                     "Abs",
                                     "Cast",
                                     "CheckNumerics",
                                     "PreventGradient",
                                     "LRN",
                                     "Floor",
                                     "Reciprocal",
                                     "Snapshot"});
        put(shape_rule::rank_first,
            {"Pad", "PadV2", "MirrorPad", "Slice", "Tile", "Transpose", "Reverse", "ReverseV2"});
        put(shape_rule::blocks, {"SpaceToBatchND", "BatchToSpaceND"});
        put(shape_rule::sliced, {"StridedSlice"});
        put(shape_rule::agreed, {"Merge"});
        put(shape_rule::broadcast,
            {"Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "Minimum", "Maximum", "Pow", "SquaredDifference", "AddN",
             "FloorDiv", "FloorMod", "Greater", "GreaterEqual", "Less", "LessEqual", "Equal"});
        put(shape_rule::matrix, {"MatMul"});
        put(shape_rule::window, {"Conv2D", "DepthwiseConv2dNative", "MaxPool", "AvgPool"});
        put(shape_rule::image,
            {"Conv2DBackpropInput", "DepthToSpace", "SpaceToDepth", "ResizeBilinear", "ResizeNearestNeighbor"});
        put(shape_rule::concat, {"ConcatV2"});
        put(shape_rule::reshaped, {"Reshape"});
        put(shape_rule::filled, {"RandomUniform", "RandomStandardNormal", "TruncatedNormal", "Fill"});
        put(shape_rule::reduced, {"Mean", "Sum", "Max", "Min", "Prod"});
        put(shape_rule::statistics, {"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"});
        put(shape_rule::scalar, {"Size", "Rank", "L2Loss"});
        put(shape_rule::measured, {"Shape"});
        put(shape_rule::packed, {"Pack"});
        put(shape_rule::squeezed, {"Squeeze"});
        return r;
    }();
    const auto it = rules.find(op);
    return it == rules.end() ? shape_rule::unknown : it->second;
}

/// Infers shapes over a basic_graph `G`, each node once, without recursion. What goes around a loop is unknown.
template <class G>
class shape_inference {
public:
    /// What is known of a tensor of `g`, always the same graph. What was found once is remembered.
    [[nodiscard]] tensor_shape of(const G& g, value<node_ref> v) {
        find(g, v.node);
        return shape_of(g, v);
    }

    /// To call when a node is erased: its handle may come to stand for another.
    void forget(node_ref n) { known_.erase(n.id); }

private:
    enum class progress : std::uint8_t { unseen, open, done };
    struct entry {
        tensor_shape shape;
        progress state = progress::unseen;
    };

    void find(const G& g, node_ref n) {
        std::vector<node_ref> open{n};
        while (!open.empty()) {
            const auto at = open.back();
            entry& e = known_[at.id];
            if (e.state == progress::done) {
                open.pop_back();
            } else if (e.state == progress::open || !push_operands(g, at, open)) {
                known_[at.id] = {compute(g, at), progress::done};
            } else {
                known_[at.id].state = progress::open;
            }
        }
    }

    [[nodiscard]] tensor_shape shape_of(const G& g, value<node_ref> v) {
        if (v.port > 0 && rule(g, v.node) == shape_rule::statistics) {
            const tensor_shape scale = operand(g, v.node, 1);
            return scale.has_rank() && scale.rank() == 1 ? scale : of_rank(1);
        }
        if (v.port > 0 && rule(g, v.node) == shape_rule::agreed) return tensor_shape::scalar();
        return known_[v.node.id].shape;
    }

    static shape_rule rule(const G& g, node_ref n) { return shape_rule_of(g.op(n)); }

    /// Whether the shape of operand `i` counts under the rule.
    static bool counts(shape_rule r, std::size_t i) {
        switch (r) {
            case shape_rule::agreed:
            case shape_rule::broadcast:
            case shape_rule::concat:
            case shape_rule::packed:
                return true;
            case shape_rule::reshaped:
                return i == 1;
            case shape_rule::reduced:
            case shape_rule::sliced:
            case shape_rule::blocks:
            case shape_rule::matrix:
            case shape_rule::window:
            case shape_rule::statistics:
                return i < 2;
            case shape_rule::like_first:
            case shape_rule::rank_first:
            case shape_rule::filled:
            case shape_rule::measured:
            case shape_rule::squeezed:
                return i == 0;
            default:
                return false;
        }
    }

    /// Puts the operands that count and are not known on the stack. False: there are none.
    bool push_operands(const G& g, node_ref n, std::vector<node_ref>& open) {
        const auto& inputs = g.inputs(n);
        bool pushed = false;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            if (counts(rule(g, n), i) && known_[inputs[i].node.id].state == progress::unseen) {
                open.push_back(inputs[i].node);
                pushed = true;
            }
        }
        return pushed;
    }

    [[nodiscard]] tensor_shape operand(const G& g, node_ref n, std::size_t i) {
        const auto& inputs = g.inputs(n);
        return i < inputs.size() ? shape_of(g, inputs[i]) : tensor_shape();
    }

    static tensor_shape of_rank(std::size_t rank) {
        return tensor_shape(std::vector<std::int64_t>(rank, tensor_shape::unknown));
    }
    static tensor_shape of_rank_like(const tensor_shape& s) { return s.has_rank() ? of_rank(s.rank()) : s; }

    /// The number of elements of a scalar or a vector; -1 when it is not known.
    static std::int64_t elements(const tensor_shape& s) {
        if (!s.has_rank() || s.rank() > 1) return -1;
        return s.rank() == 0 ? 1 : s.dims()[0];
    }
    static tensor_shape of_rank_if_known(std::int64_t rank) {
        constexpr std::int64_t greatest = 254;  // TensorFlow's own limit
        return rank < 0 || rank > greatest ? tensor_shape() : of_rank(static_cast<std::size_t>(rank));
    }

    [[nodiscard]] static tensor_shape fewer(const tensor_shape& s, std::int64_t axes) {
        if (!s.has_rank() || axes < 0 || axes > static_cast<std::int64_t>(s.rank())) return {};
        return of_rank(s.rank() - static_cast<std::size_t>(axes));
    }

    /// `s`, but that only the dimensions after the first and `blocks` more keep their sizes.
    static tensor_shape of_blocks(const tensor_shape& s, std::int64_t blocks) {
        if (!s.has_rank() || blocks < 0) return of_rank_like(s);
        std::vector<std::int64_t> dims = s.dims();
        const auto changed = std::min(static_cast<std::int64_t>(dims.size()), blocks + 1);
        std::fill_n(dims.begin(), changed, tensor_shape::unknown);
        return tensor_shape(std::move(dims));
    }

    [[nodiscard]] tensor_shape compute(const G& g, node_ref n) {
        const auto& def = g.definition(n);
        switch (rule(g, n)) {
            case shape_rule::unknown:
                return {};
            case shape_rule::attribute: {
                const auto* a = find_attribute(def, "shape");
                const tensor_shape s = a == nullptr ? tensor_shape() : read_shape(a->shape());
                // The first kind of variable says "scalar" also where it means "unknown".
                return def.op() == "Variable" && s.rank() == 0 ? tensor_shape() : s;
            }
            case shape_rule::constant: {
                const auto* a = find_attribute(def, "value");
                return a == nullptr ? tensor_shape() : read_shape(a->tensor().tensor_shape());
            }
            case shape_rule::like_first:
                return operand(g, n, 0);
            case shape_rule::rank_first:
                return of_rank_like(operand(g, n, 0));
            case shape_rule::blocks:
                return of_blocks(operand(g, n, 0), elements(operand(g, n, 1)));
            case shape_rule::sliced:
                return sliced(g, n);
            case shape_rule::agreed:
                return agreed(g, n);
            case shape_rule::broadcast:
                return broadcast(g, n);
            case shape_rule::scalar:
                return of_rank(0);
            case shape_rule::matrix:
                return product_shape(def, operand(g, n, 0), operand(g, n, 1));
            case shape_rule::window:
                return window_shape(def, operand(g, n, 0), operand(g, n, 1));
            case shape_rule::image:
                return of_rank(4);
            case shape_rule::filled:
                return of_rank_if_known(elements(operand(g, n, 0)));
            case shape_rule::concat:
                return joined(g, n);
            case shape_rule::reshaped:
                return reshaped(g, n);
            case shape_rule::reduced: {
                const auto* keep = find_attribute(def, "keep_dims");
                if (keep != nullptr && keep->b()) return of_rank_like(operand(g, n, 0));
                return fewer(operand(g, n, 0), elements(operand(g, n, 1)));
            }
            case shape_rule::measured: {
                const tensor_shape s = operand(g, n, 0);
                return s.has_rank() ? tensor_shape({static_cast<std::int64_t>(s.rank())}) : tensor_shape();
            }
            case shape_rule::packed: {
                const tensor_shape all = broadcast(g, n);
                const auto count = static_cast<std::int64_t>(g.inputs(n).size());
                return all.has_rank() && all.rank() == 0 ? tensor_shape({count}) : tensor_shape();
            }
            case shape_rule::statistics:
                return operand(g, n, 0);
            case shape_rule::squeezed: {
                const auto* axes = find_attribute(def, "squeeze_dims");
                // Without axes, which dimensions go depends on their sizes.
                return axes == nullptr || axes->list().i_size() == 0 ? tensor_shape()
                                                                     : fewer(operand(g, n, 0), axes->list().i_size());
            }
        }
        return {};
    }

    [[nodiscard]] tensor_shape agreed(const G& g, node_ref n) {
        const auto& inputs = g.inputs(n);
        const tensor_shape first = operand(g, n, 0);
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            const tensor_shape s = operand(g, n, i);
            if (g.is_back_edge(n, i) || !s.has_rank() || s.rank() != first.rank()) return {};
        }
        return of_rank_like(first);
    }

    /// The integers in operand `i`, where a constant holds them.
    [[nodiscard]] static std::optional<std::vector<std::int64_t>> numbers(const G& g, node_ref n, std::size_t i) {
        const auto& inputs = g.inputs(n);
        if (i >= inputs.size() || g.op(inputs[i].node) != "Const") return std::nullopt;
        const auto* a = find_attribute(g.definition(inputs[i].node), "value");
        return a == nullptr ? std::nullopt : read_integers(a->tensor());
    }

    [[nodiscard]] tensor_shape joined(const G& g, node_ref n) {
        const std::size_t last = g.inputs(n).size() - 1;
        const tensor_shape first = operand(g, n, 0);
        const auto axis = numbers(g, n, last);
        if (!axis || axis->size() != 1 || !first.has_rank()) return of_rank_like(first);
        const auto rank = static_cast<std::int64_t>(first.rank());
        const std::int64_t along = axis->front() < 0 ? axis->front() + rank : axis->front();
        std::vector<std::int64_t> dims = first.dims();
        for (std::size_t i = 1; i < last; ++i) {
            const tensor_shape s = operand(g, n, i);
            if (!s.has_rank() || s.rank() != dims.size()) return of_rank_like(first);
            for (std::size_t d = 0; d < dims.size(); ++d) {
                const std::int64_t size = s.dims()[d];
                const bool unknown = size == tensor_shape::unknown || dims[d] == tensor_shape::unknown;
                if (static_cast<std::int64_t>(d) == along) {
                    dims[d] = unknown ? tensor_shape::unknown : dims[d] + size;
                } else {
                    dims[d] = std::max(dims[d], size);
                }
            }
        }
        return tensor_shape(std::move(dims));
    }

    [[nodiscard]] tensor_shape reshaped(const G& g, node_ref n) {
        auto dims = numbers(g, n, 1);
        if (!dims || operand(g, n, 1).rank() != 1) return of_rank_if_known(elements(operand(g, n, 1)));
        for (std::int64_t& d : *dims) d = std::max(d, tensor_shape::unknown);
        return tensor_shape(std::move(*dims));
    }

    /// Each element of operand 1 stands for an axis of operand 0 or a new one; masks with a bit an element say which.
    [[nodiscard]] tensor_shape sliced(const G& g, node_ref n) {
        const auto mask = [&def = g.definition(n)](std::string_view key) {
            const auto* a = find_attribute(def, key);
            return a == nullptr ? std::uint64_t{0} : static_cast<std::uint64_t>(a->i());
        };
        const tensor_shape s = operand(g, n, 0);
        const std::int64_t length = elements(operand(g, n, 1));
        constexpr std::int64_t longest = 32;  // TensorFlow's own limit
        if (!s.has_rank() || length < 0 || length > longest) return {};
        const std::uint64_t all = (std::uint64_t{1} << static_cast<unsigned>(length)) - 1;
        const std::uint64_t axes = all & ~mask("ellipsis_mask");
        const std::uint64_t added = axes & mask("new_axis_mask");
        const std::uint64_t dropped = axes & ~added & mask("shrink_axis_mask");
        return fewer(of_rank(s.rank() + static_cast<std::size_t>(std::popcount(added))), std::popcount(dropped));
    }

    [[nodiscard]] tensor_shape broadcast(const G& g, node_ref n) {
        tensor_shape all = tensor_shape::scalar();
        for (std::size_t i = 0; i < g.inputs(n).size(); ++i) all = qgraft::broadcast(all, operand(g, n, i));
        return all;
    }

    std::unordered_map<std::uint32_t, entry> known_;
};

}  // namespace qgraft::graphdef

#endif
