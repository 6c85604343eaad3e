# Compiles the C++ snippets of a Markdown file, or writes them out as source files.
# SPDX-License-Identifier: Apache-2.0
"""usage: snippets.py compile FILE COMPILER FOLDER [COMPILER ARGUMENT...]
       snippets.py write FILE FOLDER

Each block that opens with ```cpp must compile on its own without a warning; one that has a main must also link and
exit with 0. FOLDER is for what is made on the way. Exits 77 where there is no such compiler. With SNIPPETS_WITHOUT set
in the environment, snippets that contain one of its lines are left out.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

WARNINGS = ['-std=c++20', '-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow', '-Werror']


def snippets_of(page):
    without = [line for line in os.environ.get('SNIPPETS_WITHOUT', '').splitlines() if line]
    blocks = re.findall(r'^```cpp\n(.*?)^```', pathlib.Path(page).read_text(encoding='utf-8'), re.S | re.M)
    return [text for text in blocks if not any(line in text for line in without)]


def write(page, folder):
    """The snippets' source files, in order; those of an earlier time are gone."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob('snippet*.cpp'):
        old.unlink()
    sources = []
    for i, text in enumerate(snippets_of(page)):
        sources.append(folder / ('snippet%d.cpp' % i))
        sources[-1].write_text(text, encoding='utf-8')
    return sources


def holds(source, compiler, arguments):
    """Whether a snippet compiles and, where it has a main, links and runs; says what fails."""
    text = source.read_text(encoding='utf-8')
    program = source.with_suffix('')
    runs = re.search(r'^int main\(', text, re.M) is not None
    output = ['-o', str(program)] if runs else ['-fsyntax-only']
    commands = [[compiler, *WARNINGS, *arguments, str(source), *output]] + ([[str(program)]] if runs else [])
    for command in commands:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
        if done.returncode != 0:
            print('%s fails (%s):\n%s' % (source.stem, text.strip().split('\n')[0], done.stdout))
            return False
    return True


def main():
    what, *rest = sys.argv[1:]
    if what == 'write':
        return 0 if write(*rest) else 1
    page, compiler, folder, *arguments = rest
    if shutil.which(compiler) is None:
        print('skipped: there is no', compiler)
        return 77
    results = [holds(source, compiler, arguments) for source in write(page, folder)]
    print('%d of %d snippets hold' % (sum(results), len(results)))
    return 0 if results and all(results) else 1


sys.exit(main())
