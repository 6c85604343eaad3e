# Every flag of qgraft-rewrite does what it says.
# SPDX-License-Identifier: Apache-2.0
import re
import unittest

import program
from program import network, node, recorded

WEIGHTS = "conv0/weights_quant/FakeQuantWithMinMaxVars"
ACTIVATION = "conv0/act_quant/FakeQuantWithMinMaxVars"


class Options(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.net = self.write("net.pbtxt", network())

    def test_training_is_the_default(self):
        nodes = self.rewritten(self.net)
        self.assertEqual(nodes[WEIGHTS].attribute("num_bits"), "i: 8")
        self.assertEqual(nodes[WEIGHTS].attribute("narrow_range"), "b: true")
        self.assertEqual(nodes[ACTIVATION].attribute("narrow_range"), "b: false")
        self.assertEqual(nodes["conv0/Conv2D"].inputs, ["input", WEIGHTS])
        self.assertIn("conv0/act_quant/AssignMinEma", nodes)
        self.assertNotIn("fake_quantization_step", nodes)

    def test_eval_only_reads_ranges(self):
        nodes = self.rewritten(self.net, "--eval")
        self.assertIn(ACTIVATION, nodes)
        self.assertFalse([n for n in nodes if "Assign" in n.rsplit("/", 1)[-1] and "Ema" in n])

    def test_bits(self):
        quantizers = self.quantizers(self.net, "--weight-bits", "4", "--activation-bits=16")
        self.assertEqual(quantizers[WEIGHTS].attribute("num_bits"), "i: 4")
        self.assertEqual(quantizers[ACTIVATION].attribute("num_bits"), "i: 16")

    def test_symmetric(self):
        plain = self.rewritten(self.net)
        symmetric = self.rewritten(self.net, "--symmetric")
        quotient = "conv0/weights_quant/truediv"
        self.assertEqual(symmetric[quotient].op, "RealDiv")
        self.assertNotIn(quotient, plain)

    def test_per_channel(self):
        shape = "shape { " + "".join(f"dim {{ size: {n} }} " for n in (3, 3, 2, 4)) + "}"
        net = self.write("shaped.pbtxt", network().replace("shape { }", shape))
        nodes = self.rewritten(net, "--per-channel")
        self.assertEqual(nodes["conv0/weights_quant/FakeQuantWithMinMaxVarsPerChannel"].inputs[0], "conv0/weights/read")
        self.assertIn(ACTIVATION, nodes)

    def test_quant_delay(self):
        nodes = self.rewritten(self.net, "--quant-delay", "1234")
        self.assertIn("int64_val: 1234", nodes["conv0/act_quant/activate_quant/y"].text)
        self.assertEqual(nodes["conv0/Conv2D"].inputs[1], "conv0/weights_quant/delayed_quant/Merge")
        self.assertIn("fake_quantization_step", nodes)
        self.assertIn("fake_quantization_step", self.rewritten(self.net, "--eval", "--quant-delay", "1"))
        self.assertEqual(set(self.rewritten(self.net, "--quant-delay", "0")), set(self.rewritten(self.net)))
        nodes = self.rewritten(self.net, "--quant-delay", "010")
        self.assertIn("int64_val: 10\n", nodes["conv0/act_quant/activate_quant/y"].text)

    def test_freeze_bn_delay_is_taken(self):
        self.assertNotIn("warning", self.rewrite(self.net, "out", "--freeze-bn-delay", "20", "--quant-delay", "10"))
        self.assertIn("warning: freeze_bn_delay", self.rewrite(self.net, "out", "--freeze-bn-delay", "0"))

    def test_scope(self):
        two = self.write("two.pbtxt", network(2))
        self.assertEqual({n.split("/")[0] for n in self.quantizers(two, "--scope", "conv1")}, {"conv1"})
        self.assertEqual({n.split("/")[0] for n in self.quantizers(two)}, {"conv0", "conv1"})

    def test_ema_decay(self):
        # A quarter is written exactly, 1 - decay in the graph.
        nodes = self.rewritten(self.net, "--ema-decay", "0.75")
        decays = [n for n in nodes.values() if n.name.startswith("conv0/act_quant/AssignMinEma") and n.op == "Const"]
        self.assertTrue([n for n in decays if "float_val: 0.75" in n.text or "float_val: 0.25" in n.text])

    def test_resource_variables(self):
        self.assertEqual(self.rewritten(self.net)["conv0/act_quant/min"].op, "VariableV2")
        self.assertEqual(self.rewritten(self.net, "--resource-variables")["conv0/act_quant/min"].op, "VarHandleOp")

    def test_stages(self):
        self.assertFalse(self.quantizers(self.net, "--stage", "fold"))
        self.assertEqual(set(self.rewritten(self.net, "--stage", "quantize")), set(self.rewritten(self.net)))
        self.assertEqual(set(self.rewritten(self.net, "--stage", "all")), set(self.rewritten(self.net)))

    def test_strict_makes_warnings_errors(self):
        self.assertIn("warning: no node is in the scope", self.rewrite(self.net, "out", "--scope", "nowhere"))
        (self.folder / "out").unlink()
        self.assertIn("no node is in the scope", self.refused(self.net, "out", "--scope", "nowhere", "--strict"))
        self.rewrite(self.net, "out", "--strict")

    def test_as_reference(self):
        # The reference takes a product of activations for weights, and also in place of the data.
        text = (node("x", "Placeholder") + node("y", "Placeholder") + node("p", "Mul", "x", "y") +
                node("m", "MatMul", "p", "x") + node("r", "Relu", "m") + program.variable("v"))
        product = self.write("product.pbtxt", text)
        self.assertEqual(self.quantizers(product), {})
        self.assertTrue(self.quantizers(product, "--as-reference"))

    def test_dry_run_leaves_no_file(self):
        before = self.names()
        said = self.rewrite(self.net, "--dry-run")
        self.assertIn("dry run", said)
        self.assertIn("2 values fake-quantized", said)
        self.rewrite(self.net, "out", "--dry-run")
        self.assertEqual(self.names(), before)
        counts = re.search(r"(\d+) nodes before, (\d+) after", said)
        self.assertIn(counts[0], self.rewrite(self.net, "out"))

    def test_dry_run_prints_the_edits(self):
        told = self.run_program(recorded("fused_training"), "--dry-run").stdout.decode().splitlines()
        rules = [line for line in told if line.startswith("rule ")]
        self.assertEqual(rules, ["rule fold_fused_batch_norms", "rule quantize_layers"])
        self.assertTrue([line for line in told if re.match(r"%\d+ = mul\(conv/weights/read, %\d+\) in conv/mul_fold", line)
                         or re.match(r"%\d+ = mul\(%\d+, %\d+\) in conv/mul_fold", line)], told)
        self.assertTrue([line for line in told if line.startswith("reroute conv/BatchNorm/FusedBatchNormV3 -> %")], told)
        self.assertEqual(self.run_program(recorded("fused_training"), "--dry-run", "--dot", "-").stdout[:7], b"digraph")

    def test_version_and_help(self):
        version = self.run_program("--version")
        self.assertEqual(version.returncode, 0)
        self.assertRegex(version.stdout.decode(), r"^qgraft-rewrite \d+\.\d+\.\d+\n$")
        told = self.run_program("--help")
        self.assertEqual(told.returncode, 0)
        for flag in ("--eval", "--weight-bits", "--activation-bits", "--symmetric", "--per-channel", "--quant-delay",
                     "--freeze-bn-delay", "--scope", "--ema-decay", "--resource-variables", "--stage", "--strict",
                     "--as-reference", "--fold-constants", "--dry-run", "--report", "--dot", "--format", "--config",
                     "--version"):
            self.assertIn(flag, told.stdout.decode())

    def test_usage(self):
        for arguments in ([], [self.net], [self.net, "out", "extra"], [self.net, "out", "--unknown"],
                          [self.net, "out", "--stage", "none"], [self.net, "out", "--format", "onnx"],
                          [self.net, "out", "--weight-bits", "eight"], [self.net, "out", "--weight-bits"],
                          [self.net, "out", "--quant-delay", "99999999999999999999"],
                          [self.net, "out", "--quant-delay", "010x"], [self.net, "out", "--quant-delay", "1e3"],
                          [self.net, "out", "--report", "out"], [self.net, "out", "--report", self.net],
                          [self.net, "out", "--dot", "./r", "--report", "r"], [self.net, "-", "--report", "-"]):
            with self.subTest(arguments=arguments):
                self.refused(*arguments, code=2)

    def test_uncovered_layers_are_told_and_not_too_many(self):
        text = network() + "".join(node(f"lonely{i}", "Conv2D", "input", "conv0/weights/read") for i in range(15))
        said = self.rewrite(self.write("many.pbtxt", text), "out")
        self.assertIn("15 layers not covered", said)
        self.assertEqual(len(re.findall(r"^    lonely\d+: nothing uses its output$", said, re.MULTILINE)), 10)
        self.assertIn("and 5 more", said)

    def test_a_rewritten_graph_stays_as_it_is(self):
        self.rewrite(recorded("residual_blocks"), "once")
        self.assertIn("0 values fake-quantized", self.rewrite("once", "twice"))
        self.assertEqual(self.read("once"), self.read("twice"))

    def test_layers_in_functions_are_warned_of(self):
        text = self.write("f.pbtxt", network() + 'library { function { signature { name: "f" } '
                          'node_def { name: "m" op: "MatMul" } } }')
        self.assertIn("warning: 1 layer inside functions", self.rewrite(text, "out"))
        (self.folder / "out").unlink()
        self.refused(text, "out", "--strict")


if __name__ == "__main__":
    program.main()
