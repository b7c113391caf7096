"""Batched execution: whole tables scored together against row by row, the
arithmetic against sgemm and PyTorch, two workers against one process, and what
it costs statements that have nothing to do with it."""
import torch

import peer
from common import (Report, Sgemm, TABULAR, TABULAR_ROWS, WIDE, alternate,
                    connect, fashion_rows, load, one, options,
                    per_second, scaled, tabular_rows, RUNS)

STATEMENTS = 20_000             # that need no model

SCORES = {
    "array": ("tabular", "x", "error"),
    "joint": ("tabular", "x", "joint"),
    "row": ("columns", "t", "columns"),
    "wide": ("wide", "x", "wide"),
}

# the shortest statement that reads a table, planned each time
OTHER = """DO $$ BEGIN FOR i IN 1 .. %d LOOP
EXECUTE 'SELECT relname FROM pg_class WHERE oid = ' || i; END LOOP; END $$"""


def make_tables(db, rows, images):
    load(db, "tabular", rows)
    load(db, "wide", images)
    columns = ", ".join(f"x[{i}] AS c{i}" for i in range(1, 31))
    db.execute(f"CREATE TABLE columns AS SELECT {columns} FROM tabular")
    db.execute("VACUUM ANALYZE columns")
    db.execute("CREATE TABLE model (name text, model bytea)")
    for name, what, table, made in (
            ("error", "x", "tabular", options(TABULAR, epochs=1)),
            ("joint", "x", "tabular", '{"epochs": 1, "coreset": 1024}'),
            ("columns", "t", "columns", options(TABULAR, epochs=1)),
            ("wide", "x", "wide", options(WIDE, epochs=1))):
        db.execute(f"INSERT INTO model SELECT %s, ae_train({what}, %s) "
                   f"FROM (SELECT * FROM {table} LIMIT 2000) t", (name, made))
    db.execute("VACUUM ANALYZE model")


def score(db, name, batched=True, workers=0):
    table, features, model = SCORES[name]
    db.execute("SELECT set_config('autoencoder.batch_rows', %s, false)",
               ("256" if batched else "0",))
    db.execute("SELECT set_config('max_parallel_workers_per_gather', %s, "
               "false)", (str(workers),))
    one(db, f"SELECT sum(ae_anomaly_score((SELECT model FROM model "
        f"WHERE name = %s), {features})) FROM {table} t", model)


def torch_score(net, rows):
    with torch.inference_mode():
        for x in torch.from_numpy(rows).split(8192):
            (net(x) - x).square().mean(1)


def main():
    db = connect(min_parallel_table_scan_size="0", parallel_setup_cost="0",
                 parallel_tuple_cost="0")
    rows = tabular_rows(scaled(TABULAR_ROWS))
    images = fashion_rows("train")
    count = {"array": len(rows), "joint": len(rows), "row": len(rows),
             "wide": len(images)}
    make_tables(db, rows, images)
    net = peer.network(WIDE)
    sgemm = Sgemm()

    actions = {}
    for name in SCORES:
        actions[name] = lambda name=name: score(db, name)
        actions[name, "single"] = lambda name=name: score(db, name, False)
    actions["workers"] = lambda: score(db, "joint", workers=2)
    actions["torch"] = lambda: torch_score(net, images)
    for action in actions.values():
        action()
    times = alternate(actions)
    peak = [sgemm.gflops() for _ in range(RUNS)]

    # sessions with and without the library, which is loaded by a first call
    plain = connect()
    loaded = connect()
    one(loaded, "SELECT ae_anomaly_score(model, t) IS NULL FROM model, "
        "columns t WHERE name = 'columns' LIMIT 1")
    other = alternate({
        "plain": lambda: plain.execute(OTHER % scaled(STATEMENTS)),
        "loaded": lambda: loaded.execute(OTHER % scaled(STATEMENTS))})

    speed = {name: per_second(count[name], times[name]) for name in SCORES}
    flops = 2 * sum(a * b for a, b in zip(WIDE, WIDE[1:]))
    report = Report(f"batch: {len(rows):,} rows x 30, "
                    f"{len(images):,} rows x 784")
    for name, what, goal in (
            ("array", "array, score error", 3_000_000),
            ("joint", "array, joint score, coreset 1,024", 500_000),
            ("row", "row of 30 columns, score error", 1_500_000),
            ("wide", "784 network", None)):
        report.add(f"rows/s, {what} (peer: one by one)", speed[name],
                   per_second(count[name], times[name, "single"]),
                   f"ours >= {goal}" if goal else "")
    report.add("rows/s, 784 network (peer: PyTorch, rows in memory)",
               speed["wide"], per_second(len(images), times["torch"]),
               "ratio >= 1")
    report.add("GFLOP/s, 784 network (peer: sgemm)",
               [r * flops / 1e9 for r in speed["wide"]], peak,
               "ratio >= 0.6")
    report.add("s, joint score with 2 workers (peer: without)",
               times["workers"], times["joint"], "ratio <= 0.556")
    report.add("s, statements without a model (peer: library not loaded)",
               other["loaded"], other["plain"], "ratio <= 1.02")
    report.print(db, [peer.version()])
    db.execute("DROP TABLE tabular, columns, wide, model")


if __name__ == "__main__":
    main()
