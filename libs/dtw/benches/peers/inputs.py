"""Inputs of fixed seeds: pairs of sequences of embeddings, as arrays and as
files of little-endian f32 that the Rust program reads."""

import zlib
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

SEED = 20261126
DIM = 1024
# Of the smooth kind.
PROCESSES = 256
CORRELATION_CLIPS = 40
NOISE_ENERGY = 1e-3

DESCRIPTION = {
    "random": f"independent normal rows of dimension {DIM}, scaled to unit length",
    "smooth": (
        f"gold: {PROCESSES} independent Gaussian processes (normal noise through a Gaussian "
        f"low-pass; the autocorrelation falls to 1/e at {CORRELATION_CLIPS} clips), the k-th with "
        f"amplitude 1/(k+1), k from 0, mixed by a random orthonormal basis into dimension {DIM}, "
        f"plus white noise of relative energy {NOISE_ENERGY}; trainee: the same processes read "
        "at times that run monotonically from the gold's first clip to its last at a smoothly "
        "varying speed between 0.5 and 2, with noise of its own; rows scaled to unit length"
    ),
}


class Pair:
    """One gold and one trainee of the same number of clips."""

    def __init__(self, kind, size, folder, number=0):
        self.kind = kind
        self.size = size
        self.folder = Path(folder)
        self.gold, self.trainee = draw(kind, size, number)
        self.gold_file = save(self.gold, self.folder / f"{kind}-{size}-gold.f32")
        self.trainee_file = save(self.trainee, self.folder / f"{kind}-{size}-trainee.f32")

    @cached_property
    def costs(self):
        """The matrix of cosine costs in 32 bits that every method gets which is
        timed without the product; rounding below 0 is cut off."""
        return np.maximum(1 - self.gold @ self.trainee.T, 0)

    @cached_property
    def costs_file(self):
        """`costs` as the Rust program reads it."""
        return save(self.costs, self.folder / f"{self.kind}-{self.size}-costs.f32")

    def total(self, path):
        """What a path costs, in 64 bits. Raises ValueError if it is none."""
        check(path, self.size)
        gold, trainee = unit(self.gold.astype(np.float64)), unit(self.trainee.astype(np.float64))
        # The distance of unit vectors does not lose small costs to rounding.
        return float(0.5 * np.sum((gold[path[:, 0]] - trainee[path[:, 1]]) ** 2))

    def remove_files(self):
        """Frees the disk."""
        for file in self.folder.glob(f"{self.kind}-{self.size}-*.f32"):
            file.unlink()


class Batch:
    """Many pairs of one size, in two arrays and two files."""

    def __init__(self, kind, size, pairs, folder):
        self.kind = kind
        self.size = size
        self.pairs = pairs
        drawn = [draw(kind, size, 1 + number) for number in range(pairs)]
        self.gold = np.stack([gold for gold, _ in drawn])
        self.trainee = np.stack([trainee for _, trainee in drawn])
        self.gold_file = save(self.gold, Path(folder) / "batch-gold.f32")
        self.trainee_file = save(self.trainee, Path(folder) / "batch-trainee.f32")

    def remove_files(self):
        """Frees the disk."""
        self.gold_file.unlink()
        self.trainee_file.unlink()


def read_rows(file):
    """The rows of a file of `Pair`."""
    return np.fromfile(file, dtype="<f4").reshape(-1, DIM)


def draw(kind, size, number):
    """Gold and trainee as arrays of 32 bits, `size` rows of unit length each."""
    rng = np.random.default_rng([SEED, zlib.crc32(kind.encode()), size, number])
    gold, trainee = {"random": draw_random, "smooth": draw_smooth}[kind](rng, size)
    return tuple(np.ascontiguousarray(unit(side), dtype="<f4") for side in (gold, trainee))


def draw_random(rng, size):
    """Two sequences that have nothing to do with each other."""
    return rng.standard_normal((2, size, DIM))


def draw_smooth(rng, size):
    """A performance and the same at another speed: see DESCRIPTION."""
    processes = smooth_noise(rng, PROCESSES, size, CORRELATION_CLIPS)
    processes /= np.arange(1, PROCESSES + 1)[:, None]
    basis, _ = np.linalg.qr(rng.standard_normal((DIM, PROCESSES)))
    times = retimed(rng, size)
    before = np.minimum(times.astype(int), size - 2)
    between = times - before
    again = processes[:, before] * (1 - between) + processes[:, before + 1] * between
    sides = []
    for side in (processes, again):
        rows = side.T @ basis.T
        noise = rng.standard_normal(rows.shape)
        sides.append(rows + noise * np.sqrt(NOISE_ENERGY * np.mean(rows**2)))
    return sides


def retimed(rng, size):
    """Times from 0 to size − 1 at a speed between 0.5 and 2 that varies smoothly
    (over a tenth of the sequence)."""
    drift = smooth_noise(rng, 1, size - 1, max(4, size / 10))[0]
    # Of all offsets of the speed, the one with which both ends meet.
    low, high = -20.0, 20.0
    for _ in range(60):
        offset = (low + high) / 2
        speed = 2 ** np.tanh(drift + offset)
        low, high = (offset, high) if speed.sum() < size - 1 else (low, offset)
    return np.minimum(np.concatenate([[0], np.cumsum(speed)]), size - 1)


def smooth_noise(rng, processes, size, correlation):
    """Stationary noise of variance 1 whose autocorrelation falls to 1/e at
    `correlation`."""
    sigma = correlation / 2
    margin = int(np.ceil(4 * sigma)) + 1
    white = rng.standard_normal((processes, size + 2 * margin))
    smooth = gaussian_filter1d(white, sigma, axis=1)[:, margin : margin + size]
    return smooth * np.sqrt(2 * sigma * np.sqrt(np.pi))


def unit(rows):
    """Every row scaled to length 1."""
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def save(array, file):
    """Writes little-endian f32 without a header."""
    np.asarray(array, dtype="<f4").tofile(file)
    return file


def check(path, size):
    """A path runs from corner to corner in moves (1,1), (1,0) and (0,1)."""
    moves = np.diff(path, axis=0)
    ends = [tuple(path[0]), tuple(path[-1])]
    if ends != [(0, 0), (size - 1, size - 1)]:
        raise ValueError(f"the path runs from {ends[0]} to {ends[1]}")
    if moves.min(initial=0) < 0 or moves.max(initial=0) > 1 or (moves.sum(axis=1) == 0).any():
        raise ValueError("the path jumps")
