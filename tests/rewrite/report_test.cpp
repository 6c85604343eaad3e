// Tests of rewrite/report.hpp.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/rewrite/report.hpp>

using namespace qgraft;

TEST_CASE("decisions are counted by outcome") {
    report r;
    r.decisions = {{"rule", "a", outcome::quantized, ""},
                   {"rule", "b", outcome::left_as_is, "for a reason"},
                   {"rule", "c", outcome::quantized, ""}};
    CHECK(r.count(outcome::quantized) == 2);
    CHECK(r.count(outcome::left_as_is) == 1);
    CHECK(r.count(outcome::not_covered) == 0);
}

TEST_CASE("outcomes in words") {
    CHECK(to_string(outcome::quantized) == "quantized");
    CHECK(to_string(outcome::left_as_is) == "left as is");
    CHECK(to_string(outcome::not_covered) == "not covered");
}
