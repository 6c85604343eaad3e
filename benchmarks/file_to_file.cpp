// A rewrite from file to file, phase by phase, beside what protobuf alone takes to read the one file and write the
// other.
// SPDX-License-Identifier: Apache-2.0
//
// usage: file_to_file IN RESULT [Google Benchmark's options]    RESULT is IN rewritten, by qgraft-rewrite
//
// limit/*     parse(IN) + serialize(RESULT) + write, by the same classes, on an arena
// rewrite/*   index, plan and apply; new nodes as messages or, as qgraft-rewrite has them, as bytes
#include <benchmark/benchmark.h>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>

#include <qgraft/graphdef/dialect.hpp>
#include <qgraft/graphdef/graph_file.hpp>
#include <qgraft/qat.hpp>

namespace {

namespace gd = qgraft::graphdef;
using graph = gd::graph_file::graph;

std::string in_path;
std::string result_path;

std::string content_of(const std::string& path) { return gd::detail::read_bytes(path, path, {}); }

void put(const std::string& bytes) {
    const std::string path = result_path + ".written";
    std::FILE* const f = std::fopen(path.c_str(), "wb");
    if (f == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), f) != bytes.size()) std::abort();
    std::fclose(f);
}

void limit_parse(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(gd::graph_file::parse(content_of(in_path), in_path));
}

void limit_serialize(benchmark::State& state) {
    gd::graph_file result = gd::graph_file::read(result_path);
    const google::protobuf::Message& message = *result.meta_graph();
    for (auto _ : state) {
        std::string bytes;
        message.SerializeToString(&bytes);
        benchmark::DoNotOptimize(bytes.data());
    }
}

void limit_write(benchmark::State& state) {
    const std::string bytes = content_of(result_path);
    for (auto _ : state) put(bytes);
}

void limit_all(benchmark::State& state) {
    gd::graph_file result = gd::graph_file::read(result_path);
    for (auto _ : state) {
        benchmark::DoNotOptimize(gd::graph_file::parse(content_of(in_path), in_path));
        std::string bytes;
        result.meta_graph()->SerializeToString(&bytes);
        put(bytes);
    }
}

void index(benchmark::State& state) {
    gd::graph_file file = gd::graph_file::read(in_path);
    for (auto _ : state) benchmark::DoNotOptimize(file.index());
}

/// Rewrites a fresh graph each time; reading and freeing it are not counted.
void plan_and_apply(benchmark::State& state, bool as_bytes) {
    const std::string content = content_of(in_path);
    std::size_t nodes = 0;
    for (auto _ : state) {
        state.PauseTiming();
        {
            gd::graph_file file = gd::graph_file::parse(content, in_path);
            graph g = file.index({.new_nodes_as_bytes = as_bytes});
            state.ResumeTiming();
            nodes = qgraft::create_training_graph(g).nodes_after;
            benchmark::DoNotOptimize(g.new_node_fields());
            state.PauseTiming();
        }
        state.ResumeTiming();
    }
    state.counters["nodes"] = static_cast<double>(nodes);
    state.counters["per_node"] = benchmark::Counter(
        static_cast<double>(nodes), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK(limit_parse)->Name("limit/parse")->Unit(benchmark::kMicrosecond);
BENCHMARK(limit_serialize)->Name("limit/serialize")->Unit(benchmark::kMicrosecond);
BENCHMARK(limit_write)->Name("limit/write")->Unit(benchmark::kMicrosecond);
BENCHMARK(limit_all)->Name("limit/all")->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(index)->Name("rewrite/index")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(plan_and_apply, messages, false)->Name("rewrite/messages")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(plan_and_apply, bytes, true)->Name("rewrite/bytes")->Unit(benchmark::kMicrosecond);

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (argc != 3) {
        std::cerr << "usage: file_to_file IN RESULT [--benchmark_...]\n";
        return 2;
    }
    in_path = argv[1];
    result_path = argv[2];
    benchmark::RunSpecifiedBenchmarks();
    std::filesystem::remove(result_path + ".written");
    return 0;
}
