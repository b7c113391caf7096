"""Recommendation: rankings of real and of generated data, and speed against
PyTorch.

RECOMMEND names a CSV file, perhaps with gzip, of user, item and split (train
or test; others are ignored).  Without it there are no rankings of real data.
"""
import csv
import gzip
import io
import json
import os
import time

import numpy as np
import torch

import peer
from common import (Report, alternate, connect, median, one, print_table,
                    scaled, seconds)

FILE = os.environ.get("RECOMMEND")
METRICS = (("recall@20", "recall", 20), ("recall@50", "recall", 50),
           ("NDCG@20", "ndcg", 20), ("NDCG@100", "ndcg", 100))
RANKS = 100

# sampled softmax: on real data, and where there are many items
FEW_SAMPLES, MANY_SAMPLES = 2000, 8000

# NumPy inverts a matrix of doubles: 8 bytes for each pair of items
NUMPY_ITEMS = 15_000

# the network whose speed is measured
ITEMS, HIDDEN, CODE, BATCH = 40_000, 600, 200, 500
USERS, PER_USER = 10_000, 40
RATE = 1e-3

# a generated catalogue: customers, those whose rankings count, clusters of
# items, and the share of items that are taken because others take them
CUSTOMERS, JUDGED, CLUSTERS, CHANCE = 12_000, 2_400, 500, 0.15


# quality

def read_file():
    """Pairs of user and item by split."""
    opener = gzip.open if FILE.endswith(".gz") else open
    pairs = {"train": [], "test": []}
    with opener(FILE, "rt", encoding="utf-8", newline="") as file:
        for user, item, split in csv.reader(file):
            if split in pairs:
                pairs[split].append((int(user), int(item)))
    return {split: np.unique(np.array(found), axis=0)
            for split, found in pairs.items()}


def load_pairs(db, pairs):
    db.execute("DROP TABLE IF EXISTS basket, wanted")
    for table, split in (("basket", "train"), ("wanted", "test")):
        db.execute(f"CREATE TABLE {table} (customer integer, items integer[])")
        users, starts = np.unique(pairs[split][:, 0], return_index=True)
        lines = [f"{user}\t{{{','.join(map(str, items))}}}\n" for user, items
                 in zip(users, np.split(pairs[split][:, 1], starts[1:]))]
        db.copy_expert(f"COPY {table} FROM STDIN", io.StringIO("".join(lines)))
        db.execute(f"VACUUM ANALYZE {table}")


def measure(db, source):
    """The mean metrics of the rankings that source makes of basket b."""
    columns = ", ".join(f"avg(ae_{function}(ranked, wanted.items, {k}))"
                        for _, function, k in METRICS)
    db.execute(f"SELECT {columns} FROM wanted JOIN basket b USING (customer), "
               f"LATERAL ({source}) r(ranked)")
    return db.fetchone()


def train(db, options):
    """Seconds; the model is in the table model."""
    db.execute("DROP TABLE IF EXISTS model")
    return seconds(lambda: db.execute(
        "CREATE TABLE model AS SELECT ae_train(items, %s ORDER BY customer)"
        " AS model FROM basket", (json.dumps(options),)))


def numpy_ease(pairs, lam):
    """Weights, and the items in their order, by the formula."""
    items, counts = np.unique(pairs[:, 1], return_counts=True)
    items = items[counts >= 2]
    known = pairs[np.isin(pairs[:, 1], items)]
    users, rows = np.unique(known[:, 0], return_inverse=True)
    x = np.zeros((len(users), len(items)))
    x[rows, np.searchsorted(items, known[:, 1])] = 1
    p = np.linalg.inv(x.T @ x + lam * np.eye(len(items)))
    b = -p / np.diag(p)
    np.fill_diagonal(b, 0)
    return items, users, x @ b


def compare_with_numpy(db, pairs):
    """The largest difference between scores, and lambda."""
    nitems = one(db, "SELECT (ae_info(model) ->> 'items')::integer FROM model")
    if nitems > NUMPY_ITEMS:
        return None
    train(db, {"variant": "ease", "item_weights": nitems})
    lam = one(db, "SELECT (ae_info(model) #>> '{options,regularization}')"
                  "::float8 FROM model")
    items, users, scores = numpy_ease(pairs, lam)
    db.execute("SELECT customer, array_agg(item_id), array_agg(score)"
               " FROM (SELECT * FROM basket WHERE customer < 100) b, model,"
               " ae_recommend(model, b.items, %s, '{}'::int[])"
               " GROUP BY customer", (nitems,))
    return max(np.abs(scores[np.searchsorted(users, user)]
                      [np.searchsorted(items, ids)] - np.array(found)).max()
               for user, ids, found in db.fetchall()
               if user in users)


def add_models(db, table, models):
    """A row of the table for a model with each of these options."""
    ranked = (f"SELECT array_agg(item_id) FROM model,"
              f" ae_recommend(model, b.items, {RANKS})")
    for options in models:
        taken = train(db, options)
        size = one(db, "SELECT octet_length(model) FROM model") / 2**20
        table.append([json.dumps(options)] +
                     [f"{value:.4f}" for value in measure(db, ranked)] +
                     [f"{taken:.1f}", f"{size:.1f}"])


