// target: what a rewritten network is to be converted to.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_TARGET_HPP
#define QGRAFT_RULES_TARGET_HPP

#include <cstdint>
#include <optional>
#include <string_view>

namespace qgraft {

/// What a rewritten network is to be converted to.
enum class target : std::uint8_t {
    tflite_uint8,  ///< TensorFlow Lite in unsigned bytes: one range a tensor
    tflite_int8,   ///< in signed bytes: weights of layers may have a range for each channel
};

/// The target as the command line and the report spell it.
constexpr std::string_view to_string(target t) { return t == target::tflite_uint8 ? "tflite_uint8" : "tflite_int8"; }

/// The target of a name; none where no target has it.
constexpr std::optional<target> target_named(std::string_view name) {
    for (const target t : {target::tflite_uint8, target::tflite_int8}) {
        if (to_string(t) == name) return t;
    }
    return std::nullopt;
}

}  // namespace qgraft

#endif
