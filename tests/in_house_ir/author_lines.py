# A test of what the author of the in-house IR had to write: few lines, in a vocabulary of its own.
# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "house"))
import op_names  # noqa: E402
import tree  # noqa: E402

EXAMPLE = pathlib.PurePosixPath("examples/in_house_ir")
LINES_AT_MOST = {"ir_traits.hpp": 60, "ir_dialect.hpp": 80}
IR = ["attributes.hpp", "kinds.hpp", "value.hpp", "op.hpp", "infer.hpp", "block.hpp", "ir.hpp", "schedule.hpp"]
OWN_VOCABULARY = [*(EXAMPLE / name for name in [*IR, "ir_traits.hpp", "ir_dialect.hpp"]),
                  pathlib.PurePosixPath("tests/boost_graph/network.hpp"),
                  pathlib.PurePosixPath("tests/boost_graph/network_dialect.hpp")]


def problems():
    for name, limit in LINES_AT_MOST.items():
        lines = len(tree.read(EXAMPLE / name).splitlines())
        if lines > limit:
            yield f"{EXAMPLE / name}: has {lines} lines, at most {limit} are allowed"
    for name in IR:
        if "include <qgraft" in tree.read(EXAMPLE / name):
            yield f"{EXAMPLE / name}: includes qgraft"
    names = op_names.op_names()
    for path in OWN_VOCABULARY:
        for line, name in op_names.names_in(tree.read(path), names):
            yield f"{path}:{line}: names TensorFlow's op {name}"


if __name__ == "__main__":
    tree.finish(list(problems()), f"{len(OWN_VOCABULARY)} headers")
