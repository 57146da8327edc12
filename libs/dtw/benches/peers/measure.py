"""Rounds in which every method runs once, in an order that is shuffled anew."""

import gc
import random
import statistics
import sys
import time
from pathlib import Path

from inputs import SEED, Pair

# A method that would take longer a call is skipped.
LONGEST_CALL_S = 20
# A slow method runs in as many rounds as fit into this, but in three at least.
TIME_A_METHOD_S = 30
LEAST_ROUNDS = 3
# Faster ones are called once before the rounds at every size.
WARM_UP_S = 2
PILOT_SIZE = 200
# With several threads, those of OpenBLAS go on spinning for some 30 ms after a
# product and would take a core from whatever comes next.
PAUSE_S = 0.1


class PythonMethod:
    """A peer in this process, timed here."""

    def __init__(self, peer):
        self.named = peer
        self.call = None
        self.answer = None

    def start(self, pair):
        """Makes everything ready that is not timed."""
        self.call, self.answer = self.named.ready(pair), None

    def measure(self):
        """Runs once; nanoseconds."""
        self.answer = None
        gc.disable()
        start = time.perf_counter_ns()
        answer = self.call()
        nanoseconds = time.perf_counter_ns() - start
        gc.enable()
        self.answer = answer
        return nanoseconds

    def path(self):
        """The path of the last run; None for the product alone."""
        return self.named.path and self.named.path(self.answer)

    def stop(self):
        """Frees what was held."""
        self.call = self.answer = None


class ProgramMethod:
    """A run of the Rust program, which times itself."""

    def __init__(self, run, program, threads, folder):
        self.named = run
        self.program = program
        self.threads = threads
        self.folder = Path(folder)

    def start(self, pair):
        """Loads the inputs."""
        self.program.load(pair)
        if self.named.variant == "costs":
            self.program.load_costs(pair)

    def measure(self):
        """Runs once; nanoseconds."""
        nanoseconds, _ = self.program.run(self.named.command, self.threads)
        return nanoseconds

    def path(self):
        """The path of the last run."""
        return self.program.path(self.folder)

    def stop(self):
        """The program frees what it holds when it loads anew."""


class Estimates:
    """How long a call will take, from what the methods took at other sizes."""

    def __init__(self):
        self.seconds = {}

    def note(self, named, size, seconds):
        """Keeps what was seen."""
        self.seconds.setdefault((named.name, named.variant), {})[size] = seconds

    def of(self, named, size):
        """From the nearest smaller size, or else the nearest larger one."""
        seen = self.seconds[named.name, named.variant]
        smaller = [known for known in seen if known <= size]
        known = max(smaller) if smaller else min(seen)
        return seen[known] * (size / known) ** named.growth


def pilot(methods, kind, folder):
    """Calls everything at a small size: once to warm it up (numba compiles),
    then again for a first estimate."""
    estimates = Estimates()
    pair = Pair(kind, PILOT_SIZE, folder)
    for method in methods:
        tell(f"warming up: {method.named.name}, {method.named.variant}")
        method.start(pair)
        method.measure()
        estimates.note(method.named, PILOT_SIZE, method.measure() / 1e9)
        method.stop()
    pair.remove_files()
    return estimates


def settle(threads):
    """Waits until no method's threads are busy with what is already done."""
    if threads > 1:
        time.sleep(PAUSE_S)


def measure_pair(methods, kind, size, options, folder, estimates):
    """Results of all methods on one pair: a list of dictionaries."""
    rounds = options.rounds
    tell(f"drawing {kind} {size} × {size}")
    pair = Pair(kind, size, folder)
    results, running = [], []
    for method in methods:
        named = method.named
        result = {
            "kind": kind, "size": size, "method": named.name, "variant": named.variant,
            "times_ns": [], "total": None, "path_cells": None, "skipped_would_take_s": None,
        }
        results.append(result)
        seconds = estimates.of(named, size)
        if seconds > LONGEST_CALL_S:
            result["skipped_would_take_s"] = seconds
            estimates.note(named, size, seconds)
            continue
        method.start(pair)
        if seconds < WARM_UP_S:
            seconds = method.measure() / 1e9
        turns = min(rounds, max(LEAST_ROUNDS, int(TIME_A_METHOD_S / max(seconds, 1e-9))))
        running.append((method, result, turns))
    order = random.Random(f"{SEED} {kind} {size}")
    for number in range(rounds):
        turn = [entry for entry in running if is_turn(number, entry[2], rounds)]
        order.shuffle(turn)
        tell(f"{kind} {size} × {size}, round {number + 1} of {rounds}: {len(turn)} methods")
        gc.collect()
        for method, result, _ in turn:
            settle(options.threads)
            result["times_ns"].append(method.measure())
            if result["path_cells"] is None:
                note_path(result, method, pair)
    for method, result, _ in running:
        estimates.note(method.named, size, statistics.median(result["times_ns"]) / 1e9)
        method.stop()
    note_excess(results)
    pair.remove_files()
    return results


def is_turn(number, turns, rounds):
    """Whether a method with `turns` of `rounds` runs in this one: evenly spread."""
    return (number + 1) * turns // rounds > number * turns // rounds


def note_path(result, method, pair):
    """Evaluates the path of the run that just ended."""
    path = method.path()
    if path is None:
        return
    result["path_cells"] = len(path)
    try:
        result["total"] = pair.total(path)
    except ValueError as error:
        result["wrong"] = str(error)


def note_excess(results):
    """How much more each path costs than the best, in per cent."""
    totals = [result["total"] for result in results if result["total"] is not None]
    for result in results:
        if result["total"] is not None and min(totals) > 0:
            result["excess_percent"] = 100 * (result["total"] / min(totals) - 1)


def tell(what):
    """Says where we are."""
    print(what, file=sys.stderr, flush=True)
