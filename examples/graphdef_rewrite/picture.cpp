// Writes the picture of a rewrite: quoting, colours, boxes, legend.
// SPDX-License-Identifier: Apache-2.0
#include "picture.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "names.hpp"
#include "scopes.hpp"
#include "skeleton.hpp"

namespace rewriter {

namespace {

/// How a part is drawn.
struct look {
    part kind;
    const char* shape;
    const char* fill;
    const char* legend;
};

constexpr std::array<look, 8> looks{{
    {part::input, "ellipse", "#ffffff", "input"},
    {part::layer, "box", "#cfe0f3", "layer"},
    {part::batch_norm, "box", "#e6dff2", "batch norm"},
    {part::activation, "box", "#dcefd2", "activation"},
    {part::addition, "ellipse", "#fbf0c4", "addition, multiplication"},
    {part::joining, "box", "#ececec", "pooling, concatenation"},
    {part::weights_quant, "box", "#f4a259", "new: fake quantization of weights"},
    {part::activations_quant, "box", "#5bc0be", "new: fake quantization of activations"},
}};
constexpr const char* old_quant_fill = "#cccccc";
constexpr const char* new_line = "#d9772b";
constexpr const char* uncovered_line = "#d62728";
constexpr const char* plain_line = "#777777";

const look& look_of(part kind) {
    return *std::find_if(looks.begin(), looks.end(), [kind](const look& l) { return l.kind == kind; });
}

bool is_quant(const point& p) { return p.kind == part::weights_quant || p.kind == part::activations_quant; }

/// A quoted string of DOT, backslashes kept as such; line feeds break the line.
std::string dot_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            const auto u = static_cast<unsigned char>(c);
            out += u < 0x20U || u == 0x7fU ? ' ' : c;
        }
    }
    return out + "\"";
}

/// Text inside an HTML-like label.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

/// Writes one picture.
class painter {
public:
    painter(const rewritten& r, const settings& s)
        : r_(r), s_(s), drawn_(skeleton_of(r)), reader_(drawn_.points.size(), nobody) {
        std::vector<std::size_t> readers(reader_.size(), 0);
        for (const flow& f : drawn_.flows) reader_[f.from] = ++readers[f.from] == 1 ? f.to : nobody;
    }

    std::string paint() {
        out_ = "digraph rewrite {\n";
        out_ += "  graph [rankdir=TB, newrank=true, nodesep=0.25, ranksep=0.3, labelloc=t, fontname=\"Helvetica\"";
        // Splines take minutes where there are many.
        if (drawn_.flows.size() > 3000) out_ += ", splines=line, nslimit=2, mclimit=0.5";
        out_ += ",\n    label=<" + legend() + ">];\n";
        out_ +=
            "  node [style=filled, fontname=\"Helvetica\", fontsize=11, margin=\"0.12,0.06\", height=0.3, color=\"" +
            std::string(plain_line) + "\"];\n";
        out_ += "  edge [color=\"" + std::string(plain_line) + "\", arrowsize=0.6];\n";
        std::vector<std::string> names;
        for (const point& p : drawn_.points) names.push_back(p.name);
        draw(scopes_of(names), 1);
        for (const flow& f : drawn_.flows) draw(f);
        return std::move(out_ += "}\n");
    }

private:
    static constexpr std::size_t nobody = static_cast<std::size_t>(-1);

    void draw(const scope& at, std::size_t depth) {
        const std::string indent(2 * depth, ' ');
        for (const std::size_t i : at.things) draw(i, at.path, indent);
        beside_their_layers(at, indent);
        for (const scope& s : at.inside) {
            out_ += indent + "subgraph cluster_" + std::to_string(boxes_++) + " {\n";
            out_ += indent + "  graph [label=" + dot_string(s.label) +
                    ", labeljust=l, fontsize=10, fontcolor=\"#555555\", " +
                    "style=\"rounded,filled\", color=\"#bbbbbb\", fillcolor=\"" +
                    (depth % 2 == 1 ? "#fafafa" : "#f2f2f2") + "\", tooltip=" + dot_string(s.path) + "];\n";
            draw(s, depth + 1);
            out_ += indent + "}\n";
        }
    }

