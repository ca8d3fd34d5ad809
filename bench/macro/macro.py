"""What the whole-program benchmarks share: a copy of a tree, `sonde` run on it, percentiles, tables.

Each prints a table on stderr and one JSON object on stdout. A model must be installed for `sonde`
(XDG_DATA_HOME says where); nothing else of the user's is read or written.
"""

import argparse
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
LARGEST_FILE = 1 << 20
LEFT_OUT = {".git", ".sonde", "build", "node_modules"}


def arguments(description, more=None):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("build", type=pathlib.Path, help="the build folder with `sonde`")
    parser.add_argument("tree", type=pathlib.Path, nargs="?", default=REPOSITORY,
                        help="the files to work on, copied first (default: this repository)")
    parser.add_argument("--limit", type=int, default=0, metavar="LINES",
                        help="a part of the tree of about so many lines")
    parser.add_argument("--threads", type=int, default=0, help="of `sonde index`")
    if more:
        more(parser)
    return parser.parse_args()


def files_of(tree):
    """Regular files of text below `tree`, in an order that is the same everywhere and no folder's."""
    found = []
    for folder, folders, names in os.walk(tree):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        for name in names:
            path = pathlib.Path(folder) / name
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= LARGEST_FILE:
                found.append(path.relative_to(tree))
    found.sort(key=lambda path: hashlib.sha256(bytes(path)).digest())
    return found


def copy_files(tree, to, files, lines_limit=0):
    """Copies files until they have so many lines. @return (lines, the files copied)"""
    lines = 0
    copied = []
    for path in files:
        if lines_limit and lines >= lines_limit:
            break
        data = (tree / path).read_bytes()
        if b"\0" in data[:8192]:
            continue
        target = to / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        lines += data.count(b"\n")
        copied.append(path)
    return lines, copied


def queries_from(folder, files, count, seed=1):
    """Distinct queries: a few neighbouring words of a line each."""
    choose = random.Random(seed)
    queries = []
    seen = set()
    for _ in range(count * 50):
        if len(queries) == count:
            break
        text = (folder / choose.choice(files)).read_text("utf-8", "replace")
        lines = [line for line in text.splitlines() if len(line) > 20]
        if not lines:
            continue
        words = re.findall(r"[A-Za-z]{3,20}", choose.choice(lines))
        start = choose.randrange(max(1, len(words) - 3))
        query = " ".join(words[start:start + choose.randint(2, 4)])
        if len(words) >= 2 and query not in seen:
            seen.add(query)
            queries.append(query)
    return queries


class Sonde:
    """`sonde` of a build folder, with a home of its own and the user's models."""

    def __init__(self, build, home, threads=0):
        self.program = build.resolve() / "sonde"
        self.threads = ["--threads", str(threads)] if threads else []
        self.environment = dict(os.environ)
        data = os.environ.get("XDG_DATA_HOME") or os.path.join(os.environ["HOME"], ".local/share")
        for name in list(self.environment):
            if name.startswith(("SONDE_", "XDG_")):
                del self.environment[name]
        self.environment.update(HOME=str(home), XDG_DATA_HOME=data)

    def start(self, root, *words, **how):
        return subprocess.Popen([self.program, *words, *self.threads], cwd=root,
                                env=self.environment, **how)

    def json(self, root, *words):
        done = subprocess.run([self.program, *words, "--json", *self.threads], cwd=root,
                              env=self.environment, stdout=subprocess.PIPE, check=False)
        if done.returncode not in (0, 1):
            sys.exit(f"sonde {' '.join(words)} ended with {done.returncode}")
        return json.loads(done.stdout)


class Workplace:
    """A temporary folder with `tree` and `home` in it."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="sonde-bench-"))
        self.tree = self.path / "tree"
        self.home = self.path / "home"
        self.tree.mkdir()
        self.home.mkdir()
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def percentile(values, share):
    """The smallest value that so large a share does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def table(rows):
    """Rows of words on stderr, in columns."""
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip(),
              file=sys.stderr)


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), "unknown")
    return {"processor": model, "cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0]}
