// How cost grows with the graph. One run does one thing and prints one line of figures, name=value, for run.py.
// SPDX-License-Identifier: Apache-2.0
//
// usage: growth make layers|batch_norms|chain|fan_out NODES FILE    writes a graph
//        growth rewrite IN OUT       rewrites a file as qgraft-rewrite does; the seconds of each phase, and the peak
//        growth in_place IN          plans and applies on messages
//        growth protobuf IN OUT      only reads both files and writes the second: what protobuf itself takes
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

#include <qgraft/graphdef/dialect.hpp>
#include <qgraft/graphdef/graph_file.hpp>
#include <qgraft/qat.hpp>

#include "synthetic.hpp"

namespace {

namespace gd = qgraft::graphdef;
using graph = gd::graph_file::graph;

/// The seconds between its calls, printed.
class stopwatch {
public:
    void lap(const char* phase) {
        const auto now = std::chrono::steady_clock::now();
        std::cout << phase << '=' << std::chrono::duration<double>(now - start_).count() << ' ';
        start_ = std::chrono::steady_clock::now();
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void print_peak() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::cout << "peak_kib=" << usage.ru_maxrss << '\n';
}

void save(const gd::graph_file& file, const char* path) {
    gd::output_file out(path);
    file.write(out, file.format());
    out.commit();
}

void save_rewritten(gd::graph_file& file, graph& g, const char* path) {
    gd::output_file out(path);
    file.write_rewritten(out, file.format(), g);
    out.commit();
}

void make(const std::string& kind, int nodes, const char* path) {
    gd::proto::MetaGraphDef meta;
    qgraft::benchmarks::synthetic made(*meta.mutable_graph_def());
    const std::map<std::string, void (qgraft::benchmarks::synthetic::*)(int)> kinds{
        {"layers", &qgraft::benchmarks::synthetic::layers},
        {"batch_norms", &qgraft::benchmarks::synthetic::batch_norms},
        {"chain", &qgraft::benchmarks::synthetic::chain},
        {"fan_out", &qgraft::benchmarks::synthetic::fan_out}};
    (made.*kinds.at(kind))(nodes);
    gd::output_file out(path);
    gd::detail::serialize(meta, gd::file_coding::binary, out);
    out.commit();
}

void rewrite(const char* in, const char* out) {
    stopwatch watch;
    gd::graph_file file = gd::graph_file::read(in);
    watch.lap("parse");
    graph g = file.index({.new_nodes_as_bytes = true});
    watch.lap("index");
    const qgraft::report r = qgraft::create_training_graph(g);
    watch.lap("rewrite");
    save_rewritten(file, g, out);
    watch.lap("write");
    std::cout << "nodes=" << r.nodes_before << " result=" << r.nodes_after << ' ';
    print_peak();
}

void rewrite_in_place(const char* in) {
    gd::graph_file file = gd::graph_file::read(in);
    stopwatch watch;
    graph g = file.index();
    watch.lap("index");
    const qgraft::report r = qgraft::create_training_graph(g);
    watch.lap("rewrite");
    std::cout << "nodes=" << r.nodes_before << " result=" << r.nodes_after << '\n';
}

void protobuf_alone(const char* in, const char* out) {
    stopwatch watch;
    const gd::graph_file first = gd::graph_file::read(in);
    watch.lap("parse");
    const gd::graph_file second = gd::graph_file::read(out);
    watch.lap("parse_result");
    save(second, (std::string(out) + ".again").c_str());
    watch.lap("write");
    print_peak();
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc > 1 ? argv[1] : "";
    try {
        if (what == "make" && argc == 5) {
            make(argv[2], std::atoi(argv[3]), argv[4]);
        } else if (what == "rewrite" && argc == 4) {
            rewrite(argv[2], argv[3]);
        } else if (what == "in_place" && argc == 3) {
            rewrite_in_place(argv[2]);
        } else if (what == "protobuf" && argc == 4) {
            protobuf_alone(argv[2], argv[3]);
        } else {
            std::cerr << "growth: see the first lines of growth.cpp\n";
            return 2;
        }
    } catch (const std::exception& e) {
        std::cerr << "growth: " << e.what() << '\n';
        return 1;
    }
    return 0;
}
