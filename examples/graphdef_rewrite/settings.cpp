// The command line of qgraft-rewrite: its flags, and what of them makes no sense together.
// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <filesystem>
#include <iostream>
#include <map>
#include <system_error>
#include <vector>

#include <qgraft/version.hpp>

#include "names.hpp"

namespace rewriter {

namespace {

constexpr int usage_error = 2;

/// A decimal number that an `Integer` can hold, without what CLI11 would make another number of: 010 is ten.
template <class Integer>
std::string whole_number(const std::string& text) {
    Integer number{};
    const char* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, number);
    if (failure == std::errc() && stop == end) return std::to_string(number);
    throw CLI::ValidationError("'" + text + "' is not a whole number, or too large");
}

/// The flags that a file of --config takes the place of, and that one.
void declare_quantization(CLI::App& app, settings& s) {
    CLI::Option* const flags[] = {
        app.add_option("--weight-bits", s.weight_bits, "Bits of weights, 2 to 16")
            ->transform(whole_number<int>)
            ->option_text("N (8)"),
        app.add_option("--activation-bits", s.activation_bits, "Bits of activations, 2 to 16")
            ->transform(whole_number<int>)
            ->option_text("N (8)"),
        app.add_flag("--symmetric", s.symmetric, "Ranges symmetric around zero"),
        app.add_flag("--per-channel", s.per_channel, "A range for each output channel of weights"),
        app.add_option("--quant-delay", s.quant_delay, "Steps before values are quantized")
            ->transform(whole_number<std::int64_t>)
            ->option_text("N (training: 0; --eval: none)"),
        app.add_option("--freeze-bn-delay", s.freeze_bn_delay, "Steps before batch norms use moving statistics")
            ->transform(whole_number<std::int64_t>)
            ->option_text("N (never)"),
        app.add_option("--scope", s.scope, "Rewrite only what is under this name scope")->option_text("S"),
        app.add_option("--ema-decay", s.ema_decay, "Decay of the moving averages of ranges, 0 to 1")
            ->option_text("F (0.999)"),
    };
    CLI::Option* const config =
        app.add_option("--config", s.config, "Read all of that, and settings of single layers, from JSON, INFO or XML")
            ->option_text("FILE");
    for (CLI::Option* flag : flags) flag->excludes(config);
}

void declare(CLI::App& app, settings& s) {
    const std::map<std::string, qgraft::stage> stages{
        {"all", qgraft::stage::all}, {"fold", qgraft::stage::fold}, {"quantize", qgraft::stage::quantize}};
    const std::map<std::string, output_format> formats{
        {"meta", output_format::meta}, {"pb", output_format::pb}, {"pbtxt", output_format::pbtxt}};
    const std::map<std::string, qgraft::target> targets{{"tflite_uint8", qgraft::target::tflite_uint8},
                                                        {"tflite_int8", qgraft::target::tflite_int8}};

    app.add_option("IN", s.in, "A GraphDef or MetaGraphDef, binary or text; - is standard input")
        ->required()
        ->option_text(" ");
    app.add_option("OUT", s.out, "Where the rewritten graph goes; - is standard output; not needed with --dry-run")
        ->option_text(" ");
    app.add_flag("--eval", s.eval, "Rewrite for evaluation: ranges are read, not learnt (default: for training)");
    declare_quantization(app, s);
    app.add_option("--profile", s.modern, "tf115: the rules of tf.contrib.quantize; modern: whatever inference needs")
        ->transform(CLI::CheckedTransformer(std::map<std::string, bool>{{"tf115", false}, {"modern", true}}))
        ->option_text("PROFILE (tf115)");
    app.add_flag("--share-additions", s.share_additions, "Modern profile: operands of an addition share a range");
    app.add_option("--post-training", s.post_training,
                   "Quantize a frozen graph: ranges of weights from its constants, of activations from FILE, JSON")
        ->option_text("FILE");
    app.add_flag("--list-values", s.list_values, "Print what --post-training needs ranges for, and write no graph");
    app.add_flag("--resource-variables", s.resource_variables, "New variables are resource variables");
    app.add_option("--stage", s.stage, "Which stages run: all, fold or quantize")
        ->transform(CLI::CheckedTransformer(stages))
        ->option_text("STAGE (all)");
    app.add_option("--verify", s.verify, "List what TARGET needs a range for and finds none: tflite_uint8, tflite_int8")
        ->transform(CLI::CheckedTransformer(targets))
        ->option_text("TARGET");
    app.add_flag("--strict", s.strict, "Warnings are errors");
    app.add_flag("--as-reference", s.as_reference, "Equal to TensorFlow 1.15 also where it is wrong");
    app.add_flag("--fold-constants", s.fold_constants,
                 "With --eval --stage fold: fold the batch norms of a frozen graph into its constants");
    app.add_flag("--dry-run", s.dry_run, "Print the edits, and write no graph");
    app.add_option("--report", s.report, "Write every decision, new variable and moved tensor, as JSON")
        ->option_text("FILE");
    app.add_option("--dot", s.dot, "Write a picture of what changed, for GraphViz's dot")->option_text("FILE");
    app.add_option("--format", s.format, "Format of OUT: meta, pb or pbtxt")
        ->transform(CLI::CheckedTransformer(formats))
        ->option_text("FORMAT (the input's)");
    app.set_version_flag("--version", "qgraft-rewrite " + std::string(qgraft::version));
}

/// Throws CLI::ValidationError for flags that contradict each other.
void check_flags(const settings& s) {
    if (s.as_reference && (s.modern || !s.post_training.empty())) {
        throw CLI::ValidationError("--as-reference", "goes with the profile tf115 alone");
    }
    if (s.share_additions && !s.modern && s.post_training.empty()) {
        throw CLI::ValidationError("--share-additions", "is of the modern profile");
    }
    if (s.quant_delay && !s.post_training.empty()) {
        throw CLI::ValidationError("--quant-delay", "is for training, and not for --post-training");
    }
    if (!s.fold_constants) return;
    if (!s.eval || s.stage != qgraft::stage::fold) {
        throw CLI::ValidationError("--fold-constants", "needs --eval and --stage fold");
    }
    if (s.as_reference) throw CLI::ValidationError("--fold-constants", "is nothing that the reference does");
}

/// Whether two names are of the same file; of one that is not there yet, whether they are spelled alike.
bool same_file(const std::string& a, const std::string& b) {
    namespace fs = std::filesystem;
    std::error_code failure;
    if (fs::equivalent(a, b, failure)) return true;
    return fs::weakly_canonical(fs::absolute(a), failure) == fs::weakly_canonical(fs::absolute(b), failure);
}

/// Throws CLI::ValidationError for files that get in each other's way.
void check_files(const settings& s) {
    if (s.in.empty()) throw CLI::ValidationError("IN", "is an empty name");
    if (s.out.empty() && !s.dry_run && !s.list_values) throw CLI::RequiredError("OUT (or --dry-run)");
    struct file {
        const char* what;
        const std::string& name;
        bool is_output;
    };
    const file files[] = {{"IN", s.in, false},           {"OUT", s.out, true},
                          {"--report", s.report, true},  {"--dot", s.dot, true},
                          {"--config", s.config, false}, {"--post-training", s.post_training, false}};
    for (const file& a : files) {
        for (const file* b = &a + 1; b != std::end(files); ++b) {
            const bool in_and_out = &a == &files[0] && b == &files[1];
            if (a.name.empty() || b->name.empty() || in_and_out) continue;
            const bool standard = a.name == "-" || b->name == "-";
            if (standard ? a.is_output && a.name == b->name : same_file(a.name, b->name)) {
                throw CLI::ValidationError(b->what, "is the same file as " + std::string(a.what));
            }
        }
    }
}

}  // namespace

std::optional<int> parse(int argc, char** argv, settings& s) {
    CLI::App app("Inserts fake quantization into a TensorFlow graph, for quantization-aware training.",
                 "qgraft-rewrite");
    declare(app, s);
    try {
        app.parse(argc, argv);
        check_flags(s);
        check_files(s);
    } catch (const CLI::Success& done) {
        return app.exit(done);
    } catch (const CLI::ParseError& e) {
        std::cerr << "qgraft-rewrite: " << printable(e.what()) << " (see qgraft-rewrite --help)\n";
        return usage_error;
    }
    if (!s.post_training.empty()) s.eval = s.modern = true;
    if (!s.eval && !s.quant_delay) s.quant_delay = 0;
    return std::nullopt;
}

qgraft::graphdef::file_format format_of_output(const settings& s, qgraft::graphdef::file_format input) {
    using namespace qgraft::graphdef;
    if (!s.format) return input;
    switch (*s.format) {
        case output_format::meta:
            return {file_kind::meta_graph, file_coding::binary};
        case output_format::pb:
            return {file_kind::graph, file_coding::binary};
        default:
            return {input.kind, file_coding::text};
    }
}

}  // namespace rewriter
