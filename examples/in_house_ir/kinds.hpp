// What the operations of the in-house representation compute. It knows nothing of qgraft.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_KINDS_HPP
#define IN_HOUSE_KINDS_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace in_house {

/// Every kind with its operands, and in brackets its attributes. Images are NCHW, filters OIHW, all float32. A result
/// is a tensor; a truth value is 0 or 1. Two operands of different shapes are brought to one: dimensions are aligned at
/// the last, and those that are missing or 1 are repeated.
#define IN_HOUSE_KINDS(KIND)                                                                                   \
    KIND(input)           /* () [dims] */                                                                      \
    KIND(constant)        /* () and the op's data */                                                           \
    KIND(param)           /* () a trained weight; the op's data */                                             \
    KIND(state)           /* () what lives from run to run; the op's data are its initial values */            \
    KIND(conv)            /* (x, w) [strides, padding "same" or "valid", groups]; w is O x I/groups x H x W */ \
    KIND(fully_connected) /* (x, w); w is outputs x inputs */                                                  \
    KIND(batch_norm)      /* (x, scale, offset, mean, variance) [epsilon], a value a channel each; or */       \
                          /* (x, scale, offset) [epsilon, training = true], with three results: y, and */      \
                          /* the batch's mean and unbiased variance */                                         \
    KIND(bias)            /* (x, b): b is added along channels */                                              \
    KIND(add)             /* (a, b) */                                                                         \
    KIND(sub)             /* (a, b) */                                                                         \
    KIND(mul)             /* (a, b) */                                                                         \
    KIND(div)             /* (a, b) */                                                                         \
    KIND(lesser)          /* (a, b) */                                                                         \
    KIND(greater)         /* (a, b) */                                                                         \
    KIND(inverse)         /* (x): 1 / x */                                                                     \
    KIND(inverse_sqrt)    /* (x): 1 / sqrt(x) */                                                               \
    KIND(clamp)           /* (x) [low, high]; none of them: no bound on that side */                           \
    KIND(leak)            /* (x) [slope]: x, times the slope where it is negative */                           \
    KIND(hard_swish)      /* (x): x clamp(x + 3, 0, 6) / 6 */                                                  \
    KIND(sigmoid)         /* (x): 1 / (1 + exp(-x)) */                                                         \
    KIND(tanh)            /* (x) */                                                                            \
    KIND(softmax)         /* (x): along the last dimension */                                                  \
    KIND(copy)            /* (x) */                                                                            \
    KIND(filled)          /* (x) [value]: x with each element replaced by the value */                         \
    KIND(population)      /* (v, x, mean): a batch's variance, from the unbiased v: v (n - 1) / n, where */    \
                          /* n is how many elements x has for each of the mean */                              \
    KIND(reshape)         /* (x, or x and dims) [dims] */                                                      \
    KIND(max_pool)        /* (x) [window, strides, padding] */                                                 \
    KIND(average_pool)    /* (x) [window, strides, padding]; padding does not count */                         \
    KIND(border)          /* (x) [before, behind]: zeros around x, so many along each dimension */             \
    KIND(concat)          /* (x...) [axis] */                                                                  \
    KIND(split)           /* (x) [axis]: as many equal parts of x along the axis as it has results */          \
    KIND(tiles_to_batch)  /* (x...) what makes a following conv a dilated one */                               \
    KIND(batch_to_tiles)  /* (x...) its counterpart */                                                         \
    KIND(lowest)          /* (x) over everything, or over the axes of a second operand */                      \
    KIND(highest)         /* (x) over everything, or over the axes of a second operand */                      \
    KIND(store)           /* (state, x): the state is x from now on; gives x */                                \
    KIND(running_average) /* (state, x) [decay, debias]: takes x into the average that the state holds, */     \
                          /* and gives it */                                                                   \
    KIND(step_reached)    /* () [step]: whether this is at least the step-th run */                            \
    KIND(choose)          /* (condition, a, b): a where the condition holds, else b; a scalar fills the */     \
                          /* other's shape */                                                                  \
    KIND(fake_quantize)   /* (x, low, high) [bits, narrow_range, quantizer]; or (x) [low, high] */             \
    KIND(loop)            /* () [times], and a body, which it runs so many times. Its results are what */      \
                          /* each loop_value of the body is after the last round */                            \
    KIND(loop_value)      /* (initial, next): a value that a loop carries around */                            \
    KIND(update)          /* an optimizer's step */                                                            \
    KIND(backward)        /* a part of a backward pass */                                                      \
    KIND(foreign)         /* an op of some other system: its own name for it is the attribute "op" */

enum class kind : std::uint8_t {
#define IN_HOUSE_KIND(name) name,
    IN_HOUSE_KINDS(IN_HOUSE_KIND)
#undef IN_HOUSE_KIND
};

/// The name of a kind in a listing.
inline std::string_view to_string(kind k) {
    constexpr std::string_view names[] = {
#define IN_HOUSE_KIND(name) #name,
        IN_HOUSE_KINDS(IN_HOUSE_KIND)
#undef IN_HOUSE_KIND
    };
    return names[static_cast<std::size_t>(k)];
}

}  // namespace in_house

#endif
