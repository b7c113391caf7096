"""Memory and time of training tables larger than maintenance_work_mem."""
import threading

from common import (Report, TABULAR, RUNS, connect, one, options, scaled,
                    seconds)

MILLIONS = 1, 4, 16
EPOCHS = 2
SMALL, LARGE = "64MB", "16GB"
INTERVAL = 0.02                 # seconds between two looks at the backend


def resident_mb(pid):
    """The process's own memory: no shared buffers, no files."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not tell RssAnon")


class Watch:
    """The growth of a process's memory while a block runs."""

    def __init__(self, pid):
        self.pid = pid
        self.before = self.peak = resident_mb(pid)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self):
        while not self.stop.wait(INTERVAL):
            self.peak = max(self.peak, resident_mb(self.pid))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        self.growth = self.peak - self.before


def make_table(db, count):
    values = ", ".join(["random()::real"] * TABULAR[0])
    db.execute("CREATE UNLOGGED TABLE big (x real[])")
    db.execute("SELECT setseed(0.5)")
    db.execute(f"INSERT INTO big SELECT ARRAY[{values}] "
               f"FROM generate_series(1, {count})")
    db.execute("VACUUM ANALYZE big")


def train(count, memory):
    """Growth in MB, and microseconds a row, of a fresh backend."""
    # the compiler of expressions would add up to 30 MB of its own
    db = connect(maintenance_work_mem=memory, jit="off")
    query = "SELECT octet_length(ae_train(x, %s)) " \
            "FROM (SELECT x FROM big LIMIT %s) t"
    # libraries are loaded, and the code has run, before memory is compared
    one(db, query, options(TABULAR, epochs=1), 1000)
    with Watch(one(db, "SELECT pg_backend_pid()")) as watch:
        spent = seconds(lambda: one(
            db, query, options(TABULAR, epochs=EPOCHS), count))
    db.connection.close()
    return watch.growth, 1e6 * spent / count


def main():
    db = connect()
    counts = [scaled(million * 1_000_000) for million in MILLIONS]
    make_table(db, counts[-1])
    report = Report(f"memory: {EPOCHS} epochs of rows x 30, "
                    f"maintenance_work_mem = {SMALL} (peer: {LARGE})")
    for count in counts:
        grown, spent = {SMALL: [], LARGE: []}, {SMALL: [], LARGE: []}
        for _ in range(RUNS):
            for memory in SMALL, LARGE:
                growth, us = train(count, memory)
                grown[memory].append(growth)
                spent[memory].append(us)
        last = count == counts[-1]
        report.add(f"{count:,} rows, growth in MB", grown[SMALL],
                   grown[LARGE], "ours <= 65" if last else "")
        report.add(f"{count:,} rows, us a row", spent[SMALL], spent[LARGE],
                   "ratio <= 1.5" if last else "")
    report.print(db)
    db.execute("DROP TABLE big")


if __name__ == "__main__":
    main()
