// Recorded cases: what TensorFlow 1.15's rewrite was given, and the graph that it made. Read from a cases.jsonl.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_SUPPORT_CASES_HPP
#define QGRAFT_TESTS_SUPPORT_CASES_HPP

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace qgraft::testing_support {

/// The arguments of the reference's functions; what a case leaves out has the reference's default.
struct case_arguments {
    bool is_training = true;
    int weight_bits = 8;
    int activation_bits = 8;
    bool symmetric = false;
    std::optional<std::int64_t> quant_delay;
    std::optional<std::int64_t> freeze_bn_delay;
    std::string scope;
    double ema_decay = 0.999;
    bool per_channel_weights = false;
    bool moving_average_weights = false;
};

/// One line of a cases.jsonl.
struct recorded_case {
    std::string id;
    std::filesystem::path before;  ///< a MetaGraphDef
    std::filesystem::path after;   ///< what the reference made of it; empty where it raised
    std::string function;          ///< create_graph, quantize or fold_batch_norms
    case_arguments arguments;
    bool use_resource = false;         ///< new variables are resource variables
    std::optional<std::string> error;  ///< what the reference raised
};

namespace detail {

/// Reads `object[key]` into `out`; leaves it as it is where the key is missing or null.
template <class T>
void read_field(const nlohmann::json& object, const char* key, T& out) {
    const auto it = object.find(key);
    if (it != object.end() && !it->is_null()) it->get_to(out);
}
template <class T>
void read_field(const nlohmann::json& object, const char* key, std::optional<T>& out) {
    const auto it = object.find(key);
    if (it != object.end() && !it->is_null()) out = it->get<T>();
}

inline case_arguments read_arguments(const nlohmann::json& object) {
    case_arguments a;
    read_field(object, "is_training", a.is_training);
    read_field(object, "weight_bits", a.weight_bits);
    read_field(object, "activation_bits", a.activation_bits);
    read_field(object, "symmetric", a.symmetric);
    read_field(object, "quant_delay", a.quant_delay);
    read_field(object, "freeze_bn_delay", a.freeze_bn_delay);
    read_field(object, "freeze_batch_norm_delay", a.freeze_bn_delay);
    read_field(object, "scope", a.scope);
    read_field(object, "ema_decay", a.ema_decay);
    read_field(object, "per_channel_weights", a.per_channel_weights);
    read_field(object, "moving_average_weights", a.moving_average_weights);
    return a;
}

}  // namespace detail

/// The cases of a cases.jsonl, in order; their graphs lie in `graphs`. Throws std::runtime_error for a file that cannot
/// be opened, nlohmann::json::exception for a line that is not a case.
inline std::vector<recorded_case> read_cases(const std::filesystem::path& file, const std::filesystem::path& graphs) {
    std::ifstream lines(file);
    if (!lines) throw std::runtime_error("cannot open " + file.string());
    std::vector<recorded_case> cases;
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) continue;
        const auto object = nlohmann::json::parse(line);
        recorded_case c;
        c.id = object.at("id").get<std::string>();
        c.before = graphs / object.at("before").get<std::string>();
        std::string after;
        detail::read_field(object, "after", after);
        if (!after.empty()) c.after = graphs / after;
        c.function = object.at("function").get<std::string>();
        c.arguments = detail::read_arguments(object.at("arguments"));
        detail::read_field(object, "use_resource", c.use_resource);
        detail::read_field(object, "error", c.error);
        cases.push_back(std::move(c));
    }
    return cases;
}

/// The project's own cases, which are always there.
inline std::vector<recorded_case> own_cases() {
    const std::filesystem::path data = QGRAFT_TEST_DATA_DIR;
    return read_cases(data / "cases.jsonl", data / "graphs");
}

/// The cases that lie beside the project, with their graphs unpacked into `graphs`; none where they are not there.
inline std::vector<recorded_case> shared_cases(const std::filesystem::path& graphs) {
    const std::filesystem::path file = std::filesystem::path(QGRAFT_SHARED_DIR) / "conformance" / "cases.jsonl";
    return std::filesystem::exists(file) ? read_cases(file, graphs) : std::vector<recorded_case>{};
}

}  // namespace qgraft::testing_support

#endif
