"""Training on images: against PyTorch and against sgemm's own speed."""
import torch

import peer
from common import (Report, Sgemm, WIDE, alternate, connect, fashion_rows,
                    flops_per_row, load, median, one, options, per_second)

EPOCHS = 2


def main():
    # all rows in memory, as PyTorch has them
    db = connect(maintenance_work_mem="1GB")
    rows = fashion_rows("train")
    load(db, "fashion", rows)
    tensor = torch.from_numpy(rows)
    name, setting = peer.best_setting(WIDE, tensor[:5_000])
    sgemm = Sgemm()
    speed = []

    def ours(epochs):
        one(db, "SELECT octet_length(ae_train(x, %s)) FROM fashion",
            options(WIDE, epochs=epochs))

    def theirs():
        net = peer.network(WIDE)
        optimizer = peer.adam(net, **setting)
        for _ in range(EPOCHS):
            peer.train_epoch(net, optimizer, tensor)

    ours(1)
    times = alternate({"ours": lambda: ours(EPOCHS), "peer": theirs,
                       "longer": lambda: ours(2 * EPOCHS),
                       "sgemm": lambda: speed.append(sgemm.gflops())})
    done = len(rows) * EPOCHS
    whole = per_second(done, times["ours"])
    # the difference of two trainings is free of what they have in common
    training = per_second(done, [longer - ours for longer, ours in
                                 zip(times["longer"], times["ours"])])
    theirs = per_second(done, times["peer"])
    unit = flops_per_row(WIDE) / 1e9

    report = Report(f"train_wide: {len(rows):,} rows x 784, {EPOCHS} epochs")
    report.add(f"rows/s, the statement (peer: {name} Adam)", whole, theirs,
               "ratio >= 0.9" if name == "fused" else "")
    report.add(f"rows/s, training alone (peer: {name} Adam)", training, theirs)
    report.add("GFLOP/s, training alone (peer: sgemm)",
               [r * unit for r in training], speed, "ratio >= 0.75")
    report.add("GFLOP/s, the statement (peer: sgemm)",
               [r * unit for r in whole], speed)
    report.add("the statement, s", median(times["ours"]))
    report.print(db, [peer.version()])
    db.execute("DROP TABLE fashion")


if __name__ == "__main__":
    main()
