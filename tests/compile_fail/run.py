# Compiles files that must not compile, and looks at the first error that the compiler prints.
# SPDX-License-Identifier: Apache-2.0
"""usage: python3 run.py COMPILER FOLDER [--messages FOLDER]

Every *.cpp of the folder begins with a line `// expect: SENTENCE`, and perhaps a second one `// flags: FLAG...`. The
compiler must refuse the file, and its first line with an error must contain the sentence. Exits 0 where all do, 1 where one does not, 77 where there is no such compiler.
--messages names the folder of the headers that protobuf's compiler wrote.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXPECT = "// expect: "
FLAGS = "// flags: "
ERROR = re.compile(r"\berror: ")
SKIPPED = 77


def command_of(compiler, messages, source, flags):
    folders = [ROOT / "include"] + sorted((ROOT / "adapters").glob("*/include"))
    includes = [part for folder in folders for part in ("-I", str(folder))]
    system = ["-isystem", messages] if messages else []
    return [compiler, "-std=c++20", "-fsyntax-only", *flags, *includes, *system, str(source)]


def problem_with(compiler, messages, source):
    """What is wrong with one file, in words, or None."""
    first_line, second_line = source.read_text(encoding="utf-8").split("\n", 2)[:2]
    sentence = first_line[len(EXPECT):].strip()
    if not first_line.startswith(EXPECT) or not sentence:
        return f"its first line is not '{EXPECT}SENTENCE'"
    flags = second_line[len(FLAGS):].split() if second_line.startswith(FLAGS) else []
    run = subprocess.run(command_of(compiler, messages, source, flags), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         env={**os.environ, "LC_ALL": "C"}, encoding="utf-8", errors="replace", check=False)
    if run.returncode == 0:
        return "it compiles"
    error = next((line for line in run.stdout.splitlines() if ERROR.search(line)), "no error was printed")
    return None if sentence in error else f"expected first: {sentence}\n  got first: {error}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("compiler")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--messages")
    arguments = parser.parse_args()
    if not shutil.which(arguments.compiler):
        print(f"skipped: there is no {arguments.compiler} here")
        return SKIPPED
    sources = sorted(arguments.folder.glob("*.cpp"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = list(pool.map(lambda source: problem_with(arguments.compiler, arguments.messages, source), sources))
    for source, problem in zip(sources, problems):
        print(f"{'FAILED' if problem else 'ok':6} {source.name}" + (f": {problem}" if problem else ""))
    failed = sum(problem is not None for problem in problems)
    print(f"{arguments.compiler}: {len(sources) - failed} of {len(sources)} files are refused with their sentence")
    return 1 if failed or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
