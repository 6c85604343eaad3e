// The report as JSON.
// SPDX-License-Identifier: Apache-2.0
#include "report_json.hpp"

#include <nlohmann/json.hpp>

#include <qgraft/version.hpp>

#include "new_variables.hpp"

namespace rewriter {

namespace {

using json = nlohmann::ordered_json;

template <class T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json();
}

json options_json(const settings& s) {
    constexpr const char* stages[] = {"all", "fold", "quantize"};
    return {{"phase", s.eval ? "evaluation" : "training"},
            {"config", s.config.empty() ? json() : json(s.config)},
            {"weight_bits", s.weight_bits},
            {"activation_bits", s.activation_bits},
            {"symmetric", s.symmetric},
            {"per_channel", s.per_channel},
            {"quant_delay", or_null(s.quant_delay)},
            {"freeze_bn_delay", or_null(s.freeze_bn_delay)},
            {"scope", s.scope},
            {"ema_decay", s.ema_decay},
            {"profile", s.modern ? "modern" : "tf115"},
            {"share_additions", s.share_additions},
            {"post_training", s.post_training.empty() ? json() : json(s.post_training)},
            {"resource_variables", s.resource_variables},
            {"stage", stages[static_cast<int>(s.stage)]},
            {"as_reference", s.as_reference},
            {"fold_constants", s.fold_constants},
            {"verify", s.verify ? json(std::string(to_string(*s.verify))) : json()},
            {"strict", s.strict},
            {"dry_run", s.dry_run}};
}

json counts_json(const qgraft::report& r, std::size_t variables) {
    return {{"nodes_before", r.nodes_before},
            {"nodes_after", r.nodes_after},
            {"folded", r.count(qgraft::outcome::folded)},
            {"quantized", r.count(qgraft::outcome::quantized)},
            {"folded", r.count(qgraft::outcome::folded)},
            {"left_as_is", r.count(qgraft::outcome::left_as_is)},
            {"not_covered", r.count(qgraft::outcome::not_covered)},
            {"variables", variables},
            {"moved", r.moved.size()},
            {"warnings", r.warnings.size()}};
}

json ranges_json(const qgraft::range_check& ranges) {
    json missing = json::array();
    for (const qgraft::missing_range& m : ranges.missing) {
        missing.push_back({{"node", m.node},
                           {"role", std::string(to_string(m.role))},
                           {"needed_by", m.needed_by},
                           {"reason", m.reason}});
    }
    json unshared = json::array();
    for (const qgraft::unshared_range& u : ranges.unshared) {
        unshared.push_back({{"node", u.node}, {"ranges", u.ranges}});
    }
    return {{"target", ranges.target}, {"missing", std::move(missing)}, {"unshared", std::move(unshared)}};
}

}  // namespace

std::string report_json(const rewritten& r, const settings& s) {
    json decisions = json::array();
    for (const qgraft::decision& d : r.report.decisions) {
        decisions.push_back(
            {{"node", d.node}, {"rule", d.rule}, {"outcome", std::string(to_string(d.what))}, {"reason", d.reason}});
    }
    json variables = json::array();
    for (const added_variable& v : new_variables(r)) {
        variables.push_back({{"name", v.name}, {"initial", or_null(v.initial)}, {"initializer", v.initializer}});
    }
    json moved = json::array();
    for (const qgraft::moved_tensor& m : r.report.moved) {
        moved.push_back({{"from", m.from}, {"to", m.to}, {"operands", m.operands}});
    }
    json all;
    all["program"] = "qgraft-rewrite " + std::string(qgraft::version);
    all["input"] = s.in;
    all["output"] = s.dry_run ? json() : json(s.out);
    all["options"] = options_json(s);
    all["counts"] = counts_json(r.report, variables.size());
    all["warnings"] = r.report.warnings;
    all["decisions"] = std::move(decisions);
    all["variables"] = std::move(variables);
    all["moved"] = std::move(moved);
    if (s.verify) all["ranges"] = ranges_json(r.report.ranges);
    if (s.dry_run) all["script"] = r.report.script;
    return all.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace rewriter
