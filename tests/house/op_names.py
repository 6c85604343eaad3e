# A test that no TensorFlow op name stands in include/: the rules know words of the dialect only.
# SPDX-License-Identifier: Apache-2.0
"""Looks for the names of tensorflow_ops.txt in every header of include/.

A name of several words (Conv2D, ReadVariableOp) may stand nowhere, comments included. A name that is one word (Add,
Merge) is English too: it may begin a sentence of a comment or of a message, but may not be an identifier, nor a string
literal without a space in it, nor a part of one. The registry's ops of one letter, made to test it, are passed over.
"""
import pathlib
import re

import cpp_text
import tree

WORD = re.compile(r"[A-Za-z0-9_]+")
ONE_WORD = re.compile(r"[A-Z][a-z]+")


def op_names():
    lines = (pathlib.Path(__file__).parent / "tensorflow_ops.txt").read_text(encoding="utf-8").splitlines()
    return {line for line in lines if not line.startswith("#") and len(line) > 1}


def is_named_by(kind, piece, name):
    """Whether the word `name` of this piece of text can only be meant as the op."""
    if not ONE_WORD.fullmatch(name):
        return True
    return kind == "code" or (kind == "string" and " " not in piece)


def names_in(text, names):
    """Pairs of line and op name."""
    for kind, line, piece in cpp_text.pieces(text):
        for match in WORD.finditer(piece):
            if match[0] in names and is_named_by(kind, piece, match[0]):
                yield line + piece.count("\n", 0, match.start()), match[0]


def check():
    names = op_names()
    headers = [path for path in tree.all_files() if path.parts[0] == "include"]
    problems = [f"{path}:{line}: names TensorFlow's op {name}"
                for path in headers for line, name in names_in(tree.read(path), names)]
    tree.finish(problems, f"{len(headers)} headers, {len(names)} op names")


if __name__ == "__main__":
    check()
