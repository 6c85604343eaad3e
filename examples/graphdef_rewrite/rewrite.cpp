// One rewrite of one file.
// SPDX-License-Identifier: Apache-2.0
#include "rewrite.hpp"

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include <qgraft/graph/error.hpp>
#include <qgraft/graphdef/inspect.hpp>
#include <qgraft/kernels/scalar.hpp>
#include <qgraft/modern.hpp>
#include <qgraft/post_training.hpp>
#include <qgraft/property_tree/select_layers.hpp>
#include <qgraft/verify.hpp>

#include "names.hpp"
#include "ranges.hpp"

namespace rewriter {

namespace {

namespace gd = qgraft::graphdef;

graph_file read(const settings& s, progress& bar) {
    bar.phase("reading");
    graph_file file = graph_file::read(s.in, [&bar](std::size_t read, std::size_t all) { bar.step(read, all); });
    if (s.format == output_format::meta) file.become_meta_graph();
    return file;
}

graph index(graph_file& file, gd::file_format out, const settings& s, progress& bar) {
    bar.phase("indexing");
    return file.index(
        {.resource_variables = s.resource_variables, .new_nodes_as_bytes = out.coding == gd::file_coding::binary});
}

auto verifier_of(qgraft::target t) {
    return t == qgraft::target::tflite_uint8 ? &qgraft::verify_ranges<qgraft::target::tflite_uint8>
                                             : &qgraft::verify_ranges<qgraft::target::tflite_int8>;
}

qgraft::qat_options<graph> options_of(const settings& s) {
    qgraft::qat_options<graph> o;
    o.weight_bits = s.weight_bits;
    o.activation_bits = s.activation_bits;
    o.symmetric = s.symmetric;
    if (s.per_channel) o.weight_granularity = qgraft::granularity::per_channel;
    o.quant_delay = s.quant_delay;
    o.freeze_bn_delay = s.freeze_bn_delay;
    o.scope = s.scope;
    o.ema_decay = s.ema_decay;
    o.stages = s.stage;
    o.as_reference = s.as_reference;
    o.strict = s.strict;
    o.share_additions = s.share_additions;
    if (s.modern) o.profile = &qgraft::modern_profile;
    if (s.verify) o.verify = verifier_of(*s.verify);
    if (s.configuration) qgraft::property_tree::apply(*s.configuration, o);
    return o;
}

qgraft::report rewrite(graph& g, const settings& s, progress& bar) {
    bar.phase("rewriting");
    qgraft::qat_options<graph> options = options_of(s);
    const auto run = [&] {
        if (s.ranges) return qgraft::quantize_post_training<qgraft::scalar<>>(g, *s.ranges, options);
        if (s.fold_constants) return qgraft::rewrite_for<qgraft::phase::evaluation, qgraft::scalar<>>(g, options);
        return s.eval ? qgraft::rewrite_for<qgraft::phase::evaluation>(g, options)
                      : qgraft::rewrite_for<qgraft::phase::training>(g, options);
    };
    std::vector<std::string> script;
    if (s.dry_run) {
        options.dry_run = true;
        script = run().script;
        options.dry_run = false;
    }
    std::size_t changes = 0;
    options.on_change = [&](std::string_view) { bar.step(++changes, 0); };
    qgraft::report r = run();
    r.script = std::move(script);
    return r;
}

/// What the library, which knows no files, could not warn of. Throws refused_graph where the rewrite was pointless.
std::vector<std::string> more_warnings(const rewritten& r, const gd::graph_facts& facts, const settings& s) {
    std::vector<std::string> found;
    if (facts.is_frozen() && !s.fold_constants && !s.ranges) {
        const std::string text =
            "the graph " + std::string(gd::frozen_graph_advice) +
            "; to fold its batch norms alone: --eval --stage fold --fold-constants; to quantize it "
            "without training: --post-training";
        if (r.report.count(qgraft::outcome::quantized) == 0 && !s.as_reference) throw qgraft::refused_graph("", text);
        found.push_back(text);
    }
    if (facts.layers_in_functions > 0) {
        found.push_back(counted(facts.layers_in_functions, "layer") +
                        " inside functions of the graph's library, which are not rewritten; inline them before");
    }
    if (r.format.coding == gd::file_coding::text && r.file.has_unknown_fields(r.format.kind)) {
        found.emplace_back(
            "the graph has fields of a newer TensorFlow, which text format leaves out; binary keeps them");
    }
    return found;
}

}  // namespace

rewritten::rewritten(const settings& s, progress& bar)
    : file(read(s, bar)), format(format_of_output(s, file.format())), g(index(file, format, s, bar)) {
    const gd::graph_facts facts = gd::inspect(file.definition());
    check_ranges(g, s);
    if (s.list_values) {
        values = qgraft::values_to_observe(g);
        return;
    }
    report = rewrite(g, s, bar);
    std::vector<std::string> found = more_warnings(*this, facts, s);
    if (s.strict && !found.empty()) throw qgraft::refused_graph("", found.front());
    for (std::string& w : found) report.warnings.push_back(std::move(w));
}

}  // namespace rewriter
