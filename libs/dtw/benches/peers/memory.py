"""How much memory a method takes in a process of its own.

What is read is the kernel's high-water mark of the resident memory (VmHWM),
set back after the inputs were loaded. getrusage's ru_maxrss is the same mark,
but a child inherits its parent's, and it cannot be set back.
"""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from inputs import Pair, read_rows
from measure import LONGEST_CALL_S, tell
from ours import RUNS, Program
from peers import PEERS

SIZE = 2000
WARM_UP_ROWS = 16


def measure_memory(program_file, kind, names, size, threads, folder, estimates):
    """A list of dictionaries, one for every method that starts from raw rows."""
    pair = Pair(kind, size, folder)
    results = []
    for named in [*RUNS, *PEERS]:
        if named.variant != "whole" or named.name not in names:
            continue
        if estimates.of(named, size) > LONGEST_CALL_S:
            continue
        tell(f"memory of {named.name} at {size} × {size}")
        is_ours = named in RUNS
        before, peak = (
            of_program(program_file, named, pair, threads) if is_ours else of_peer(named, pair)
        )
        results.append(
            {"kind": kind, "size": size, "method": named.name, "before_kib": before,
             "peak_kib": peak}
        )
    pair.remove_files()
    return results


def of_program(program_file, run, pair, threads):
    """KiB before and at most, of a fresh Rust program."""
    with Program(program_file) as program:
        program.load(pair)
        before = forget_peak(program.pid)
        program.run(run.command, threads)
        return before, kib(program.pid, "VmHWM")


def of_peer(peer, pair):
    """KiB before and at most, of a fresh Python; see `main`."""
    command = [sys.executable, __file__, peer.name, pair.gold_file, pair.trainee_file]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        wait_for(child, "ready")
        before = forget_peak(child.pid)
        child.stdin.write("\n")
        child.stdin.flush()
        wait_for(child, "done")
        return before, kib(child.pid, "VmHWM")


def wait_for(child, word):
    """Until the child says so."""
    said = child.stdout.readline().strip()
    if said != word:
        raise RuntimeError(f"{' '.join(map(str, child.args))}: said {said!r} and not {word!r}")


def forget_peak(pid):
    """Sets the high-water mark back to what is resident now, which is answered."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return kib(pid, "VmRSS")


def kib(pid, name):
    """A line of /proc/PID/status."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise RuntimeError(f"/proc/{pid}/status has no {name}")


def main(name, gold_file, trainee_file):
    """The child: loads, says so, runs when it is told to, waits to be looked at."""
    peer = next(peer for peer in PEERS if (peer.name, peer.variant) == (name, "whole"))
    gold, trainee = read_rows(gold_file), read_rows(trainee_file)
    peer.ready(SimpleNamespace(gold=gold[:WARM_UP_ROWS], trainee=trainee[:WARM_UP_ROWS]))()
    call = peer.ready(SimpleNamespace(gold=gold, trainee=trainee))
    print("ready", flush=True)
    sys.stdin.readline()
    answer = call()
    print("done", flush=True)
    sys.stdin.readline()
    del answer


if __name__ == "__main__":
    main(*sys.argv[1:])
