"""Detection of the anomalies of ADBench's tables, beside that of
scikit-learn, on the same rows.  With LABELS=1: with some of the anomalies
known, beside none."""
import glob
import io
import json
import os
import sys
import warnings

import numpy as np

from common import connect, machine, print_table

SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "0 1 2").split()]
OPTIONS = os.environ.get("OPTIONS", "{}")
REFERENCES = os.environ.get("REFERENCES", "1") != "0"
REFS = os.environ.get("REFS")
LABELS = os.environ.get("LABELS", "0") != "0"
MEMBERS = int(os.environ.get("MEMBERS", "1"))

ROWS = 4000
WIDTH = 300                     # wider tables are left out
KNOWN = 0.1                     # share of the anomalies, with LABELS
MIN_KNOWN = 5
MIN_ANOMALIES = 50              # of a table, with LABELS
REGIMES = {"contaminated": "trained on all rows, which are scored",
           "clean": "trained on half of the normal rows, the rest scored"}
REFERENCE_NAMES = {"knn": "kNN", "iforest": "isolation forest", "mcd": "MCD",
                   "pca_error": "PCA error"}
LABELLED_REGIMES = {"labels": "trained on all rows, some of whose anomalies "
                              "are known; the others scored"}
LABELLED_NAMES = {"none": "ours, none known", "known": "ours"}


# the rows

def files():
    """Of {name: path}, in the order of the names less their numbers."""
    folder = os.environ.get("ADBENCH")
    if not folder:
        sys.exit("adbench: set ADBENCH to a folder of ADBench's tables, "
                 "NAME.csv.gz with the columns x1,...,xd,y")
    paths = glob.glob(os.path.join(folder, "*.csv.gz"))
    if not paths:
        sys.exit(f"adbench: there is no NAME.csv.gz in {folder}")
    found = {os.path.basename(path)[:-len(".csv.gz")]: path for path in paths}
    return dict(sorted(found.items(),
                       key=lambda item: item[0].split("_")[-1].lower()))


def read(path):
    """Rows (count, width) and whether each is odd."""
    table = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    return table[:, :-1], table[:, -1] == 1


def sample(rows, odd, seed):
    chosen = np.random.RandomState(1000 + seed).permutation(len(rows))[:ROWS]
    return rows[chosen], odd[chosen]


def usable(rows, odd):
    return rows.shape[1] <= WIDTH and odd.sum() >= 3 and (~odd).sum() >= 20