def make_basket(rng, popular, clusters):
    """The items of a customer who likes some of the clusters."""
    count = int(min(10 + rng.lognormal(3.4, 0.8), 500))
    likes = rng.choice(CLUSTERS, 3 + rng.poisson(count / 20))
    chosen = likes[rng.choice(len(likes), count,
                              p=rng.dirichlet(np.ones(len(likes))))]
    by_chance = rng.random(count) < CHANCE
    items = {int(np.searchsorted(popular, rng.random()))
             for _ in range(by_chance.sum())}
    for cluster in chosen[~by_chance]:
        members, share = clusters[cluster]
        items.add(int(members[np.searchsorted(share, rng.random())]))
    return rng.permutation(sorted(items))


def make_catalogue(count):
    """Pairs of user and item by split: a long tail of items, in clusters that
    some users like; a fifth of what the first users have is to be found."""
    rng = np.random.default_rng(7)
    share = (np.arange(ITEMS) + 20) ** -0.9
    cluster = rng.permutation(np.arange(ITEMS) % CLUSTERS)
    clusters = []
    for number in range(CLUSTERS):
        members = np.flatnonzero(cluster == number)
        within = np.cumsum(share[members] ** 0.7)
        clusters.append((members, within / within[-1]))
    popular = np.cumsum(share) / share.sum()
    pairs = {"train": [], "test": []}
    for user in range(count):
        items = make_basket(rng, popular, clusters)
        hidden = max(1, len(items) // 5) if user < JUDGED else 0
        pairs["test"] += [(user, item) for item in items[:hidden]]
        pairs["train"] += [(user, item) for item in items[hidden:]]
    return {split: np.array(found) for split, found in pairs.items()}


def sampled_quality(db):
    """What sampled softmax costs where there are many items."""
    pairs = make_catalogue(scaled(CUSTOMERS))
    load_pairs(db, pairs)
    table = [["model"] + [name for name, _, _ in METRICS] +
             ["training, s", "MB"]]
    add_models(db, table, [
        {"variant": variant, **sampled}
        for variant in ("mult_dae", "mult_vae")
        for sampled in ({}, {"negative_samples": MANY_SAMPLES})])
    print(f"\n## recommend: a generated catalogue of {ITEMS:,} items,"
          f" {len(pairs['train']):,} and {len(pairs['test']):,} pairs\n")
    print_table(table, left=(0,))
    db.execute("DROP TABLE basket, wanted, model")


def quality(db):
    pairs = read_file()
    load_pairs(db, pairs)
    popular = (f"SELECT array_agg(item) FROM (SELECT item FROM popular"
               f" WHERE item <> ALL (b.items) ORDER BY n DESC, item"
               f" LIMIT {RANKS}) t")
    db.execute("CREATE TEMP TABLE popular AS SELECT item, count(*) AS n"
               " FROM basket, unnest(items) item GROUP BY item"
               " ORDER BY n DESC LIMIT 5000")
    table = [["model"] + [name for name, _, _ in METRICS] +
             ["training, s", "MB"]]
    table.append(["most popular"] +
                 [f"{value:.4f}" for value in measure(db, popular)] + ["", ""])
    add_models(db, table, [
        {"variant": "ease"}, {"input": "set"}, {"variant": "mult_dae"},
        {"variant": "mult_dae", "negative_samples": FEW_SAMPLES},
        {"variant": "mult_vae"},
        {"variant": "mult_vae", "negative_samples": FEW_SAMPLES}])
    print(f"\n## recommend: {os.path.basename(FILE)},"
          f" {len(pairs['train']):,} and {len(pairs['test']):,} pairs\n")
    print_table(table, left=(0,))
    difference = compare_with_numpy(db, pairs["train"])
    if difference is not None:
        print(f"\n- EASE's scores differ from NumPy's by at most "
              f"{difference:.1e}")
    db.execute("DROP TABLE basket, wanted, popular, model")


# speed

class MultVae(torch.nn.Module):
    """Liang et al. 2018, with a linear decoder as ours has."""

    def __init__(self, sparse):
        super().__init__()
        self.items = (torch.nn.EmbeddingBag(ITEMS, HIDDEN, mode="sum",
                                            sparse=True)
                      if sparse else torch.nn.Linear(ITEMS, HIDDEN))
        self.code = torch.nn.Linear(HIDDEN, 2 * CODE)
        self.decoder = torch.nn.Linear(CODE, ITEMS)
        self.sparse = sparse

    def forward(self, rows):
        lengths = torch.tensor([len(row) for row in rows])
        items = torch.cat(rows)
        weights = (lengths.float() ** -0.5).repeat_interleave(lengths)
        weights = torch.nn.functional.dropout(weights, 0.5)
        starts = torch.cumsum(lengths, 0) - lengths
        users = torch.arange(len(rows)).repeat_interleave(lengths)
        if self.sparse:
            h = self.items(items, starts, per_sample_weights=weights)
        else:
            x = torch.zeros(len(rows), ITEMS)
            x[users, items] = weights
            h = self.items(x)
        mean, log = self.code(torch.tanh(h)).chunk(2, dim=1)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log)
        log_p = torch.log_softmax(self.decoder(z), dim=1)
        kl = 0.5 * (mean**2 + log.exp() - 1 - log).sum(dim=1)
        return (-log_p[users, items].sum() + 0.2 * kl.sum()) / len(rows)


