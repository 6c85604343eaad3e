// A network as somebody might keep it in a Boost graph, with a vocabulary of their own: a user's code.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_BOOST_GRAPH_NETWORK_HPP
#define QGRAFT_TESTS_BOOST_GRAPH_NETWORK_HPP

#include <boost/graph/adjacency_list.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sketch {

/// What a layer is. Images are NCHW, filters OIHW.
enum class kind : std::uint8_t {
    source,
    number,
    weight,
    cell,  ///< a scalar that lives from step to step
    convolution,
    dense,          ///< weights are outputs x inputs
    normalization,  ///< (x, scale, shift, mean, variance), or (x, scale, shift) with the batch's own statistics, which
                    ///< are its outputs 1 and 2, the variance unbiased
    offset,         ///< a value a channel is added
    sum,
    difference,
    product,
    quotient,
    smaller,
    larger,
    reciprocal,
    reciprocal_root,
    level,           ///< `number` everywhere, in the dimensions of x
    whole_variance,  ///< (unbiased variance, x, mean): the batch's variance
    clamp,           ///< to [low, high]
    pass,
    view,  ///< the same values under other dimensions
    pool,
    peak,     ///< the greatest along some axes
    extrema,  ///< two outputs: the least value and the greatest
    join,
    spread,  ///< with gather, around a convolution that leaves gaps
    gather,
    write,           ///< (cell, value)
    moving_average,  ///< (cell, value)
    ripe,            ///< whether `step` has come
    pick,            ///< (condition, when true, when false)
    snap,            ///< (x, low, high): to one of 2^bits values
    feedback,        ///< (first, again): carried around a loop
    optimizer,
    derivative,
    unknown,
};

using dimensions = std::optional<std::vector<std::int64_t>>;

/// The properties of a vertex.
struct layer {
    kind what = kind::unknown;
    std::string label{};
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    double number = 0;  ///< of a number; what a cell starts with; the decay of a moving average
    std::int64_t step = 0;
    int groups = 1;
    std::vector<std::int64_t> strides{};  ///< of a convolution
    std::vector<std::int64_t> sizes{};    ///< of a view; one of them may be -1
    double epsilon = 0;                   ///< of a normalization
    bool by_batch = false;                ///< it is by the statistics of the batch
    int bits = 0;
    bool leaves_out_lowest = false;
    bool fixed = false;                 ///< of a snap: low and high are its own
    std::optional<std::size_t> axis{};  ///< of a snap: each place along it has its own range; of extrema: what stays
    bool pinned = false;                ///< its inputs must not be changed
    bool in_loop = false;               ///< it works once a round of a loop
    std::string title{};                ///< of an unknown layer
    std::vector<dimensions> outputs{};
    void (*snapper)(std::span<const float>, std::span<float>, float, float) = nullptr;
};

/// The properties of an edge, from the layer that makes a tensor to the one that takes it.
struct wire {
    int slot = 0;
    int output = 0;
    bool order_only = false;
    bool goes_back = false;
};

/// A network with its choice of containers.
template <class OutEdges, class Vertices, class Direction>
using network = boost::adjacency_list<OutEdges, Vertices, Direction, layer, wire>;

}  // namespace sketch

#endif
