// One operation of the in-house representation, and its result types. It knows nothing of qgraft.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_OP_HPP
#define IN_HOUSE_OP_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attributes.hpp"

namespace in_house {

/// What an op computes: its operands, and in brackets its attributes. Images are NCHW, filters OIHW, all float32.
/// A result is a tensor; a truth value is 0 or 1.
enum class kind : std::uint8_t {
    input,            ///< () [dims]
    constant,         ///< () and the op's data
    param,            ///< () a trained weight; the op's data
    state,            ///< () what lives from run to run; the op's data are its initial values
    conv,             ///< (x, w) [strides, padding "same" or "valid", groups]; w is O x I/groups x H x W
    fully_connected,  ///< (x, w); w is outputs x inputs
    batch_norm,       ///< (x, scale, offset, mean, variance) [epsilon], a value a channel each; or (x, scale, offset)
                      ///< [epsilon, training = true], which gives y, and the batch's mean and unbiased variance
    bias,             ///< (x, b): b is added along channels
    add,             ///< (a, b), which are brought to one shape: dimensions are aligned at the last, and those that are
                     ///< missing or 1 are repeated; as in the next
    sub,             ///< (a, b)
    mul,             ///< (a, b)
    div,             ///< (a, b)
    lesser,          ///< (a, b)
    greater,         ///< (a, b)
    inverse,         ///< (x): 1 / x
    inverse_sqrt,    ///< (x): 1 / sqrt(x)
    clamp,           ///< (x) [low, high]; none of them: no bound on that side
    copy,            ///< (x)
    filled,          ///< (x) [value]: x with each element replaced by the value
    population,      ///< (v, x, mean): a batch's variance, from the unbiased v: v (n - 1) / n, where n is how many
                     ///< elements x has for each of the mean
    reshape,         ///< (x, or x and dims) [dims]
    max_pool,        ///< (x) [window, strides, padding]
    concat,          ///< (x...) [axis]
    tiles_to_batch,  ///< (x...) what makes a following conv a dilated one
    batch_to_tiles,  ///< (x...) its counterpart
    lowest,          ///< (x) over everything, or over the axes of a second operand
    highest,         ///< (x) over everything, or over the axes of a second operand
    store,           ///< (state, x): the state is x from now on; gives x
    running_average,  ///< (state, x) [decay, debias]: takes x into the average that the state holds, and gives it
    step_reached,     ///< () [step]: whether this is at least the step-th run
    choose,           ///< (condition, a, b): a where the condition holds, else b; a scalar fills the other's shape
    fake_quantize,    ///< (x, low, high) [bits, narrow_range, quantizer]; or (x) [low, high]
    loop_value,       ///< (initial, next): a value that a loop carries around
    update,           ///< an optimizer's step
    backward,         ///< a part of a backward pass
    foreign,          ///< an op of some other system: its own name for it is the attribute "op"
};

/// The name of a kind in a listing.
std::string_view to_string(kind k);

/// A type of float32 tensors: the dimensions, -1 where one is unknown; none for an unknown rank.
using tensor_type = std::optional<std::vector<std::int64_t>>;

struct op;

/// One result of an op.
struct result {
    op* producer = nullptr;
    std::uint32_t index = 0;
    friend bool operator==(const result&, const result&) = default;
};

/// One operation. `name` is where it comes from: parts separated by slashes, not necessarily unique. The attribute
/// "in_loop" marks an op that runs once a round of a loop.
struct op {
    kind what = kind::foreign;
    std::string name{};
    std::vector<result> operands{};
    attribute_list attributes{};
    std::vector<tensor_type> types{};  ///< of the results, as far as known
    std::vector<op*> after{};          ///< ops that must have run
    std::vector<float> data{};         ///< of a constant, param or state
    bool pinned = false;               ///< transformations must not change what it reads

    /// The value of an attribute; `otherwise` where the op has none of that type.
    template <class T>
    [[nodiscard]] T get(std::string_view key, T otherwise) const {
        const attribute* a = attributes.find(key);
        const T* v = a == nullptr ? nullptr : a->as<T>();
        return v == nullptr ? otherwise : *v;
    }
};

/// A constant of one element.
inline op scalar(double number) { return {.what = kind::constant, .data = {static_cast<float>(number)}}; }

/// The name of what is called `last` below `path`, which may be empty.
inline std::string below(std::string path, std::string_view last) {
    return std::move(path.append(path.empty() ? "" : "/").append(last));
}

/// The type of a result, as far as known.
inline tensor_type type_of(result r) {
    return r.index < r.producer->types.size() ? r.producer->types[r.index] : std::nullopt;
}

/// How many dimensions come after the channels; two, as in an image, where it is not known.
inline std::size_t spatial_rank(result r) {
    const tensor_type t = type_of(r);
    return t && t->size() >= 2 ? t->size() - 2 : 2;
}

inline std::string_view to_string(kind k) {
    constexpr std::string_view names[] = {"input",
                                          "constant",
                                          "param",
                                          "state",
                                          "conv",
                                          "fully_connected",
                                          "batch_norm",
                                          "bias",
                                          "add",
                                          "sub",
                                          "mul",
                                          "div",
                                          "lesser",
                                          "greater",
                                          "inverse",
                                          "inverse_sqrt",
                                          "clamp",
                                          "copy",
                                          "filled",
                                          "population",
                                          "reshape",
                                          "max_pool",
                                          "concat",
                                          "tiles_to_batch",
                                          "batch_to_tiles",
                                          "lowest",
                                          "highest",
                                          "store",
                                          "running_average",
                                          "step_reached",
                                          "choose",
                                          "fake_quantize",
                                          "loop_value",
                                          "update",
                                          "backward",
                                          "foreign"};
    return names[static_cast<std::size_t>(k)];
}

}  // namespace in_house

#endif