def split(odd, seed, regime):
    """Places of the rows to train on and of those to score."""
    everything = np.arange(len(odd))
    if regime == "contaminated":
        return everything, everything
    normal = np.flatnonzero(~odd)
    np.random.RandomState(2000 + seed).shuffle(normal)
    train = normal[:len(normal) // 2]
    return train, np.setdiff1d(everything, train)


# detectors, each giving ROC AUC and average precision in percent

def load(db, table, rows, odd):
    """Makes the table (x double precision[], odd boolean)."""
    db.execute(f"DROP TABLE IF EXISTS {table}")
    db.execute(f"CREATE TABLE {table} (x double precision[], odd boolean)")
    lines = "".join(f"{{{','.join(map(repr, x))}}}\t{o}\n"
                    for x, o in zip(rows.tolist(), odd))
    db.copy_expert(f"COPY {table} FROM STDIN", io.StringIO(lines))
    db.execute(f"ANALYZE {table}")


def ours(db, rows, odd, train, test):
    load(db, "train", rows[train], odd[train])
    load(db, "test", rows[test], odd[test])
    if MEMBERS > 1:
        db.execute("CREATE TABLE model AS SELECT ae_train(x, %s::jsonb || "
                   "jsonb_build_object('seed', seed)) AS model "
                   "FROM train, generate_series(1, %s) seed GROUP BY seed",
                   (OPTIONS, MEMBERS))
    else:
        db.execute("CREATE TABLE model AS SELECT ae_train(x, %s) AS model "
                   "FROM train", (OPTIONS,))
    # the mean of the logarithms of all models' scores
    db.execute("SELECT 100 * ae_roc_auc(score, odd), "
               "100 * ae_average_precision(score, odd) FROM (SELECT odd, avg("
               "ln(greatest(ae_anomaly_score(model, x), 1e-300))) AS score "
               "FROM test, model GROUP BY test.ctid, odd) s")
    measured = db.fetchone()
    db.execute("DROP TABLE train, test, model")
    return measured


def standardized(rows, train):
    mean, deviation = rows[train].mean(axis=0), rows[train].std(axis=0)
    deviation[deviation == 0] = 1
    return (rows - mean) / deviation


def knn(train, test, regime):
    """Mean distance to 5 neighbours, without the row itself."""
    from sklearn.neighbors import NearestNeighbors
    itself = 1 if regime == "contaminated" else 0
    near = NearestNeighbors(n_neighbors=min(5 + itself, len(train) - 1))
    distances, _ = near.fit(train).kneighbors(test)
    return distances[:, itself:].mean(axis=1)


def isolation_forest(train, test, seed):
    from sklearn.ensemble import IsolationForest
    forest = IsolationForest(n_estimators=100, random_state=seed)
    return -forest.fit(train).score_samples(test)


def mcd(train, test, seed):
    """Robust covariance; nothing is odd where it cannot be had."""
    from sklearn.covariance import MinCovDet
    try:
        return MinCovDet(random_state=seed).fit(train).mahalanobis(test)
    except (ValueError, np.linalg.LinAlgError):
        return np.zeros(len(test))


def pca_error(train, test, seed):
    """Squared error with the components of 90 % of the variance."""
    from sklearn.decomposition import PCA
    pca = PCA(random_state=seed).fit(train)
    explained = np.cumsum(pca.explained_variance_ratio_)
    basis = pca.components_[:np.searchsorted(explained, 0.9) + 1]
    centred = test - pca.mean_
    return ((centred - centred @ basis.T @ basis) ** 2).sum(axis=1)


def references(rows, odd, train, test, seed, regime):
    from sklearn.metrics import average_precision_score, roc_auc_score
    rows = standardized(rows, train)
    train, test, odd = rows[train], rows[test], odd[test]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = {"knn": knn(train, test, regime),
                  "iforest": isolation_forest(train, test, seed),
                  "mcd": mcd(train, test, seed),
                  "pca_error": pca_error(train, test, seed)}
    measured = {}
    for name, score in scores.items():
        score = np.nan_to_num(score)
        measured[name] = (100 * roc_auc_score(odd, score),
                          100 * average_precision_score(odd, score))
    return measured


class Cache:
    """The references by table, regime and seed, kept in the file REFS."""

    def __init__(self):
        self.known = {}
        if REFS and os.path.exists(REFS):
            with open(REFS, encoding="utf-8") as file:
                self.known = json.load(file)

    def get(self, name, regime, seed, measure):
        seeds = self.known.setdefault(name, {}).setdefault(regime, {})
        if str(seed) not in seeds:
            seeds[str(seed)] = measure()
            if REFS:
                with open(REFS, "w", encoding="utf-8") as file:
                    json.dump(self.known, file)
        return seeds[str(seed)]


# known anomalies

def choose_known(odd, seed):
    """Whether each row is a known anomaly."""
    anomalies = np.flatnonzero(odd)
    np.random.RandomState(3000 + seed).shuffle(anomalies)
    known = np.zeros(len(odd), dtype=bool)
    known[anomalies[:max(MIN_KNOWN, round(KNOWN * len(anomalies)))]] = True
    return known


def load_labelled(db, rows, odd, known):
    """Makes the table labelled (x1, ..., xd, odd, known) and the view
    unlabelled (x1, ..., xd)."""
    names = [f"x{i + 1}" for i in range(rows.shape[1])]
    db.execute("DROP TABLE IF EXISTS labelled CASCADE")
    db.execute("CREATE TABLE labelled ("
               f"{' double precision, '.join(names)} double precision, "
               "odd boolean, known boolean)")
    lines = "".join("\t".join([*map(repr, x), str(o), "true" if k else "\\N"])
                    + "\n" for x, o, k in zip(rows.tolist(), odd, known))
    db.copy_expert("COPY labelled FROM STDIN", io.StringIO(lines))
    db.execute(f"CREATE VIEW unlabelled AS SELECT {', '.join(names)} "
               "FROM labelled")
    db.execute(f"CREATE VIEW trained AS SELECT {', '.join(names)}, known "
               "FROM labelled")


def with_labels(db, rows, odd, seed):
    """ROC AUC and average precision in percent, of the rows that are not
    known anomalies, without and with known anomalies."""
    load_labelled(db, rows, odd, choose_known(odd, seed))
    measured = {}
    for detector, source, options in (
            ("none", "unlabelled", "{}"),
            ("known", "trained", '{"label": "known"}')):
        db.execute("CREATE TABLE model AS SELECT ae_train(r, %s::jsonb || %s) "
                   f"AS model FROM {source} r", (OPTIONS, options))
        db.execute(
            "SELECT 100 * ae_roc_auc(ae_anomaly_score(model, l), odd), "
            "100 * ae_average_precision(ae_anomaly_score(model, l), odd) "
            "FROM labelled l, model WHERE known IS NULL")
        measured[detector] = db.fetchone()
        db.execute("DROP TABLE model")
    db.execute("DROP TABLE labelled CASCADE")
    return measured


# results

def measure_table(db, name, path, cache):
    """Of each regime {detector: mean over the seeds}, and the size; None if
    the table is not usable."""
    measured = {regime: [] for regime in REGIMES}
    everything = read(path)
    for seed in SEEDS:
        rows, odd = sample(*everything, seed)
        if not usable(rows, odd):
            continue
        for regime in REGIMES:
            train, test = split(odd, seed, regime)
            found = {"ours": ours(db, rows, odd, train, test)}
            if REFERENCES:
                found.update(cache.get(
                    name, regime, seed, lambda: references(
                        rows, odd, train, test, seed, regime)))
            measured[regime].append(found)
    if not any(measured.values()):
        return None
    size = [f"{len(rows):,}", str(rows.shape[1])]
    return size, {regime: {detector: np.mean([seed[detector]
                                              for seed in seeds], axis=0)
                           for detector in seeds[0]}
                  for regime, seeds in measured.items()}


def measure_labels(db, path):
    """As measure_table(), of one regime."""
    everything = read(path)
    measured = []
    for seed in SEEDS:
        rows, odd = sample(*everything, seed)
        if usable(rows, odd) and odd.sum() >= MIN_ANOMALIES:
            measured.append(with_labels(db, rows, odd, seed))
    if not measured:
        return None
    size = [f"{len(rows):,}", str(rows.shape[1])]
    return size, {"labels": {detector: np.mean([seed[detector]
                                                for seed in measured], axis=0)
                             for detector in measured[0]}}


def print_regime(regime, title, measured, detectors):
    """measured: {name: (size, {regime: {detector: figures}})}"""
    def cells(figures):
        return [f"{auc:.1f} ({precision:.1f})" for auc, precision in figures]

    table = [["", "rows", "columns", *detectors.values()]]
    for name, (size, means) in measured.items():
        table.append([name, *size, *cells(means[regime][detector]
                                          for detector in detectors)])
    table.append([f"mean of {len(measured)}", "", "",
                  *cells(np.mean([means[regime][detector]
                                  for _, means in measured.values()], axis=0)
                         for detector in detectors)])
    print(f"\n## adbench, {regime}: {title}\n")
    print_table(table, left=(0,))


def main():
    paths = files()
    db = connect()
    cache = Cache()
    measured = {}
    for name, path in paths.items():
        print(name, file=sys.stderr, flush=True)
        found = (measure_labels(db, path) if LABELS else
                 measure_table(db, name, path, cache))
        if found:
            measured[name] = found
    if not measured:
        sys.exit("adbench: none of the tables is usable")
    regimes, detectors, peers = REGIMES, {"ours": "ours"}, []
    if LABELS:
        regimes, detectors = LABELLED_REGIMES, LABELLED_NAMES
    elif REFERENCES:
        import sklearn
        detectors.update(REFERENCE_NAMES)
        peers = [f"scikit-learn {sklearn.__version__}"]
    for regime, title in regimes.items():
        print_regime(regime, title, measured, detectors)
    print(f"\n- ROC AUC (average precision) in percent, mean over seeds: "
          f"{', '.join(map(str, SEEDS))}; options {OPTIONS}")
    for line in machine(db, peers):
        print(f"- {line}")
    print(flush=True)


if __name__ == "__main__":
    main()
