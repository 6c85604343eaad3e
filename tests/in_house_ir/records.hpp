// Reads what record_tf115.py and record_tf115_batch_norm.py have written.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_IN_HOUSE_IR_RECORDS_HPP
#define QGRAFT_TESTS_IN_HOUSE_IR_RECORDS_HPP

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "compute.hpp"

namespace records {

using in_house::tensor;

/// What one step gave, by the scopes of fake quantization and "scores".
struct step {
    std::map<std::string, tensor> outputs;
    std::map<std::string, tensor> ranges;
    std::map<std::string, tensor> moving;  ///< moving averages of batch norms, by their variables
};

struct run {
    std::string name;
    bool is_training = true;
    int weight_bits = 8;
    int activation_bits = 8;
    bool symmetric = false;
    std::int64_t delay = 0;
    bool fold_only = false;
    std::int64_t freeze_delay = -1;         ///< -1: none
    std::map<std::string, tensor> weights;  ///< every variable but those of ranges
    std::map<std::string, tensor> ranges;   ///< set before the first step
    std::vector<step> steps;
};

struct recording {
    std::vector<tensor> images;
    std::vector<run> runs;
};

/// "3 2 : 0x1p+0 ..." of the dimensions' product.
inline tensor read_tensor(std::istream& line) {
    tensor t;
    std::string text;
    while (line >> text && text != ":") t.dims.push_back(std::stoll(text));
    while (line >> text) t.data.push_back(std::strtof(text.c_str(), nullptr));
    if (t.data.size() != in_house::volume(t.dims)) throw std::runtime_error("a record lacks values");
    return t;
}

/// Throws std::runtime_error for a file that cannot be read.
inline recording read(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot open " + path);
    recording all;
    for (std::string text; std::getline(file, text);) {
        std::istringstream line(text);
        std::string what;
        std::string name;
        line >> what;
        if (what == "image") {
            all.images.push_back(read_tensor(line));
        } else if (what == "case") {
            run r;
            std::string phase;
            std::string symmetry;
            line >> r.name >> phase >> r.weight_bits >> r.activation_bits >> symmetry >> r.delay;
            r.is_training = phase == "training";
            r.symmetric = symmetry == "symmetric";
            std::string stage;
            if (line >> stage >> r.freeze_delay) r.fold_only = stage == "fold";
            all.runs.push_back(std::move(r));
        } else if (what == "step") {
            all.runs.back().steps.emplace_back();
        } else if (what != "#") {
            line >> name;
            run& r = all.runs.back();
            auto& ranges = r.steps.empty() ? r.ranges : r.steps.back().ranges;
            auto& into = what == "weights"  ? r.weights
                         : what == "range"  ? ranges
                         : what == "moving" ? r.steps.back().moving
                                            : r.steps.back().outputs;
            into.emplace(name, read_tensor(line));
        }
    }
    return all;
}

/// The tensor with its dimensions in another order: dimension i of the result is dimension order[i] of `t`.
inline tensor transposed(const tensor& t, const std::vector<std::size_t>& order) {
    tensor y;
    for (const std::size_t d : order) y.dims.push_back(t.dims.at(d));
    std::vector<std::int64_t> strides(t.dims.size(), 1);
    for (std::size_t i = t.dims.size() - 1; i-- > 0;) strides[i] = strides[i + 1] * t.dims[i + 1];
    for (std::size_t at = 0; at < t.data.size(); ++at) {
        auto rest = static_cast<std::int64_t>(at);
        std::int64_t from = 0;
        for (std::size_t i = order.size(); i-- > 0;) {
            from += rest % y.dims[i] * strides[order[i]];
            rest /= y.dims[i];
        }
        y.data.push_back(t.data[static_cast<std::size_t>(from)]);
    }
    return y;
}

/// NHWC as NCHW; other ranks as they are.
inline tensor image(const tensor& t) { return t.dims.size() == 4 ? transposed(t, {0, 3, 1, 2}) : t; }

/// HWIO as OIHW, the filters of a depthwise layer with one input channel each, and a matrix as its transpose.
inline tensor filter(const std::string& layer, const tensor& t) {
    if (t.dims.size() == 2) return transposed(t, {1, 0});
    if (t.dims.size() != 4) return t;
    return layer.starts_with("depthwise") ? transposed(t, {2, 3, 0, 1}) : transposed(t, {3, 2, 0, 1});
}

}  // namespace records

#endif
