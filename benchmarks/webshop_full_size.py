"""WebShop with as many products as the full set: how long it takes to open, its memory, how fast it searches.

python benchmarks/webshop_full_size.py [--products 1181436] [--folder FOLDER]

The catalogue is synthetic, in the original's files (2.5 GB); it is kept in FOLDER for the next run. Building the index
is timed apart; opening and playing are measured in a process of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from skillflow_gym import Action
from skillflow_gym.envs.mini import webshop as mini
from skillflow_gym.envs.webshop import WebShopEnv, engine

HUMAN = 12_087
"""Human instructions of the full set."""
LONG_TEXT = 60
"""Words of a description: with names, points and options, about a hundred terms a product."""


def products(count: int) -> Iterator[dict[str, Any]]:
    """Mini products over and over, each with its own asin, model code and description."""
    shop = mini.products()
    words = sorted({word for record in shop for word in record["full_description"].split()})
    rng = Random(0)
    for number in range(count):
        record = shop[number % len(shop)]
        text = " ".join([*rng.choices(words, k=LONG_TEXT), f"model x{number:x}"])
        yield {**record, "asin": f"S{number:09d}", "full_description": text}


def write(folder: Path, count: int) -> None:
    """The three files of a catalogue."""
    described, human = list(mini.attributes().values()), list(mini.human_instructions().values())
    asked = {number * (count // HUMAN): human[number % len(human)] for number in range(HUMAN)}
    with (folder / engine.FULL).open("w") as items:
        items.writelines(f"{',' if i else '['}{json.dumps(record)}\n" for i, record in enumerate(products(count)))
        items.write("]")
    with (folder / "items_ins_v2.json").open("w") as entries:
        lines = (f'"S{i:09d}": {json.dumps(described[i % len(described)])}\n' for i in range(count))
        entries.writelines(f"{',' if i else '{'}{line}" for i, line in enumerate(lines))
        entries.write("}")
    instructions = {f"S{number:09d}": entry for number, entry in asked.items()}
    (folder / engine.HUMAN[0]).write_text(json.dumps(instructions))


def play(folder: Path, human: bool) -> None:
    """Print how the built catalogue opens and plays."""
    start = time.perf_counter()
    env = WebShopEnv("WebShop", split="test", source=f"file:{folder}", human_goals=human)
    env.reset(options={"index": 0})
    opened = time.perf_counter() - start
    searches, steps = [], []
    for index in range(50):
        env.reset(options={"index": index})
        for _ in range(8):
            commands = env.admissible() or (f"search[{env.task.prompt}]",)
            start = time.perf_counter()
            *_, terminated, _, _ = env.step(Action.act(commands[-1]))
            (searches if commands[-1].startswith("search") else steps).append(time.perf_counter() - start)
            if terminated:
                break
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{'human' if human else 'synthetic'} goals: first reset after {opened:.1f} s, peak {peak:.2f} GiB resident, "
        f"search {1e3 * median(searches):.1f} ms, page {1e3 * median(steps):.2f} ms"
    )


def main() -> None:
    """Write, build, then measure in processes of their own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=1_181_436)
    parser.add_argument("--folder", default=str(Path(tempfile.gettempdir()) / "webshop_full_size"))
    parser.add_argument("--play", choices=("human", "synthetic"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    folder = Path(args.folder)
    if args.play:
        return play(folder, args.play == "human")
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    folder.mkdir(exist_ok=True)
    if not (folder / engine.HUMAN[0]).is_file():
        write(folder, args.products)
    start = time.perf_counter()
    code = f"from skillflow_gym.envs.webshop import engine; engine.open_catalogue(engine.resolve('file:{folder}'))"
    subprocess.run([sys.executable, "-c", code], check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"{args.products} products: index built or found in {time.perf_counter() - start:.0f} s, peak {peak:.2f} GiB")
    for goals in ("human", "synthetic"):
        subprocess.run([sys.executable, __file__, "--folder", args.folder, "--play", goals], check=True)


if __name__ == "__main__":
    main()
