// An operation of the in-house representation. It knows nothing of qgraft.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_OP_HPP
#define IN_HOUSE_OP_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attributes.hpp"
#include "kinds.hpp"
#include "value.hpp"

namespace in_house {

class block;

/// What an op is to read: a value, or an op in place of its first result.
class operand {
public:
    operand(value* v) : value_(v) {}
    operand(op* producer, std::size_t result = 0);
    [[nodiscard]] value& get() const { return *value_; }

private:
    value* value_;
};

/// What an op is to be made of. Without types it gets the results that its kind and its operands tell.
struct op_state {
    kind what = kind::foreign;
    std::string name{};
    std::vector<operand> operands{};
    attribute_list attributes{};
    std::vector<tensor_type> types{};
    std::vector<float> data{};
};

/// An operation, in a block. `name` is where it comes from: parts separated by slashes, not necessarily unique. The
/// attribute "in_loop" marks an op that runs once a round of a loop which is no block of its own.
class op {
public:
    kind what;
    std::string name;
    attribute_list attributes;
    std::vector<float> data;      ///< of a constant, param or state
    std::vector<op*> after{};     ///< ops that must have run
    bool pinned = false;          ///< transformations must not change what it reads
    std::unique_ptr<block> body;  ///< of a loop; else none

    explicit op(op_state s);
    op(const op&) = delete;
    op& operator=(const op&) = delete;
    ~op();

    [[nodiscard]] const std::vector<use>& operands() const { return operands_; }
    [[nodiscard]] value& operand(std::size_t i) const { return *operands_.at(i).get(); }
    void add_operand(in_house::operand v) { operands_.emplace_back(this, v.get()); }
    void set_operand(std::size_t i, in_house::operand v) { operands_.at(i).set(v.get()); }
    void drop_operands() { operands_.clear(); }

    [[nodiscard]] std::size_t results() const { return results_.size(); }
    /// Throws std::out_of_range where there is no such result.
    [[nodiscard]] value& result(std::size_t i = 0) { return results_.at(i); }
    [[nodiscard]] const value& result(std::size_t i = 0) const { return results_.at(i); }
    [[nodiscard]] bool is_unused() const;

    /// The value of an attribute; `otherwise` where the op has none of that type.
    template <class T>
    [[nodiscard]] T get(std::string_view key, T otherwise) const {
        const attribute* a = attributes.find(key);
        const T* v = a == nullptr ? nullptr : a->as<T>();
        return v == nullptr ? otherwise : *v;
    }

    /// The block that it is in, and its neighbours there.
    [[nodiscard]] block* parent() const { return parent_; }
    [[nodiscard]] op* next() const { return next_; }
    [[nodiscard]] op* previous() const { return previous_; }

private:
    friend class block;

    std::vector<use> operands_;
    std::vector<value> results_;  ///< never more or less than at first
    block* parent_ = nullptr;
    op* previous_ = nullptr;
    op* next_ = nullptr;
    std::int64_t place_ = 0;  ///< in the order of its block: not counted, but increasing
};

/// A constant of one element.
inline op_state scalar(double number) { return {.what = kind::constant, .data = {static_cast<float>(number)}}; }

/// Whether the data of a constant, param or state are all that the type of its result says.
inline bool has_whole_data(const op& o) {
    if (o.results() == 0 || !o.result().type) return false;
    std::size_t elements = 1;
    for (const std::int64_t d : *o.result().type) elements *= static_cast<std::size_t>(d < 0 ? 0 : d);
    return o.data.size() == elements;
}

/// The name of what is called `last` below `path`, which may be empty.
inline std::string below(std::string path, std::string_view last) {
    return std::move(path.append(path.empty() ? "" : "/").append(last));
}

/// How many dimensions of an op's first result come after the channels; two, as in an image, where it is not known.
inline std::size_t spatial_rank(const op& o) {
    const tensor_type& t = o.result().type;
    return t && t->size() >= 2 ? t->size() - 2 : 2;
}

inline operand::operand(op* producer, std::size_t result) : value_(&producer->result(result)) {}

inline bool op::is_unused() const {
    for (const value& v : results_) {
        if (!v.is_unused()) return false;
    }
    return true;
}

}  // namespace in_house

#endif
