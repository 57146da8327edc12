"""Small videos for tests: stretches of pictures that do not look alike."""

import subprocess
from pathlib import Path

SIZE = "320x240"
RATE = 15

# Each moves in its own way and has its own colours.
PICTURES = {
    "bars": f"testsrc2=size={SIZE}:rate={RATE}",
    "fractal": f"mandelbrot=size={SIZE}:rate={RATE}:maxiter=200",
    "life": f"life=size={SIZE}:rate={RATE}:mold=10:seed=7:ratio=0.3:death_color=#204080:life_color=#ffd040",
    # Colours that are not given are drawn anew each time, whatever the seed.
    "waves": f"gradients=size={SIZE}:rate={RATE}:seed=3:speed=0.05:nb_colors=4:c0=#103050:c1=#f0c040:c2=#208060:c3=#d04070",
    "rain": f"cellauto=size={SIZE}:rate={RATE}:rule=110:seed=5:ratio=0.2",
}


def make(path, stretches, filters="null", quality=23):
    """Writes an H.264 MP4 of (picture, seconds) stretches; answers its bytes.

    Smaller `quality` makes a larger file.
    """
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y"]
    for picture, seconds in stretches:
        command += ["-f", "lavfi", "-t", str(seconds), "-i", PICTURES[picture]]
    inputs = "".join(f"[{index}:v]format=yuv420p,setsar=1[v{index}];" for index in range(len(stretches)))
    joined = "".join(f"[v{index}]" for index in range(len(stretches)))
    graph = f"{inputs}{joined}concat=n={len(stretches)},{filters}[out]"
    command += ["-filter_complex", graph, "-map", "[out]"]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-crf", str(quality), "-threads", "1", str(path)]
    subprocess.run(command, check=True, timeout=120)
    return Path(path).read_bytes()
