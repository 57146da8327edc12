"""Times dynamic time warping beside its peers; scripts/bench-dtw runs it."""

import os
import platform
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from importlib.metadata import distributions
from pathlib import Path

import options as command_line


def main():
    options = command_line.parse(sys.argv[1:])
    # Read when the libraries are loaded, so set before.
    for variable in ("OPENBLAS", "OMP", "NUMBA", "MKL"):
        os.environ[f"{variable}_NUM_THREADS"] = str(options.threads)
    load_at_start = os.getloadavg()[0]

    import batch
    import inputs
    import measure
    import memory
    import report
    from ours import RUNS, Program
    from peers import PEERS

    document = {
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine() | {"load_at_start": load_at_start},
        "versions": versions(),
        "options": {
            name: getattr(options, name) for name in ("sizes", "kinds", "rounds", "threads", "only")
        },
        "seed": inputs.SEED,
        "inputs": {kind: inputs.DESCRIPTION[kind] for kind in options.kinds},
        "results": [],
        "batch": [],
    }
    chosen = [one for one in [*RUNS, *PEERS] if one.name in options.only]
    document["methods"] = [
        {"method": one.name, "variant": one.variant, "note": one.note} for one in chosen
    ]
    with tempfile.TemporaryDirectory(prefix="bench-dtw-") as name, Program(
        options.ours_program
    ) as program:
        folder = Path(name)
        document["engine"] = program.ask("about")[0]
        methods = [
            measure.ProgramMethod(one, program, options.threads, folder)
            if one in RUNS
            else measure.PythonMethod(one)
            for one in chosen
        ]
        estimates = measure.pilot(methods, options.kinds[0], folder)
        for kind in options.kinds:
            for size in options.sizes:
                document["results"] += measure.measure_pair(
                    methods, kind, size, options, folder, estimates
                )
            document["batch"] += batch.measure_batch(
                program, kind, options.only, options.rounds, options.threads, folder
            )
        document["memory"] = memory.measure_memory(
            options.ours_program, options.kinds[0], options.only,
            min(memory.SIZE, options.sizes[-1]), options.threads, folder, estimates,
        )
    document["machine"]["load_at_end"] = os.getloadavg()[0]
    out = Path(options.out)
    print(report.write(out, document), end="")
    measure.tell(f"tables, JSON and plot: {out}/dtw.md, dtw.json, dtw.svg")


def commit():
    """The commit, and whether something else was built than it."""
    return output("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")


def machine():
    """What it ran on."""
    named = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": named[0] if named else platform.machine(),
        "cores": os.cpu_count(),
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release()}",
    }


def versions():
    """Of compiler, interpreter and all packages."""
    packages = {one.metadata["Name"]: one.version for one in distributions()}
    return {
        "rustc": output("rustc", "--version"),
        "dtw_rs": locked_version("dtw_rs"),
        "python": platform.python_version(),
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
    }


def locked_version(crate):
    """The version that Cargo.lock has."""
    lines = Path("Cargo.lock").read_text().splitlines()
    return lines[lines.index(f'name = "{crate}"') + 1].split('"')[1]


def output(*command):
    """What a program says."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
