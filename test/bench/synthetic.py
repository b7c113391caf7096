"""How good generated rows are: census rows (adult), against the real ones.

The folder ADULT holds adult_train.csv and adult_test.csv, perhaps with .gz at
the end: UCI Adult with a header line, 14 columns and the label, empty fields
where a value is missing.
"""
import gzip
import json
import os
import sys
import time

import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from common import Report, connect, one

SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "1 2 3").split()]
OPTIONS = json.loads(os.environ.get("OPTIONS", "{}"))

NUMBERS = {"age", "fnlwgt", "education_num", "capital_gain", "capital_loss",
           "hours_per_week"}


def open_csv(name):
    path = os.path.join(os.environ["ADULT"], name)
    if os.path.exists(path + ".gz"):
        return gzip.open(path + ".gz", "rt", encoding="utf-8")
    return open(path, encoding="utf-8")


def load(db, table, name):
    """The table of a file; its columns, the label last."""
    with open_csv(name) as file:
        names = [n.lower() for n in file.readline().strip().split(",")]
        kinds = ("integer" if n in NUMBERS else "text" for n in names)
        columns = ", ".join(f"{n} {k}" for n, k in zip(names, kinds))
        db.execute(f"DROP TABLE IF EXISTS {table} CASCADE")
        db.execute(f"CREATE TABLE {table} ({columns})")
        db.copy_expert(f"COPY {table} FROM STDIN CSV", file)
    return names


def rows_of(db, table):
    db.execute(f"SELECT * FROM {table}")
    return db.fetchall()


class Coder:
    """Rows as numbers: labels as their number, NULL as NaN."""

    def __init__(self, names, rows):
        self.names = names[:-1]
        self.labels = {
            j: {v: i for i, v in enumerate(sorted(
                {row[j] for row in rows if row[j] is not None}))}
            for j, name in enumerate(self.names) if name not in NUMBERS}

    def matrix(self, rows):
        x = np.full((len(rows), len(self.names)), np.nan)
        for j in range(x.shape[1]):
            labels = self.labels.get(j)
            x[:, j] = [np.nan if row[j] is None else
                       row[j] if labels is None else
                       labels.get(row[j], np.nan) for row in rows]
        return x

    def boosting(self, x, y):
        return HistGradientBoostingClassifier(
            categorical_features=list(self.labels), random_state=0).fit(x, y)


def truth(rows):
    return np.array([">50K" in row[-1] for row in rows])


def codes(coder, x, j):
    """A column as small integers: labels, or twentieths of the real values."""
    if j in coder.labels:
        return np.where(np.isnan(x[:, j]), len(coder.labels[j]), x[:, j])
    edges = np.unique(np.nanquantile(coder.real[:, j],
                                     np.linspace(0.05, 0.95, 19)))
    return np.searchsorted(edges, x[:, j])


def variation(a, b):
    """Total variation distance of two samples of small integers."""
    n = int(max(a.max(), b.max())) + 1
    p = np.bincount(a.astype(int), minlength=n) / len(a)
    q = np.bincount(b.astype(int), minlength=n) / len(b)
    return np.abs(p - q).sum() / 2


def column_error(coder, x):
    return np.mean([variation(codes(coder, coder.real, j), codes(coder, x, j))
                    for j in range(x.shape[1])])


def pair_error(coder, x):
    errors = []
    for i in range(x.shape[1]):
        for j in range(i):
            pairs = [codes(coder, m, i) * 1000 + codes(coder, m, j)
                     for m in (coder.real, x)]
            _, places = np.unique(np.concatenate(pairs), return_inverse=True)
            errors.append(variation(places[:len(coder.real)],
                                    places[len(coder.real):]))
    return np.mean(errors)


def detection(coder, x):
    """How well boosting tells generated rows from real ones; 0.5: not."""
    n = min(len(x), len(coder.real))
    order = np.random.default_rng(0).permutation(2 * n)
    both = np.vstack([x[:n], coder.real[:n]])[order]
    made = (order < n).astype(int)
    model = coder.boosting(both[:n], made[:n])
    return roc_auc_score(made[n:], model.predict_proba(both[n:])[:, 1])


