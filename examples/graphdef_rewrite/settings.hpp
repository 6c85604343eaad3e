// The command line of qgraft-rewrite.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_SETTINGS_HPP
#define QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_SETTINGS_HPP

#include <cstdint>
#include <optional>
#include <string>

#include <qgraft/graphdef/file_format.hpp>
#include <qgraft/property_tree/configuration.hpp>
#include <qgraft/qat.hpp>
#include <qgraft/rules/known_ranges.hpp>
#include <qgraft/rules/target.hpp>

namespace rewriter {

/// What `--format` can say.
enum class output_format : std::uint8_t { meta, pb, pbtxt };

/// What the command line says. Members are the flags of the same name; the defaults are the reference's.
struct settings {
    std::string in;
    std::string out;
    bool eval = false;
    int weight_bits = 8;
    int activation_bits = 8;
    bool symmetric = false;
    bool per_channel = false;
    std::optional<std::int64_t> quant_delay;
    std::optional<std::int64_t> freeze_bn_delay;
    std::string scope;
    double ema_decay = 0.999;
    std::string config;
    std::optional<qgraft::property_tree::configuration> configuration;  ///< what the file of --config says
    bool modern = false;
    bool share_additions = false;
    std::string post_training;
    std::optional<qgraft::range_table> ranges;  ///< what the file of --post-training says
    bool list_values = false;
    bool resource_variables = false;
    qgraft::stage stage = qgraft::stage::all;
    std::optional<qgraft::target> verify;
    bool strict = false;
    bool as_reference = false;
    bool fold_constants = false;
    bool dry_run = false;
    std::string report;
    std::string dot;
    std::optional<output_format> format;
};

/// Reads the command line. Returns an exit code instead where the program is done: after --help and --version, which
/// print, and for a command line that makes no sense, of which standard error says why.
std::optional<int> parse(int argc, char** argv, settings& s);

/// The format of the output, where the input has the one given.
qgraft::graphdef::file_format format_of_output(const settings& s, qgraft::graphdef::file_format input);

}  // namespace rewriter

#endif
