-- All rows once more, by one session, one by one, with the bytes of the version
-- that they say they were scored with.
--
-- READ COMMITTED learns of a new version by a message that comes right after
-- the commit: until then a statement may score with the version before, which
-- is "late" here.  Any version counts, since a rollback makes old ones current;
-- run.sh bounds how many rows are late, as most rows of a session that misses
-- messages would be.  REPEATABLE READ has no such moment.
SET autoencoder.batch_rows = 0;
SET max_parallel_workers_per_gather = 0;
SET search_path = public;

SELECT format('
SELECT %1$L AS model, count(*) AS rows, count(DISTINCT version) AS versions,
	   count(*) FILTER (WHERE same) AS same,
	   count(*) FILTER (WHERE same IS NOT TRUE AND level = ''read committed'' AND
						EXISTS (SELECT FROM ae_model_version o
								 WHERE o.name = %1$L AND
									   float8send(ae_anomaly_score(o.model, x.r)) =
									   float8send(x.score))) AS late
  FROM (SELECT r, r.level, r.version, r.score,
			   float8send(ae_anomaly_score(v.model, r)) =
			   float8send(r.score) AS same
		  FROM scored_%2$s r LEFT JOIN ae_model_version v
			ON v.name = %1$L AND v.version = r.version
		 ORDER BY r.version) x', 'm' || m, m)
  FROM generate_series(1, 3) m \gexec
