# Files in, files out: formats, standard input and output, and what is left alone upon failure.
# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import pty
import stat
import subprocess

import program
from program import network, nodes_of, recorded


class Formats(program.ProgramTest):
    def test_every_format_holds_the_same_graph(self):
        source = recorded("residual_blocks")
        self.rewrite(source, "meta")
        self.rewrite(source, "pb", "--format", "pb")
        self.rewrite(source, "pbtxt", "--format", "pbtxt")
        wanted = set(nodes_of(self.read("pbtxt").decode()))
        self.assertTrue(wanted)
        self.assertTrue(self.read("pbtxt").startswith(b"meta_info_def {"))
        self.assertIn(b'key: "variables"', self.read("pbtxt"))
        for name in ("meta", "pb", "pbtxt"):
            with self.subTest(format=name):
                self.rewrite(name, "text", "--format", "pbtxt", "--stage", "fold")
                self.assertEqual(set(nodes_of(self.read("text").decode())), wanted)
        self.assertTrue(self.read("text").startswith(b"meta_info_def {"))

    def test_the_format_is_the_inputs(self):
        self.write("net.pbtxt", network())
        self.rewrite("net.pbtxt", "out.pb")
        self.assertTrue(self.read("out.pb").startswith(b"node {"))
        self.rewrite("net.pbtxt", "graph", "--format", "pb")
        self.rewrite("graph", "again", "--stage", "fold")
        self.assertEqual(self.read("graph"), self.read("again"))
        self.rewrite(recorded("conv_relu"), "meta.pbtxt")
        self.assertEqual(self.read("meta.pbtxt")[:1], b"\n")

    def test_a_graph_def_can_become_a_meta_graph_def(self):
        self.write("net.pbtxt", network())
        self.rewrite("net.pbtxt", "meta", "--format", "meta")
        self.rewrite("meta", "text", "--format", "pbtxt", "--stage", "fold")
        text = self.read("text").decode()
        self.assertTrue(text.startswith("graph_def {"))
        self.assertIn('key: "variables"', text)
        self.assertIn("conv0/act_quant/min", text[text.index("collection_def"):])

    def test_equal_runs_give_equal_files(self):
        for name in ("one", "two"):
            self.rewrite(recorded("conv_bias_relu6"), name, "--quant-delay", "10", "--dot", name + ".dot")
        self.assertEqual(self.read("one"), self.read("two"))
        self.assertEqual(self.read("one.dot"), self.read("two.dot"))

    def test_text_warns_of_what_it_leaves_out(self):
        node = b"\x0a\x01a\x12\x04NoOp\x7a\x01x"  # name, op, and a field 15
        self.write("newer.pb", b"\x0a" + bytes([len(node)]) + node)
        self.assertIn("warning: the graph has fields of a newer TensorFlow",
                      self.rewrite("newer.pb", "out", "--format", "pbtxt"))
        self.rewrite("newer.pb", "same")
        self.assertEqual(self.read("same"), self.read("newer.pb"))