def peer_training(sets, sparse):
    model = MultVae(sparse)
    others = [p for name, p in model.named_parameters()
              if not (sparse and name.startswith("items"))]
    optimizers = [torch.optim.Adam(others, lr=RATE, betas=(0.9, 0.95))]
    if sparse:
        optimizers.append(torch.optim.SparseAdam(
            list(model.items.parameters()), lr=RATE, betas=(0.9, 0.95)))

    def epoch():
        for start in range(0, len(sets), BATCH):
            for optimizer in optimizers:
                optimizer.zero_grad()
            model(sets[start:start + BATCH]).backward()
            for optimizer in optimizers:
                optimizer.step()
    return epoch


def make_sets(count):
    """Sets of items, half of them with frequencies that fall with their
    rank."""
    rng = np.random.default_rng(1)
    share = 1 / np.arange(10, ITEMS + 10)
    share = share / share.sum() + 1 / ITEMS
    items = rng.choice(ITEMS, (count, PER_USER), p=share / 2)
    return [torch.from_numpy(np.unique(row)) for row in items]


def speed(db):
    sets = make_sets(scaled(USERS))
    db.execute("CREATE TEMP TABLE basket (customer integer, items integer[])")
    lines = [f"{user}\t{{{','.join(map(str, row.tolist()))}}}\n"
             for user, row in enumerate(sets)]
    db.copy_expert("COPY basket FROM STDIN", io.StringIO("".join(lines)))
    options = {"variant": "mult_vae", "hidden": [HIDDEN], "latent": CODE,
               "batch_size": BATCH, "min_frequency": 1, "schedule": "constant",
               "warmup": 0, "weight_decay": 0, "learning_rate": RATE,
               "validation_fraction": 0}

    def ours(epochs, samples):
        one(db, "SELECT octet_length(ae_train(items, %s)) FROM basket",
            json.dumps({**options, "epochs": epochs,
                        "negative_samples": samples}))

    def rates(shorter, longer):
        # the difference of two trainings is free of what they have in common
        return [2 * len(sets) / (b - a)
                for a, b in zip(times[shorter], times[longer])]

    times = alternate({"one": lambda: ours(1, 0), "three": lambda: ours(3, 0),
                       "one sampled": lambda: ours(1, MANY_SAMPLES),
                       "three sampled": lambda: ours(3, MANY_SAMPLES),
                       "dense": peer_training(sets, False),
                       "sparse": peer_training(sets, True)})
    training = rates("one", "three")
    sampled = rates("one sampled", "three sampled")
    report = Report(f"recommend: Mult-VAE {ITEMS:,}-{HIDDEN}-{CODE}-"
                    f"{ITEMS:,}, batches of {BATCH}")
    report.add("rows/s of training (peer: dense input)", training,
               [len(sets) / t for t in times["dense"]], "ratio >= 1.5")
    report.add("rows/s of training (peer: EmbeddingBag, SparseAdam)",
               training, [len(sets) / t for t in times["sparse"]],
               "ratio >= 1.0")
    report.add(f"rows/s, {MANY_SAMPLES:,} samples (peer: dense, all items)",
               sampled, [len(sets) / t for t in times["dense"]],
               "ratio >= 3")
    report.add(f"rows/s, {MANY_SAMPLES:,} samples (peer: EmbeddingBag)",
               sampled, [len(sets) / t for t in times["sparse"]])
    report.add("one ae_recommend(), k = 20, ms", recommend_times(db, options),
               goal="ours <= 5")
    report.print(db, [peer.version()])


def recommend_times(db, options):
    """Milliseconds of single calls, the model in the session's cache."""
    train(db, {**options, "epochs": 1})
    db.execute("SET autoencoder.cache_size = '1GB'")
    db.execute("PREPARE one AS SELECT count(*) FROM model, ae_recommend("
               "model, $1::integer[], 20)")
    times = []
    for number in range(20):
        began = time.perf_counter()
        db.execute("EXECUTE one (%s)", (list(range(number, 4000, 100)),))
        times.append(1000 * (time.perf_counter() - began))
    db.execute("DROP TABLE model")
    return [median(times[5:])]


def main():
    torch.set_num_threads(1)
    db = connect(maintenance_work_mem="8GB")
    db.execute("CREATE EXTENSION IF NOT EXISTS autoencoder")
    if FILE:
        quality(db)
    sampled_quality(db)
    speed(db)


if __name__ == "__main__":
    main()
