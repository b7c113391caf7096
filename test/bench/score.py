"""Scoring a whole table: in SQL, against fetching it, scoring with PyTorch
and writing back, and against PL/Python."""
import io

import numpy as np
import torch

import peer
from common import (Report, TABULAR, TABULAR_ROWS, alternate, binary_row,
                    connect, copy_in, copy_out, load, median, one, options,
                    per_second, scaled, tabular_rows)

PYTHON_ROWS = 20_000            # PL/Python is slow enough to see with fewer
LARGE_BYTES = 400_000

# the same arithmetic with NumPy, weights kept between calls
PYTHON_FUNCTION = """
CREATE FUNCTION python_score(x real[]) RETURNS float8
LANGUAGE plpython3u IMMUTABLE AS $$
if "layers" not in SD:
    import numpy
    rng = numpy.random.default_rng(1)
    widths = %s
    SD["numpy"] = numpy
    SD["layers"] = [(rng.standard_normal((b, a), dtype=numpy.float32) / a,
                     numpy.zeros(b, numpy.float32))
                    for a, b in zip(widths, widths[1:])]
numpy = SD["numpy"]
given = h = numpy.array(x, dtype=numpy.float32)
for number, (weights, bias) in enumerate(SD["layers"]):
    if number > 0:
        h = numpy.maximum(h, 0)
    h = weights @ h + bias
h -= given
return float(h @ h) / len(h)
$$"""

SCORE_ROW = np.dtype([("fields", ">i2"), ("id_bytes", ">i4"), ("id", ">i4"),
                      ("score_bytes", ">i4"), ("score", ">f8")])


def torch_scores(net, rows):
    with torch.inference_mode():
        parts = [(net(x) - x).square().mean(1)
                 for x in torch.from_numpy(rows).split(8192)]
        return torch.cat(parts).numpy()


def new_scores(db):
    db.execute("DROP TABLE IF EXISTS scores")
    db.execute("CREATE TABLE scores (id integer, score float8)")


def plain_round_trip(db, net):
    """As most programs do it: rows of a cursor, text to write."""
    db.execute("SELECT id, x FROM tabular")
    ids, lists = zip(*db.fetchall())
    scores = torch_scores(net, np.array(lists, np.float32))
    lines = "".join(f"{i}\t{s}\n" for i, s in zip(ids, scores.tolist()))
    new_scores(db)
    db.copy_expert("COPY scores FROM STDIN", io.StringIO(lines))


def binary_round_trip(db, net):
    """The fastest we know: COPY's binary format straight into NumPy."""
    found = copy_out(db, "SELECT id, x FROM tabular", binary_row(TABULAR[0]))
    back = np.zeros(len(found), SCORE_ROW)
    back["fields"] = 2
    back["id_bytes"] = 4
    back["id"] = found["id"]
    back["score_bytes"] = 8
    back["score"] = torch_scores(net, found["x"]["value"].astype(np.float32))
    new_scores(db)
    copy_in(db, "scores", back)


def make_models(db):
    """A small model, and one with the same network but a long history."""
    def make(name, epochs):
        db.execute("INSERT INTO model SELECT %s, ae_train(x, %s) "
                   "FROM (SELECT x FROM tabular LIMIT 256) t",
                   (name, options(TABULAR, epochs=epochs)))
        return one(db, "SELECT octet_length(model) FROM model "
                   "WHERE name = %s", name)

    db.execute("CREATE TABLE model (name text, model bytea)")
    small = make("small", 1)
    per_epoch = (make("probe", 101) - small) / 100
    large = make("large", int((LARGE_BYTES - small) / per_epoch))
    return small, large


def main():
    db = connect()
    rows = tabular_rows(scaled(TABULAR_ROWS))
    load(db, "tabular", rows)
    small_bytes, large_bytes = make_models(db)
    db.execute("CREATE EXTENSION IF NOT EXISTS plpython3u")
    db.execute(PYTHON_FUNCTION % TABULAR)
    net = peer.network(TABULAR)
    count, few = len(rows), min(len(rows), PYTHON_ROWS)

    def ours(name):
        one(db, "SELECT sum(ae_anomaly_score(model, x)) FROM tabular, model "
            "WHERE name = %s", name)

    def ours_written():
        new_scores(db)
        db.execute("INSERT INTO scores SELECT id, ae_anomaly_score(model, x) "
                   "FROM tabular, model WHERE name = 'small'")

    actions = {
        "sum": lambda: ours("small"),
        "large": lambda: ours("large"),
        "written": ours_written,
        "plain": lambda: plain_round_trip(db, net),
        "binary": lambda: binary_round_trip(db, net),
        "python": lambda: one(
            db, "SELECT sum(python_score(x)) FROM "
            "(SELECT x FROM tabular LIMIT %s) t", few),
        "memory": lambda: torch_scores(net, rows),
    }
    for action in actions.values():
        action()
    times = alternate(actions)
    speed = {name: per_second(few if name == "python" else count, spent)
             for name, spent in times.items()}
    more = [(large - small) / count * 1e6
            for large, small in zip(times["large"], times["sum"])]

    report = Report(f"score: {count:,} rows x 30")
    report.add("rows/s, sum of scores (peer: fetch, PyTorch, write back)",
               speed["sum"], speed["plain"], "ratio >= 15")
    report.add("rows/s, sum of scores (peer: the same with binary COPY)",
               speed["sum"], speed["binary"])
    report.add("rows/s, scores written (peer: fetch, PyTorch, write back)",
               speed["written"], speed["plain"])
    report.add("rows/s, scores written (peer: the same with binary COPY)",
               speed["written"], speed["binary"])
    report.add("rows/s, sum of scores (peer: PL/Python)",
               speed["sum"], speed["python"])
    report.add("rows/s, sum of scores (peer: PyTorch, rows in memory)",
               speed["sum"], speed["memory"])
    report.add("rows/s, sum of scores", median(speed["sum"]),
               goal="ours >= 1000000")
    report.add(f"us a row, model of {large_bytes:,} bytes more than "
               f"{small_bytes:,}", more, goal="ours <= 0.5")
    report.print(db, [peer.version()])
    db.execute("DROP FUNCTION python_score")
    db.execute("DROP TABLE tabular, model, scores")


if __name__ == "__main__":
    main()
