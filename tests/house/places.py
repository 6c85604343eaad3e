# A test that no file names a place of one machine: a home or tool folder, or the host of a package registry.
# SPDX-License-Identifier: Apache-2.0
import re

import tree

# Absolute paths below folders that differ from machine to machine; what is below /usr, /tmp or /dev does not.
FOLDER = rb"(?<![A-Za-z0-9_.$}\-/])/(?:work|opt|root|home|mnt|srv|farm|Users)/[A-Za-z0-9_.]"
HOST = rb"(?:pypi|pythonhosted|npmjs|yarnpkg|crates|rubygems|golang|anaconda|debian|ubuntu|docker)\.(?:org|com|io|net)\b"
PLACE = re.compile(FOLDER + b"|" + HOST)


def check():
    problems = []
    files = tree.all_files()
    for path in files:
        content = (tree.ROOT / path).read_bytes()
        for match in PLACE.finditer(content):
            line = content.count(b"\n", 0, match.start()) + 1
            problems.append(f"{path}:{line}: names a place, '{match[0].decode()}'")
    tree.finish(problems, f"{len(files)} files")


if __name__ == "__main__":
    check()
