// Lists of strings, and how doctest prints them: a line each.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_SUPPORT_LINES_HPP
#define QGRAFT_TESTS_SUPPORT_LINES_HPP

#include <doctest/doctest.h>

#include <string>
#include <vector>

using lines = std::vector<std::string>;

template <>
struct doctest::StringMaker<lines> {
    static String convert(const lines& all) {
        std::string text = "\n";
        for (const std::string& line : all) text += "    " + line + "\n";
        return text.c_str();
    }
};

#endif
