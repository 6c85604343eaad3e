# Which files the tests of the source tree look at, and how they report.
# SPDX-License-Identifier: Apache-2.0
"""Helpers of the tests in this folder; not a test itself."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE_SUFFIXES = {".hpp", ".cpp", ".cu", ".cuh", ".py", ".sh", ".cmake", ".proto"}
SOURCE_NAMES = {"CMakeLists.txt", ".ci/run", ".clang-format", ".gitignore"}


def all_files():
    """Every file of the project, relative to its root: git's list, or in an unpacked archive what is not a build's."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    is_checkout = (ROOT / ".git").exists()
    if is_checkout:
        listed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode().split("\0")
        names = sorted({name for name in listed if name and (ROOT / name).is_file()})
    else:
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        names = sorted(str(path) for path in found
                       if not path.parts[0].startswith("build") and "__pycache__" not in path.parts)
    return [pathlib.PurePosixPath(name) for name in names]


def is_source(path):
    """Whether people write this file by hand as code: no data, no prose, no format without comments."""
    return path.suffix in SOURCE_SUFFIXES or path.name in SOURCE_NAMES or str(path) in SOURCE_NAMES


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def finish(problems, looked_at):
    """Prints one line a problem and exits: 0 where there is none."""
    for problem in problems:
        print(problem)
    print(f"{looked_at}: {len(problems)} problems")
    sys.exit(1 if problems else 0)
