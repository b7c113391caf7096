"""One warm call in the server against one call of PyTorch."""
import torch

import peer
from common import (Report, TABULAR, RUNS, connect, load, one, options,
                    scaled, seconds, tabular_rows)

CALLS = 200_000
PEER_CALLS = 20_000

# microseconds for each pass of a loop; what is in the loop apart from the
# call is measured with called false
FUNCTION = """
CREATE FUNCTION loop_time(model bytea, called boolean, passes integer)
RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    x real[] := (SELECT t.x FROM tabular t WHERE id = 0);
    score float8;
    began timestamptz := clock_timestamp();
BEGIN
    IF called THEN
        FOR i IN 1..passes LOOP
            x[1] := i % 7;
            score := ae_anomaly_score(model, x);
        END LOOP;
    ELSE
        FOR i IN 1..passes LOOP
            x[1] := i % 7;
        END LOOP;
    END IF;
    RETURN 1e6 * extract(epoch FROM clock_timestamp() - began) / passes;
END $$"""


def main():
    db = connect()
    load(db, "tabular", tabular_rows(1000))
    db.execute("CREATE TABLE model AS SELECT ae_train(x, %s) AS model "
               "FROM tabular", (options(TABULAR, epochs=1),))
    db.execute(FUNCTION)
    net = peer.network(TABULAR)
    x = torch.from_numpy(tabular_rows(1000)[:1])
    calls, peer_calls = scaled(CALLS), scaled(PEER_CALLS)

    def loop(called):
        return one(db, "SELECT loop_time(model, %s, %s) FROM model", called,
                   calls)

    def theirs():
        with torch.inference_mode():
            for _ in range(peer_calls):
                (net(x) - x).square().mean()

    loop(True)
    theirs()
    ours_us, empty_us, peer_us = [], [], []
    for _ in range(RUNS):
        empty_us.append(loop(False))
        ours_us.append(loop(True) - empty_us[-1])
        peer_us.append(1e6 * seconds(theirs) / peer_calls)

    report = Report(f"call: {calls:,} calls in PL/pgSQL")
    report.add("us a call (peer: PyTorch, eager)", ours_us, peer_us,
               "ours <= 2")
    report.add("us of the loop itself, not counted above", empty_us)
    report.print(db, [peer.version()])
    db.execute("DROP FUNCTION loop_time")
    db.execute("DROP TABLE tabular, model")


if __name__ == "__main__":
    main()
