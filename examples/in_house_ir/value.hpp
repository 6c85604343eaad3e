// The values of the in-house representation: results of ops, each with a list of the operands that read it. It knows
// nothing of qgraft.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_VALUE_HPP
#define IN_HOUSE_VALUE_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace in_house {

class op;
class use;

/// A type of float32 tensors: the dimensions, -1 where one is unknown; none for an unknown rank.
using tensor_type = std::optional<std::vector<std::int64_t>>;

/// A result of an op. It stays where it is in memory.
struct value {
    op* producer = nullptr;
    std::uint32_t index = 0;
    tensor_type type{};
    use* first_use = nullptr;  ///< the list goes on by next(), the latest use first

    [[nodiscard]] bool is_unused() const { return first_use == nullptr; }
    /// Makes all that read this value read another.
    void replace_all_uses(value& by);
};

/// An operand of an op: one use of a value. It is an element of the list of that value's uses.
class use {
public:
    use(op* user, value& v) : user_(user) { link(v); }
    use(use&& other) noexcept : user_(other.user_), value_(other.value_), next_(other.next_), at_(other.at_) {
        *at_ = this;
        if (next_ != nullptr) next_->at_ = &next_;
        other.value_ = nullptr;
    }
    use(const use&) = delete;
    use& operator=(const use&) = delete;
    ~use() { unlink(); }

    [[nodiscard]] op* user() const { return user_; }
    [[nodiscard]] value* get() const { return value_; }
    [[nodiscard]] use* next() const { return next_; }
    void set(value& v) {
        unlink();
        link(v);
    }

private:
    void link(value& v) {
        value_ = &v;
        next_ = v.first_use;
        at_ = &v.first_use;
        if (next_ != nullptr) next_->at_ = &next_;
        v.first_use = this;
    }
    void unlink() {
        if (value_ == nullptr) return;
        *at_ = next_;
        if (next_ != nullptr) next_->at_ = at_;
        value_ = nullptr;
    }

    op* user_;
    value* value_ = nullptr;
    use* next_ = nullptr;
    use** at_ = nullptr;  ///< what points to this use: the value, or the use before
};

inline void value::replace_all_uses(value& by) {
    while (first_use != nullptr && this != &by) first_use->set(by);
}

}  // namespace in_house

#endif
