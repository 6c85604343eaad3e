# Runs qgraft-rewrite, writes small graphs as text, and reads those that the program writes.
# SPDX-License-Identifier: Apache-2.0
"""Helper of the tests in this folder; not a test itself."""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

BINARY = str(pathlib.Path(sys.argv[1]).resolve()) if len(sys.argv) > 1 else "qgraft-rewrite"
GRAPHS = pathlib.Path(__file__).resolve().parents[1] / "data" / "graphs"


def recorded(name):
    """A recorded graph: a MetaGraphDef in binary."""
    return str(GRAPHS / f"{name}.before.pb")


def node(name, op, *inputs, **attributes):
    """A node as text. Attributes are given as text too: dtype="type: DT_FLOAT"."""
    lines = [f'name: "{name}"', f'op: "{op}"'] + [f'input: "{i}"' for i in inputs]
    lines += [f'attr {{ key: "{k}" value {{ {v} }} }}' for k, v in attributes.items()]
    return "node { " + " ".join(lines) + " }\n"


def variable(name):
    return node(name, "VariableV2", dtype="type: DT_FLOAT", shape="shape { }") + node(f"{name}/read", "Identity", name)


def layer(scope, source):
    """A convolution with bias and activation below a scope."""
    return (variable(f"{scope}/weights") + variable(f"{scope}/bias") +
            node(f"{scope}/Conv2D", "Conv2D", source, f"{scope}/weights/read") +
            node(f"{scope}/BiasAdd", "BiasAdd", f"{scope}/Conv2D", f"{scope}/bias/read") +
            node(f"{scope}/Relu6", "Relu6", f"{scope}/BiasAdd"))


def network(layers=1):
    """A GraphDef as text: a chain of layers conv0, conv1, ..."""
    text = node("input", "Placeholder")
    for i in range(layers):
        text += layer(f"conv{i}", f"conv{i - 1}/Relu6" if i else "input")
    return text


class Node:
    """A node of a graph that the program has written as text."""

    def __init__(self, text):
        self.name = re.search(r'^ *name: "([^"]*)"', text, re.MULTILINE)[1]
        self.op = re.search(r'^ *op: "([^"]*)"', text, re.MULTILINE)[1]
        self.inputs = re.findall(r'^ *input: "([^"]*)"', text, re.MULTILINE)
        self.text = text

    def attribute(self, key):
        """The text between the braces of an attribute's value, on one line."""
        found = re.search(r'key: "%s"\s+value \{(.*?)\n\s*\}\n\s*\}' % re.escape(key), self.text, re.DOTALL)
        return " ".join(found[1].split()) if found else None


def nodes_of(text):
    """The nodes of a GraphDef or MetaGraphDef in text, by name."""
    found = {}
    for match in re.finditer(r"^( *)node \{\n(.*?)^\1\}", text, re.DOTALL | re.MULTILINE):
        n = Node(match[2])
        found[n.name] = n
    return found


class ProgramTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def path(self, name):
        return str(self.folder / name)

    def write(self, name, content):
        (self.folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return self.path(name)

    def read(self, name):
        return (self.folder / name).read_bytes()

    def names(self):
        return sorted(p.name for p in self.folder.iterdir())

    def run_program(self, *arguments, **keywords):
        return subprocess.run([BINARY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              cwd=self.folder, timeout=300, check=False, **keywords)

    def rewrite(self, *arguments, **keywords):
        """Runs the program, which must succeed; returns what it says on standard error."""
        done = self.run_program(*arguments, **keywords)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr.decode()

    def refused(self, *arguments, code=1, **keywords):
        """Runs the program, which must fail with one line and leave no new file; returns that line."""
        before = self.names()
        done = self.run_program(*arguments, **keywords)
        self.assertEqual(done.returncode, code, done.stderr)
        line = done.stderr.decode()
        self.assertTrue(line.startswith("qgraft-rewrite: ") and line.endswith("\n"), line)
        self.assertEqual(line.count("\n"), 1, line)
        self.assertEqual(done.stdout, b"")
        self.assertEqual(self.names(), before)
        return line

    def rewritten(self, source, *options):
        """The nodes of a graph, by name, after the program has rewritten it with the options."""
        self.rewrite(source, "rewritten.pbtxt", "--format", "pbtxt", *options)
        return nodes_of(self.read("rewritten.pbtxt").decode())

    def quantizers(self, source, *options):
        """The fake-quantization nodes of the same."""
        nodes = self.rewritten(source, *options)
        return {n.name: n for n in nodes.values() if n.op.startswith("FakeQuant")}


def main():
    unittest.main(argv=sys.argv[:1])
