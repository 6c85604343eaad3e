// Tests of include/qgraft/ops/handle_table.hpp.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/ops/handle_table.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <functional>
#include <optional>

namespace {

/// A handle whose hash is chosen by hand.
struct handle {
    int number = 0;
    std::size_t hash = 0;

    friend bool operator==(const handle& a, const handle& b) { return a.number == b.number; }
};

}  // namespace

template <>
struct std::hash<handle> {
    std::size_t operator()(const handle& h) const { return h.hash; }
};

TEST_CASE("an empty table has no handle") {
    const qgraft::detail::handle_table<handle> table;
    CHECK(table.size() == 0);
    CHECK(table.find({1, 0}) == std::nullopt);
}

TEST_CASE("a handle has the id of its place, whatever it hashes to") {
    constexpr int count = 5000;
    const auto made = [](int i) {
        const auto n = static_cast<std::size_t>(i);
        // One in three hashes to its own place, one as an aligned pointer does, and one like many others.
        const std::size_t hashes[] = {n, 4096 + 64 * n, 7};
        return handle{i, hashes[i < 300 ? n % 3 : n % 2]};
    };
    qgraft::detail::handle_table<handle> table;
    for (int i = 0; i < count; ++i) {
        CHECK(table.find(made(i)) == std::nullopt);
        CHECK(table.add(made(i)) == std::nullopt);
    }
    CHECK(table.size() == count);
    bool all_found = true;
    for (int i = 0; i < count; ++i) {
        const auto id = static_cast<qgraft::node_id>(i);
        all_found = all_found && table.find(made(i)) == id && table.add(made(i)) == id && table[id] == made(i);
    }
    CHECK(all_found);
    CHECK(table.size() == count);
    CHECK(table.find({count, 7}) == std::nullopt);
}
