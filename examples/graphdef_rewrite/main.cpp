// qgraft-rewrite: inserts fake quantization into the graph of a file. Exits 0 when done, 1 when refused or failed, with
// one line that says why, 2 when called wrongly.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <google/protobuf/stubs/common.h>
#if GOOGLE_PROTOBUF_VERSION < 4022000
#include <google/protobuf/stubs/logging.h>
#endif

#include <qgraft/property_tree/error.hpp>

#include "configure.hpp"
#include "large_pages.hpp"
#include "names.hpp"
#include "picture.hpp"
#include "progress.hpp"
#include "ranges.hpp"
#include "report_json.hpp"
#include "rewrite.hpp"
#include "settings.hpp"
#include "summary.hpp"

namespace {

namespace gd = qgraft::graphdef;

/// Protobuf and the system keep silent: what fails is said once, by this program.
void silence_others() {
#if GOOGLE_PROTOBUF_VERSION < 4022000
    google::protobuf::SetLogHandler(nullptr);
#endif
    std::signal(SIGPIPE, SIG_IGN);
}

/// The files to write; none is in place before all of them could be written.
class outputs {
public:
    gd::output_file& open(const std::string& path) {
        files_.push_back(std::make_unique<gd::output_file>(path));
        return *files_.back();
    }
    void write(const std::string& path, const std::string& content) {
        if (!path.empty()) open(path).write(content);
    }
    void commit() {
        for (const auto& f : files_) f->commit();
    }

private:
    std::vector<std::unique_ptr<gd::output_file>> files_;
};

/// What a dry run prints: the edits, a step a line.
std::string script_text(const qgraft::report& r) {
    std::string text;
    for (const std::string& line : r.script) text += rewriter::printable(line) + "\n";
    return text;
}

void write(rewriter::rewritten& r, const rewriter::settings& s) {
    outputs files;
    const bool prints_another = s.report == "-" || s.dot == "-";
    if (s.dry_run && !prints_another) files.write("-", script_text(r.report));
    if (!s.report.empty()) files.write(s.report, rewriter::report_json(r, s));
    if (!s.dot.empty()) files.write(s.dot, rewriter::picture(r, s));
    if (!s.dry_run) r.file.write_rewritten(files.open(s.out), r.format, r.g);
    files.commit();
}

void run(const rewriter::settings& s) {
    rewriter::use_large_pages(s.in);
    const auto start = std::chrono::steady_clock::now();
    rewriter::progress bar;
    // Never freed: that would take longer than the system does when the program ends.
    static auto* const kept = new rewriter::rewritten(s, bar);
    rewriter::rewritten& r = *kept;
    if (s.list_values) {
        for (const std::string& name : r.values) std::cout << name << '\n';
        return;
    }
    bar.phase("writing");
    write(r, s);
    bar.clear();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::cerr << rewriter::summary(r, s, took.count());
}

/// An option's error with the name that the option has here: --weight-bits for weight_bits. What layers have comes from
/// the file of --config.
std::string spelled_as_flag(const qgraft::invalid_option& e, const rewriter::settings& s) {
    if (s.configuration && e.subject() == "layers") return s.config + ": " + e.what();
    std::string flag = e.subject();
    std::replace(flag.begin(), flag.end(), '_', '-');
    return "--" + flag + std::string(e.what()).substr(e.subject().size() + 1);
}

int fail(const std::string& why) {
    std::cerr << "qgraft-rewrite: " << rewriter::printable(why) << '\n';
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    silence_others();
    rewriter::settings s;
    try {
        if (const auto code = rewriter::parse(argc, argv, s)) return *code;
        rewriter::read_configuration(s);
        rewriter::read_ranges(s);
        run(s);
        return 0;
    } catch (const gd::file_error& e) {
        return fail(e.what());
    } catch (const qgraft::property_tree::invalid_configuration& e) {
        return fail(s.config + ": " + e.what());
    } catch (const qgraft::property_tree::parse_error& e) {
        return fail(e.what());
    } catch (const qgraft::invalid_option& e) {
        return fail(spelled_as_flag(e, s));
    } catch (const qgraft::error& e) {
        return fail(s.in + ": " + e.what());
    } catch (const std::bad_alloc&) {
        return fail(s.in + ": there is not enough memory for this graph");
    } catch (const std::exception& e) {
        return fail(e.what());
    }
}
