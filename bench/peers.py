#!/usr/bin/env python3
"""Runs the rows of `danas bench --suite` in danas and in PyTorch (with --tensorflow in TensorFlow too), alternating,
and prints how many times as fast danas is as the best of its peers.

Each row is measured in rounds; in a round danas and every peer run one after the other, each in a process of its own,
on the same threads, on images that are in memory already. Told are medians over the rounds, for the ratio also the
least and the most. The peers' networks are danas' (networks.py); their multiply-adds are compared with those of
`danas describe`. The share is that of the machine's peak, measured beside danas in each round. Memory is what a process
took at most, libraries included.

  python3 -m venv ~/peers && ~/peers/bin/pip install -r bench/requirements.txt
  ~/peers/bin/python bench/peers.py                                  # all rows, about ten minutes on two cores
  ~/peers/bin/python bench/peers.py --rows "rgb 96" --csv rows.csv
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import time

# What `danas bench --suite` runs of MobileNetV2, full depth and width 1: mode, resolution, color, batch.
SUITE = [("train", 224, "rgb", 16), ("train", 224, "rgb", 128), ("train", 96, "rgb", 32),
         ("train", 96, "monochrome", 32), ("train", 32, "rgb", 128), ("train", 32, "monochrome", 128),
         ("eval", 224, "rgb", 16), ("eval", 96, "rgb", 32), ("eval", 96, "monochrome", 32),
         ("eval", 32, "monochrome", 128)]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--danas", default="build/danas", metavar="FILE", help="the program (default: build/danas)")
    parser.add_argument("--rows", default="", metavar="TEXT", help='only rows that hold this, such as "train rgb 96"')
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how many times to measure (default 3)")
    parser.add_argument("--seconds", type=float, default=1.5, metavar="S",
                        help="for each in a round, after a step to warm up (default 1.5)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), metavar="N",
                        help="of everybody (default: the CPUs this process may use)")
    parser.add_argument("--tensorflow", action="store_true", help="TensorFlow too")
    parser.add_argument("--compile", action="store_true",
                        help="also torch.compile and XLA; need a C++ compiler, and minutes")
    parser.add_argument("--csv", metavar="FILE", help="a line for each row and program")
    parser.add_argument("--peer", help=argparse.SUPPRESS)  # a child: its row, library, mode and threads
    return parser.parse_args()


def name_of(row):
    return f"{row['mode']} {row['color']} {row['resolution']}, batch {row['batch']}"


def arch_of(row):
    return f"{row['resolution']},{row['color']},3-4-3-3-1,1.0"


def json_of(command):
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


class Danas:
    name = "danas"

    def __init__(self, options, row):
        self.command = [options.danas, "bench", "--arch", arch_of(row), "--batch", str(row["batch"]),
                        "--mode", row["mode"], "--threads", str(options.threads), "--seconds", str(options.seconds),
                        "--rounds", "1", "--json"]
        self.memory_mib, self.shares = 0, []

    def measure(self):
        result = json_of(self.command)
        self.memory_mib = max(self.memory_mib, result["peak_memory_mib"])
        self.shares.append(result["share_of_peak"])
        return result["images_per_second"]

    def close(self):
        pass


class Peer:
    """A child that waits for a line on its input, measures, and tells images a second."""

    def __init__(self, options, row, library, mode):
        self.name = f"{library} {mode}"
        settings = {"row": row, "library": library, "mode": mode, "threads": options.threads,
                    "seconds": options.seconds}
        environment = dict(os.environ, OMP_NUM_THREADS=str(options.threads), CUDA_VISIBLE_DEVICES="",
                           TF_CPP_MIN_LOG_LEVEL="2")
        self.child = subprocess.Popen([sys.executable, __file__, "--peer", json.dumps(settings)], text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self.memory_mib = 0

    def check(self, macs):
        """Once it is ready: its network must be danas'."""
        own = json.loads(self.answer())
        if own != macs:
            raise SystemExit(f"{self.name}: expected {macs} multiply-adds, got {own}")

    def answer(self):
        line = self.child.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended")
        return line

    def measure(self):
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        return json.loads(self.answer())

    def close(self):
        self.child.stdin.close()
        _, _, usage = os.wait4(self.child.pid, 0)
        self.memory_mib = usage.ru_maxrss / 1024


