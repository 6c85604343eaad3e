// A compiler's own representation of a network: a module of typed ops. It knows nothing of qgraft.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_IR_HPP
#define IN_HOUSE_IR_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace in_house {

/// What an op computes: its operands, and in brackets its attributes. Images are NCHW, filters OIHW, all float32.
/// A result is a tensor; a truth value is 0 or 1.
enum class kind : std::uint8_t {
    input,            ///< () [dims]
    constant,         ///< () and the op's data
    param,            ///< () a trained weight; the op's data
    state,            ///< () a scalar that lives from run to run; the op's data is its initial value
    conv,             ///< (x, w) [strides, padding "same" or "valid", groups]; w is O x I/groups x H x W
    fully_connected,  ///< (x, w); w is outputs x inputs
    batch_norm,       ///< (x, scale, offset, mean, variance)
    bias,             ///< (x, b): b is added along channels
    add,              ///< (a, b)
    sub,              ///< (a, b)
    mul,              ///< (a, b)
    div,              ///< (a, b)
    lesser,           ///< (a, b)
    greater,          ///< (a, b)
    inverse_sqrt,     ///< (x)
    clamp,            ///< (x) [low, high]; none of them: no bound on that side
    copy,             ///< (x)
    reshape,          ///< (x, or x and dims) [dims]
    max_pool,         ///< (x) [window, strides, padding]
    concat,           ///< (x...) [axis]
    tiles_to_batch,   ///< (x...) what makes a following conv a dilated one
    batch_to_tiles,   ///< (x...) its counterpart
    lowest,           ///< (x) over everything, or over the axes of a second operand
    highest,          ///< (x) over everything, or over the axes of a second operand
    store,            ///< (state, x): the state is x from now on; gives x
    running_average,  ///< (state, x) [decay]: takes x into the zero-debiased average that the state holds; gives it
    step_reached,     ///< () [step]: whether this is at least the step-th run
    choose,           ///< (condition, a, b): a where the condition holds, else b
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

/// Fake-quantizes a tensor to a range.
using quantizer = void (*)(std::span<const float> in, std::span<float> out, float low, float high);

using attribute = std::variant<std::int64_t, double, bool, std::string, std::vector<std::int64_t>, quantizer>;

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
    std::map<std::string, attribute, std::less<>> attributes{};
    std::vector<tensor_type> types{};  ///< of the results, as far as known
    std::vector<op*> after{};          ///< ops that must have run
    std::vector<float> data{};         ///< of a constant, param or state
    bool pinned = false;               ///< transformations must not change what it reads

    /// The value of an attribute; `otherwise` where the op has none of that type.
    template <class T>
    [[nodiscard]] T get(std::string_view key, T otherwise) const {
        const auto it = attributes.find(key);
        const T* v = it == attributes.end() ? nullptr : std::get_if<T>(&it->second);
        return v == nullptr ? otherwise : *v;
    }
};

/// The type of a result, as far as known.
inline tensor_type type_of(result r) {
    return r.index < r.producer->types.size() ? r.producer->types[r.index] : std::nullopt;
}

/// A network: ops that stay where they are in memory.
class module {
public:
    /// Adds an op and returns where it is.
    op* add(op o) { return ops_.emplace_back(std::make_unique<op>(std::move(o))).get(); }

    /// Removes an op that nothing reads. The later it was added, the quicker.
    void remove(const op* o) {
        const auto it = std::find_if(ops_.rbegin(), ops_.rend(), [o](const auto& p) { return p.get() == o; });
        if (it != ops_.rend()) ops_.erase(std::next(it).base());
    }

    /// Every op, in the order of adding.
    [[nodiscard]] std::vector<op*> ops() const {
        std::vector<op*> all;
        all.reserve(ops_.size());
        for (const auto& p : ops_) all.push_back(p.get());
        return all;
    }

    /// The first op of this name, or null.
    [[nodiscard]] op* find(std::string_view name) const {
        const auto it = std::find_if(ops_.begin(), ops_.end(), [name](const auto& p) { return p->name == name; });
        return it == ops_.end() ? nullptr : it->get();
    }

private:
    std::vector<std::unique_ptr<op>> ops_;
};

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
                                          "inverse_sqrt",
                                          "clamp",
                                          "copy",
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
