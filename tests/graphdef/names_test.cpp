// Names: made unique as TensorFlow 1.15 does, and given back.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include <qgraft/graphdef/names.hpp>

#include "graphdef/sketch.hpp"

using qgraft::graphdef::name_table;
using namespace qgraft::testing_support;

TEST_CASE("a path that is free stays, one that is taken gets the first number that is free") {
    name_table names;
    names.take("a");
    names.take("a_1");
    CHECK(names.unique("b") == "b");
    CHECK(names.unique("b") == "b_1");
    CHECK(names.unique("a") == "a_2");
    CHECK(names.unique("a_1") == "a_1_1");
    CHECK(names.unique("a") == "a_3");
}

TEST_CASE("letters of either case are the same") {
    name_table names;
    names.take("Conv/Relu");
    CHECK(names.unique("conv/relu") == "conv/relu_1");
    CHECK(names.unique("CONV/RELU") == "CONV/RELU_2");
    CHECK(names.unique("Conv") == "Conv");
}

TEST_CASE("variable scopes count apart from names, with regard to case, and forget those inside them") {
    name_table names;
    names.take("a");
    CHECK(names.unique_variable_scope("a") == "a");
    CHECK(names.unique_variable_scope("A") == "A");
    CHECK(names.unique_variable_scope("a") == "a_1");
    CHECK(names.unique_variable_scope("b/c") == "b/c");
    CHECK(names.unique_variable_scope("b/c") == "b/c_1");
    CHECK(names.unique_variable_scope("b") == "b");
    CHECK(names.unique_variable_scope("b/c") == "b/c");
    CHECK(names.unique_variable_scope("b0/c") == "b0/c");
}

TEST_CASE("everything since a mark can be undone") {
    name_table names;
    names.take("a");
    names.unique("b");
    names.unique_variable_scope("s");
    const auto mark = names.mark();
    const auto ask = [&names] {
        std::string all;
        for (const char* path : {"a", "A", "b", "b_1", "c", "a"}) all += std::string(names.unique(path)) + " ";
        for (const char* path : {"s", "s/t", "s/t", "s", "t"}) all += names.unique_variable_scope(path) + " ";
        return all;
    };
    const std::string first = ask();
    CHECK(names.mark() > mark);
    names.restore(mark);
    CHECK(names.mark() == mark);
    CHECK(ask() == first);
}

TEST_CASE("undoing back to the middle keeps what was before") {
    name_table names;
    names.unique("a");
    const auto mark = names.mark();
    names.unique("a");
    names.restore(mark);
    CHECK(names.unique("a") == "a_1");
}

TEST_CASE("a hundred thousand names of one path") {
    name_table names;
    for (int i = 1; i < 100'000; ++i) names.take("a_" + std::to_string(i));
    CHECK(names.unique("a") == "a");
    CHECK(names.unique("a") == "a_100000");
    for (int i = 0; i < 100'000; ++i) names.unique("a");
    CHECK(names.unique("a") == "a_200001");
}

TEST_CASE("what TensorFlow 1.15 answered") {
    name_table names;
    for (const std::string& line : read_lines("graphdef/names.txt")) {
        CAPTURE(line);
        std::istringstream words(line);
        std::string what;
        std::string path;
        std::string answer;
        words >> what >> path >> answer;
        if (what == "graph") names = {};
        if (what == "take") names.take(path);
        if (what == "unique") CHECK(names.unique(path) == answer);
        if (what == "scope") CHECK(names.unique_variable_scope(path) == answer);
    }
}
