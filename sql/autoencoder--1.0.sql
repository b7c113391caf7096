-- autoencoder--1.0.sql

-- complain if this script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION autoencoder" to load this file. \quit

--
-- training
--

CREATE FUNCTION ae_train_transition(state internal, features anyelement)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'ae_train_transition'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 1;
COMMENT ON FUNCTION ae_train_transition(internal, anyelement) IS
	'keeps a row; part of ae_train(), not to be called by itself';

CREATE FUNCTION ae_train_transition(state internal, features anyelement,
									options jsonb)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'ae_train_transition'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 1;
COMMENT ON FUNCTION ae_train_transition(internal, anyelement, jsonb) IS
	'keeps a row; part of ae_train(), not to be called by itself';

CREATE FUNCTION ae_train_final(state internal)
	RETURNS bytea
	AS 'MODULE_PATHNAME', 'ae_train_final'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION ae_train_final(internal) IS
	'trains on the rows kept; part of ae_train(), not to be called by itself';

CREATE AGGREGATE ae_train(features anyelement) (
	SFUNC = ae_train_transition,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = ae_train_final,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = RESTRICTED
);
COMMENT ON AGGREGATE ae_train(anyelement) IS
	'trains an autoencoder on all rows and returns the model';

CREATE AGGREGATE ae_train(features anyelement, options jsonb) (
	SFUNC = ae_train_transition,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = ae_train_final,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = RESTRICTED
);
COMMENT ON AGGREGATE ae_train(anyelement, jsonb) IS
	'trains an autoencoder with options, see ae_options(), on all rows and returns the model';

CREATE FUNCTION ae_options(
	OUT name text,
	OUT type text,
	OUT "default" text,
	OUT range text,
	OUT description text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_options'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 27;
COMMENT ON FUNCTION ae_options() IS
	'the options that ae_train() takes';

CREATE FUNCTION ae_progress(
	OUT pid integer,
	OUT model text,
	OUT phase text,
	OUT rows_read bigint,
	OUT epoch integer,
	OUT epochs integer,
	OUT train_loss double precision,
	OUT validation_loss double precision,
	OUT seconds_left double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_progress'
	LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 100 ROWS 10;
COMMENT ON FUNCTION ae_progress() IS
	'the trainings that run in this database; see the view ae_progress';

CREATE VIEW ae_progress AS SELECT * FROM ae_progress();
COMMENT ON VIEW ae_progress IS
	'the trainings that run in this database, and how far they are';
GRANT SELECT ON ae_progress TO PUBLIC;

--
-- applying a model
--

CREATE FUNCTION ae_encode(model bytea, features anyelement)
	RETURNS real[]
	AS 'MODULE_PATHNAME', 'ae_encode'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_encode(bytea, anyelement) IS
	'the code of a row: its embedding, as many numbers as the model''s latent';

CREATE FUNCTION ae_decode(model bytea, code real[])
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'ae_decode'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_decode(bytea, real[]) IS
	'the row that a code stands for, in original units and the order of ae_features(); a category as its subscript in categories';

CREATE FUNCTION ae_reconstruct(model bytea, features anyelement)
	RETURNS anyelement
	AS 'MODULE_PATHNAME', 'ae_reconstruct'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_reconstruct(bytea, anyelement) IS
	'what the model expects the row to be, in the row''s own type and units';

CREATE FUNCTION ae_impute(model bytea, features anyelement)
	RETURNS anyelement
	AS 'MODULE_PATHNAME', 'ae_impute'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_impute(bytea, anyelement) IS
	'the row with its NULLs replaced by what the model expects';

CREATE FUNCTION ae_anomaly_score(model bytea, features anyelement)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'ae_anomaly_score'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_anomaly_score(bytea, anyelement) IS
	'how unusual the row is, higher is more so; NULL when all of it is missing';

--
-- evaluating a model
--

CREATE FUNCTION ae_evaluate_transition(state internal, model bytea,
									   features anyelement)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'ae_evaluate_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_evaluate_transition(internal, bytea, anyelement) IS
	'adds up a row''s errors; part of ae_evaluate(), not to be called by itself';

CREATE FUNCTION ae_evaluate_final(state internal)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ae_evaluate_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_evaluate_final(internal) IS
	'the errors as jsonb; part of ae_evaluate(), not to be called by itself';

CREATE AGGREGATE ae_evaluate(model bytea, features anyelement) (
	SFUNC = ae_evaluate_transition,
	STYPE = internal,
	SSPACE = 16384,
	FINALFUNC = ae_evaluate_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE ae_evaluate(bytea, anyelement) IS
	'how well a model reconstructs rows: loss, mse, mae and r2, together (in scaled units) and by column (in the column''s units)';

--
-- measuring scores
--

CREATE FUNCTION ae_metrics_transition(state internal, score double precision,
									  label boolean)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'ae_metrics_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ae_metrics_transition(internal, double precision, boolean) IS
	'keeps a score and its label; part of ae_roc_auc() and ae_average_precision(), not to be called by itself';

CREATE FUNCTION ae_roc_auc_final(state internal)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'ae_roc_auc_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_roc_auc_final(internal) IS
	'sorts the scores; part of ae_roc_auc(), not to be called by itself';

CREATE FUNCTION ae_average_precision_final(state internal)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'ae_average_precision_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_average_precision_final(internal) IS
	'sorts the scores; part of ae_average_precision(), not to be called by itself';

CREATE AGGREGATE ae_roc_auc(score double precision, label boolean) (
	SFUNC = ae_metrics_transition,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = ae_roc_auc_final,
	FINALFUNC_MODIFY = SHAREABLE,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE ae_roc_auc(double precision, boolean) IS
	'area under the ROC curve: how often a row with a true label has a higher score than one with a false label, half for equal scores';

CREATE AGGREGATE ae_average_precision(score double precision, label boolean) (
	SFUNC = ae_metrics_transition,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = ae_average_precision_final,
	FINALFUNC_MODIFY = SHAREABLE,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE ae_average_precision(double precision, boolean) IS
	'average precision: the share of true labels among the rows with at least a score, averaged over the scores of rows with a true label';

--
-- looking into a model
--

CREATE FUNCTION ae_info(model bytea)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ae_info'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ae_info(bytea) IS
	'sizes, layers, training and options of a model';

CREATE FUNCTION ae_features(
	model bytea,
	OUT name text,
	OUT type text,
	OUT kind text,
	OUT scaling text,
	OUT mean double precision,
	OUT stddev double precision,
	OUT min double precision,
	OUT max double precision,
	OUT null_fraction double precision,
	OUT categories text[],
	OUT width integer)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_features'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 30;
COMMENT ON FUNCTION ae_features(bytea) IS
	'the columns of a model in its order, as they were in training';

CREATE FUNCTION ae_history(
	model bytea,
	OUT epoch integer,
	OUT train_loss double precision,
	OUT validation_loss double precision,
	OUT learning_rate double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_history'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 100;
COMMENT ON FUNCTION ae_history(bytea) IS
	'the course of a model''s training, epoch by epoch';

CREATE FUNCTION ae_backend()
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ae_backend'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION ae_backend() IS
	'matrix library, CPU kernels and versions in use: what a bug report needs';
