"""What the benchmarks share: the server, rows in and out, timing, tables.

The environment decides: PG* the server, RUNS and SCALE the effort.  run.sh
sets all of it.
"""
import ctypes
import datetime
import gzip
import io
import json
import os
import platform
import statistics
import subprocess
import time

import numpy as np
import psycopg2

RUNS = int(os.environ.get("RUNS", "5"))
SCALE = float(os.environ.get("SCALE", "1"))

TABULAR = [30, 64, 32, 8, 32, 64, 30]
TABULAR_ROWS = 284_807
WIDE = [784, 512, 256, 64, 256, 512, 784]
BATCH = 256
RATE = 0.001

# plain Adam on the rows as they are, so that PyTorch can do the same
PLAIN = {"activation": "relu", "batch_size": BATCH, "optimizer": "adam",
         "learning_rate": RATE, "schedule": "constant", "warmup": 0,
         "weight_decay": 0, "clip_norm": 0, "corruption": "none",
         "validation_fraction": 0, "scaling": "none", "score": "error"}

FASHION = "/usr/share/datasets/fashion-mnist/{}-images-idx3-ubyte.gz"
EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "..", "..", "examples", "data")


def scaled(count):
    """Count rows, or fewer when only the function is tried."""
    return max(1000, int(count * SCALE))


def options(widths, **more):
    """PLAIN options for the network with these widths, as JSON."""
    half = len(widths) // 2
    return json.dumps({**PLAIN, "hidden": widths[1:half],
                       "latent": widths[half], **more})


# data

def tabular_rows(count):
    """Correlated normals with mean 0 and deviation 1, (count, 30)."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((count, 8)) @ rng.standard_normal((8, 30))
    rows = rows / rows.std(axis=0) + 0.3 * rng.standard_normal((count, 30))
    return (rows / rows.std(axis=0)).astype(np.float32)


def fashion_rows(part):
    """Images of Fashion-MNIST, "train" or "t10k", (count, 784) in 0..1."""
    with gzip.open(FASHION.format(part)) as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16)
    pixels = pixels.reshape(-1, 784)
    return pixels[:scaled(len(pixels))].astype(np.float32) / 255


# the server

def connect(**settings):
    db = psycopg2.connect("")
    db.autocommit = True
    cursor = db.cursor()
    cursor.execute("SET client_min_messages = warning")
    cursor.execute("SET max_parallel_workers_per_gather = 0")
    cursor.execute("SET max_parallel_maintenance_workers = 0")
    for name, value in settings.items():
        cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
    return cursor


def one(cursor, query, *values):
    """The single value of a query."""
    cursor.execute(query, values or None)
    return cursor.fetchone()[0]


def binary_row(width):
    """A row (id integer, x real[width]) in COPY's binary format."""
    return np.dtype([("fields", ">i2"), ("id_bytes", ">i4"), ("id", ">i4"),
                     ("x_bytes", ">i4"), ("array", ">i4", 5),
                     ("x", [("bytes", ">i4"), ("value", ">f4")], width)])


# of an array header: dimensions, has nulls, oid of real, length, first index
def array_header(width):
    return (1, 0, 700, width, 1)


def copy_in(cursor, table, records):
    data = b"PGCOPY\n\xff\r\n\0" + bytes(8) + records.tobytes() + b"\xff\xff"
    cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT binary)",
                       io.BytesIO(data))


