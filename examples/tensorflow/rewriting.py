# Runs qgraft-rewrite on the files of graphs.
# SPDX-License-Identifier: Apache-2.0
import json
import pathlib
import subprocess


class Rewriter:
    """The program, and the folder for what it writes."""

    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder)
        if not pathlib.Path(program).is_file():
            raise SystemExit(f'there is no program {program}; sh examples/clients.sh builds it')

    def __call__(self, graph, name, *options):
        """Rewrites a graph file. Returns the path of the new one, and the names of the variables that it has more."""
        out, report = self.folder / f'{name}.meta', self.folder / f'{name}.json'
        command = [self.program, graph, out, '--report', report, *map(str, options)]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        return out, [v['name'] for v in json.loads(report.read_text())['variables']]
