// tensorflow_host IN OUT [--eval]: rewrites a graph file with TensorFlow's own classes.
// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

#include <tensorflow/core/protobuf/meta_graph.pb.h>

#include <qgraft/graphdef/io.hpp>

#include "rewrite.hpp"

namespace gd = qgraft::graphdef;

int main(int argc, char** argv) {
    if (argc < 3 || argc > 4 || (argc == 4 && std::string_view(argv[3]) != "--eval")) {
        std::cerr << "usage: tensorflow_host IN OUT [--eval]\n";
        return 2;
    }
    const std::string in = argv[1];
    try {
        auto file = gd::basic_graph_file<tensorflow::MetaGraphDef>::read(in);
        if (file.meta_graph() == nullptr) throw gd::file_error(in, "is a GraphDef; this program takes a MetaGraphDef");
        const std::size_t quantized = host::rewrite(*file.meta_graph(), {.is_training = argc == 3});
        gd::output_file out(argv[2]);
        file.write(out, file.format());
        out.commit();
        std::cout << quantized << " values are fake-quantized\n";
        return 0;
    } catch (const std::exception& e) {
        std::cerr << "tensorflow_host: " << e.what() << '\n';
        return 1;
    }
}
