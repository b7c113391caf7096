"""Telling a class of which few rows have a label: semi-supervised and
supervised autoencoders beside a network of the same size that is trained on
the labelled rows alone."""
import csv
import gzip
import io
import json
import os
import sys
import time
import warnings

import numpy as np

from common import connect, machine, one, print_table

SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "0 1 2 3 4").split()]
SHARE = float(os.environ.get("LABELLED", "0.01"))
OPTIONS = json.loads(os.environ.get("OPTIONS", "{}"))
# "test", or "train": the rows of the training part whose label was hidden
PART = os.environ.get("PART", "test")
VARIANTS = os.environ.get("VARIANTS", "semi_supervised supervised").split()
REFERENCES = os.environ.get("REFERENCES", "1") != "0"

LABEL = "income"
HIDDEN = [64, 64]
EPOCHS = 12
DECAYS = [0.01, 0.1, 0.3, 1, 3, 10, 30]
FOLDS = 5


def read(path):
    with gzip.open(path, "rt", newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    names = [name.lower() for name in header[:-1]]
    return names, [[text.rstrip(".") for text in row] for row in rows if row]


class Encoder:
    """Standardised numbers and a column for each label, as the extension's
    networks read them."""

    def __init__(self, rows):
        self.parts = []
        for texts in list(zip(*rows))[:-1]:
            try:
                numbers = np.array([float(text) for text in texts])
                self.parts.append((numbers.mean(), numbers.std()))
            except ValueError:
                self.parts.append(sorted(set(texts)))

    def __call__(self, rows):
        columns = []
        for part, texts in zip(self.parts, zip(*rows)):
            if isinstance(part, tuple):
                numbers = np.array([float(text) for text in texts])
                columns.append(((numbers - part[0]) / part[1])[:, None])
            else:
                columns.append(np.array(texts)[:, None] == np.array(part))
        return np.hstack(columns).astype(float)


def references(x, y, tests, truth):
    """Share of right answers of networks on the labelled rows alone: with the
    weight decay that cross-validation chooses, and stopped early."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.neural_network import MLPClassifier
    network = MLPClassifier(tuple(HIDDEN), max_iter=300, random_state=0,
                            learning_rate_init=2e-3)
    decayed = GridSearchCV(network, {"alpha": DECAYS}, cv=FOLDS).fit(x, y)
    stopped = MLPClassifier(tuple(HIDDEN), max_iter=300, random_state=0,
                            learning_rate_init=2e-3, early_stopping=True,
                            alpha=1).fit(x, y)
    return {"network, weight decay by cross-validation":
            decayed.score(tests, truth),
            "network, stopped early": stopped.score(tests, truth)}


def load(db, table, names, rows, known):
    """known: whether a row keeps its label."""
    types = ["double precision" if all(is_number(row[c]) for row in rows)
             else "text" for c in range(len(names))]
    columns = ", ".join(f'"{name}" {type_}'
                        for name, type_ in zip(names, types))
    db.execute(f"DROP TABLE IF EXISTS {table}")
    db.execute(f"CREATE TABLE {table} ({columns}, {LABEL} text)")
    pipe = io.StringIO()
    writer = csv.writer(pipe)
    for row, keeps in zip(rows, known):
        writer.writerow(row[:-1] + [row[-1] if keeps else None])
    pipe.seek(0)
    db.copy_expert(f"COPY {table} FROM STDIN (FORMAT csv)", pipe)


def is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def ours(db, variant, seed):
    options = {"variant": variant, "purpose": "embedding", "hidden": HIDDEN,
               "label": LABEL, "epochs": EPOCHS, "seed": seed + 1, **OPTIONS}
    db.execute("DROP TABLE IF EXISTS model")
    db.execute("CREATE TABLE model AS SELECT ae_train(t, %s) AS model "
               "FROM train t", (json.dumps(options),))
    return float(one(db, f"SELECT avg(((ae_predict(model, t)).label = "
                     f"{LABEL})::integer) FROM tests t, model"))


def main():
    warnings.filterwarnings("ignore")
    folder = os.environ.get("ADULT")
    if not folder:
        sys.exit("semi_supervised: set ADULT to a folder with "
                 "adult_train.csv.gz and adult_test.csv.gz")
    names, train = read(os.path.join(folder, "adult_train.csv.gz"))
    _, tests = read(os.path.join(folder, "adult_test.csv.gz"))
    encode = Encoder(train)
    x = encode(train)
    labels = np.array([row[-1] for row in train])
    db = connect()
    found = {}
    for seed in SEEDS:
        order = np.random.RandomState(seed).permutation(len(train))
        known = np.zeros(len(train), bool)
        known[order[:int(SHARE * len(train))]] = True
        rows = (tests if PART == "test"
                else [row for row, k in zip(train, known) if not k])
        truth = np.array([row[-1] for row in rows])
        load(db, "train", names, train, known)
        load(db, "tests", names, rows, np.ones(len(rows), bool))
        reached = {}
        if REFERENCES:
            reached = references(x[known], labels[known], encode(rows), truth)
        for variant in VARIANTS:
            began = time.perf_counter()
            reached[variant] = ours(db, variant, seed)
            print(f"seed {seed}: {variant} {reached[variant]:.4f}, "
                  f"{time.perf_counter() - began:.0f} s", file=sys.stderr)
        for name, share in reached.items():
            found.setdefault(name, []).append(100 * share)
    lines = [["", *(f"seed {seed}" for seed in SEEDS), "mean"]]
    for name, shares in found.items():
        lines.append([name, *(f"{share:.2f}" for share in shares),
                      f"{np.mean(shares):.2f}"])
    print(f"{one(db, 'SELECT count(*) FROM train'):,} rows, of which "
          f"{int(SHARE * len(train)):,} have a label; right answers in % on "
          f"{one(db, 'SELECT count(*) FROM tests'):,} rows")
    print()
    print_table(lines, left=(0,))
    print()
    for line in machine(db, ()):
        print(f"- {line}")


if __name__ == "__main__":
    main()
