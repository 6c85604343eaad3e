# qgraft-rewrite --profile modern and --post-training: whatever inference needs a range for.
# SPDX-License-Identifier: Apache-2.0
import json
import pathlib
import unittest

import program
from program import network, node, recorded, variable

FROZEN = str(pathlib.Path(__file__).resolve().parents[1] / "data" / "frozen" / "network.pb")


class Modern(program.ProgramTest):
    def test_layers_without_bias_and_activation_and_inputs(self):
        net = self.write("net.pbtxt", node("input", "Placeholder") + variable("w") + node("c", "Conv2D", "input", "w/read") +
                         node("l", "LeakyRelu", "c"))
        said = self.rewrite(net, "out.pbtxt", "--eval", "--profile", "modern", "--verify", "tflite_int8", "--strict")
        self.assertIn("0 values without a range", said)
        nodes = program.nodes_of(self.read("out.pbtxt").decode())
        self.assertEqual(nodes["c"].inputs, ["input/act_quant/FakeQuantWithMinMaxVars",
                                             "weights_quant/FakeQuantWithMinMaxVars"])
        self.assertEqual(nodes["l"].inputs, ["c/act_quant/FakeQuantWithMinMaxVars"])

    def test_it_changes_nothing_again(self):
        self.rewrite(recorded("mobilenet_v1"), "out", "--profile", "modern", "--quant-delay", "10")
        self.rewrite("out", "again", "--profile", "modern", "--quant-delay", "10")
        self.assertEqual(self.read("out"), self.read("again"))

    def test_usage(self):
        net = self.write("net.pbtxt", network())
        table = self.write("ranges.json", "{}")
        for flags in (["--profile", "newest"], ["--profile", "modern", "--as-reference"], ["--share-additions"],
                      ["--post-training", table, "--as-reference"], ["--post-training", table, "--quant-delay", "1"]):
            with self.subTest(flags=flags):
                self.refused(net, "out", *flags, code=2)


class PostTraining(program.ProgramTest):
    def ranges(self, **more):
        listed = self.run_program(FROZEN, "--list-values")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        return {**{name: [-1, 2.5] for name in listed.stdout.decode().split()}, **more}

    def test_a_frozen_graph_gets_ranges_as_numbers(self):
        table = self.write("ranges.json", json.dumps(self.ranges()))
        said = self.rewrite(FROZEN, "out.pbtxt", "--post-training", table, "--verify", "tflite_int8", "--strict",
                            "--format", "pbtxt", "--report", "report.json")
        self.assertIn("0 values without a range", said)
        self.assertIn("0 new variables", said)
        self.assertNotIn("warning", said)
        options = json.loads(self.read("report.json"))["options"]
        self.assertEqual((options["profile"], options["post_training"], options["phase"]), ("modern", table, "evaluation"))
        nodes = program.nodes_of(self.read("out.pbtxt").decode())
        quantizers = [n for n in nodes.values() if n.op == "FakeQuantWithMinMaxVars"]
        self.assertEqual(len(quantizers), 7)
        for n in quantizers:
            self.assertEqual([nodes[i].op for i in n.inputs[1:]], ["Const", "Const"])

    def test_weights_by_channel(self):
        table = self.write("ranges.json", json.dumps(self.ranges()))
        self.rewrite(FROZEN, "out.pbtxt", "--post-training", table, "--per-channel", "--format", "pbtxt")
        nodes = program.nodes_of(self.read("out.pbtxt").decode())
        self.assertEqual(sum(n.op == "FakeQuantWithMinMaxVarsPerChannel" for n in nodes.values()), 3)

    def test_what_is_missing_is_told(self):
        ranges = self.ranges()
        del ranges["conv/Relu6"]
        table = self.write("ranges.json", json.dumps(ranges))
        self.assertIn("conv/Relu6", self.rewrite(FROZEN, "out", "--post-training", table, "--verify", "tflite_int8"))
        line = self.refused(FROZEN, "new", "--post-training", table, "--verify", "tflite_int8", "--strict")
        self.assertIn("conv/Relu6: has no range", line)

    def test_tables_that_are_none(self):
        for text, said in (("", "JSON"), ("[]", "must be an object"), ('{"input": 3}', "input: must be [min, max]"),
                           ('{"input": [1, -1]}', "input: must be [min, max]"), ('{"input": [1]}', "input: must be"),
                           ('{"input": [0, 1], "input": [0, 1]}', "input"), ('{"input": ["0", "1"]}', "input: must be"),
                           ('{"input": [0, 1e999]}', "JSON"), ('{"input": ' + "[" * 1000, "nested"),
                           ('{"inputs": [0, 1]}', "names 'inputs', which is no node of the graph")):
            with self.subTest(text=text):
                line = self.refused(FROZEN, "out", "--post-training", self.write("bad.json", text))
                self.assertIn(said, line)
        self.assertIn("cannot be read", self.refused(FROZEN, "out", "--post-training", "none.json"))

    def test_the_values_of_a_network_to_train(self):
        net = self.write("net.pbtxt", network(2))
        done = self.run_program(net, "--list-values")
        self.assertEqual(done.stdout.decode().split(), ["input", "conv0/Relu6", "conv1/Relu6"])
        self.assertEqual(self.names(), ["net.pbtxt"])


if __name__ == "__main__":
    program.main()