class StandardStreams(program.ProgramTest):
    def test_through_a_pipe(self):
        content = pathlib.Path(recorded("conv_relu")).read_bytes()
        self.rewrite(recorded("conv_relu"), "file")
        for out in ("-", "/dev/stdout"):
            piped = self.run_program("-", out, input=content)
            self.assertEqual(piped.returncode, 0)
            self.assertEqual(piped.stdout, self.read("file"))
            self.assertIn(b"fake-quantized", piped.stderr)

    def test_reports_go_to_standard_output_too(self):
        self.assertTrue(self.run_program(recorded("conv_relu"), "out", "--report", "-").stdout.startswith(b"{"))
        self.assertTrue(self.run_program(recorded("conv_relu"), "out", "--dot", "-").stdout.startswith(b"digraph"))

    def test_dev_stdout_writes_where_the_file_is_open(self):
        with open(self.path("log"), "wb") as log:
            log.write(b"before ")
            log.flush()
            subprocess.run([program.BINARY, recorded("conv_relu"), "/dev/stdout"], stdout=log, stderr=subprocess.PIPE,
                           check=True)
        self.rewrite(recorded("conv_relu"), "file")
        self.assertEqual(self.read("log"), b"before " + self.read("file"))

    def test_a_reader_that_goes_away_is_an_error(self):
        process = subprocess.Popen([program.BINARY, recorded("mobilenet_v1_nobn"), "-"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, cwd=self.folder)
        process.stdout.close()
        said = process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(), 1)
        self.assertEqual(said, b"qgraft-rewrite: standard output: cannot be written: Broken pipe\n")

    def test_no_bar_without_a_terminal_and_one_with_it(self):
        self.write("large.pbtxt", network(3000))
        self.assertNotIn("\r", self.rewrite("large.pbtxt", "out"))
        main, terminal = pty.openpty()
        process = subprocess.Popen([program.BINARY, self.path("large.pbtxt"), self.path("out")], stderr=terminal)
        os.close(terminal)
        said = b""
        try:
            while chunk := os.read(main, 4096):
                said += chunk
        except OSError:  # the end of a terminal
            pass
        os.close(main)
        self.assertEqual(process.wait(), 0)
        self.assertIn(b"[", said)
        self.assertIn(b"] rewriting", said)
        self.assertIn(b"6,000 values fake-quantized", said.split(b"\x1b[K")[-1])


class Outputs(program.ProgramTest):
    def test_in_and_out_may_be_the_same_file(self):
        self.rewrite(recorded("conv_relu"), "other")
        self.write("net", pathlib.Path(recorded("conv_relu")).read_bytes())
        self.rewrite("net", "net")
        self.assertEqual(self.read("net"), self.read("other"))
        self.assertEqual(self.names(), ["net", "other"])

    def test_an_existing_file_stays_upon_failure(self):
        self.write("out", b"precious")
        self.write("bad", b"")
        self.refused("bad", "out")
        self.refused(recorded("conv_relu"), "out", "--weight-bits", "1")
        self.refused(recorded("conv_relu"), "out", "--report", "missing/report.json")
        self.refused(recorded("conv_relu"), "out", "--dot", self.folder)
        self.assertEqual(self.read("out"), b"precious")

    def test_reports_are_written_only_upon_success(self):
        self.refused(recorded("conv_relu"), "missing/out", "--report", "report.json", "--dot", "picture.dot")
        self.refused(recorded("conv_relu"), "out", "--scope", "nowhere", "--strict", "--report", "report.json")
        self.assertEqual(self.names(), [])

    def test_no_room(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full here")
        self.assertIn("No space left", self.refused(recorded("conv_relu"), "/dev/full"))

    def test_no_permission(self):
        drop = {}
        if os.geteuid() == 0:
            drop = {"preexec_fn": lambda: os.setuid(65534)}
        os.chmod(self.folder, 0o755)
        if self.run_program("--version", **drop).returncode != 0:
            self.skipTest("the program cannot be run by another user here")
        graph = self.write("net.pbtxt", network())
        self.write("out", b"precious")
        os.chmod(self.path("out"), 0o444)
        os.chmod(self.folder, 0o555)
        self.addCleanup(os.chmod, self.folder, 0o755)
        self.assertIn("Permission denied", self.refused(graph, "out", **drop))
        self.assertIn("Permission denied", self.refused(graph, "new", **drop))
        os.chmod(self.folder, 0o777)
        self.assertIn("Permission denied", self.refused(graph, "out", **drop))
        self.assertEqual(self.read("out"), b"precious")
        os.chmod(graph, 0o000)
        self.assertIn("Permission denied", self.refused(graph, "new", **drop))

    def test_a_new_file_has_usual_permissions_and_an_old_one_keeps_its_own(self):
        mask = os.umask(0o027)
        self.addCleanup(os.umask, mask)
        self.rewrite(recorded("conv_relu"), "out")
        self.assertEqual(stat.S_IMODE(os.stat(self.path("out")).st_mode), 0o640)
        os.chmod(self.path("out"), 0o604)
        self.rewrite(recorded("conv_relu"), "out")
        self.assertEqual(stat.S_IMODE(os.stat(self.path("out")).st_mode), 0o604)


if __name__ == "__main__":
    program.main()
