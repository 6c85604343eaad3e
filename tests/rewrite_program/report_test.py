# The report and the picture that qgraft-rewrite writes.
# SPDX-License-Identifier: Apache-2.0
import json
import re
import shutil
import subprocess

import program
from program import layer, network, node, nodes_of, recorded, variable


class Report(program.ProgramTest):
    def report(self, source, *options):
        self.rewrite(source, "out", "--report", "report.json", *options)
        return json.loads(self.read("report.json"))

    def test_every_decision_has_a_node_a_rule_and_a_reason(self):
        text = network() + node("lonely", "Conv2D", "input", "conv0/weights/read")
        report = self.report(self.write("net.pbtxt", text))
        for d in report["decisions"]:
            self.assertTrue(d["node"] and d["rule"] and d["reason"])
        outcomes = {(d["node"], d["outcome"]) for d in report["decisions"]}
        self.assertIn(("conv0/Relu6", "quantized"), outcomes)
        self.assertIn(("conv0/weights/read", "quantized"), outcomes)
        self.assertIn(("lonely", "not covered"), outcomes)
        self.assertEqual(report["counts"]["not_covered"], 1)
        self.assertEqual(report["counts"]["quantized"], 2)

    def test_counts_are_those_of_the_graphs(self):
        report = self.report(recorded("residual_blocks"), "--format", "pbtxt")
        self.assertEqual(report["counts"]["nodes_after"], len(nodes_of(self.read("out").decode())))
        self.assertEqual(report["counts"]["variables"], len(report["variables"]))
        self.assertEqual(report["counts"]["moved"], len(report["moved"]))

    def test_every_new_variable_has_an_initial_value(self):
        for resource in ([], ["--resource-variables"]):
            source = self.write("net.pbtxt", network())
            report = self.report(source, "--quant-delay", "10", "--format", "pbtxt", *resource)
            nodes = nodes_of(self.read("out").decode())
            op = "VarHandleOp" if resource else "VariableV2"
            wanted = {n.name for n in nodes.values() if n.op == op} - {"conv0/weights", "conv0/bias"}
            self.assertEqual({v["name"] for v in report["variables"]}, wanted)
            initial = {v["name"]: v["initial"] for v in report["variables"]}
            self.assertEqual(initial["conv0/act_quant/min"], 0)
            self.assertEqual(initial["conv0/act_quant/max"], 6)
            self.assertEqual(initial["conv0/weights_quant/min"], -6)
            self.assertEqual(initial["fake_quantization_step"], 0)
            self.assertNotIn(None, initial.values())
            for v in report["variables"]:
                self.assertIn(v["initializer"], nodes)

    def test_tensors_that_moved(self):
        moved = self.report(self.write("net.pbtxt", network(2)))["moved"]
        quantized = "conv0/act_quant/FakeQuantWithMinMaxVars:0"
        self.assertIn({"from": "conv0/Relu6:0", "to": quantized, "operands": 1}, moved)

    def test_options_warnings_and_the_script_of_a_dry_run(self):
        report = self.report(recorded("conv_relu"), "--eval", "--weight-bits", "4", "--scope", "nowhere")
        self.assertEqual(report["options"]["phase"], "evaluation")
        self.assertEqual(report["options"]["weight_bits"], 4)
        self.assertIsNone(report["options"]["quant_delay"])
        self.assertEqual(len(report["warnings"]), 1)
        self.assertNotIn("script", report)
        (self.folder / "out").unlink()
        dry = self.report(recorded("conv_relu"), "--dry-run")
        self.assertEqual(dry["options"]["quant_delay"], 0)
        self.assertTrue([line for line in dry["script"] if line.startswith("reroute")])
        self.assertGreater(dry["counts"]["nodes_after"], dry["counts"]["nodes_before"])
        self.assertNotIn("out", self.names())