    void draw(std::size_t i, const std::string& path, const std::string& indent) {
        const point& p = drawn_.points[i];
        const look& l = look_of(p.kind);
        std::string label = path.empty() ? p.name : p.name.substr(path.size() + 1);
        if (p.detail.starts_with(label)) {
            label = p.detail;
        } else if (leaf(label) != p.detail) {
            label += "\n" + p.detail;
        }
        const bool old_quant = is_quant(p) && !p.is_new;
        out_ += indent + "n" + std::to_string(i) + " [label=" + dot_string(printable_lines(label)) +
                ", shape=" + l.shape + ", fillcolor=\"" + (old_quant ? old_quant_fill : l.fill) + "\"";
        if (is_quant(p)) out_ += ", style=\"filled,rounded\"";
        if (p.uncovered) {
            out_ += ", color=\"" + std::string(uncovered_line) + "\", penwidth=2.5, style=\"filled,dashed\"";
        } else if (p.is_new) {
            out_ += ", color=\"" + std::string(new_line) + "\", penwidth=2";
        }
        out_ += ", tooltip=" + dot_string(p.note.empty() ? p.name : p.name + "\n" + p.note) + "];\n";
    }

    /// Puts quantized weights on the level of their layer: then one box can stand above the next.
    void beside_their_layers(const scope& at, const std::string& indent) {
        for (const std::size_t i : at.things) {
            const std::size_t layer = reader_[i];
            if (drawn_.points[i].kind != part::weights_quant || layer == nobody) continue;
            if (std::find(at.things.begin(), at.things.end(), layer) == at.things.end()) continue;
            out_ += indent + "{ rank=same; n" + std::to_string(i) + "; n" + std::to_string(layer) + "; }\n";
        }
    }

    void draw(const flow& f) {
        out_ += "  n" + std::to_string(f.from) + " -> n" + std::to_string(f.to);
        const bool is_new = drawn_.points[f.from].is_new || drawn_.points[f.to].is_new;
        out_ += drawn_.points[f.from].kind == part::weights_quant ? " [weight=1" : " [weight=4";
        out_ += is_new ? ", color=\"" + std::string(new_line) + "\"];\n" : "];\n";
    }

    /// A long name is cut in its middle.
    static std::string printable_lines(const std::string& label) {
        constexpr std::size_t longest = 160;
        return label.size() <= longest
                   ? label
                   : label.substr(0, longest / 2) + "..." + label.substr(label.size() - longest / 2);
    }

    template <class Predicate>
    [[nodiscard]] bool has(Predicate holds) const {
        return std::any_of(drawn_.points.begin(), drawn_.points.end(), holds);
    }

    static std::string sample(const std::string& fill, const std::string& line, const std::string& text) {
        return "<TD BGCOLOR=\"" + fill + "\" COLOR=\"" + line + "\" BORDER=\"" + (line == plain_line ? "1" : "2") +
               "\">" + text + "</TD>";
    }

    /// What was done, and the colours that the picture uses.
    [[nodiscard]] std::string legend() const {
        const qgraft::report& report = r_.report;
        std::string plain;
        std::string changed;
        for (const look& l : looks) {
            const bool quant = l.kind == part::weights_quant || l.kind == part::activations_quant;
            if (!has([&](const point& p) { return p.kind == l.kind && (!quant || p.is_new); })) continue;
            (quant ? changed : plain) += sample(l.fill, quant ? new_line : plain_line, l.legend);
        }
        if (has([](const point& p) { return p.is_new && !is_quant(p); })) {
            changed += sample("#ffffff", new_line, "new");
        }
        if (has([](const point& p) { return is_quant(p) && !p.is_new; })) {
            plain += sample(old_quant_fill, plain_line, "fake quantization that was there");
        }
        if (has([](const point& p) { return p.uncovered; })) {
            changed += sample("#ffffff", uncovered_line, "layer that was not covered");
        }
        const std::string row = "<TR><TD BORDER=\"0\"><TABLE BORDER=\"0\" CELLBORDER=\"1\" CELLSPACING=\"6\"><TR>";
        std::string text = "<TABLE BORDER=\"0\" CELLSPACING=\"0\"><TR><TD BORDER=\"0\"><B>" +
                           escaped(printable(std::filesystem::path(s_.in).filename().string())) +
                           (s_.eval ? ", for evaluation" : ", for training") + "</B></TD></TR><TR><TD BORDER=\"0\">" +
                           counted(report.count(qgraft::outcome::folded), "batch norm") + " folded, " +
                           counted(report.count(qgraft::outcome::quantized), "value") + " fake-quantized, " +
                           counted(report.count(qgraft::outcome::not_covered), "layer") + " not covered; " +
                           grouped(report.nodes_before) + " nodes before, " + grouped(report.nodes_after) +
                           " after</TD></TR>";
        for (const std::string& samples : {plain, changed}) {
            if (!samples.empty()) text += row + samples + "</TR></TABLE></TD></TR>";
        }
        return text + "</TABLE>";
    }

    const rewritten& r_;
    const settings& s_;
    skeleton drawn_;
    std::vector<std::size_t> reader_;  ///< the only reader of each point
    std::string out_;
    std::size_t boxes_ = 0;
};

}  // namespace

std::string picture(const rewritten& r, const settings& s) { return painter(r, s).paint(); }

}  // namespace rewriter
