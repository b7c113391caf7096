"""Filling cells that were deleted at random, beside the mean and the most
frequent label, and scikit-learn's imputers, on the same cells."""
import csv
import gzip
import io
import json
import os
import sys
import time
import warnings

import numpy as np

from common import connect, machine, print_table, scaled

SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "0").split()]
OPTIONS = json.loads(os.environ.get("OPTIONS", "{}"))
REFERENCES = os.environ.get("REFERENCES", "1") != "0"
REFS = os.environ.get("REFS")
ROWS = scaled(int(os.environ.get("ROWS", "4000")))

DELETED = 0.2                   # share of the cells
NEIGHBOURS = 5                  # KNNImputer's default
NAMES = {"mean": "mean, mode", "iterative": "IterativeImputer",
         "knn": "KNNImputer", "ours": "ours"}


# the tables

class Table:
    """Columns of floats, NaN where nothing is; a category's are places in
    its labels."""

    def __init__(self, name, path):
        self.name = name
        with gzip.open(path, "rt", newline="", encoding="utf-8") as file:
            header, *lines = csv.reader(file)
        np.random.RandomState(0).shuffle(lines)
        lines = lines[:ROWS]
        self.names = [column.lower() for column in header]
        self.labels = []
        columns = []
        for texts in zip(*lines):
            try:
                values = [float(text) if text else np.nan for text in texts]
                self.labels.append(None)
            except ValueError:
                labels = sorted(set(texts) - {""})
                place = {label: i for i, label in enumerate(labels)}
                values = [place.get(text, np.nan) for text in texts]
                self.labels.append(labels)
            columns.append(values)
        self.cells = np.array(columns).T

    def texts(self, column):
        """The cells of a column as COPY reads them."""
        labels = self.labels[column]
        return lambda x: ("" if np.isnan(x) else repr(float(x))
                          if labels is None else labels[int(x)])


def tables():
    found = os.environ.get("IMPUTE")
    if not found:
        sys.exit("impute: set IMPUTE to tables with a header line, "
                 "NAME=FILE.csv.gz ...")
    return [Table(*item.split("=", 1)) for item in found.split()]


def delete(cells, seed):
    """A copy with holes, and where they are: where there was a cell."""
    holes = np.random.RandomState(seed).random_sample(cells.shape) < DELETED
    holes &= ~np.isnan(cells)
    return np.where(holes, np.nan, cells), holes


# imputers, each from cells with holes to cells

def impute_mean(table, cells):
    filled = cells.copy()
    for c, labels in enumerate(table.labels):
        known = cells[~np.isnan(cells[:, c]), c]
        filled[np.isnan(cells[:, c]), c] = (
            known.mean() if labels is None
            else np.bincount(known.astype(int)).argmax())
    return filled


def impute_encoded(table, cells, imputer, first):
    """Through standardised numbers and a column of 0 or 1 for each label from
    the first on."""
    parts, means, spreads = [], np.nanmean(cells, 0), np.nanstd(cells, 0)
    for c, labels in enumerate(table.labels):
        x = cells[:, c:c + 1]
        part = ((x - means[c]) / spreads[c] if labels is None
                else (x == np.arange(first, len(labels))).astype(float))
        part[np.isnan(x[:, 0])] = np.nan
        parts.append(part)
    dense = imputer.fit_transform(np.hstack(parts))
    filled, start = np.empty_like(cells), 0
    for c, part in enumerate(parts):
        block = dense[:, start:start + part.shape[1]]
        start += part.shape[1]
        if table.labels[c] is None:
            filled[:, c] = block[:, 0] * spreads[c] + means[c]
            continue
        if first > 0:
            block = np.hstack([1 - block.sum(1, keepdims=True), block])
        filled[:, c] = block.argmax(1)
    return filled


def impute_iterative(table, cells):
    """Without the first label.  With all of them each follows exactly from
    the column's others, which are missing with it: the regression finds that
    and every label stays at its mean."""
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer
    return impute_encoded(table, cells, IterativeImputer(random_state=0), 1)


def impute_knn(table, cells):
    from sklearn.impute import KNNImputer
    return impute_encoded(table, cells, KNNImputer(n_neighbors=NEIGHBOURS), 0)


