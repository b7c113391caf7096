"""How good the models are: reconstruction of images, detection of attacks
and frauds."""
import gzip
import os

import numpy as np
import torch

import peer
from common import (EXAMPLES, PLAIN, Report, WIDE, binary_row, connect,
                    copy_out, fashion_rows, load, one, options)

SEEDS = 1, 2, 3
EPOCHS = 20

# of the connections' columns, those that are no numbers
TEXTS = {"protocol_type", "service", "flag", "label"}
FLAGS = {"land", "logged_in", "is_host_login", "is_guest_login"}


def error(rows, reconstructed):
    return float(np.mean((rows - reconstructed).astype(np.float64) ** 2))


def error_ours(db, test, seed):
    db.execute("DROP TABLE IF EXISTS model")
    db.execute("CREATE TABLE model AS SELECT ae_train(x, %s) AS model "
               "FROM fashion", (options(WIDE, epochs=EPOCHS, seed=seed,
                                        purpose="embedding"),))
    found = copy_out(db, "SELECT id, ae_reconstruct(model, x) "
                     "FROM fashion_test, model", binary_row(784))
    return error(test[found["id"]], found["x"]["value"])


def error_torch(train, test, seed, setting):
    torch.manual_seed(seed)
    net = peer.network(WIDE)
    optimizer = peer.adam(net, **setting)
    for _ in range(EPOCHS):
        peer.train_epoch(net, optimizer, train, torch.randperm(len(train)))
    with torch.inference_mode():
        return error(test, net(torch.from_numpy(test)).numpy())


def error_pca(train, test, components=64):
    mean = train.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov(train.T.astype(np.float64)))
    basis = vectors[:, -components:]
    return error(test, mean + (test - mean) @ basis @ basis.T)


def fashion(db, report):
    train, test = fashion_rows("train"), fashion_rows("t10k")
    load(db, "fashion", train)
    load(db, "fashion_test", test)
    tensor = torch.from_numpy(train)
    name, setting = peer.best_setting(WIDE, tensor[:5_000])
    ours, theirs = [], []
    for seed in SEEDS:
        ours.append(error_ours(db, test, seed))
        theirs.append(error_torch(tensor, test, seed, setting))
    noise = 1 + np.std(theirs, ddof=1) / np.mean(theirs)
    report.add(f"Fashion-MNIST, squared error (peer: PyTorch, {name} Adam)",
               ours, theirs, f"ratio <= {noise:.4f}")
    report.add("Fashion-MNIST, squared error (peer: PCA, 64 components)",
               ours, error_pca(train, test), "ratio <= 1")
    db.execute("DROP TABLE fashion, fashion_test, model")


def roc_auc(scores, odd):
    """The share of pairs in the right order, ties counting half."""
    values, place, counts = np.unique(scores, return_inverse=True,
                                      return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    n = odd.sum()
    return float((ranks[odd].sum() - n * (n + 1) / 2) / (n * (len(odd) - n)))


def load_csv(db, table, file_name, kind):
    path = os.path.join(EXAMPLES, file_name)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        names = [name.lower() for name in
                 file.readline().strip().replace('"', "").split(",")]
        columns = ", ".join(f"{name} {kind(name)}" for name in names)
        db.execute(f"CREATE TABLE {table} (id serial, {columns})")
        db.copy_expert(f"COPY {table} ({', '.join(names)}) FROM STDIN CSV",
                       file)
    db.execute(f"VACUUM ANALYZE {table}")


def detection(db, table, label, odd):
    """ROC AUC over the odd rows and the half of the normal ones that was not
    trained on; options are the defaults."""
    skip = f'{{"columns": {{"id": {{"skip": true}}, ' \
           f'"{label}": {{"skip": true}}}}}}'
    db.execute(f"CREATE TABLE model AS SELECT ae_train(t, %s) AS model "
               f"FROM {table} t WHERE NOT {odd} AND id %% 2 = 0", (skip,))
    db.execute(f"SELECT ae_anomaly_score(model, t), {odd} "
               f"FROM {table} t, model WHERE {odd} OR id % 2 = 1")
    scores, odds = zip(*db.fetchall())
    db.execute(f"DROP TABLE {table}, model")
    return roc_auc(np.array(scores, np.float64), np.array(odds, bool))


def main():
    db = connect(maintenance_work_mem="1GB")
    report = Report("quality")
    fashion(db, report)
    load_csv(db, "connection", "kddcup99.csv.gz",
             lambda name: "text" if name in TEXTS else
             "boolean" if name in FLAGS else "double precision")
    report.add("KDD Cup 1999, ROC AUC",
               detection(db, "connection", "label", "(label <> 'normal')"),
               goal="ours >= 0.995")
    load_csv(db, "card", "creditcard.csv.gz",
             lambda name: "integer" if name == "class" else
             "double precision")
    report.add("card fraud, ROC AUC",
               detection(db, "card", "class", "(class = 1)"),
               goal="ours >= 0.96")
    report.raw.append(f"Fashion-MNIST: {EPOCHS} epochs, seeds "
                      f"{', '.join(map(str, SEEDS))}, options {PLAIN}")
    report.print(db, [peer.version()])


if __name__ == "__main__":
    main()
