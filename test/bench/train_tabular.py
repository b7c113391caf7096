"""Training on a table of numbers: one SQL statement against PyTorch."""
import torch

import peer
from common import (Report, Sgemm, TABULAR, TABULAR_ROWS, alternate, connect,
                    flops_per_row, load, median, one, options, per_second,
                    scaled, tabular_rows)

EPOCHS = 10


def main():
    db = connect()
    rows = tabular_rows(scaled(TABULAR_ROWS))
    load(db, "tabular", rows)
    tensor = torch.from_numpy(rows)
    name, setting = peer.best_setting(TABULAR, tensor[:50_000])
    sgemm = Sgemm()
    speed = []

    def ours(epochs=EPOCHS):
        one(db, "SELECT octet_length(ae_train(x, %s)) FROM tabular",
            options(TABULAR, epochs=epochs))

    def theirs():
        net = peer.network(TABULAR)
        optimizer = peer.adam(net, **setting)
        for _ in range(EPOCHS):
            peer.train_epoch(net, optimizer, tensor)

    ours(1)
    times = alternate({"ours": ours, "peer": theirs,
                       "sgemm": lambda: speed.append(sgemm.gflops())})
    done = len(rows) * EPOCHS
    rate = per_second(done, times["ours"])
    gflops = [r * flops_per_row(TABULAR) / 1e9 for r in rate]

    report = Report(f"train_tabular: {len(rows):,} rows x 30, "
                    f"{EPOCHS} epochs, ingest included")
    report.add(f"rows/s (peer: {name} Adam)", rate,
               per_second(done, times["peer"]), "ratio >= 6")
    report.add("GFLOP/s (peer: sgemm)", gflops, speed)
    report.add("the statement, s", median(times["ours"]))
    report.print(db, [peer.version()])
    db.execute("DROP TABLE tabular")


if __name__ == "__main__":
    main()