def copies(rows, real):
    known = set(real)
    return float(np.mean([row in known for row in rows]))


def nearest(coder, x, y, count=2000):
    """Median distance of rows x to the nearest of y: columns that differ,
    numbers by their distance in standard deviations, up to 1 each."""
    total = []
    for row in x[:count]:
        d = np.zeros(len(y))
        for j in range(x.shape[1]):
            if j in coder.labels:
                d += codes_differ(row[j], y[:, j])
            else:
                d += np.minimum(np.abs(row[j] - y[:, j]) /
                                np.nanstd(coder.real[:, j]), 1)
        total.append(d.min())
    return float(np.median(total))


def codes_differ(a, b):
    return ~((a == b) | (np.isnan(a) & np.isnan(b)))


def main():
    if "ADULT" not in os.environ:
        sys.exit("synthetic: set ADULT to the folder of the census rows")
    db = connect(maintenance_work_mem="256MB")
    names = load(db, "adult", "adult_train.csv")
    load(db, "adult_test", "adult_test.csv")
    real, test = rows_of(db, "adult"), rows_of(db, "adult_test")
    coder = Coder(names, real + test)
    coder.real = coder.matrix(real)
    x_test, y_test = coder.matrix(test), truth(test)

    def quality(rows):
        model = coder.boosting(coder.matrix(rows), truth(rows))
        return roc_auc_score(y_test, model.predict_proba(x_test)[:, 1])

    results = {}
    for seed in SEEDS:
        began = time.perf_counter()
        db.execute("DROP TABLE IF EXISTS census_model, census_made")
        db.execute("CREATE TABLE census_model AS SELECT ae_train(a, %s) "
                   "AS model FROM adult a",
                   (json.dumps({"purpose": "generation", "seed": seed,
                                **OPTIONS}),))
        trained = time.perf_counter()
        db.execute("CREATE TABLE census_made AS SELECT r.* FROM census_model, "
                   "ae_sample_rows(model, NULL::adult, %s, %s) r",
                   (len(real), seed))
        made = rows_of(db, "census_made")
        x = coder.matrix(made)
        for name, value in (
                ("auc", quality(made)), ("copies", copies(made, real)),
                ("column", column_error(coder, x)),
                ("pair", pair_error(coder, x)),
                ("detection", detection(coder, x)),
                ("nearest", nearest(coder, x, coder.real)),
                ("train", trained - began),
                ("rate", len(real) / (time.perf_counter() - trained))):
            results.setdefault(name, []).append(value)
    # a half of the real rows, as if the other half had been trained on
    half, other = real[::2], real[1::2]
    x_half, x_other = coder.matrix(half), coder.matrix(other)
    report = Report("synthetic")
    report.add("ROC AUC of boosting trained on generated rows (peer: real)",
               results["auc"], quality(real), "ratio >= 0.95")
    held_out = copies(other, half)
    report.add("share of exact copies (peer: held-out half)",
               results["copies"], held_out or None,
               f"ours <= {held_out:g}")
    report.add("error of a column's shares (peer: the test rows)",
               results["column"], column_error(coder, x_test))
    report.add("error of a pair's shares (peer: the test rows)",
               results["pair"], pair_error(coder, x_test))
    report.add("ROC AUC of telling generated from real (peer: the test rows)",
               results["detection"], detection(coder, x_test))
    report.add("distance to the nearest real row (peer: held-out half)",
               results["nearest"], nearest(coder, x_other, x_half))
    report.add("seconds of training", results["train"])
    report.raw.append(f"options: {json.dumps(OPTIONS)}")
    report.raw.append(f"{len(real)} rows, seeds {SEEDS}; the model is of "
                      f"{one(db, 'SELECT length(model) FROM census_model')}"
                      " bytes")
    report.print(db, [f"scikit-learn {sklearn.__version__}"])
    db.execute("DROP TABLE adult, adult_test, census_model, census_made")


if __name__ == "__main__":
    main()
