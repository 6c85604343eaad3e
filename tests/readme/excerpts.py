# A test of the README's excerpts: they are what the files that they name say.
# SPDX-License-Identifier: Apache-2.0
"""An excerpt is a block that opens with ```c++ after the line <!-- From PATH. -->. Its parts, between empty lines, are
found in that file one after the other; how far they are indented does not matter.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'house'))
import tree  # noqa: E402

EXCERPT = re.compile(r'^(?:<!-- From (\S+)\. -->\n)?```c\+\+\n(.*?)^```$', re.S | re.M)


def stripped(text):
    return [line.strip() for line in text.splitlines()]


def place_of(part, of, start):
    """Where the lines of a part are among those `of` a file, from a place on; -1 where they are not."""
    for at in range(start, len(of) - len(part) + 1):
        if of[at:at + len(part)] == part:
            return at
    return -1


def problems(page):
    for path, text in EXCERPT.findall(page):
        first = text.split('\n')[0]
        if not path:
            yield f'README.md: the excerpt "{first}" does not say where it is from'
            continue
        of = stripped(tree.read(path))
        at = 0
        for part in re.split(r'\n\n+', text.rstrip('\n')):
            found = place_of(stripped(part), of, at)
            if found < 0:
                first = part.split('\n')[0]
                yield f'README.md: {path} does not say, from line {at + 1} on, what begins with "{first}"'
                break
            at = found + len(stripped(part))


if __name__ == '__main__':
    PAGE = tree.read('README.md')
    tree.finish(list(problems(PAGE)), f'{len(EXCERPT.findall(PAGE))} excerpts')
