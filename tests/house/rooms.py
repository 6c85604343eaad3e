# The rooms of the house: which folder may include which, and a test that walks every include.
# SPDX-License-Identifier: Apache-2.0
"""Checks every #include of include/ and adapters/ against the table below.

usage: python3 rooms.py            check; exits 1 and prints a line for each include that is not in the table
       python3 rooms.py --dot      the arrows that the sources have, as a graph for graphviz
       python3 rooms.py --table    the same as text, beside what is allowed
"""
import collections
import re
import sys

import tree

# A room is a folder, or a header, of include/qgraft, or an adapter. It may include itself, the standard library, and
# these: rooms, or single headers of a room.
GRAPH_SIDE = ["graph", "ops", "pattern", "rewrite"]
FOR_ADAPTERS = ["graph", "ops", "rewrite/editor.hpp"]
ROOMS = {
    "version.hpp": [],
    "quant": [],
    "kernels": ["quant"],
    "graph": [],
    "ops": ["graph"],
    "pattern": ["ops", "graph"],
    "rewrite": ["pattern", "ops", "graph"],
    "rules": GRAPH_SIDE + ["quant", "kernels/policy.hpp", "kernels/numerics.hpp"],
    "fold.hpp": GRAPH_SIDE + ["rules"],
    "qat.hpp": GRAPH_SIDE + ["fold.hpp", "rules", "quant", "kernels/policy.hpp", "kernels/numerics.hpp", "version.hpp"],
    "verify.hpp": ["graph", "ops", "rewrite", "rules/missing_ranges.hpp", "rules/target.hpp"],
    "modern.hpp": ["rules/quantize_values.hpp"],
    "calibration.hpp": ["kernels/observer.hpp", "kernels/policy.hpp", "rules/known_ranges.hpp"],
    "post_training.hpp": ["modern.hpp", "qat.hpp", "rules"],
    "testing": GRAPH_SIDE,
    "graphdef": FOR_ADAPTERS,
    "boost_graph": FOR_ADAPTERS,
    "property_tree": FOR_ADAPTERS + ["quant/quant_spec.hpp", "rules/layer_settings.hpp"],
}
ADAPTERS = ["graphdef", "boost_graph", "property_tree"]

# What a room may include beside qgraft and the standard library: beginnings of header names.
THIRD_PARTY = {
    "kernels": ["immintrin.h", "arm_neon.h", "cuda_runtime", "cuda_fp16.h", "math_constants.h"],
    "graphdef": ["google/protobuf/"],
    "boost_graph": ["boost/"],
    "property_tree": ["boost/", "nlohmann/"],
}

STANDARD = set("""
    algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits
    clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint
    cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution filesystem format forward_list fstream
    functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map memory
    memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator
    semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf string string_view
    strstream syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility
    valarray variant vector version""".split())

INCLUDE = re.compile(r'^\s*#\s*include\s*(?P<open>[<"])(?P<name>[^>"]+)[>"]')


def sources():
    """Pairs of a file and its room, of every header and source file of include/ and adapters/."""
    for path in tree.all_files():
        if path.suffix not in {".hpp", ".cuh", ".cpp", ".cu"}:
            continue
        if path.parts[:2] == ("include", "qgraft"):
            yield path, path.parts[2]
        elif path.parts[0] == "adapters":
            yield path, path.parts[1]


def includes(path):
    """Triples of line, bracket and header name."""
    for number, line in enumerate(tree.read(path).splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match["open"], match["name"]


def room_of(header):
    """The room of the header qgraft/..., as written in an include."""
    return header.split("/")[1]


def allows(room, header):
    target = room_of(header)
    return target == room or target in ROOMS[room] or header.split("/", 1)[1] in ROOMS[room]


def problem_with(room, bracket, header):
    """What is wrong with an include of this room, or None."""
    if room not in ROOMS:
        return f"the room {room} is not in the table of tests/house/rooms.py"
    if bracket == '"':
        return f'"{header}" is not written as <qgraft/...>'
    if header.startswith("qgraft/"):
        return None if allows(room, header) else f"{room} may not include {header}"
    if header in STANDARD or any(header.startswith(start) for start in THIRD_PARTY.get(room, [])):
        return None
    return f"{room} may not include <{header}>, which is not of the standard library"


def arrows():
    """Counts the includes from room to room that the sources have; third parties count as rooms."""
    found = collections.Counter()
    for path, room in sources():
        for _, _, header in includes(path):
            if header.startswith("qgraft/"):
                found[room, room_of(header)] += room != room_of(header)
            elif header not in STANDARD:
                found[room, header.split("/")[0]] += 1
    return {arrow: count for arrow, count in found.items() if count}


def print_dot():
    print("digraph rooms {\n    rankdir=BT;\n    node [shape=box, fontname=Helvetica];")
    for room in sorted({room for _, room in sources()}):
        folder = f"adapters/{room}" if room in ADAPTERS else f"qgraft/{room}"
        print(f'    "{room}" [label="{folder}"];')
    for source, target in sorted(arrows()):
        style = "" if target in ROOMS else " [style=dotted]"
        print(f'    "{source}" -> "{target}"{style};')
    print("}")


def print_table():
    found = arrows()
    print(f"{'room':12} {'includes':44} may include")
    for room, allowed in ROOMS.items():
        targets = ", ".join(sorted(target for source, target in found if source == room)) or "std"
        print(f"{room:12} {targets:44} {', '.join(allowed + THIRD_PARTY.get(room, [])) or 'std'}")


def check():
    problems = []
    count = 0
    for path, room in sources():
        for number, bracket, header in includes(path):
            count += 1
            problem = problem_with(room, bracket, header)
            if problem:
                problems.append(f"{path}:{number}: {problem}")
    tree.finish(problems, f"{count} includes")


if __name__ == "__main__":
    {"--dot": print_dot, "--table": print_table}.get(" ".join(sys.argv[1:]), check)()
