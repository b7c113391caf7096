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

CREATE FUNCTION ae_support(internal)
	RETURNS internal
	AS 'MODULE_PATHNAME'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ae_support(internal) IS
	'what the planner should know of the functions that apply a model';

CREATE FUNCTION ae_encode(model bytea, features anyelement)
	RETURNS real[]
	AS 'MODULE_PATHNAME', 'ae_encode'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
	SUPPORT ae_support;
COMMENT ON FUNCTION ae_encode(bytea, anyelement) IS
	'the code of a row: its embedding, as many numbers as the model''s latent';

CREATE FUNCTION ae_decode(model bytea, code real[])
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'ae_decode'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
	SUPPORT ae_support;
COMMENT ON FUNCTION ae_decode(bytea, real[]) IS
	'the row that a code stands for, in original units and the order of ae_features(); a category as its subscript in categories';

CREATE FUNCTION ae_reconstruct(model bytea, features anyelement)
	RETURNS anyelement
	AS 'MODULE_PATHNAME', 'ae_reconstruct'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
	SUPPORT ae_support;
COMMENT ON FUNCTION ae_reconstruct(bytea, anyelement) IS
	'what the model expects the row to be, in the row''s own type and units';

CREATE FUNCTION ae_impute(model bytea, features anyelement)
	RETURNS anyelement
	AS 'MODULE_PATHNAME', 'ae_impute'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
	SUPPORT ae_support;
COMMENT ON FUNCTION ae_impute(bytea, anyelement) IS
	'the row with its NULLs replaced by what the model expects';

CREATE FUNCTION ae_impute(model bytea, features anyelement, draws integer,
						  seed bigint DEFAULT 0)
	RETURNS SETOF anyelement
	AS 'MODULE_PATHNAME', 'ae_impute_draws'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 5;
COMMENT ON FUNCTION ae_impute(bytea, anyelement, integer, bigint) IS
	'so many copies of the row, in each of which its NULLs are replaced by values drawn from what the model knows of them; the same seed and row, the same copies';

CREATE FUNCTION ae_anomaly_score(model bytea, features anyelement)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'ae_anomaly_score'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
	SUPPORT ae_support;
COMMENT ON FUNCTION ae_anomaly_score(bytea, anyelement) IS
	'how unusual the row is, higher is more so; NULL when all of it is missing';

CREATE FUNCTION ae_anomaly_pvalue(model bytea, features anyelement)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'ae_anomaly_pvalue'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
	SUPPORT ae_support;
COMMENT ON FUNCTION ae_anomaly_pvalue(bytea, anyelement) IS
	'expected share of normal rows that score at least as high; NULL when all of the row is missing';

CREATE FUNCTION ae_is_anomaly(model bytea, features anyelement)
	RETURNS boolean
	AS 'MODULE_PATHNAME', 'ae_is_anomaly'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
	SUPPORT ae_support;
COMMENT ON FUNCTION ae_is_anomaly(bytea, anyelement) IS
	'whether the p-value is at most the model''s option alpha';

CREATE FUNCTION ae_is_anomaly(model bytea, features anyelement,
							  alpha double precision)
	RETURNS boolean
	AS 'MODULE_PATHNAME', 'ae_is_anomaly'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
	SUPPORT ae_support;
COMMENT ON FUNCTION ae_is_anomaly(bytea, anyelement, double precision) IS
	'whether the p-value is at most alpha, the share of normal rows that may raise an alarm';

