"""The peers in Python: what each is given, and how its answer is read.

A peer's package is imported when the peer is made ready, so that a process
that runs one of them alone holds that one alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Peer:
    """A method that runs in this process."""

    name: str
    # "whole": from raw rows to the path; "costs": from the matrix of costs.
    variant: str
    # What is timed, of a Pair; whatever it needs before is done in here.
    ready: Callable
    # The path in what was answered, an array of pairs.
    path: Callable
    note: str
    # The time grows with this power of the size.
    growth: int = 2


def product_costs(pair):
    """Cosine costs as numpy computes them, of rows of unit length."""
    return 1 - pair.gold @ pair.trainee.T


def librosa_whole(pair):
    from librosa.sequence import dtw

    return lambda: dtw(C=product_costs(pair))


def librosa_costs(pair):
    from librosa.sequence import dtw

    return lambda: dtw(C=pair.costs)


def dtw_python_whole(pair):
    from dtw import dtw

    return lambda: dtw(product_costs(pair), step_pattern="symmetric1")


def dtw_python_costs(pair):
    from dtw import dtw

    return lambda: dtw(pair.costs, step_pattern="symmetric1")


def tslearn_whole(pair):
    from tslearn.metrics import dtw_path_from_metric

    return lambda: dtw_path_from_metric(pair.gold, pair.trainee, metric="cosine")


def tslearn_costs(pair):
    from tslearn.metrics import dtw_path_from_metric

    return lambda: dtw_path_from_metric(pair.costs, metric="precomputed")


def dtaidistance_whole(pair):
    from dtaidistance import dtw_ndim

    gold, trainee = pair.gold.astype(np.float64), pair.trainee.astype(np.float64)
    return lambda: dtw_ndim.warping_path(gold, trainee, use_c=True)


def fastdtw_whole(pair):
    from fastdtw import fastdtw

    def distance(a, b):
        return 1 - a @ b

    return lambda: fastdtw(pair.gold, pair.trainee, radius=1, dist=distance)


def numpy_whole(pair):
    return lambda: numpy_path(product_costs(pair))


def numpy_costs(pair):
    return lambda: numpy_path(pair.costs)


def numpy_path(costs):
    """Row by row: the better of diagonal and up for the row at once, left in a
    loop; over lists, which Python walks through faster than through arrays."""
    rows, columns = costs.shape
    sums = np.empty((rows, columns))
    sums[0] = np.cumsum(costs[0], dtype=np.float64)
    for row in range(1, rows):
        above = sums[row - 1]
        best = above.copy()
        np.minimum(above[1:], above[:-1], out=best[1:])
        left = np.inf
        line = []
        for entry, cost in zip(best.tolist(), costs[row].tolist()):
            left = (entry if entry < left else left) + cost
            line.append(left)
        sums[row] = line
    row, column = rows - 1, columns - 1
    path = [(row, column)]
    while row or column:
        if row == 0:
            column -= 1
        elif column == 0:
            row -= 1
        else:
            diagonal, up, left = sums[row - 1, column - 1], sums[row - 1, column], sums[row, column - 1]
            if diagonal <= up and diagonal <= left:
                row, column = row - 1, column - 1
            elif up <= left:
                row -= 1
            else:
                column -= 1
        path.append((row, column))
    return path[::-1]


def sgemm_whole(pair):
    return lambda: pair.gold @ pair.trainee.T


def backwards(answer):
    """librosa answers the sums and the path from its end."""
    return answer[1][::-1]


def indices(answer):
    """dtw-python answers an object with one list a side."""
    return np.column_stack([answer.index1, answer.index2])


def first(answer):
    """tslearn: the path and what it costs."""
    return np.array(answer[0])


def second(answer):
    """fastdtw: what the path costs, and the path."""
    return np.array(answer[1])


PRODUCT = "numpy's product for the costs in 32 bits"
PEERS = [
    Peer("librosa", "whole", librosa_whole, backwards, f"{PRODUCT}; recurrence by numba"),
    Peer("librosa", "costs", librosa_costs, backwards, "recurrence by numba"),
    Peer(
        "dtw-python", "whole", dtw_python_whole, indices,
        f"{PRODUCT}; step pattern symmetric1, all moves weigh the same; recurrence in C",
    ),
    Peer("dtw-python", "costs", dtw_python_costs, indices, "step pattern symmetric1; in C"),
    Peer(
        "tslearn", "whole", tslearn_whole, first,
        "dtw_path_from_metric, cosine, by scikit-learn; recurrence by numba",
    ),
    Peer("tslearn", "costs", tslearn_costs, first, "dtw_path_from_metric, precomputed; by numba"),
    Peer(
        "dtaidistance", "whole", dtaidistance_whole, np.array,
        "warping_path, the C version, in 64 bits (converted before the clock starts). It has no "
        "cosine cost; its own, the squared Euclidean distance, cell by cell, is twice the cosine "
        "cost on rows of unit length, so the best path is the same",
    ),
    Peer(
        "fastdtw", "whole", fastdtw_whole, second,
        "approximate, radius 1, in Python; looks at a number of cells that grows like the length",
        growth=1,
    ),
    Peer("numpy", "whole", numpy_whole, np.array, f"{PRODUCT}; recurrence row by row in Python"),
    Peer("numpy", "costs", numpy_costs, np.array, "recurrence row by row in Python"),
    Peer("sgemm", "whole", sgemm_whole, None, "no alignment: the matrix product alone, OpenBLAS"),
]
