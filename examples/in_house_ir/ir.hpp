// A compiler's own representation of a network: a module of typed ops in nested blocks. It knows nothing of qgraft.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_IR_HPP
#define IN_HOUSE_IR_HPP

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "block.hpp"

namespace in_house {

/// A network: a block of ops.
class module {
public:
    [[nodiscard]] block& entry() const { return *entry_; }

    /// Makes an op at the end of the entry block.
    op* add(op_state s) { return entry_->add(std::move(s)); }

    /// Makes an op right after the last of its operands, or at the front of the entry block where it has none.
    op* insert(op_state s) {
        op* last = nullptr;
        for (const operand& v : s.operands) {
            op* producer = v.get().producer;
            if (last == nullptr || comes_before(*last, *producer)) last = producer;
        }
        block& into = last == nullptr ? *entry_ : *last->parent();
        return into.add_after(last, std::move(s));
    }

    /// Removes an op unless something reads it or it is an input, then likewise those that it and its body have read.
    static void erase_if_unused(op* o) {
        std::vector<op*> open{o};
        while (!open.empty()) {
            op* at = open.back();
            open.pop_back();
            if (!at->is_unused() || at->what == kind::input) continue;
            const std::vector<op*> read = producers_for(*at);
            at->parent()->erase(at);
            for (op* producer : read) {
                if (std::find(open.begin(), open.end(), producer) == open.end()) open.push_back(producer);
            }
        }
    }

    /// The first op, and the one after `o`: an op comes before those in its body, and these before the next.
    [[nodiscard]] op* first() const { return entry_->first(); }
    [[nodiscard]] static op* following(const op* o) {
        if (o->body != nullptr && o->body->first() != nullptr) return o->body->first();
        while (o != nullptr && o->next() == nullptr) o = o->parent()->owner();
        return o == nullptr ? nullptr : o->next();
    }

    /// Every op, in that order.
    [[nodiscard]] std::vector<op*> ops() const {
        std::vector<op*> all;
        for (op* o = first(); o != nullptr; o = following(o)) all.push_back(o);
        return all;
    }

    /// The first op of this name, or null.
    [[nodiscard]] op* find(std::string_view name) const {
        op* o = first();
        while (o != nullptr && o->name != name) o = following(o);
        return o;
    }

private:
    std::unique_ptr<block> entry_ = std::make_unique<block>();
};

/// Throws std::runtime_error unless each op comes after what it reads; only a loop_value may read what comes later.
inline void verify(const module& m) {
    for (const op* o : m.ops()) {
        for (std::size_t i = 0; i < o->operands().size(); ++i) {
            const bool next_round = o->what == kind::loop_value && i == 1;
            const op& producer = *o->operand(i).producer;
            if (!next_round && !comes_before(producer, *o))
                throw std::runtime_error(o->name + ": reads '" + producer.name + "', which comes later");
        }
    }
}

}  // namespace in_house

#endif
