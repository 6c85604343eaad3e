# Runs the programs that are measured, and reads what they print.
# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import re
import statistics
import subprocess
import time


def run(command, **options):
    """Standard output and error of a command; one that fails ends the run and says what it said."""
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f'{command[0]} failed:\n{done.stdout}')
    return done.stdout


def figures(text):
    """The name=value pairs of a text, as numbers."""
    return {k: float(v) for k, v in re.findall(r'(\w+)=([0-9.]+(?:e[+-]?[0-9]+)?)(?=\s|$)', text)}


def wall(command):
    """The seconds of a whole process; what it prints is thrown away."""
    nowhere = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
    start = time.perf_counter()
    pid = os.posix_spawnp(command[0], [str(c) for c in command], os.environ, file_actions=nowhere)
    _, status = os.waitpid(pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        raise SystemExit(f'{command} failed')
    return seconds


def paired(first, second, rounds):
    """The medians of what two functions return, called in turn, and of the ratio, pair by pair."""
    pairs = [(first(), second()) for _ in range(rounds)]
    return (statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs),
            statistics.median(a / b for a, b in pairs))


def child_cost(command):
    """User seconds and peak KiB of one child process."""
    pid = os.posix_spawnp(command[0], [str(c) for c in command], os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise SystemExit(f'{command} failed')
    return usage.ru_utime, usage.ru_maxrss


def instructions(command, function):
    """The instructions inside a function and what it calls, counted by callgrind."""
    text = run(['valgrind', '--tool=callgrind', f'--toggle-collect=*{function}*', '--callgrind-out-file=/dev/null', *command])
    return int(re.search(r'Collected : (\d+)', text).group(1)), figures(text)


def processor():
    """The model of the processor."""
    with open('/proc/cpuinfo') as f:
        return next(line.split(':', 1)[1].strip() for line in f if line.startswith('model name'))


def write_readme(marks, text):
    """Puts a text between two marks of README.md."""
    readme = pathlib.Path(__file__).resolve().parents[1] / 'README.md'
    content = readme.read_text()
    if marks[0] not in content:
        raise SystemExit(f'README.md has no place for this, which begins by {marks[0].strip()}')
    start, end = content.index(marks[0]) + len(marks[0]), content.index(marks[1])
    readme.write_text(content[:start] + text + content[end:])
