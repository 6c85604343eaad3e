# Takes C++ text apart into code, comments and string literals.
# SPDX-License-Identifier: Apache-2.0
"""Helper of the tests in this folder; not a test itself."""
import re

_PIECE = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      |(?P<raw>R"(?P<delimiter>[^()\\\s]{0,16})\((?P<raw_text>.*?)\)(?P=delimiter)")
      |(?P<string>"(?:\\.|[^"\\\n])*")
      |(?P<digits>(?<![A-Za-z_])[0-9][0-9A-Za-z_.']*)
      |(?P<character>'(?:\\.|[^'\\\n])+')""",
    re.DOTALL | re.VERBOSE)


def pieces(text):
    """Yields (kind, line, text), kind being "code", "comment" or "string" (without its quotes)."""
    position = 0
    for match in _PIECE.finditer(text):
        if match.lastgroup == "digits":
            continue  # they hold the quotes of 1'000, which begin no character literal
        yield "code", text.count("\n", 0, position) + 1, text[position:match.start()]
        line = text.count("\n", 0, match.start()) + 1
        if match["comment"] is not None:
            yield "comment", line, match["comment"]
        elif match["raw"] is not None:
            yield "string", line, match["raw_text"]
        else:
            yield "string", line, match[0][1:-1]
        position = match.end()
    yield "code", text.count("\n", 0, position) + 1, text[position:]
