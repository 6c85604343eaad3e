# qgraft-rewrite --fold-constants: the batch norms of a frozen graph become constants.
# SPDX-License-Identifier: Apache-2.0
"""Where TensorFlow can be imported, its outputs of the graph before and after are compared, too."""
import pathlib
import unittest

import program
from program import network

try:
    import numpy
    import tensorflow
except ImportError:
    tensorflow = None

RECORDED = pathlib.Path(__file__).resolve().parents[1] / "data" / "frozen"
FROZEN = str(RECORDED / "network.pb")
FLAGS = ("--eval", "--stage", "fold", "--fold-constants")


class FoldConstants(program.ProgramTest):
    def test_a_frozen_graph_gets_two_constants_a_batch_norm(self):
        nodes = self.rewritten(FROZEN, *FLAGS)
        new = {name: n.op for name, n in nodes.items() if "fold" in name.lower()}
        self.assertEqual(sorted(op for name, op in new.items() if not name.startswith("depthwise/depthwise_Fold/")),
                         ["Add"] * 3 + ["Const"] * 6 + ["Conv2D", "DepthwiseConv2dNative", "MatMul"])
        self.assertEqual(nodes["output"].inputs, ["dense/add_fold"])
        self.assertEqual(nodes["dense/add_fold"].inputs, ["dense/MatMul_Fold", "dense/bias_fold"])
        self.assertEqual(nodes["dense/MatMul_Fold"].inputs, ["flat", "dense/weights_fold"])

    def test_what_is_said(self):
        said = self.rewrite(FROZEN, "out", *FLAGS)
        self.assertIn("3 batch norms folded", said)
        self.assertNotIn("warning", said)
        self.assertIn("0 values", self.rewrite("out", "again", *FLAGS))
        self.assertEqual(self.read("out"), self.read("again"))

    def test_a_graph_with_variables_is_folded_as_ever(self):
        net = self.write("net.pbtxt", network())
        self.rewrite(net, "with", *FLAGS)
        self.rewrite(net, "without", "--eval", "--stage", "fold")
        self.assertEqual(self.read("with"), self.read("without"))

    def test_usage(self):
        for flags in (["--fold-constants"], ["--fold-constants", "--eval"], ["--fold-constants", "--stage", "fold"],
                      ["--fold-constants", "--eval", "--stage", "quantize"], [*FLAGS, "--as-reference"]):
            with self.subTest(flags=flags):
                self.assertIn("--fold-constants", self.refused(FROZEN, "out", *flags, code=2))


@unittest.skipUnless(tensorflow, "there is no TensorFlow here")
class Outputs(program.ProgramTest):
    def output(self, definition, x):
        with tensorflow.Graph().as_default() as graph:
            tensorflow.compat.v1.import_graph_def(definition, name="")
            with tensorflow.compat.v1.Session(graph=graph) as session:
                return session.run("output:0", {"input:0": x})

    def read_graph(self, path):
        definition = tensorflow.compat.v1.GraphDef()
        definition.ParseFromString(pathlib.Path(path).read_bytes())
        return definition

    def test_outputs_stay(self):
        numbers = {n.name: tensorflow.make_ndarray(n.attr["value"].tensor)
                   for n in self.read_graph(RECORDED / "numbers.pb").node}
        self.rewrite(FROZEN, "folded.pb", *FLAGS)
        before = self.output(self.read_graph(FROZEN), numbers["input"])
        after = self.output(self.read_graph(self.path("folded.pb")), numbers["input"])
        scale = numpy.abs(numbers["output"]).max()
        print(f"TensorFlow {tensorflow.__version__}, greatest difference relative to the greatest output: "
              f"recorded to before {numpy.abs(before - numbers['output']).max() / scale:.2e}, "
              f"before to after {numpy.abs(after - before).max() / scale:.2e}")
        self.assertLess(numpy.abs(before - numbers["output"]).max(), 5e-6 * scale)
        self.assertLess(numpy.abs(after - before).max(), 5e-6 * scale)


if __name__ == "__main__":
    program.main()
