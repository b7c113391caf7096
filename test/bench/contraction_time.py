"""Time of an epoch with a contractive penalty, exact and estimated, as a
multiple of the same epoch without: processor time of the server process, so
that others on the machine matter less."""
from common import (RUNS, TABULAR, connect, load, machine, median, one,
                    options, print_table, scaled, tabular_rows)

ROWS = scaled(60_000)
EPOCHS = 13                     # against 1: reading is not measured
ACTIVATIONS = "relu", "tanh", "gelu"
KINDS = "none", "exact", "hutchinson"


def processor_seconds(pid):
    with open(f"/proc/{pid}/schedstat") as file:
        return int(file.read().split()[0]) * 1e-9


def train(db, pid, epochs, **more):
    before = processor_seconds(pid)
    db.execute("SELECT length(ae_train(x, %s)) FROM tabular",
               (options(TABULAR, epochs=epochs, **more),))
    return processor_seconds(pid) - before


def epoch(db, pid, **more):
    """Microseconds a row."""
    long = train(db, pid, EPOCHS, **more)
    return (long - train(db, pid, 1, **more)) / (EPOCHS - 1) / ROWS * 1e6


def main():
    db = connect(**{"autoencoder.workers": "0"})
    load(db, "tabular", tabular_rows(ROWS))
    pid = one(db, "SELECT pg_backend_pid()")
    table = [["activation", "plain, us a row", "exact", "estimated"]]
    for activation in ACTIVATIONS:
        times = {kind: [] for kind in KINDS}
        for _ in range(RUNS):
            for kind in KINDS:
                times[kind].append(epoch(db, pid, activation=activation,
                                         contraction=kind))
        plain, exact, estimated = (median(times[kind]) for kind in KINDS)
        table.append([activation, f"{plain:.2f}", f"{exact / plain:.2f}",
                      f"{estimated / plain:.2f}"])
    print(f"\n## contraction_time: {ROWS:,} rows, network "
          f"{'-'.join(map(str, TABULAR))}, as multiples of plain\n")
    print_table(table, left=(0,))
    print()
    for line in machine(db, []):
        print(f"- {line}")
    print(flush=True)


if __name__ == "__main__":
    main()