class Ranges(program.ProgramTest):
    def ranges(self, source, target, *options):
        """What the report says of ranges, and what the program says."""
        said = self.rewrite(source, "out", "--eval", "--verify", target, "--report", "report.json", *options)
        return json.loads(self.read("report.json"))["ranges"], said

    def lonely(self):
        """A network with a layer that no pattern fits."""
        return self.write("net.pbtxt", network() + variable("lonely/weights") +
                          node("lonely", "Conv2D", "conv0/Relu6", "lonely/weights/read"))

    def test_what_a_target_misses_is_listed_by_node(self):
        ranges, said = self.ranges(self.lonely(), "tflite_int8")
        self.assertEqual(ranges["target"], "tflite_int8")
        missing = {m["node"]: m for m in ranges["missing"]}
        self.assertEqual({n: m["role"] for n, m in missing.items()},
                         {"input": "graph input", "lonely/weights": "weights", "lonely": "activation"})
        self.assertEqual(missing["lonely/weights"]["needed_by"], "lonely")
        self.assertEqual(missing["lonely"]["reason"], "has no range; it is the result of 'lonely'")
        self.assertEqual(ranges["unshared"], [])
        self.assertIn("  tflite_int8: 3 values without a range\n", said)
        self.assertIn("    lonely/weights (weights): has no range; it is read by 'lonely'\n", said)

    def test_a_concat_whose_values_do_not_share_a_range(self):
        axis = "tensor { dtype: DT_INT32 tensor_shape { } int_val: 3 }"
        text = (network(2) + node("axis", "Const", value=axis, dtype="type: DT_INT32") +
                node("joined", "ConcatV2", "conv0/Relu6", "conv1/Relu6", "axis"))
        ranges, said = self.ranges(self.write("net.pbtxt", text), "tflite_uint8")
        self.assertEqual(ranges["unshared"], [{"node": "joined", "ranges": 2}])
        self.assertIn("1 value without a range, 1 operation whose values should share one and have several\n", said)

    def test_the_exit_status_tells_only_with_strict(self):
        line = self.refused(self.lonely(), "out", "--eval", "--verify", "tflite_uint8", "--strict")
        self.assertIn("lonely/weights: has no range; it is read by 'lonely', which tflite_uint8 needs (and 1 more)",
                      line)
        ranges, _ = self.ranges(self.write("net.pbtxt", network()), "tflite_uint8", "--strict")
        self.assertEqual([m["node"] for m in ranges["missing"]], ["input"])

    def test_without_it_nothing_is_said(self):
        said = self.rewrite(self.lonely(), "out", "--report", "report.json")
        self.assertNotIn("ranges", json.loads(self.read("report.json")))
        self.assertNotIn("without a range", said)

    def test_an_unknown_target(self):
        self.assertIn("--verify", self.refused(self.lonely(), "out", "--verify", "tpu", code=2))


class Picture(program.ProgramTest):
    def picture(self, source, *options):
        self.rewrite(source, "out", "--dot", "picture.dot", *options)
        text = self.read("picture.dot").decode()
        if shutil.which("dot"):
            drawn = subprocess.run(["dot", "-Tsvg", self.path("picture.dot")], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, check=False)
            self.assertEqual((drawn.returncode, drawn.stderr), (0, b""))
        return text

    def test_a_small_network(self):
        text = self.picture(self.write("net.pbtxt", network()), "--quant-delay", "1000")
        for words in ('label="input\\nPlaceholder"', 'label="Conv2D"', 'label="Relu6"',
                      'label="weights_quant\\n8 bits, narrow, from step 1,000"',
                      'label="act_quant\\n8 bits, from step 1,000"', 'label="conv0"'):
            self.assertIn(words, text)
        self.assertNotIn("AssignMinEma", text)

    def test_each_fake_quantization_is_one_node_between_what_it_joins(self):
        text = self.picture(self.write("net.pbtxt", network(2)), "--symmetric")
        ids = {label: i for i, label in re.findall(r'(n\d+) \[label="([^"\\]*)', text)}
        labels = re.findall(r'n\d+ \[label="([^"\\]*)', text)
        self.assertEqual(sorted(labels), sorted(["input"] + 2 * ["weights_quant", "Conv2D", "Relu6", "act_quant"]))
        self.assertEqual(len(re.findall(" -> ", text)), 8)
        self.assertIn(f"{ids['Relu6']} -> {ids['act_quant']}", text)

    def test_a_large_network_is_small_in_the_picture(self):
        text = self.picture(recorded("mobilenet_v1_nobn"))
        self.assertEqual(len(re.findall(r"\[label=.weights_quant", text)), 28)
        self.assertLess(len(re.findall(r"^ *n\d+ \[", text, re.MULTILINE)), 150)

    def test_what_was_not_covered_stands_out(self):
        text = network() + node("lonely", "Conv2D", "input", "conv0/weights/read")
        self.assertIn("nothing uses its output", self.picture(self.write("net.pbtxt", text)))

    def test_odd_names_are_quoted(self):
        names = ['node', 'quote\\"d', 'back\\\\slash', 'trailing\\\\', '<b>', 'a&b', 'graph/{}', 'line\\nfeed',
                 '\\303\\251']
        text = node("input", "Placeholder") + "".join(layer(name, "input") for name in names)
        self.picture(self.write('odd "<&name.pbtxt', text))

    def test_every_recorded_graph_has_a_picture(self):
        for path in sorted(program.GRAPHS.glob("*.before.pb")):
            with self.subTest(graph=path.name):
                self.picture(path, "--stage", "quantize", "--as-reference")


if __name__ == "__main__":
    program.main()
