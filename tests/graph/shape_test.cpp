// Tests of graph/shape.hpp.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <vector>

#include <qgraft/graph/shape.hpp>

using qgraft::tensor_shape;

TEST_CASE("an unknown rank is not that of a scalar") {
    CHECK_FALSE(tensor_shape().has_rank());
    CHECK(tensor_shape::scalar().has_rank());
    CHECK(tensor_shape::scalar().rank() == 0);
    CHECK(tensor_shape() != tensor_shape::scalar());
}

TEST_CASE("dimensions, known and unknown") {
    const tensor_shape s({tensor_shape::unknown, 3});
    CHECK(s.rank() == 2);
    CHECK(s.dims() == std::vector<std::int64_t>{-1, 3});
    CHECK(s == tensor_shape({-1, 3}));
    CHECK(s != tensor_shape({2, 3}));
}
