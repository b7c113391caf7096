"""Training with one process and with two: an epoch apart from reading the
table, as the difference between trainings of more and of fewer epochs."""
import json

from common import (Report, TABULAR, TABULAR_ROWS, WIDE, alternate,
                    connect, fashion_rows, load, one, options, scaled,
                    seconds, tabular_rows)

# two processes at least 1.7 times as fast as one
GOAL = "ratio <= 0.588"

# name, options, fewer and more epochs, goal
TABULAR_CASES = [
    ("tabular network, batch 1,024",
     {**json.loads(options(TABULAR)), "batch_size": 1024}, 4, 24, GOAL),
    ("tabular network, batch 256", json.loads(options(TABULAR)), 4, 16, ""),
    ("default options", {}, 1, 4, "")]
WIDE_CASES = [("784 network, batch 256", json.loads(options(WIDE)), 1, 3, GOAL)]


def main():
    db = connect(max_parallel_maintenance_workers="1",
                 maintenance_work_mem="1GB")
    report = Report("workers: ms an epoch, two processes (peer: one)")

    def train(given, workers, epochs):
        one(db, "SELECT length(ae_train(x, %s)) FROM tabular",
            json.dumps({**given, "workers": workers, "epochs": epochs}))

    def epoch(given, workers, fewer, more, spent):
        spent.append(1000 / (more - fewer) *
                     (seconds(lambda: train(given, workers, more)) -
                      seconds(lambda: train(given, workers, fewer))))

    for rows, cases in ((tabular_rows(scaled(TABULAR_ROWS)), TABULAR_CASES),
                        (fashion_rows("train"), WIDE_CASES)):
        load(db, "tabular", rows)
        for name, given, fewer, more, goal in cases:
            spent = {0: [], 1: []}
            alternate({workers: lambda workers=workers: epoch(
                given, workers, fewer, more, spent[workers])
                for workers in spent})
            report.add(name, spent[1], spent[0], goal)
    report.print(db, [])
    db.execute("DROP TABLE tabular")


if __name__ == "__main__":
    main()
