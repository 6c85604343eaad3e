// Tests of ops/words.hpp.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <set>
#include <string_view>

#include <qgraft/ops/words.hpp>

using namespace qgraft;

TEST_CASE("every word has a name of its own") {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < word_count; ++i) names.insert(to_string(static_cast<word>(i)));
    CHECK(names.size() == word_count);
    CHECK(to_string(word::other) == "other");
    CHECK(to_string(word::gradient) == "gradient");
}

TEST_CASE("how many operands a word takes") {
    static_assert(takes(word::add, 2) && !takes(word::add, 1) && !takes(word::add, 3));
    static_assert(takes(word::conv2d, 2) && takes(word::conv2d, 1000) && !takes(word::conv2d, 1));
    static_assert(takes(word::reshape, 1) && takes(word::reshape, 2) && !takes(word::reshape, 3));
    static_assert(takes(word::variable, 0) && !takes(word::variable, 1));
    static_assert(takes_at_least(word::conv2d, 5) && takes_at_least(word::fake_quant, 3));
    static_assert(!takes_at_least(word::relu, 2));
}

TEST_CASE("sets of words") {
    constexpr word_set few{word::add, word::gradient};
    static_assert(few.contains(word::add) && few.contains(word::gradient) && !few.contains(word::mul));
    static_assert(!word_set{}.contains(word::other));
    static_assert((few | word_set{word::mul}) == word_set{word::mul, word::add, word::gradient});
    static_assert((few | few) == few);
}