CREATE FUNCTION ae_explain(
	model bytea,
	features anyelement,
	OUT feature text,
	OUT actual text,
	OUT expected text,
	OUT contribution double precision,
	OUT z double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_explain'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000 ROWS 10;
COMMENT ON FUNCTION ae_explain(bytea, anyelement) IS
	'why the row has its score: each column''s value, the expected one, and its contribution to the score''s excess over the training median, largest first';

CREATE FUNCTION ae_predict(
	model bytea,
	features anyelement,
	OUT label text,
	OUT probability double precision)
	RETURNS record
	AS 'MODULE_PATHNAME', 'ae_predict'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_predict(bytea, anyelement) IS
	'the likeliest class of a row, whatever its label column has, and its probability, from a model trained with classes';

--
-- generating rows
--

CREATE FUNCTION ae_sample(model bytea, n integer)
	RETURNS SETOF double precision[]
	AS 'MODULE_PATHNAME', 'ae_sample'
	LANGUAGE C VOLATILE STRICT PARALLEL SAFE COST 100 ROWS 1000;
COMMENT ON FUNCTION ae_sample(bytea, integer) IS
	'n random rows like those of the training, as ae_decode() returns them';

CREATE FUNCTION ae_sample_rows(model bytea, template anyelement,
							   n integer)
	RETURNS SETOF anyelement
	AS 'MODULE_PATHNAME', 'ae_sample_rows'
	LANGUAGE C VOLATILE PARALLEL SAFE COST 100 ROWS 1000;
COMMENT ON FUNCTION ae_sample_rows(bytea, anyelement, integer) IS
	'n random rows like those of the training, of the type of the template, whose values that are not NULL they have';

CREATE FUNCTION ae_sample(model bytea, n integer, seed bigint)
	RETURNS SETOF double precision[]
	AS 'MODULE_PATHNAME', 'ae_sample'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 1000;
COMMENT ON FUNCTION ae_sample(bytea, integer, bigint) IS
	'n random rows like those of the training, as ae_decode() returns them, the same for the same seed';

CREATE FUNCTION ae_sample_rows(model bytea, template anyelement,
							   n integer, seed bigint)
	RETURNS SETOF anyelement
	AS 'MODULE_PATHNAME', 'ae_sample_rows'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 ROWS 1000;
COMMENT ON FUNCTION ae_sample_rows(bytea, anyelement, integer, bigint) IS
	'n random rows like those of the training, of the type of the template, whose values that are not NULL they have, the same for the same seed';

CREATE FUNCTION ae_interpolate(model bytea, a anyelement, b anyelement,
							   steps integer)
	RETURNS SETOF anyelement
	AS 'MODULE_PATHNAME', 'ae_interpolate'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 10;
COMMENT ON FUNCTION ae_interpolate(bytea, anyelement, anyelement, integer) IS
	'rows on the way from a to b, both reconstructed, in even steps of the code';

CREATE FUNCTION ae_synthetic_report(
	"real" text,
	synthetic text,
	options jsonb DEFAULT NULL,
	OUT measure text,
	OUT feature text,
	OUT other text,
	OUT made double precision,
	OUT held double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_synthetic_report'
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 100;
COMMENT ON FUNCTION ae_synthetic_report(text, text, jsonb) IS
	'how good the rows of a query are in place of real ones: copies, distances, distributions of columns and pairs, and what a model learns from them';

--
-- recommending items
--

CREATE FUNCTION ae_recommend(
	model bytea,
	items anyelement,
	k integer,
	OUT item text,
	OUT item_id bigint,
	OUT score double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_recommend'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 20;
COMMENT ON FUNCTION ae_recommend(bytea, anyelement, integer) IS
	'the k items that suit a set of items best, without those in it';

CREATE FUNCTION ae_recommend(
	model bytea,
	items anyelement,
	k integer,
	exclude anycompatible,
	OUT item text,
	OUT item_id bigint,
	OUT score double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_recommend'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 20;
COMMENT ON FUNCTION ae_recommend(bytea, anyelement, integer, anycompatible) IS
	'the k items that suit a set of items best, without those to exclude';

CREATE FUNCTION ae_similar_items(
	model bytea,
	item bigint,
	k integer,
	OUT item text,
	OUT item_id bigint,
	OUT score double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_similar_items_number'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 20;
COMMENT ON FUNCTION ae_similar_items(bytea, bigint, integer) IS
	'the k items most similar to an item';

CREATE FUNCTION ae_similar_items(
	model bytea,
	item text,
	k integer,
	OUT item text,
	OUT item_id bigint,
	OUT score double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_similar_items_text'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 20;
COMMENT ON FUNCTION ae_similar_items(bytea, text, integer) IS
	'the k items most similar to an item';

CREATE FUNCTION ae_item_embeddings(
	model bytea,
	OUT item text,
	OUT item_id bigint,
	OUT embedding real[],
	OUT bias real)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_item_embeddings'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000 ROWS 10000;
COMMENT ON FUNCTION ae_item_embeddings(bytea) IS
	'the vectors of all items, and what is added to their inner products with ae_encode() to give scores';

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
-- updating and merging models
--

CREATE TYPE ae_row;
CREATE FUNCTION ae_row_in(cstring)
	RETURNS ae_row
	AS 'MODULE_PATHNAME', 'ae_row_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ae_row_in(cstring) IS
	'refuses: a value of type ae_row exists within a query only';
CREATE FUNCTION ae_row_out(ae_row)
	RETURNS cstring
	AS 'MODULE_PATHNAME', 'ae_row_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ae_row_out(ae_row) IS
	'refuses: a value of type ae_row exists within a query only';
CREATE TYPE ae_row (
	INPUT = ae_row_in,
	OUTPUT = ae_row_out,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double
);
COMMENT ON TYPE ae_row IS
	'a model and a row as one argument of an aggregate; cannot be stored';

-- not IMMUTABLE: the planner must not keep a value
CREATE FUNCTION ae_row(model bytea, features anyelement)
	RETURNS ae_row
	AS 'MODULE_PATHNAME', 'ae_row'
	LANGUAGE C STABLE PARALLEL SAFE COST 1;
COMMENT ON FUNCTION ae_row(bytea, anyelement) IS
	'a model and a row as one argument, for ae_update()';

CREATE FUNCTION ae_row(model bytea, features anyelement, options jsonb)
	RETURNS ae_row
	AS 'MODULE_PATHNAME', 'ae_row'
	LANGUAGE C STABLE PARALLEL SAFE COST 1;
COMMENT ON FUNCTION ae_row(bytea, anyelement, jsonb) IS
	'a model, a row and options as one argument, for ae_update()';

CREATE TYPE ae_partial;
CREATE FUNCTION ae_partial_in(cstring)
	RETURNS ae_partial
	AS 'MODULE_PATHNAME', 'ae_partial_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ae_partial_in(cstring) IS 'input of ae_partial';
CREATE FUNCTION ae_partial_out(ae_partial)
	RETURNS cstring
	AS 'MODULE_PATHNAME', 'ae_partial_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ae_partial_out(ae_partial) IS 'output of ae_partial';
CREATE FUNCTION ae_partial_recv(internal)
	RETURNS ae_partial
	AS 'MODULE_PATHNAME', 'ae_partial_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ae_partial_recv(internal) IS 'binary input of ae_partial';
CREATE FUNCTION ae_partial_send(ae_partial)
	RETURNS bytea
	AS 'MODULE_PATHNAME', 'ae_partial_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ae_partial_send(ae_partial) IS
	'binary output of ae_partial';
CREATE TYPE ae_partial (
	INPUT = ae_partial_in,
	OUTPUT = ae_partial_out,
	RECEIVE = ae_partial_recv,
	SEND = ae_partial_send,
	INTERNALLENGTH = VARIABLE,
	STORAGE = external
);
COMMENT ON TYPE ae_partial IS
	'models of parts of the rows: what ae_update() and ae_merge() pass between processes';

CREATE FUNCTION ae_partial_combine(ae_partial, ae_partial)
	RETURNS ae_partial
	AS 'MODULE_PATHNAME', 'ae_partial_combine'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ae_partial_combine(ae_partial, ae_partial) IS
	'parts put together; part of ae_update() and ae_merge(), not to be called by itself';

-- the cost of a row is that of training on it
CREATE FUNCTION ae_update_transition(state ae_partial, "row" ae_row)
	RETURNS ae_partial
	AS 'MODULE_PATHNAME', 'ae_update_row_transition'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ae_update_transition(ae_partial, ae_row) IS
	'keeps a row; part of ae_update(), not to be called by itself';

CREATE FUNCTION ae_update_transition(state ae_partial, model bytea,
									 features anyelement)
	RETURNS ae_partial
	AS 'MODULE_PATHNAME', 'ae_update_transition'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ae_update_transition(ae_partial, bytea, anyelement) IS
	'keeps a row; part of ae_update(), not to be called by itself';

CREATE FUNCTION ae_update_transition(state ae_partial, model bytea,
									 features anyelement, options jsonb)
	RETURNS ae_partial
	AS 'MODULE_PATHNAME', 'ae_update_transition'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ae_update_transition(ae_partial, bytea, anyelement, jsonb) IS
	'keeps a row; part of ae_update(), not to be called by itself';

CREATE FUNCTION ae_update_final(state ae_partial)
	RETURNS bytea
	AS 'MODULE_PATHNAME', 'ae_update_final'
	LANGUAGE C STABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION ae_update_final(ae_partial) IS
	'trains on the rows kept; part of ae_update(), not to be called by itself';

CREATE AGGREGATE ae_update(model bytea, features anyelement) (
	SFUNC = ae_update_transition,
	STYPE = ae_partial,
	SSPACE = 1000000,
	FINALFUNC = ae_update_final,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE ae_update(bytea, anyelement) IS
	'the model trained further on new rows';

CREATE AGGREGATE ae_update(model bytea, features anyelement, options jsonb) (
	SFUNC = ae_update_transition,
	STYPE = ae_partial,
	SSPACE = 1000000,
	FINALFUNC = ae_update_final,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE ae_update(bytea, anyelement, jsonb) IS
	'the model trained further on new rows, with options of the training';

-- the form that parallel plans and distributed engines can split
CREATE AGGREGATE ae_update("row" ae_row) (
	SFUNC = ae_update_transition,
	STYPE = ae_partial,
	SSPACE = 1000000,
	FINALFUNC = ae_update_final,
	FINALFUNC_MODIFY = READ_WRITE,
	COMBINEFUNC = ae_partial_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE ae_update(ae_row) IS
	'the model trained further on new rows, each part of them in its own process';

CREATE FUNCTION ae_merge_transition(state ae_partial, model bytea)
	RETURNS ae_partial
	AS 'MODULE_PATHNAME', 'ae_merge_transition'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ae_merge_transition(ae_partial, bytea) IS
	'keeps a model; part of ae_merge(), not to be called by itself';

CREATE FUNCTION ae_merge_final(state ae_partial)
	RETURNS bytea
	AS 'MODULE_PATHNAME', 'ae_merge_final'
	LANGUAGE C STABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION ae_merge_final(ae_partial) IS
	'the mean of the models kept; part of ae_merge(), not to be called by itself';

CREATE AGGREGATE ae_merge(model bytea) (
	SFUNC = ae_merge_transition,
	STYPE = ae_partial,
	SSPACE = 1000000,
	FINALFUNC = ae_merge_final,
	FINALFUNC_MODIFY = READ_WRITE,
	COMBINEFUNC = ae_partial_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE ae_merge(bytea) IS
	'one model from several updates of a model, each counting as its rows';

--
-- watching rows
--

CREATE TYPE ae_drift_line AS (
	feature text,
	psi double precision,
	js double precision,
	ks double precision
);
COMMENT ON TYPE ae_drift_line IS
	'how far the values of a column, or with feature NULL the scores, are from those of the training rows';

CREATE FUNCTION ae_drift_transition(state internal, model bytea,
									features anyelement)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'ae_drift_transition'
	LANGUAGE C STABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_drift_transition(internal, bytea, anyelement) IS
	'counts a row; part of ae_drift(), not to be called by itself';

CREATE FUNCTION ae_drift_final(state internal)
	RETURNS ae_drift_line[]
	AS 'MODULE_PATHNAME', 'ae_drift_final'
	LANGUAGE C STABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_drift_final(internal) IS
	'the measures of drift; part of ae_drift(), not to be called by itself';

CREATE AGGREGATE ae_drift(model bytea, features anyelement) (
	SFUNC = ae_drift_transition,
	STYPE = internal,
	SSPACE = 16384,
	FINALFUNC = ae_drift_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE ae_drift(bytea, anyelement) IS
	'how far rows are from the training rows: the scores first, then each column, worst first; for unnest()';

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

CREATE FUNCTION ae_recall(ranked anycompatiblearray,
						  relevant anycompatiblearray)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'ae_recall'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_recall(anycompatiblearray, anycompatiblearray) IS
	'the share of the relevant elements, or of its ranks if these are fewer, that a ranking has';

CREATE FUNCTION ae_recall(ranked anycompatiblearray,
						  relevant anycompatiblearray, k integer)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'ae_recall'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_recall(anycompatiblearray, anycompatiblearray, integer) IS
	'the share of the relevant elements, or of the first k ranks if these are fewer, that a ranking has among its first k';

CREATE FUNCTION ae_ndcg(ranked anycompatiblearray,
						  relevant anycompatiblearray)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'ae_ndcg'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_ndcg(anycompatiblearray, anycompatiblearray) IS
	'the normalised discounted cumulative gain of a ranking''s elements';

CREATE FUNCTION ae_ndcg(ranked anycompatiblearray,
						  relevant anycompatiblearray, k integer)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'ae_ndcg'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_ndcg(anycompatiblearray, anycompatiblearray, integer) IS
	'the normalised discounted cumulative gain of a ranking''s first k elements';

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
	OUT width integer,
	OUT condition boolean)
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

--
-- named models
--

CREATE TABLE ae_named_model (
	name text COLLATE "C" PRIMARY KEY
		CONSTRAINT ae_named_model_name_length
		CHECK (pg_catalog.octet_length(name) OPERATOR(pg_catalog.>=) 1 AND
			   pg_catalog.octet_length(name) OPERATOR(pg_catalog.<=) 63),
	owner regrole NOT NULL DEFAULT pg_catalog.quote_ident(current_user)::regrole,
	readers regrole[] NOT NULL DEFAULT '{}',
	current_version integer
);
COMMENT ON TABLE ae_named_model IS
	'names of models, who owns them, who else may read them, and the version that scores by name use';

CREATE TABLE ae_model_version (
	name text COLLATE "C"
		REFERENCES ae_named_model ON UPDATE CASCADE ON DELETE CASCADE,
	version integer CHECK (version OPERATOR(pg_catalog.>) 0),
	model bytea NOT NULL,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	seconds double precision,
	rows bigint,
	query text,
	options jsonb,
	note text,
	PRIMARY KEY (name, version)
);
COMMENT ON TABLE ae_model_version IS
	'versions of named models: the model and how it was trained';

-- weights do not compress
ALTER TABLE ae_model_version ALTER model SET STORAGE EXTERNAL;

SELECT pg_catalog.pg_extension_config_dump('ae_named_model', '');
SELECT pg_catalog.pg_extension_config_dump('ae_model_version', '');

-- The policies decide who may do what to which row.  They run as whoever reads
-- the tables, so they must not find what somebody else has put into the
-- extension's schema.
ALTER TABLE ae_named_model ENABLE ROW LEVEL SECURITY;
ALTER TABLE ae_model_version ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON ae_named_model, ae_model_version
	TO PUBLIC;

CREATE POLICY owner ON ae_named_model
	USING (pg_catalog.pg_has_role(owner, 'USAGE'));
CREATE POLICY reader ON ae_named_model FOR SELECT
	USING (EXISTS (SELECT FROM pg_catalog.unnest(readers) AS reader
				   WHERE reader OPERATOR(pg_catalog.=) 0 OR
						 pg_catalog.pg_has_role(reader, 'USAGE')));
CREATE POLICY owner ON ae_model_version
	USING (EXISTS (SELECT FROM ae_named_model n
				   WHERE n.name OPERATOR(pg_catalog.=)
						 ae_model_version.name AND
						 pg_catalog.pg_has_role(n.owner, 'USAGE')));
CREATE POLICY reader ON ae_model_version FOR SELECT
	USING (EXISTS (SELECT FROM ae_named_model n
				   WHERE n.name OPERATOR(pg_catalog.=)
						 ae_model_version.name));

CREATE FUNCTION ae_model_changed()
	RETURNS trigger
	AS 'MODULE_PATHNAME', 'ae_model_changed'
	LANGUAGE C;
COMMENT ON FUNCTION ae_model_changed() IS
	'tells all sessions to read models by name anew; trigger of the tables of named models';

CREATE TRIGGER ae_model_changed
	AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ae_named_model
	FOR EACH STATEMENT EXECUTE FUNCTION ae_model_changed();
CREATE TRIGGER ae_model_changed
	AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ae_model_version
	FOR EACH STATEMENT EXECUTE FUNCTION ae_model_changed();
ALTER TABLE ae_named_model ENABLE ALWAYS TRIGGER ae_model_changed;
ALTER TABLE ae_model_version ENABLE ALWAYS TRIGGER ae_model_changed;

CREATE VIEW ae_models WITH (security_invoker, security_barrier) AS
SELECT v.name,
	   v.version,
	   v.version IS NOT DISTINCT FROM n.current_version AS is_current,
	   n.owner,
	   n.readers,
	   v.created_at,
	   v.seconds,
	   v.rows,
	   pg_catalog.octet_length(v.model) AS bytes,
	   v.query,
	   v.options,
	   v.note
FROM ae_named_model n JOIN ae_model_version v
	 ON v.name OPERATOR(pg_catalog.=) n.name;
COMMENT ON VIEW ae_models IS
	'the versions of the named models that the current role may read';
GRANT SELECT ON ae_models TO PUBLIC;

CREATE FUNCTION ae_create_model(
	name text,
	query text,
	options jsonb DEFAULT NULL,
	replace boolean DEFAULT false,
	note text DEFAULT NULL)
	RETURNS integer
	AS 'MODULE_PATHNAME', 'ae_create_model'
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION ae_create_model(text, text, jsonb, boolean, text) IS
	'trains on the rows of a query and stores the model under a name; the new version''s number';

CREATE FUNCTION ae_update_model(
	name text,
	query text,
	options jsonb DEFAULT NULL,
	note text DEFAULT NULL)
	RETURNS integer
	AS 'MODULE_PATHNAME', 'ae_update_model'
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION ae_update_model(text, text, jsonb, text) IS
	'trains the current version of a model further on the rows of a query and stores the result; the new version''s number';

CREATE FUNCTION ae_store_model(name text, model bytea,
							   note text DEFAULT NULL)
	RETURNS integer
	AS 'MODULE_PATHNAME', 'ae_store_model'
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION ae_store_model(text, bytea, text) IS
	'stores a model as the newest version of a name; the new version''s number';

CREATE FUNCTION ae_model(name text)
	RETURNS bytea
	AS 'MODULE_PATHNAME', 'ae_model'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ae_model(text) IS
	'the current version of a named model';

CREATE FUNCTION ae_model(name text, version integer)
	RETURNS bytea
	AS 'MODULE_PATHNAME', 'ae_model'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ae_model(text, integer) IS
	'a version of a named model';

CREATE FUNCTION ae_drop_model(name text, if_exists boolean DEFAULT false)
	RETURNS void
	AS 'MODULE_PATHNAME', 'ae_drop_model'
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION ae_drop_model(text, boolean) IS
	'drops a named model with all its versions';

CREATE FUNCTION ae_rename_model(name text, new_name text)
	RETURNS void
	AS 'MODULE_PATHNAME', 'ae_rename_model'
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION ae_rename_model(text, text) IS
	'gives a named model another name';

CREATE FUNCTION ae_rollback_model(name text, version integer)
	RETURNS integer
	AS 'MODULE_PATHNAME', 'ae_rollback_model'
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION ae_rollback_model(text, integer) IS
	'makes another version the current one; the one that was current before';

CREATE FUNCTION ae_prune_model(name text, keep integer)
	RETURNS integer
	AS 'MODULE_PATHNAME', 'ae_prune_model'
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION ae_prune_model(text, integer) IS
	'drops old versions of a named model, but neither the newest ones, as many as to keep, nor the current one; how many it dropped';

CREATE FUNCTION ae_grant_model(name text, role text)
	RETURNS void
	AS 'MODULE_PATHNAME', 'ae_grant_model'
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION ae_grant_model(text, text) IS
	'lets a role, or with public every role, read and use a named model';

CREATE FUNCTION ae_revoke_model(name text, role text)
	RETURNS void
	AS 'MODULE_PATHNAME', 'ae_revoke_model'
	LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION ae_revoke_model(text, text) IS
	'takes back what ae_grant_model() gave';

--
-- functions that take a model, by name
--

CREATE FUNCTION ae_encode(name text, features anyelement)
	RETURNS real[]
	AS 'MODULE_PATHNAME', 'ae_encode'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT ae_support;
COMMENT ON FUNCTION ae_encode(text, anyelement) IS
	'ae_encode() with the current version of a named model';

CREATE FUNCTION ae_decode(name text, code real[])
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'ae_decode'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT ae_support;
COMMENT ON FUNCTION ae_decode(text, real[]) IS
	'ae_decode() with the current version of a named model';

CREATE FUNCTION ae_reconstruct(name text, features anyelement)
	RETURNS anyelement
	AS 'MODULE_PATHNAME', 'ae_reconstruct'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT ae_support;
COMMENT ON FUNCTION ae_reconstruct(text, anyelement) IS
	'ae_reconstruct() with the current version of a named model';

CREATE FUNCTION ae_impute(name text, features anyelement)
	RETURNS anyelement
	AS 'MODULE_PATHNAME', 'ae_impute'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT ae_support;
COMMENT ON FUNCTION ae_impute(text, anyelement) IS
	'ae_impute() with the current version of a named model';

CREATE FUNCTION ae_impute(name text, features anyelement, draws integer,
						  seed bigint DEFAULT 0)
	RETURNS SETOF anyelement
	AS 'MODULE_PATHNAME', 'ae_impute_draws'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000 ROWS 5;
COMMENT ON FUNCTION ae_impute(text, anyelement, integer, bigint) IS
	'ae_impute() with draws, with the current version of a named model';

CREATE FUNCTION ae_recommend(
	name text,
	items anyelement,
	k integer,
	OUT item text,
	OUT item_id bigint,
	OUT score double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_recommend'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000 ROWS 20;
COMMENT ON FUNCTION ae_recommend(text, anyelement, integer) IS
	'ae_recommend() with the current version of a named model';

CREATE FUNCTION ae_recommend(
	name text,
	items anyelement,
	k integer,
	exclude anycompatible,
	OUT item text,
	OUT item_id bigint,
	OUT score double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_recommend'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000 ROWS 20;
COMMENT ON FUNCTION ae_recommend(text, anyelement, integer, anycompatible) IS
	'ae_recommend() with the current version of a named model';

CREATE FUNCTION ae_similar_items(
	name text,
	item bigint,
	k integer,
	OUT item text,
	OUT item_id bigint,
	OUT score double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_similar_items_number'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000 ROWS 20;
COMMENT ON FUNCTION ae_similar_items(text, bigint, integer) IS
	'ae_similar_items() with the current version of a named model';

CREATE FUNCTION ae_similar_items(
	name text,
	item text,
	k integer,
	OUT item text,
	OUT item_id bigint,
	OUT score double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_similar_items_text'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000 ROWS 20;
COMMENT ON FUNCTION ae_similar_items(text, text, integer) IS
	'ae_similar_items() with the current version of a named model';

CREATE FUNCTION ae_item_embeddings(
	name text,
	OUT item text,
	OUT item_id bigint,
	OUT embedding real[],
	OUT bias real)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_item_embeddings'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100000 ROWS 10000;
COMMENT ON FUNCTION ae_item_embeddings(text) IS
	'ae_item_embeddings() with the current version of a named model';

CREATE FUNCTION ae_anomaly_score(name text, features anyelement)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'ae_anomaly_score'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT ae_support;
COMMENT ON FUNCTION ae_anomaly_score(text, anyelement) IS
	'ae_anomaly_score() with the current version of a named model';

CREATE FUNCTION ae_anomaly_pvalue(name text, features anyelement)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'ae_anomaly_pvalue'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT ae_support;
COMMENT ON FUNCTION ae_anomaly_pvalue(text, anyelement) IS
	'ae_anomaly_pvalue() with the current version of a named model';

CREATE FUNCTION ae_is_anomaly(name text, features anyelement)
	RETURNS boolean
	AS 'MODULE_PATHNAME', 'ae_is_anomaly'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT ae_support;
COMMENT ON FUNCTION ae_is_anomaly(text, anyelement) IS
	'ae_is_anomaly() with the current version of a named model';

CREATE FUNCTION ae_is_anomaly(name text, features anyelement,
							  alpha double precision)
	RETURNS boolean
	AS 'MODULE_PATHNAME', 'ae_is_anomaly'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT ae_support;
COMMENT ON FUNCTION ae_is_anomaly(text, anyelement, double precision) IS
	'ae_is_anomaly() with the current version of a named model';

CREATE FUNCTION ae_explain(
	name text,
	features anyelement,
	OUT feature text,
	OUT actual text,
	OUT expected text,
	OUT contribution double precision,
	OUT z double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_explain'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000 ROWS 10;
COMMENT ON FUNCTION ae_explain(text, anyelement) IS
	'ae_explain() with the current version of a named model';

CREATE FUNCTION ae_predict(
	name text,
	features anyelement,
	OUT label text,
	OUT probability double precision)
	RETURNS record
	AS 'MODULE_PATHNAME', 'ae_predict'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_predict(text, anyelement) IS
	'ae_predict() with the current version of a named model';

CREATE FUNCTION ae_sample(name text, n integer)
	RETURNS SETOF double precision[]
	AS 'MODULE_PATHNAME', 'ae_sample'
	LANGUAGE C VOLATILE STRICT PARALLEL SAFE COST 100 ROWS 1000;
COMMENT ON FUNCTION ae_sample(text, integer) IS
	'ae_sample() with the current version of a named model';

CREATE FUNCTION ae_sample_rows(name text, template anyelement,
							   n integer)
	RETURNS SETOF anyelement
	AS 'MODULE_PATHNAME', 'ae_sample_rows'
	LANGUAGE C VOLATILE PARALLEL SAFE COST 100 ROWS 1000;
COMMENT ON FUNCTION ae_sample_rows(text, anyelement, integer) IS
	'ae_sample_rows() with the current version of a named model';

CREATE FUNCTION ae_sample(name text, n integer, seed bigint)
	RETURNS SETOF double precision[]
	AS 'MODULE_PATHNAME', 'ae_sample'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100 ROWS 1000;
COMMENT ON FUNCTION ae_sample(text, integer, bigint) IS
	'ae_sample() with the current version of a named model';

CREATE FUNCTION ae_sample_rows(name text, template anyelement,
							   n integer, seed bigint)
	RETURNS SETOF anyelement
	AS 'MODULE_PATHNAME', 'ae_sample_rows'
	LANGUAGE C STABLE PARALLEL SAFE COST 100 ROWS 1000;
COMMENT ON FUNCTION ae_sample_rows(text, anyelement, integer, bigint) IS
	'ae_sample_rows() with the current version of a named model';

CREATE FUNCTION ae_interpolate(name text, a anyelement, b anyelement,
							   steps integer)
	RETURNS SETOF anyelement
	AS 'MODULE_PATHNAME', 'ae_interpolate'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100 ROWS 10;
COMMENT ON FUNCTION ae_interpolate(text, anyelement, anyelement, integer) IS
	'ae_interpolate() with the current version of a named model';

CREATE FUNCTION ae_evaluate_transition(state internal, name text,
									   features anyelement)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'ae_evaluate_transition'
	LANGUAGE C STABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_evaluate_transition(internal, text, anyelement) IS
	'adds up a row''s errors; part of ae_evaluate(), not to be called by itself';

CREATE AGGREGATE ae_evaluate(name text, features anyelement) (
	SFUNC = ae_evaluate_transition,
	STYPE = internal,
	SSPACE = 16384,
	FINALFUNC = ae_evaluate_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE ae_evaluate(text, anyelement) IS
	'ae_evaluate() with the current version of a named model';

CREATE FUNCTION ae_row(name text, features anyelement)
	RETURNS ae_row
	AS 'MODULE_PATHNAME', 'ae_row'
	LANGUAGE C STABLE PARALLEL SAFE COST 1;
COMMENT ON FUNCTION ae_row(text, anyelement) IS
	'ae_row() with the current version of a named model';

CREATE FUNCTION ae_row(name text, features anyelement, options jsonb)
	RETURNS ae_row
	AS 'MODULE_PATHNAME', 'ae_row'
	LANGUAGE C STABLE PARALLEL SAFE COST 1;
COMMENT ON FUNCTION ae_row(text, anyelement, jsonb) IS
	'ae_row() with the current version of a named model';

CREATE FUNCTION ae_update_transition(state ae_partial, name text,
									 features anyelement)
	RETURNS ae_partial
	AS 'MODULE_PATHNAME', 'ae_update_transition'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ae_update_transition(ae_partial, text, anyelement) IS
	'keeps a row; part of ae_update(), not to be called by itself';

CREATE FUNCTION ae_update_transition(state ae_partial, name text,
									 features anyelement, options jsonb)
	RETURNS ae_partial
	AS 'MODULE_PATHNAME', 'ae_update_transition'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ae_update_transition(ae_partial, text, anyelement, jsonb) IS
	'keeps a row; part of ae_update(), not to be called by itself';

CREATE AGGREGATE ae_update(name text, features anyelement) (
	SFUNC = ae_update_transition,
	STYPE = ae_partial,
	SSPACE = 1000000,
	FINALFUNC = ae_update_final,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE ae_update(text, anyelement) IS
	'ae_update() with the current version of a named model';

CREATE AGGREGATE ae_update(name text, features anyelement, options jsonb) (
	SFUNC = ae_update_transition,
	STYPE = ae_partial,
	SSPACE = 1000000,
	FINALFUNC = ae_update_final,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE ae_update(text, anyelement, jsonb) IS
	'ae_update() with the current version of a named model';

CREATE FUNCTION ae_drift_transition(state internal, name text,
									features anyelement)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'ae_drift_transition'
	LANGUAGE C STABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ae_drift_transition(internal, text, anyelement) IS
	'counts a row; part of ae_drift(), not to be called by itself';

CREATE AGGREGATE ae_drift(name text, features anyelement) (
	SFUNC = ae_drift_transition,
	STYPE = internal,
	SSPACE = 16384,
	FINALFUNC = ae_drift_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE ae_drift(text, anyelement) IS
	'ae_drift() with the current version of a named model';

CREATE FUNCTION ae_info(name text)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ae_info'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ae_info(text) IS
	'ae_info() with the current version of a named model';

CREATE FUNCTION ae_features(
	model text,
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
	OUT width integer,
	OUT condition boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_features'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000 ROWS 30;
COMMENT ON FUNCTION ae_features(text) IS
	'ae_features() with the current version of a named model';

CREATE FUNCTION ae_history(
	name text,
	OUT epoch integer,
	OUT train_loss double precision,
	OUT validation_loss double precision,
	OUT learning_rate double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ae_history'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000 ROWS 100;
COMMENT ON FUNCTION ae_history(text) IS
	'ae_history() with the current version of a named model';

CREATE FUNCTION ae_score_trigger()
	RETURNS trigger
	AS 'MODULE_PATHNAME', 'ae_score_trigger'
	LANGUAGE C;
COMMENT ON FUNCTION ae_score_trigger() IS
	'trigger BEFORE INSERT OR UPDATE FOR EACH ROW: writes the anomaly score by a named model, and perhaps its p-value, into columns; arguments: model, score column [, p-value column] [, ''on_missing=null'']';
