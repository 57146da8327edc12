"""Many pairs one after the other, and beside one another."""

import random
import time

from inputs import SEED, Batch
from measure import settle, tell

PAIRS = 64
SIZE = 500


def measure_batch(program, kind, names, rounds, threads, folder):
    """Results of a list of methods on the same 64 pairs of 500 × 500 clips."""
    tell(f"drawing {PAIRS} {kind} pairs of {SIZE} × {SIZE}")
    batch = Batch(kind, SIZE, PAIRS, folder)
    calls = {}
    if "ours" in names:
        program.load(batch, PAIRS)
        calls["ours", 1] = lambda: program.run("batch", 1)[0]
        calls["ours", 2] = lambda: program.run("batch", 2)[0]
    if "librosa" in names:
        from librosa.sequence import dtw

        calls["librosa, pair after pair", threads] = timed(
            lambda gold, trainee: dtw(C=1 - gold @ trainee.T), batch
        )
    if "sgemm" in names:
        calls["sgemm, pair after pair", threads] = timed(
            lambda gold, trainee: gold @ trainee.T, batch
        )
    results = [
        {"kind": kind, "pairs": PAIRS, "size": SIZE, "method": method, "threads": used,
         "times_ns": []}
        for method, used in calls
    ]
    turn = list(zip(calls.values(), results))
    for call, _ in turn:
        call()
    order = random.Random(f"{SEED} batch {kind}")
    for number in range(rounds):
        tell(f"{PAIRS} {kind} pairs, round {number + 1} of {rounds}")
        order.shuffle(turn)
        for call, result in turn:
            settle(threads)
            result["times_ns"].append(call())
    batch.remove_files()
    return results


def timed(call, batch):
    """Runs a call for every pair; nanoseconds for all."""

    def run():
        start = time.perf_counter_ns()
        for gold, trainee in zip(batch.gold, batch.trainee):
            call(gold, trainee)
        return time.perf_counter_ns() - start

    return run
