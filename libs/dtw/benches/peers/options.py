"""What the command line says; needs the standard library alone, so that it is
checked before anything is built."""

import argparse
import sys

KINDS = ("random", "smooth")
METHODS = (
    "ours", "ours-pruned", "librosa", "dtw-python", "tslearn", "dtaidistance", "fastdtw",
    "numpy", "dtw_rs", "sgemm",
)
SIZES = (100, 500, 1000, 2000, 5000)
ROUNDS = 11
QUICK_SIZES = (100, 500)
QUICK_ROUNDS = 3


def parse(arguments):
    """The options, checked; ends the program if they are wrong."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench-dtw",
        allow_abbrev=False,
        description="Times our dynamic time warping beside its peers on the same inputs, "
        "interleaved. Leaves dtw.md, dtw.json and dtw.svg in target/bench-dtw.",
    )
    parser.add_argument(
        "--sizes", type=list_of(size), metavar="N,…",
        help=f"clips a side (default {','.join(map(str, SIZES))})",
    )
    parser.add_argument(
        "--rounds", type=at_least(1), metavar="N",
        help=f"rounds of fast methods; slow ones get fewer (default {ROUNDS})",
    )
    parser.add_argument(
        "--kinds", type=list_of(one_of(KINDS)), metavar="KIND,…", default=list(KINDS),
        help=f"of inputs (default {','.join(KINDS)})",
    )
    parser.add_argument(
        "--threads", type=at_least(1), metavar="N", default=1,
        help="for every method that can use them (default 1)",
    )
    parser.add_argument(
        "--only", type=list_of(one_of(METHODS)), metavar="METHOD,…", default=list(METHODS),
        help=f"some of: {', '.join(METHODS)}",
    )
    parser.add_argument(
        "--quick", action="store_true",
        help=f"sizes {','.join(map(str, QUICK_SIZES))} and {QUICK_ROUNDS} rounds, "
        "where not said otherwise",
    )
    parser.add_argument("--out", default="target/bench-dtw", help=argparse.SUPPRESS)
    parser.add_argument("--ours-program", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    options.sizes = sorted(options.sizes or (QUICK_SIZES if options.quick else SIZES))
    options.rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    return options


def list_of(item):
    """A parser of lists with commas, each item of which `item` parses."""

    def parse_list(text):
        return list(dict.fromkeys(item(word.strip()) for word in text.split(",")))

    return parse_list


def one_of(names):
    """A parser of one of `names`."""

    def parse_name(word):
        if word not in names:
            raise argparse.ArgumentTypeError(f'"{word}" is none of {", ".join(names)}')
        return word

    return parse_name


def at_least(least):
    """A parser of whole numbers from `least` on."""

    def parse_number(word):
        if not word.isascii() or not word.isdigit() or int(word) < least:
            raise argparse.ArgumentTypeError(f'"{word}" is no whole number of at least {least}')
        return int(word)

    return parse_number


def size(word):
    """Clips a side: a path needs two, and more than this fits no memory here."""
    clips = at_least(2)(word)
    if clips > 20000:
        raise argparse.ArgumentTypeError(f"{clips} clips are too many: the peers hold all cells")
    return clips


if __name__ == "__main__":
    parse(sys.argv[1:])
