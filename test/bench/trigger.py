"""Inserting with the scoring trigger against inserting without: pgbench, two
clients, rows of 30 columns, the default score."""
import glob
import os
import subprocess
import tempfile

import numpy as np

from common import Report, SCALE, alternate, connect, median, one

CLIENTS = 2
SECONDS = max(1, int(10 * SCALE))
COLUMNS = 30

TABLE = "CREATE TABLE {} (" + ", ".join(
    f"c{i} real" for i in range(COLUMNS)) + ", score double precision)"
NAMES = ", ".join(f"c{i}" for i in range(COLUMNS))
# four causes behind thirty columns
VALUES = ", ".join(f"sin(:r{i % 4}) + 0.01 * :r{(i + 1) % 4} * {i}"
                   for i in range(COLUMNS))


def script(folder, table):
    path = os.path.join(folder, table + ".sql")
    with open(path, "w", encoding="ascii") as file:
        for i in range(4):
            file.write(f"\\set r{i} random(1, 1000) / 300.0\n")
        file.write(f"INSERT INTO {table} ({NAMES}) VALUES ({VALUES});\n")
    return path


def pgbench(folder, path, commit):
    """Transactions a second, and microseconds of the 99th percentile."""
    log = os.path.join(folder, "log")
    found = subprocess.run(
        [os.path.join(os.environ["BIN"], "pgbench"), "-n", "-M", "prepared",
         "-c", str(CLIENTS), "-j", str(CLIENTS), "-T", str(SECONDS), "-f",
         path, "-l", "--log-prefix", log],
        env={**os.environ, "PGOPTIONS": f"-c synchronous_commit={commit}"},
        capture_output=True, text=True, check=True)
    spent = np.concatenate([np.loadtxt(name, usecols=2, ndmin=1)
                            for name in glob.glob(log + ".*")])
    for name in glob.glob(log + ".*"):
        os.unlink(name)
    lines = found.stdout.splitlines()
    rate = next(line for line in lines if line.startswith("tps"))
    return float(rate.split()[2]), float(np.percentile(spent, 99))


def main():
    db = connect()
    db.execute("ALTER SYSTEM SET fsync = on")
    db.execute("SELECT pg_reload_conf()")
    for table in "plain", "scored":
        db.execute(TABLE.format(table))
    rows = ", ".join(f"(sin(r{i % 4}) + 0.01 * r{(i + 1) % 4} * {i})::real "
                     f"AS c{i}" for i in range(COLUMNS))
    one(db, "SELECT ae_create_model('bench', %s)", f"SELECT {rows} FROM "
        "(SELECT random() * 3.3 AS r0, random() * 3.3 AS r1, "
        "random() * 3.3 AS r2, random() * 3.3 AS r3 "
        "FROM generate_series(1, 20000)) t")
    db.execute("CREATE TRIGGER score BEFORE INSERT ON scored FOR EACH ROW "
               "EXECUTE FUNCTION ae_score_trigger('bench', 'score')")

    report = Report(f"trigger: inserts, {CLIENTS} clients, {SECONDS} s a run, "
                    "with (peer: without)")
    with tempfile.TemporaryDirectory() as folder:
        scripts = {table: script(folder, table)
                   for table in ("plain", "scored")}
        for commit in "on", "off":
            found = {table: [] for table in scripts}

            def run(table, commit=commit, found=found):
                db.execute("CHECKPOINT")
                found[table].append(pgbench(folder, scripts[table], commit))
            alternate({table: lambda table=table: run(table)
                       for table in scripts})
            rate, late = ({table: [run[i] for run in found[table]]
                           for table in found} for i in (0, 1))
            kind = "durable" if commit == "on" else "synchronous_commit = off"
            report.add(f"transactions/s, {kind}", rate["scored"],
                       rate["plain"], "ratio >= 0.95" if commit == "on" else "")
            report.add(f"us, 99th percentile, {kind}", late["scored"],
                       late["plain"], "ratio <= 1.1" if commit == "on" else "")
            if commit == "off":
                report.add("us a row more, synchronous_commit = off",
                           CLIENTS * 1e6 / median(rate["scored"]) -
                           CLIENTS * 1e6 / median(rate["plain"]),
                           goal="ours <= 8")
    report.print(db, [])
    db.execute("ALTER SYSTEM RESET fsync")
    db.execute("SELECT pg_reload_conf()")
    db.execute("SELECT ae_drop_model('bench')")
    db.execute("DROP TABLE plain, scored")


if __name__ == "__main__":
    main()