def be_peer(settings):
    """Nothing but answers may reach the parent: what a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from networks import STEPS
    row = settings["row"]
    step, macs = STEPS[settings["library"]](row, settings["threads"], settings["mode"])

    def tell(value):
        print(json.dumps(value), file=answers, flush=True)

    tell(macs)
    for _ in sys.stdin:
        step()
        begin, steps, elapsed = time.perf_counter(), 0, 0
        while elapsed < settings["seconds"]:
            step()
            steps += 1
            elapsed = time.perf_counter() - begin
        tell(steps * row["batch"] / elapsed)


def peers_of(options, row):
    modes = [("torch", "eager"), ("torch", "channels_last")]
    modes += [("torch", "compile")] if options.compile else []
    modes += [("tensorflow", "graph")] if options.tensorflow else []
    modes += [("tensorflow", "xla")] if options.tensorflow and options.compile else []
    return [Peer(options, row, library, mode) for library, mode in modes]


def measure(options, row):
    """{name: rates of the rounds}, danas first, and everybody who ran."""
    danas, peers = Danas(options, row), peers_of(options, row)
    macs = json_of([options.danas, "describe", "--arch", arch_of(row), "--json"])["macs"]
    for peer in peers:
        peer.check(macs)
    everybody = [danas, *peers]
    rates = {each.name: [] for each in everybody}
    for done in range(options.rounds):
        for each in everybody:
            print(f"\r{name_of(row)}, round {done + 1}, {each.name:30}", end="", file=sys.stderr)
            rates[each.name].append(each.measure())
    print("\r" + 79 * " ", end="\r", file=sys.stderr)
    for each in everybody:
        each.close()
    return rates, everybody


def print_header():
    print(f"| {'row':31} | {'images/s':>8} | {'of peak':>7} | {'MiB':>6} | {'best peer':20} | {'images/s':>8} "
          f"| {'MiB':>6} | times as fast (least to most) |\n|{'---|' * 8}", flush=True)


def print_row(row, rates, everybody):
    danas, *peers = everybody
    best = max(peers, key=lambda peer: statistics.median(rates[peer.name]))
    ratios = [ours / theirs for ours, theirs in zip(rates[danas.name], rates[best.name])]
    ours, theirs = statistics.median(rates[danas.name]), statistics.median(rates[best.name])
    share = f"{100 * statistics.median(danas.shares):.1f} %"
    print(f"| {name_of(row):31} | {ours:8.1f} | {share:>7} | {danas.memory_mib:6.0f} | {best.name:20} | {theirs:8.1f} "
          f"| {best.memory_mib:6.0f} | {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |",
          flush=True)


def lines_of(row, rates, everybody):
    ours = rates[everybody[0].name]
    for each in everybody:
        own = rates[each.name]
        yield {"row": name_of(row), "program": each.name, "images_per_second": f"{statistics.median(own):.2f}",
               "least": f"{min(own):.2f}", "most": f"{max(own):.2f}", "peak_memory_mib": f"{each.memory_mib:.0f}",
               "danas_ratio": f"{statistics.median(a / b for a, b in zip(ours, own)):.3f}"}


def main():
    options = arguments()
    if options.peer:
        return be_peer(json.loads(options.peer))
    rows = [dict(zip(("mode", "resolution", "color", "batch"), each)) for each in SUITE]
    rows = [row for row in rows if options.rows in name_of(row)]
    if not rows:
        raise SystemExit(f"--rows: expected part of a row such as 'train rgb 96, batch 32', got {options.rows!r}")
    print_header()
    lines = []
    for row in rows:
        rates, everybody = measure(options, row)
        print_row(row, rates, everybody)
        lines += lines_of(row, rates, everybody)
    if options.csv:
        with open(options.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, lines[0].keys())
            writer.writeheader()
            writer.writerows(lines)


if __name__ == "__main__":
    main()
