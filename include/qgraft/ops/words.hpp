// The vocabulary: what a node can be, and what a rule can ask a dialect to build.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_OPS_WORDS_HPP
#define QGRAFT_OPS_WORDS_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace qgraft {

/// Every word with the least and the greatest number of operands; `many` stands for any number.
/// In the operand lists, `x` is data, `w` weights; what stands in brackets may instead be attributes of the node.
#define QGRAFT_WORDS(WORD)                                                                           \
    WORD(other, 0, many)               /* a node without a word: never matched, never built */       \
    WORD(conv2d, 2, many)              /* x, w */                                                    \
    WORD(depthwise_conv2d, 2, many)    /* x, w: each channel by itself */                            \
    WORD(matmul, 2, many)              /* x, w */                                                    \
    WORD(conv2d_transpose, 2, many)    /* x, w; of three or more: output shape, w, x */              \
    WORD(other_layer, 1, many)         /* it has weights, and no rule is for it: the report tells */ \
    WORD(batch_norm, 1, many)          /* x, [scale, offset, mean, variance] */                      \
    WORD(bias_add, 2, 2)               /* x, bias */                                                 \
    WORD(add, 2, 2)                    /* a, b */                                                    \
    WORD(sub, 2, 2)                    /* a, b */                                                    \
    WORD(mul, 2, 2)                    /* a, b */                                                    \
    WORD(div, 2, 2)                    /* a, b */                                                    \
    WORD(minimum, 2, 2)                /* a, b */                                                    \
    WORD(maximum, 2, 2)                /* a, b */                                                    \
    WORD(neg, 1, 1)                    /* x: -x */                                                   \
    WORD(rsqrt, 1, 1)                  /* x: 1 / sqrt(x) */                                          \
    WORD(reciprocal, 1, 1)             /* x: 1 / x */                                                \
    WORD(relu, 1, 1)                   /* x: max(x, 0) */                                            \
    WORD(relu6, 1, 1)                  /* x: min(max(x, 0), 6) */                                    \
    WORD(leaky_relu, 1, 1)             /* x: x where it is positive, else x times a number */        \
    WORD(prelu, 2, 2)                  /* x, slope: the same, a tensor of such numbers */            \
    WORD(hard_swish, 1, 1)             /* x: x relu6(x + 3) / 6 */                                   \
    WORD(identity, 1, 1)               /* x */                                                       \
    WORD(reshape, 1, 2)                /* x, [shape]; built: x, to the shape params.dims */          \
    WORD(fill, 1, 1)                   /* x: a tensor of its shape that holds params.real */         \
    WORD(batch_to_space, 1, 3)         /* x, [block, crops] */                                       \
    WORD(space_to_batch, 1, 3)         /* x, [block, paddings] */                                    \
    WORD(max_pool, 1, many)            /* x */                                                       \
    WORD(average_pool, 1, many)        /* x */                                                       \
    WORD(max_over_axes, 1, 2)          /* x, [axes] */                                               \
    WORD(mean_over_axes, 1, 2)         /* x, [axes] */                                               \
    WORD(concat, 1, many)              /* x..., [axis] */                                            \
    WORD(pad, 1, many)                 /* x, [paddings]: with zeros, or with values of x */          \
    WORD(transpose, 1, 2)              /* x, [permutation] */                                        \
    WORD(squeeze, 1, 2)                /* x, [axes]: dimensions of size 1 leave or come */           \
    WORD(slice, 1, many)               /* x, [begin, size or end, strides]: a part or parts of x */  \
    WORD(resize, 1, many)              /* x, [size]: images, each value one of x or between some */  \
    WORD(softmax, 1, 1)                /* x */                                                       \
    WORD(logistic, 1, 1)               /* x: 1 / (1 + exp(-x)) */                                    \
    WORD(tanh, 1, 1)                   /* x */                                                       \
    WORD(biased_variance, 3, 3)        /* v, x, mean: v (n - 1) / n over n = x / mean */             \
    WORD(reduce_min, 1, 1)             /* x: over all axes, a scalar; over all but params.axis, */   \
                                       /* a vector */                                                \
    WORD(reduce_max, 1, 1)             /* x: the same */                                             \
    WORD(constant, 0, 0)               /* built: the 32-bit floats params.data, shape params.dims */ \
    WORD(variable, 0, 0)               /* state that begins at params.real: a scalar, or where */    \
                                       /* params.dims has a length, a vector */                      \
    WORD(read_variable, 1, 1)          /* variable */                                                \
    WORD(assign, 2, 2)                 /* variable, x: stores x, gives the value stored */           \
    WORD(ema_update, 2, 2)             /* variable, x: moving average; built: zero-debiased, with */ \
                                       /* params.real = decay */                                     \
    WORD(after_step, 0, 0)             /* true from step params.integer of the quantization step */  \
    WORD(select, 3, 3)                 /* condition, when true, when false; a literal fills the */   \
                                       /* shape of the other */                                      \
    WORD(delayed, 1, many)             /* made by a quantization delay; so is taken: a select on */  \
                                       /* a step, whose second operand is quantized */               \
    WORD(fake_quant, 1, 3)             /* x, [min, max] */                                           \
    WORD(fake_quant_per_channel, 1, 3) /* x, [min, max], a range for each channel; built: vectors */ \
                                       /* of ranges along params.axis of x */                        \
    WORD(fake_quant_fixed, 1, 1)       /* x: the range is fixed in the node */                       \
    WORD(training_step, 0, many)       /* an optimizer's update: such a graph is refused */          \
    WORD(gradient, 0, many)            /* part of a backward pass */

