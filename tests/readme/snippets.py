# Compiles the C++ snippets of a Markdown file; those with a main are run too.
# SPDX-License-Identifier: Apache-2.0
"""usage: snippets.py FILE COMPILER FOLDER [COMPILER ARGUMENT...]

Each block that opens with ```cpp must compile on its own without a warning; one that has a main must also link and
exit with 0. FOLDER is for what is made on the way. Exits 77 where there is no such compiler.
"""
import pathlib
import re
import shutil
import subprocess
import sys

WARNINGS = ['-std=c++20', '-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow', '-Werror']


def main():
    page, compiler, folder, *arguments = sys.argv[1:]
    if shutil.which(compiler) is None:
        print('skipped: there is no', compiler)
        return 77
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    snippets = re.findall(r'^```cpp\n(.*?)^```', pathlib.Path(page).read_text(encoding='utf-8'), re.S | re.M)
    failed = 0
    for i, text in enumerate(snippets):
        source = folder / ('snippet%d.cpp' % i)
        source.write_text(text, encoding='utf-8')
        program = folder / ('snippet%d' % i)
        runs = re.search(r'^int main\(', text, re.M) is not None
        output = ['-o', str(program)] if runs else ['-fsyntax-only']
        commands = [[compiler, *WARNINGS, *arguments, str(source), *output]] + ([[str(program)]] if runs else [])
        for command in commands:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
            if done.returncode != 0:
                failed += 1
                print('snippet %d fails (%s):\n%s' % (i, text.strip().split('\n')[0], done.stdout))
                break
    print('%d of %d snippets hold' % (len(snippets) - failed, len(snippets)))
    return 1 if failed or not snippets else 0


sys.exit(main())
