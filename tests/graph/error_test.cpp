// Tests of graph/error.hpp.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include <qgraft/graph/error.hpp>

using namespace qgraft;

TEST_CASE("an error names what is at fault, and why") {
    const invalid_graph e("conv/weights", "is listed twice");
    CHECK(std::string(e.what()) == "conv/weights: is listed twice");
    CHECK(e.subject() == "conv/weights");
    CHECK(std::string(refused_graph("", "the reason alone").what()) == "the reason alone");
}

TEST_CASE("every error is an error, and a runtime_error") {
    CHECK_THROWS_AS(throw invalid_graph("a", "b"), error);
    CHECK_THROWS_AS(throw refused_graph("a", "b"), error);
    CHECK_THROWS_AS(throw invalid_option("a", "b"), error);
    CHECK_THROWS_AS(throw rewrite_error("a", "b"), std::runtime_error);
}
