# The report and the picture that qgraft-rewrite writes.
# SPDX-License-Identifier: Apache-2.0
import json
import re
import shutil
import subprocess

import program
from program import layer, network, node, nodes_of, recorded


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
