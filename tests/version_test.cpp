// Tests that the version header agrees with itself and with CMake.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/version.hpp>

#include <string>

TEST_CASE("the version header says what CMake says") {
    CHECK(qgraft::version == QGRAFT_TEST_CMAKE_VERSION);
}

TEST_CASE("the macros say what the text says") {
    const std::string text = std::to_string(QGRAFT_VERSION_MAJOR) + "." + std::to_string(QGRAFT_VERSION_MINOR) + "." +
                             std::to_string(QGRAFT_VERSION_PATCH);
    CHECK(qgraft::version == text);
}
