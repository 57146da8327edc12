"""The Rust program libs/dtw/examples/bench_dtw.rs, spoken to in lines."""

import subprocess
from dataclasses import dataclass

import numpy as np

from inputs import DIM


@dataclass(frozen=True)
class Run:
    """A method that the Rust program runs and times."""

    name: str
    variant: str
    # What the program calls it.
    command: str
    note: str
    growth: int = 2


RUNS = [
    Run(
        "ours", "whole", "align",
        "sopilot_dtw::align: checks, scaling of the rows (the others but tslearn are given "
        "rows of unit length and rely on it), product, recurrence, path",
    ),
    Run(
        "ours-pruned", "whole", "align-pruned",
        "the same, where costs that can lie on no path of least cost are left out if that is "
        "faster; finding out where is part of it, and nothing is known of the gold before",
    ),
    Run("ours", "costs", "costs", "sopilot_dtw::align_costs; uses one thread"),
    Run(
        "dtw_rs", "whole", "dtw_rs",
        "a cost closure over rows: a dot product of 32 bits cell by cell, with the instructions of "
        "a default build (SSE2 on x86-64), sums in 64 bits; uses one thread",
    ),
    Run("dtw_rs", "costs", "dtw_rs-costs", "a cost closure over the matrix; uses one thread"),
]


class Program:
    """A running Rust program; use it with `with`."""

    def __init__(self, path):
        self.process = subprocess.Popen(
            [path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.pid = self.process.pid
        self.loaded = None
        self.has_costs = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def ask(self, *words):
        """The words of the answer; RuntimeError if it is an error."""
        line = " ".join(map(str, words))
        self.process.stdin.write(line + "\n")
        answer = self.process.stdout.readline().split()
        if answer[:1] != ["ok"]:
            raise RuntimeError(f"{line}: {' '.join(answer[1:]) or 'bench_dtw ended'}")
        return answer[1:]

    def load(self, pair, pairs=1):
        """Loads a Pair or a Batch, unless it is the one loaded last."""
        if self.loaded is not pair:
            files = pair.gold_file, pair.trainee_file
            self.ask("load", *files, pair.size, pair.size, DIM, pairs)
            self.loaded, self.has_costs = pair, False

    def load_costs(self, pair):
        """Loads the matrix of costs of the Pair loaded last."""
        if not self.has_costs:
            self.ask("costs", pair.costs_file)
            self.has_costs = True

    def run(self, command, threads):
        """Nanoseconds, and the sum of the path's costs as the method has it."""
        nanoseconds, _, total = self.ask("run", command, threads)
        return int(nanoseconds), float(total)

    def path(self, folder):
        """The path that the last run found."""
        file = folder / "path.u32"
        self.ask("path", file)
        return np.fromfile(file, dtype="<u4").reshape(-1, 2).astype(np.int64)
