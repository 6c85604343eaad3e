// Blocks of the in-house representation: ops in an order, linked to each other. It knows nothing of qgraft.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_BLOCK_HPP
#define IN_HOUSE_BLOCK_HPP

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "infer.hpp"
#include "op.hpp"

namespace in_house {

/// Ops in the order in which they run. A block belongs to a module or to an op, and its ops belong to it.
class block {
public:
    explicit block(op* owner = nullptr) : owner_(owner) {}
    block(const block&) = delete;
    block& operator=(const block&) = delete;
    ~block() {
        drop_operands();
        while (last_ != nullptr) remove(last_);
    }

    [[nodiscard]] op* owner() const { return owner_; }
    [[nodiscard]] op* first() const { return first_; }
    [[nodiscard]] op* last() const { return last_; }

    /// Makes an op at the end.
    op* add(op_state s) { return add_after(last_, std::move(s)); }

    /// Makes an op after another of this block, or at the front after none.
    op* add_after(op* before, op_state s) {
        op* o = std::make_unique<op>(std::move(s)).release();
        o->parent_ = this;
        o->previous_ = before;
        o->next_ = before == nullptr ? first_ : before->next_;
        (before == nullptr ? first_ : before->next_) = o;
        (o->next_ == nullptr ? last_ : o->next_->previous_) = o;
        number(*o);
        return o;
    }

    /// Removes an op of this block. Throws std::logic_error where something reads it.
    void erase(op* o) {
        if (!o->is_unused()) throw std::logic_error(o->name + ": is read, and must not be erased");
        remove(o);
    }

    /// Links the ops of this block anew. `all` has each of them once.
    void put_in_order(const std::vector<op*>& all) {
        first_ = last_ = nullptr;
        for (op* o : all) {
            o->previous_ = last_;
            o->next_ = nullptr;
            (last_ == nullptr ? first_ : last_->next_) = o;
            last_ = o;
        }
        number_all();
    }

    /// Whether `a` comes before `b`, both of this block.
    static bool in_order(const op& a, const op& b) { return a.place_ < b.place_; }

    /// Ends every use of a value by an op in here.
    void drop_operands() {
        for (op* o = first_; o != nullptr; o = o->next()) {
            o->drop_operands();
            if (o->body != nullptr) o->body->drop_operands();
        }
    }

private:
    void remove(op* o) {
        (o->previous_ == nullptr ? first_ : o->previous_->next_) = o->next_;
        (o->next_ == nullptr ? last_ : o->next_->previous_) = o->previous_;
        const std::unique_ptr<op> gone(o);
    }

    static constexpr std::int64_t stride = std::int64_t{1} << 36;

    /// Gives an op a place between its neighbours', nearer to the first: most ops are added after the one before. All
    /// ops get new places where there is none left.
    void number(op& o) {
        if (o.next_ == nullptr) {
            o.place_ = o.previous_ == nullptr ? 0 : o.previous_->place_ + stride;
        } else if (o.previous_ == nullptr) {
            o.place_ = o.next_->place_ - stride;
        } else {
            const std::int64_t gap = o.next_->place_ - o.previous_->place_;
            o.place_ = o.previous_->place_ + std::max<std::int64_t>(1, gap / 16);
            if (gap <= 1) number_all();
        }
    }

    void number_all() {
        std::int64_t place = 0;
        for (op* o = first_; o != nullptr; o = o->next_) o->place_ = place += stride;
    }

    op* owner_;
    op* first_ = nullptr;
    op* last_ = nullptr;
};

inline op::op(op_state s)
    : what(s.what), name(std::move(s.name)), attributes(std::move(s.attributes)), data(std::move(s.data)) {
    operands_.reserve(s.operands.size());
    for (const in_house::operand& v : s.operands) add_operand(v);
    if (s.types.empty()) s.types = infer_types(*this);
    results_.reserve(s.types.size());
    for (tensor_type& t : s.types) {
        results_.push_back({this, static_cast<std::uint32_t>(results_.size()), std::move(t)});
    }
    if (what == kind::loop) body = std::make_unique<block>(this);
}

inline op::~op() = default;

/// Whether `a` comes before `b`, or before the op whose body, however deep, `b` is in.
inline bool comes_before(const op& a, const op& b) {
    const op* at = &b;
    while (at != nullptr && at->parent() != a.parent()) at = at->parent()->owner();
    return at != nullptr && block::in_order(a, *at);
}

namespace detail {

inline bool is_in(const op& o, const op& outer) {
    const op* at = &o;
    while (at != nullptr && at != &outer) at = at->parent()->owner();
    return at != nullptr;
}

inline void add_producers(const op& o, const op& outer, std::vector<op*>& all) {
    for (const use& u : o.operands()) {
        op* producer = u.get()->producer;
        if (producer == &outer || !is_in(*producer, outer)) all.push_back(producer);
    }
    if (o.body == nullptr) return;
    for (const op* at = o.body->first(); at != nullptr; at = at->next()) add_producers(*at, outer, all);
}

}  // namespace detail

/// The producers of what an op reads, and of what those in its body read from outside of it; each as often as read.
inline std::vector<op*> producers_for(const op& o) {
    std::vector<op*> all;
    detail::add_producers(o, o, all);
    return all;
}

/// Whether an op runs once a round of a loop: it is in the body of one, however deep, or says so.
inline bool is_in_loop(const op& o) {
    const op* at = o.parent()->owner();
    while (at != nullptr && at->what != kind::loop) at = at->parent()->owner();
    return at != nullptr || o.get("in_loop", false);
}

}  // namespace in_house

#endif
