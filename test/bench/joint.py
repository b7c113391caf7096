"""The default anomaly score: its speed, its size, what fitting it costs, and
what an explanation costs."""
import json

from common import (Report, TABULAR_ROWS, alternate, connect, load, one,
                    per_second, scaled, tabular_rows)

EXPLAINED = 5_000               # rows

MODELS = {"default": {}, "small": {"coreset": 1024},
          "clean": {"contamination": 0}, "error": {"score": "error"}}


def main():
    db = connect()
    rows = tabular_rows(scaled(TABULAR_ROWS))
    load(db, "tabular", rows)
    few = min(len(rows), EXPLAINED)
    db.execute("CREATE TABLE model (name text, model bytea)")

    def train(name):
        db.execute("INSERT INTO model SELECT %s, ae_train(x, %s) "
                   "FROM tabular", (name, json.dumps(MODELS[name])))

    def score(name):
        one(db, "SELECT sum(ae_anomaly_score(model, x)) FROM tabular, model "
            "WHERE name = %s", name)

    train("clean")
    trainings = alternate({"default": lambda: train("default"),
                           "error": lambda: train("error")})
    db.execute("DELETE FROM model WHERE name <> 'clean'")
    for name in ("default", "small", "error"):
        train(name)
    size = {name: one(db, "SELECT octet_length(model) FROM model "
                      "WHERE name = %s", name) for name in MODELS}
    times = alternate({
        **{name: lambda name=name: score(name) for name in MODELS},
        "few": lambda: one(
            db, "SELECT sum(ae_anomaly_score(model, x)) FROM model, "
            "(SELECT x FROM tabular LIMIT %s) t WHERE name = 'default'", few),
        "explained": lambda: one(
            db, "SELECT sum(contribution) FROM model, "
            "(SELECT x FROM tabular LIMIT %s) t, ae_explain(model, x) "
            "WHERE name = 'default'", few)})

    def speed(name):
        return per_second(len(rows), times[name])

    report = Report(f"joint score: {len(rows):,} rows x 30")
    report.add("rows/s, coreset 1,024 (peer: score error)", speed("small"),
               speed("error"), "ours >= 250000")
    report.add("rows/s, default (peer: score error)", speed("default"),
               speed("error"))
    report.add("rows/s, contamination 0 (peer: score error)", speed("clean"),
               speed("error"))
    report.add("s, training (peer: score error)", trainings["default"],
               trainings["error"], "ratio <= 1.25")
    report.add("us a row, explained (peer: scored)",
               [t / few * 1e6 for t in times["explained"]],
               [t / few * 1e6 for t in times["few"]], "ratio <= 20")
    report.add("bytes of the model, coreset 1,024 (peer: score error)",
               [size["small"]], [size["error"]])
    report.add("bytes of the model, default (peer: score error)",
               [size["default"]], [size["error"]], "ours <= 500000")
    report.add("bytes of the model, contamination 0 (peer: score error)",
               [size["clean"]], [size["error"]], "ours <= 1600000")
    report.print(db, [])
    db.execute("DROP TABLE tabular, model")


if __name__ == "__main__":
    main()
