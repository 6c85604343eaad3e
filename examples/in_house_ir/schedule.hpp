// Orders the ops of a module by what they read. It knows nothing of qgraft.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_SCHEDULE_HPP
#define IN_HOUSE_SCHEDULE_HPP

#include <cstddef>
#include <unordered_set>
#include <utility>
#include <vector>

#include "ir.hpp"

namespace in_house {

namespace detail {

/// The op of a block that `o` is, or in whose body it is; null where it is not in the block.
inline op* in_block(op* o, const block& b) {
    while (o != nullptr && o->parent() != &b) o = o->parent()->owner();
    return o;
}

/// The ops of a block, each behind those that it reads, else in their order.
inline std::vector<op*> ordered(const block& b) {
    std::vector<op*> order;
    std::unordered_set<const op*> entered;
    for (op* root = b.first(); root != nullptr; root = root->next()) {
        std::vector<std::pair<op*, bool>> open{{root, false}};
        while (!open.empty()) {
            const auto [o, done] = open.back();
            open.pop_back();
            if (done) order.push_back(o);
            if (done || !entered.insert(o).second) continue;
            open.emplace_back(o, true);
            const std::vector<op*> read = producers_for(*o);
            for (std::size_t i = o->what == kind::loop_value ? 1 : read.size(); i-- > 0 && i < read.size();) {
                if (op* producer = in_block(read[i], b); producer != nullptr) open.emplace_back(producer, false);
            }
        }
    }
    return order;
}

}  // namespace detail

/// Puts each op behind those that it reads, and leaves the order as it is where that holds. The next value of a
/// loop_value may come later.
inline void schedule(module& m) {
    std::vector<block*> blocks{&m.entry()};
    for (op* o : m.ops()) {
        if (o->body != nullptr) blocks.push_back(o->body.get());
    }
    for (block* b : blocks) b->put_in_order(detail::ordered(*b));
}

}  // namespace in_house

#endif
