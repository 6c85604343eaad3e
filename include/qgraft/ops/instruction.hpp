// What a rule asks a dialect to build: one word with its operands, name and parameters.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_OPS_INSTRUCTION_HPP
#define QGRAFT_OPS_INSTRUCTION_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <qgraft/graph/value.hpp>
#include <qgraft/ops/words.hpp>

namespace qgraft {

/// A fake-quantization functor as a graph node may keep it: reads `in`, writes `out` of the same length, quantizes to
/// the range [min, max]. Bit width and narrow range are compiled in.
using fake_quant_kernel = void (*)(std::span<const float> in, std::span<float> out, float min, float max);

/// The numbers that go with a word; each word uses those that its line in QGRAFT_WORDS or its field here names.
struct word_params {
    double real = 0;                     ///< variable: initial value; ema_update: decay
    std::int64_t integer = 0;            ///< after_step: the step from which the condition holds
    int bits = 8;                        ///< fake_quant, of either grain: bit width
    bool narrow_range = false;           ///< the same: quantized values start at 1 instead of 0
    bool symmetric = false;              ///< the same: the range is symmetric around zero
    fake_quant_kernel kernel = nullptr;  ///< fake_quant: the kernel policy's functor, or none
    std::vector<std::int64_t> dims{};    ///< reshape: the shape; one of them may be -1, whatever is left.
                                         ///< variable: its length, where it is a vector
    std::vector<float> data{};           ///< constant: its elements, the last dimension of `dims` innermost
    bool older_form = false;             ///< add: the older of two operations, where the graph has two
    bool as_reference = false;           ///< a word with `like`: keep of it no more than TensorFlow 1.15 does
    std::optional<std::size_t>
        axis{};  ///< fake_quant_per_channel: of the channels; reduce_min, reduce_max: the kept one
};

/// How a path of names is entered.
enum class scope_kind : std::uint8_t {
    root,     ///< no scope
    fresh,    ///< a new scope: the dialect makes its path unique
    reenter,  ///< the scope that is there already
    state,    ///< a new scope which also prefixes the names of variables made in it
};

/// What a rule may say of a node that is there already.
enum class annotation : std::uint8_t {
    statistics_gradient,  ///< a batch norm whose result is unused: its gradient is that of its batch statistics
};

/// An opened scope: where names of nodes and of variables go. Both are paths without a trailing separator.
struct naming_scope {
    std::string path;
    std::string state;
};

/// A number where a tensor could stand; the dialect places it as it likes (a constant node, an attribute).
struct literal {
    double number;
};

/// An operand of an instruction.
template <class Node>
using operand_of = std::variant<value<Node>, literal>;

namespace detail {
inline const naming_scope at_root{};
inline const word_params no_params{};
}  // namespace detail

/// One word to build, on handles of the graph itself. What it refers to lives as long as the call of build that it is
/// given to.
template <class Node>
struct instruction {
    word op = word::other;
    std::span<const operand_of<Node>> operands{};
    /// The last part of the name, in snake_case; empty stands for the dialect's usual name of the word.
    std::string_view hint{};
    const naming_scope& scope = detail::at_root;
    const word_params& params = detail::no_params;
    /// A node whose attributes the new one carries.
    std::optional<Node> like{};
};

}  // namespace qgraft

#endif
