"""What a model reveals of its training rows: how well somebody who has a row,
and may ask the model, can tell whether the row was trained on.

Half of the rows of a table are trained on.  An attack gives every row a
number; its ROC AUC over both halves is 50 % if the model reveals nothing.
"Caught" is the share of training rows that are named when one of a hundred
others is."""
import json
import os

import numpy as np

from common import connect, machine, one, print_table
from quality import load_csv, roc_auc

SPLITS = int(os.environ.get("SPLITS", "5"))
ALARMS = 0.01                   # of rows that were not trained on

OPTIONS = [
    ("default: score neighbour", {}),
    ("coreset 0: score distance", {"coreset": 0}),
    ("score error", {"score": "error"}),
    ("variational, score neighbour", {"variant": "variational"}),
    ("variational, coreset 0", {"variant": "variational", "coreset": 0}),
    ("variational, score elbo", {"variant": "variational", "score": "elbo"}),
    ("10 epochs, coreset 0", {"epochs": 10, "coreset": 0}),
    ("1,000 epochs, score error", {"epochs": 1000, "score": "error",
                                   "validation_fraction": 0}),
]


def caught(members, others):
    limit = np.quantile(others, ALARMS)
    return float(np.mean(members < limit))


def coreset(model):
    """Rows that a model keeps, (points, columns): numbers less the mean, in
    standard deviations.  docs/model-format.md has the formulas; all columns
    must be numbers of weight 1."""
    at = 64
    while model[at:at + 4] != b"JOIN":
        at += 16 + int.from_bytes(model[at + 8:at + 16], "little")
    at += 16
    d = int.from_bytes(model[at:at + 4], "little")
    if d == 0:
        return np.empty((0, 0))
    factor, centre = np.frombuffer(model, "<f4", 4 * d, at + 4).reshape(2, -1)
    at += 4 + 16 * d
    count = int.from_bytes(model[at + 12:at + 16], "little")
    points = np.frombuffer(model, "<i2", 2 * d * count, at + 16 + 4 * count)
    step = max(136 / 16383,
               272 * np.sqrt(2 * d) / (46340 - np.sqrt(2 * d)))
    z = points.reshape(count, 2 * d) * step
    far = np.abs(z) > 5
    z[far] = np.sign(z[far]) * 5 * np.exp(np.abs(z[far]) / 5 - 1)
    both = z / factor + centre
    return both[:, :d] + both[:, d:]


def nearest(db, table):
    """Of each row of half, how far the nearest row is that the model keeps:
    the largest difference of a column, in deviations.  None if it keeps
    none."""
    kept = coreset(bytes(one(db, "SELECT m FROM model")))
    if len(kept) == 0:
        return None
    db.execute("SELECT name, mean, stddev FROM model, ae_features(m)")
    features = db.fetchall()
    db.execute("SELECT " + ", ".join(f"({name} - {mean!r}::float8) / "
                                     f"greatest({deviation!r}, 1e-9)"
                                     for name, mean, deviation in features) +
               f" FROM {table} JOIN half USING (id) ORDER BY id")
    rows = np.array(db.fetchall(), np.float64)
    return np.array([np.abs(kept - row).max(axis=1).min() for row in rows])


def gaussian(db):
    """20 correlated normal numbers, as floats that take all 24 bits."""
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((2000, 6)) @ rng.standard_normal((6, 20))
    rows += 0.5 * rng.standard_normal(rows.shape)
    names = [f"c{i}" for i in range(rows.shape[1])]
    db.execute("DROP TABLE IF EXISTS gaussian")
    db.execute("CREATE TABLE gaussian (" +
               ", ".join(f"{name} real" for name in names) + ", id integer)")
    for i, row in enumerate(rows):
        db.execute("INSERT INTO gaussian VALUES (" +
                   ", ".join(map(str, row)) + f", {i})")


def card(db):
    db.execute("DROP TABLE IF EXISTS card")
    load_csv(db, "card", "creditcard.csv.gz",
             lambda name: "integer" if name == "class" else
             "double precision")
    db.execute("DELETE FROM card WHERE class = 1")
    db.execute("ALTER TABLE card DROP class")


def attacks(db, table, options, split, rows):
    """(ROC AUC, caught) of each attack on one model; a row is a member if
    its random place in the split is in the first half."""
    skip = {"columns": {"id": {"skip": True}}, "seed": split}
    db.execute("DROP TABLE IF EXISTS half, model")
    db.execute(f"CREATE TEMP TABLE half AS SELECT t.id, row_number() OVER "
               f"(ORDER BY hashint4extended(t.id, {split})) <= {rows} AS mine "
               f"FROM (SELECT id FROM {table} ORDER BY "
               f"hashint4extended(id, {split}) LIMIT {2 * rows}) t")
    db.execute(f"CREATE TEMP TABLE model AS SELECT ae_train(t, %s) AS m "
               f"FROM {table} t JOIN half USING (id) WHERE mine",
               (json.dumps({**skip, **options}),))
    # the error of each column in its own deviations
    db.execute(f"SELECT mine, ae_anomaly_score(m, t), "
               f"(SELECT sum((((a.value::float8 - b.value::float8) "
               f"/ greatest(f.stddev, 1e-9)) ^ 2)) "
               f"FROM jsonb_each_text(to_jsonb(t)) a JOIN "
               f"jsonb_each_text(to_jsonb(ae_reconstruct(m, t))) b "
               f"USING (key) JOIN feature f ON f.name = key) "
               f"FROM model, {table} t JOIN half USING (id) ORDER BY id")
    found = np.array(db.fetchall(), np.float64).T
    mine = found[0] == 1
    kept = nearest(db, table)
    return [value for number in (found[1], found[2], kept) for value in
            ((np.nan, np.nan) if number is None else
             (roc_auc(number, ~mine), caught(number[mine], number[~mine])))]


def measure(db, table, rows):
    db.execute("DROP TABLE IF EXISTS feature")
    db.execute(f"CREATE TEMP TABLE feature AS SELECT f.* FROM (SELECT "
               f"ae_train(t, '{{\"epochs\": 1, \"columns\": {{\"id\": "
               f"{{\"skip\": true}}}}}}') AS m FROM {table} t) s, "
               f"ae_features(m) f")
    lines = [[f"{table}, {rows:,} rows", "score", "caught",
              "reconstruction error", "caught", "bytes", "caught", "kB"]]
    for name, options in OPTIONS:
        runs = np.array([attacks(db, table, options, split, rows)
                         for split in range(SPLITS)])
        mean = 100 * runs.mean(axis=0)
        size = one(db, "SELECT octet_length(m) FROM model") / 1024
        lines.append([name] + ["none" if np.isnan(value) else f"{value:.1f}"
                               for value in mean] + [f"{size:,.0f}"])
    print_table(lines, left=(0,))
    print(flush=True)


def main():
    db = connect(maintenance_work_mem="256MB")
    gaussian(db)
    card(db)
    print(f"\n## membership\n\nROC AUC and caught, percent, mean of {SPLITS} "
          f"splits\n")
    for table in "gaussian", "card":
        for rows in 200, 1000:
            measure(db, table, rows)
    for line in machine(db, []):
        print(f"- {line}")


if __name__ == "__main__":
    main()