/// A word of the vocabulary.
enum class word : std::uint8_t {
#define QGRAFT_WORD(name, least, greatest) name,
    QGRAFT_WORDS(QGRAFT_WORD)
#undef QGRAFT_WORD
};

namespace detail {
inline constexpr std::uint8_t many = 255;
struct word_facts {
    std::string_view name;
    std::uint8_t least;
    std::uint8_t greatest;
};
inline constexpr word_facts facts[] = {
#define QGRAFT_WORD(name, least, greatest) {#name, least, greatest},
    QGRAFT_WORDS(QGRAFT_WORD)
#undef QGRAFT_WORD
};
}  // namespace detail

/// How many words there are.
inline constexpr std::size_t word_count = sizeof(detail::facts) / sizeof(detail::facts[0]);

/// The word as it is written here.
constexpr std::string_view to_string(word w) { return detail::facts[static_cast<std::size_t>(w)].name; }

/// Whether a node of this word may have `operands` operands.
constexpr bool takes(word w, std::size_t operands) {
    const auto& f = detail::facts[static_cast<std::size_t>(w)];
    return operands >= f.least && (f.greatest == detail::many || operands <= f.greatest);
}

/// Whether a node of this word may have `operands` operands or more.
constexpr bool takes_at_least(word w, std::size_t operands) {
    return detail::facts[static_cast<std::size_t>(w)].greatest >= operands;
}

/// A set of words; a structural type, so that a rule and a dialect can be compared at compile time.
struct word_set {
    std::uint64_t bits = 0;

    constexpr word_set() = default;
    constexpr word_set(std::initializer_list<word> words) {
        for (const word w : words) bits |= std::uint64_t{1} << static_cast<unsigned>(w);
    }

    [[nodiscard]] constexpr bool contains(word w) const { return (bits >> static_cast<unsigned>(w) & 1U) != 0; }
    /// The words of either set.
    friend constexpr word_set operator|(word_set a, word_set b) {
        word_set both;
        both.bits = a.bits | b.bits;
        return both;
    }
    friend constexpr bool operator==(word_set, word_set) = default;
};
static_assert(word_count <= 64, "word_set has 64 bits");

/// The layers whose batch norms are folded, and which TensorFlow 1.15 quantizes.
inline constexpr word_set foldable_layers{word::conv2d, word::depthwise_conv2d, word::matmul};
/// The layers that have settings of their own.
inline constexpr word_set layers_with_settings = foldable_layers | word_set{word::conv2d_transpose};
/// All layers, those that no rule is for among them.
inline constexpr word_set all_layers = layers_with_settings | word_set{word::other_layer};

/// The words that stand for a fake-quantized value.
inline constexpr word_set quantizers{word::fake_quant, word::fake_quant_per_channel, word::fake_quant_fixed};

}  // namespace qgraft

#endif