def impute_ours(db, table, cells, seed):
    types = ["double precision" if labels is None else "text"
             for labels in table.labels]
    columns = ", ".join(f'"{name}" {type_}'
                        for name, type_ in zip(table.names, types))
    db.execute("DROP TABLE IF EXISTS holes, model")
    db.execute(f"CREATE TABLE holes (id integer, {columns})")
    pipe = io.StringIO()
    shown = [table.texts(c) for c in range(len(table.names))]
    writer = csv.writer(pipe)
    for i, row in enumerate(cells):
        writer.writerow([i] + [show(x) for show, x in zip(shown, row)])
    pipe.seek(0)
    db.copy_expert("COPY holes FROM STDIN (FORMAT csv)", pipe)
    options = {"purpose": "imputation", "seed": seed,
               "columns": {"id": {"skip": True}}, **OPTIONS}
    began = time.perf_counter()
    db.execute("CREATE TABLE model AS SELECT ae_train(h, %s) AS model "
               "FROM holes h", (json.dumps(options),))
    trained = time.perf_counter()
    pipe = io.StringIO()
    db.copy_expert(
        "COPY (SELECT (f).* FROM (SELECT ae_impute(model, h) AS f "
        "FROM holes h, model OFFSET 0) t ORDER BY id) "
        "TO STDOUT (FORMAT csv)", pipe)
    spent = trained - began, time.perf_counter() - trained
    pipe.seek(0)
    filled = np.full_like(cells, np.nan)
    place = [None if labels is None else
             {label: i for i, label in enumerate(labels)}
             for labels in table.labels]
    for i, row in enumerate(csv.reader(pipe)):
        for c, text in enumerate(row[1:]):
            filled[i, c] = (float(text) if place[c] is None
                            else place[c].get(text, -1))
    return filled, spent


# what they reach

def measure(table, cells, filled, holes):
    """Root mean squared error of the numbers in standard deviations of their
    columns, and the share of labels that are right in percent."""
    squares, right = [], []
    for c, labels in enumerate(table.labels):
        real, guess = cells[holes[:, c], c], filled[holes[:, c], c]
        if labels is None:
            squares.append(((guess - real) / np.nanstd(cells[:, c])) ** 2)
        else:
            right.append(guess == real)
    return [float(np.sqrt(np.concatenate(squares).mean())),
            100 * float(np.concatenate(right).mean())]


def references(table, seed):
    """What the peers reach, kept in REFS."""
    key = f"{table.name}/{seed}/{len(table.cells)}"
    kept = {}
    if REFS and os.path.exists(REFS):
        with open(REFS, encoding="utf-8") as file:
            kept = json.load(file)
    if key not in kept:
        cells, holes = delete(table.cells, seed)
        kept[key] = {}
        for name, impute in (("mean", impute_mean), ("knn", impute_knn),
                             ("iterative", impute_iterative)):
            began = time.perf_counter()
            kept[key][name] = measure(table, table.cells,
                                      impute(table, cells), holes)
            kept[key][name].append(time.perf_counter() - began)
        if REFS:
            with open(REFS, "w", encoding="utf-8") as file:
                json.dump(kept, file)
    return kept[key]


def main():
    warnings.filterwarnings("ignore")
    db = connect()
    lines = [["table", "", "RMSE of numbers", "labels right, %", "seconds"]]
    for table in tables():
        found = {}
        for seed in SEEDS:
            cells, holes = delete(table.cells, seed)
            filled, spent = impute_ours(db, table, cells, seed)
            reached = references(table, seed) if REFERENCES else {}
            reached = {**reached, "ours": measure(
                table, table.cells, filled, holes) + [sum(spent)]}
            for name, values in reached.items():
                found.setdefault(name, []).append(values)
        for name, title in NAMES.items():
            if name in found:
                rmse, right, seconds = np.mean(found[name], 0)
                lines.append([f"{table.name}, {len(table.cells):,} rows",
                              title, f"{rmse:.4f}", f"{right:.2f}",
                              f"{seconds:.0f}"])
    print_table(lines, left=(0, 1))
    print()
    for line in machine(db, ()):
        print(f"- {line}")


if __name__ == "__main__":
    main()
