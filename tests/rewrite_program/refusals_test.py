# What qgraft-rewrite refuses: graphs, options and files, each in one line.
# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import random

import program
from program import network, node, recorded


class Graphs(program.ProgramTest):
    def refused_text(self, text, *options):
        return self.refused(self.write("net.pbtxt", text), "out", *options)

    def test_training_operations(self):
        for op in ("ApplyGradientDescent", "ResourceApplyAdam", "SparseApplyFtrl", "ResourceSparseApplyAdagradV2",
                   "ApplyCenteredRMSProp", "ResourceApplyAdaMax", "SparseAccumulatorApplyGradient"):
            with self.subTest(op=op):
                line = self.refused_text(network() + node("train/update", op, "conv0/weights"))
                self.assertIn("train/update: is a training operation (" + op + ")", line)

    def test_names_inputs_and_cycles(self):
        twice = network() + node("conv0/Relu6", "Relu")
        self.assertIn("conv0/Relu6: is the name of two nodes", self.refused_text(twice))
        self.assertIn("a: reads 'missing', which is not in the graph", self.refused_text(node("a", "Relu", "missing")))
        self.assertIn("a: reads 'missing'", self.refused_text(node("a", "NoOp", "^missing")))
        x = node("x", "NoOp")
        self.assertIn("a: has the malformed input 'x:one'", self.refused_text(x + node("a", "Relu", "x:one")))
        self.assertIn("after a control input", self.refused_text(x + node("a", "Relu", "^x", "x")))
        self.assertIn("has no name", self.refused_text(node("", "Relu")))
        cycle = node("a", "Relu", "c") + node("b", "Relu", "a") + node("c", "Relu", "b")
        self.assertIn("is part of a cycle", self.refused_text(network() + cycle))
        self.assertIn("is part of a cycle", self.refused_text(node("a", "NoOp", "^b") + node("b", "NoOp", "^a")))

    def test_a_line_stays_a_line(self):
        self.assertIn("reads 'b c?[0m'", self.refused_text(node("a", "Relu", "b\\nc\\033[0m")))

    def test_gradients_are_warned_of(self):
        self.assertIn("warning:", self.rewrite(recorded("gradients"), "out"))
        (self.folder / "out").unlink()
        self.assertIn("computes a gradient", self.refused(recorded("gradients"), "out", "--strict"))

    def test_a_frozen_graph_is_told_what_to_do(self):
        frozen = node("x", "Placeholder") + node("w", "Const") + node("c", "Conv2D", "x", "w") + node("r", "Relu", "c")
        line = self.refused_text(frozen)
        self.assertIn("seems frozen", line)
        self.assertIn("before freezing", line)
        self.assertIn("--eval --stage fold --fold-constants", line)
        said = self.rewrite("net.pbtxt", "out", "--as-reference")
        self.assertIn("warning: the graph has layers but no variables", said)

    def test_long_chains_are_no_trouble(self):
        text = [node("n0", "Placeholder")] + [node(f"n{i}", "Identity", f"n{i - 1}") for i in range(1, 100000)]
        self.rewrite(self.write("long.pbtxt", network() + "".join(text)), "out", "--dot", "picture.dot")


class Settings(program.ProgramTest):
    def test_out_of_range(self):
        for flags, words in ((["--weight-bits", "1"], "--weight-bits is 1, and must be from 2 to 16"),
                             (["--weight-bits", "17"], "--weight-bits is 17"),
                             (["--activation-bits", "0"], "--activation-bits is 0"),
                             (["--activation-bits", "-3"], "--activation-bits is -3"),
                             (["--quant-delay", "-1"], "--quant-delay is negative"),
                             (["--freeze-bn-delay", "-2"], "--freeze-bn-delay is negative"),
                             (["--ema-decay", "1.5"], "--ema-decay is not from 0 to 1"),
                             (["--ema-decay", "nan"], "--ema-decay is not from 0 to 1")):
            with self.subTest(flags=flags):
                self.assertIn(words, self.refused(recorded("conv_relu"), "out", *flags))


class Files(program.ProgramTest):
    def test_what_is_no_graph(self):
        good = pathlib.Path(recorded("residual_blocks")).read_bytes()
        noise = random.Random(1)
        for content, words in ((b"", "is empty"),
                               (b"hello\n", "is text, but no graph"),
                               (b"\x7fELF\x02\x01\x01\0\0\0\0\0", "is no graph file"),
                               (noise.randbytes(10000), "is no graph file"),
                               (good[:len(good) // 2], "is cut short"),
                               (b"node { name: 'a' colour: 'red' }", "line 1: "),
                               (b"node { name: 'a'", "is not a graph in text format"),
                               (b"node { attr { value {" + b" list { func { attr { value {" * 50000, "text format")):
            with self.subTest(content=content[:20]):
                line = self.refused(self.write("bad.pb", content), "out")
                self.assertIn(words, line)
                self.assertIn("bad.pb", line)

    def test_standard_input_has_a_name(self):
        self.assertEqual(self.refused("-", "out", input=b""), "qgraft-rewrite: standard input: is empty\n")

    def test_damaged_files_never_crash(self):
        good = pathlib.Path(recorded("conv_bias_relu6")).read_bytes()
        noise = random.Random(2)
        for _ in range(60):
            bad = bytearray(good)
            for _ in range(noise.choice((1, 5, 50))):
                bad[noise.randrange(len(bad))] = noise.randrange(256)
            done = self.run_program(self.write("bad.pb", bytes(bad)), "out", "--dot", "d", "--report", "r")
            self.assertIn(done.returncode, (0, 1), done.stderr)

    def test_missing_and_folders(self):
        self.assertIn("No such file", self.refused("missing.pb", "out"))
        self.assertIn("is a folder", self.refused(self.folder, "out"))

    def test_a_saved_model(self):
        model = self.folder / "model"
        model.mkdir()
        content = b"\x08\x01\x12\x02\x12\x00"
        (model / "saved_model.pb").write_bytes(content)
        for source in (model, model / "saved_model.pb", self.write("text", "saved_model_schema_version: 1\n")):
            line = self.refused(source, "out")
            self.assertIn("is a SavedModel", line)
            self.assertIn("tf.compat.v1.saved_model.load", line)

    def test_a_file_above_2_gib(self):
        self.write("large.pb", b"\n")
        try:
            os.truncate(self.path("large.pb"), 2**31)
        except OSError:
            self.skipTest("there is no room for a large file, even one of zeros")
        self.assertIn("larger than 2 GiB", self.refused("large.pb", "out"))


if __name__ == "__main__":
    program.main()
