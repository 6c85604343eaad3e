# A test of what every source file has: a purpose, a license line, and at most 400 lines.
# SPDX-License-Identifier: Apache-2.0
import itertools

import tree

LINES_AT_MOST = 400
LICENSE_LINE = "SPDX-License-Identifier: Apache-2.0"


def opening_comment(path, lines):
    """The lines of the file before its first that is neither comment nor blank."""
    mark = "//" if path.suffix in {".hpp", ".cpp", ".cu", ".cuh", ".proto"} else "#"
    return itertools.takewhile(lambda line: not line.strip() or line.startswith(mark), lines)


def problems_of(path):
    lines = tree.read(path).splitlines()
    if len(lines) > LINES_AT_MOST:
        yield f"{path}: has {len(lines)} lines, at most {LINES_AT_MOST} are allowed"
    if not any(line.endswith(LICENSE_LINE) for line in opening_comment(path, lines)):
        yield f"{path}: its opening comment has no line '{LICENSE_LINE}'"


def check():
    sources = [path for path in tree.all_files() if tree.is_source(path)]
    tree.finish([problem for path in sources for problem in problems_of(path)], f"{len(sources)} source files")


if __name__ == "__main__":
    check()