def copy_out(cursor, query, record):
    pipe = io.BytesIO()
    cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT binary)", pipe)
    data = pipe.getvalue()
    return np.frombuffer(data, record, (len(data) - 21) // record.itemsize, 19)


def load(cursor, table, rows):
    """Makes the table (id integer, x real[]) of a matrix."""
    count, width = rows.shape
    cursor.execute(f"DROP TABLE IF EXISTS {table}")
    cursor.execute(f"CREATE TABLE {table} (id integer, x real[])")
    for start in range(0, count, 20_000):
        part = rows[start:start + 20_000]
        records = np.zeros(len(part), binary_row(width))
        records["fields"] = 2
        records["id_bytes"] = 4
        records["id"] = np.arange(start, start + len(part))
        records["x_bytes"] = 20 + 8 * width
        records["array"] = array_header(width)
        records["x"]["bytes"] = 4
        records["x"]["value"] = part
        copy_in(cursor, table, records)
    cursor.execute(f"VACUUM ANALYZE {table}")


# timing

def seconds(action):
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def alternate(actions):
    """Seconds of each of {name: action}, RUNS times in turn."""
    times = {name: [] for name in actions}
    for _ in range(RUNS):
        for name, action in actions.items():
            times[name].append(seconds(action))
    return times


def per_second(count, times):
    return [count / t for t in times]


def flops_per_row(widths):
    """Of one training step: forward, and backward to both the weights and
    the inputs, but for the inputs of the first layer."""
    products = sum(a * b for a, b in zip(widths, widths[1:]))
    return 6 * products - 2 * widths[0] * widths[1]


class Sgemm:
    """OpenBLAS called directly, with the core type of the environment."""

    def __init__(self, m=1024, n=512, k=784):
        self.shape = m, n, k
        self.library = ctypes.CDLL("libopenblas.so.0")
        rng = np.random.default_rng(1)
        self.a = rng.standard_normal((m, k), dtype=np.float32)
        self.b = rng.standard_normal((k, n), dtype=np.float32)
        self.c = np.empty((m, n), np.float32)

    def gflops(self, repeats=100):
        m, n, k = self.shape
        a, b, c = (matrix.ctypes.data_as(ctypes.c_void_p)
                   for matrix in (self.a, self.b, self.c))
        one_, zero = ctypes.c_float(1), ctypes.c_float(0)
        began = time.perf_counter()
        for _ in range(repeats):
            # 101: rows first, 111: not transposed
            self.library.cblas_sgemm(101, 111, 111, m, n, k, one_, a, k, b, n,
                                     zero, c, n)
        return 2e-9 * m * n * k * repeats / (time.perf_counter() - began)


# results

def show(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def median(values):
    return statistics.median(np.atleast_1d(values))


def print_table(table, left):
    """In Markdown; left are the columns not aligned to the right."""
    widths = [max(map(len, column)) for column in zip(*table)]
    for number, row in enumerate(table):
        cells = (f" {cell:<{width}} " if i in left else f" {cell:>{width}} "
                 for i, (cell, width) in enumerate(zip(row, widths)))
        print("|" + "|".join(cells) + "|")
        if number == 0:
            print("|" + "|".join(
                "-" * (width + 1) + ("-" if i in left else ":")
                for i, width in enumerate(widths)) + "|")


class Report:
    """A table of measured values; ours and peer are values or lists."""

    def __init__(self, title):
        self.title = title
        self.rows = []
        self.raw = []

    def add(self, what, ours, peer=None, goal=""):
        """goal: "ours >= 1000000" or "ratio <= 1.5"."""
        cells = [what, show(median(ours)), "", "", goal]
        values = {"ours": median(ours)}
        if peer is not None:
            values["ratio"] = median(ours) / median(peer)
            cells[2:4] = show(median(peer)), f"{values['ratio']:.3g}"
        if goal:
            subject, sign, limit = goal.split()
            excess = values[subject] - float(limit)
            reached = excess >= 0 if sign == ">=" else excess <= 0
            cells[4] += ": yes" if reached else ": NO"
        self.rows.append(cells)
        for whose, these in ("ours", ours), ("peer", peer):
            if np.ndim(these) == 1 and len(these) > 1:
                self.raw.append(f"{what}, {whose}: " +
                                " ".join(show(value) for value in these))

    def print(self, cursor, peers=()):
        print(f"\n## {self.title}\n")
        print_table([["", "ours", "peer", "ours / peer", "goal"]] + self.rows,
                    left=(0, 4))
        print()
        for line in self.raw + machine(cursor, peers):
            print(f"- {line}")
        print(f"- median of {RUNS}" +
              (f", rows x {SCALE:g}" if SCALE != 1 else ""))
        print(flush=True)


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    return platform.machine()


def package_version(package):
    """Of a Debian package; its build may call itself something else."""
    query = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package],
                           capture_output=True, text=True, check=False)
    return query.stdout if query.returncode == 0 else ""


def machine(cursor, peers):
    server = one(cursor, "SHOW server_version")
    return [
        f"machine: {cpu_model()}, {os.cpu_count()} cores",
        "ae_backend(): " + one(cursor, "SELECT ae_backend()::text"),
        ", ".join([f"PostgreSQL {server}", *peers,
                   f"NumPy {np.__version__}",
                   f"Python {platform.python_version()}"]),
        f"{datetime.date.today()}, commit "
        f"{os.environ.get('BENCH_COMMIT', 'none')}",
    ]
