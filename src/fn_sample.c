/*
 * fn_sample.c
 *	  SQL functions that make rows: ae_sample(), ae_sample_rows() and
 *	  ae_interpolate().
 *
 * They return a row per call, so that a caller that stops reading stops them.
 * fn_extra belongs to that protocol, so the call of the model is kept with
 * the rest of the state.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "core/sample.h"
#include "pg_call.h"
#include "pg_compat.h"
#include "pg_env.h"
#include "pg_guc.h"
#include "pg_vector.h"

PG_FUNCTION_INFO_V1(ae_sample);
PG_FUNCTION_INFO_V1(ae_sample_rows);
PG_FUNCTION_INFO_V1(ae_interpolate);

typedef struct SampleState
{
	AepgCall   *call;
	AeSampler  *sampler;
	uint64		seed;
	Datum		template;		/* a row or array, perhaps of NULLs only */
	double	   *given;			/* (ncells) of the template; or NULL */
	float	   *from;			/* (latent) codes of ae_interpolate() */
	float	   *to;
	float	   *code;
} SampleState;

/* a state in the memory that lives as long as the calls, which becomes the
 * current one; with the model of argument 0 */
static SampleState *
state_create(FunctionCallInfo fcinfo, FuncCallContext *calls, int n)
{
	MemoryContext context = calls->multi_call_memory_ctx;
	SampleState *state;

	MemoryContextSwitchTo(context);
	state = palloc0(sizeof(SampleState));
	state->call = aepg_call_create(context);
	aepg_call_use(state->call, aepg_arg_model(fcinfo, 0, &state->call->site,
											  context));
	calls->user_fctx = state;
	calls->max_calls = (uint64) n;
	return state;
}

static void
state_add_sampler(SampleState *state, MemoryContext context)
{
	const AeModel *model = state->call->model;
	AeArena		arena;

	if (!ae_density_exists(&model->density))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the model cannot generate rows, because it does not know how codes are distributed"),
				 model->options.purpose == AE_PURPOSE_GENERATION ?
				 errhint("Merging models loses that. Train on all rows, or use ae_update() without splitting them.") :
				 errhint("Train it with the option \"purpose\" set to \"generation\".")));
	/* the context releases the arena's memory */
	ae_arena_init(&arena, aepg_env_create(context));
	aepg_check(ae_sampler_create(model, aepg_kernels(), &arena,
								 &state->sampler),
			   "preparing to generate rows");
}

static int
arg_count(FunctionCallInfo fcinfo, int arg, const char *name, int least)
{
	int			count = PG_GETARG_INT32(arg);

	if (count < least)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be at least %d, not %d", name, least,
						count)));
	return count;
}

/* the seed in that argument, if there is one, or a random one */
static uint64
arg_seed(FunctionCallInfo fcinfo, int arg)
{
	uint64		seed;

	if (PG_NARGS() > arg)
		return (uint64) PG_GETARG_INT64(arg);
	if (!pg_strong_random(&seed, sizeof(seed)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random numbers")));
	return seed;
}

/* row i of a seed is the same however many rows there are */
static const double *
state_draw(SampleState *state, uint64 i)
{
	AeRng		rng;

	ae_rng_seed(&rng, state->seed, i);
	ae_sample_row(state->sampler, state->given, &rng, state->call->expected);
	return state->call->expected;
}

/* ae_sample(model, n integer [, seed bigint]) returns setof float8[] */
Datum
ae_sample(PG_FUNCTION_ARGS)
{
	FuncCallContext *calls;
	SampleState *state;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old = CurrentMemoryContext;
		int			n = arg_count(fcinfo, 1, "n", 0);

		calls = SRF_FIRSTCALL_INIT();
		state = state_create(fcinfo, calls, n);
		state_add_sampler(state, calls->multi_call_memory_ctx);
		state->seed = arg_seed(fcinfo, 2);
		MemoryContextSwitchTo(old);
	}
	calls = SRF_PERCALL_SETUP();
	state = calls->user_fctx;
	CHECK_FOR_INTERRUPTS();
	if (calls->call_cntr >= calls->max_calls)
		SRF_RETURN_DONE(calls);
	SRF_RETURN_NEXT(calls,
					aepg_call_array(state->call,
									state_draw(state, calls->call_cntr)));
}

/* a row or an array, in the current memory context */
static Datum
arg_copy(FunctionCallInfo fcinfo, int arg)
{
	return PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(arg)));
}

static double
sample_label_code(void *arg, int column, const char *label, size_t len)
{
	const AeModel *model = arg;

	return ae_features_code(model->features, column, label, len);
}

static Oid
arg_type(FunctionCallInfo fcinfo, int arg, const char *name)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, arg);

	if (!OidIsValid(type) || type == UNKNOWNOID)
		ereport(ERROR,
				(errcode(ERRCODE_INDETERMINATE_DATATYPE),
				 errmsg("could not determine the type of %s", name),
				 errhint("Cast it, for example to a table's row type.")));
	return type;
}

/* a row of that type, or an array of n elements, in which all is NULL; a
 * vector, which has no NULL, of zeros */
static Datum
template_empty(Oid type, int n)
{
	TupleDesc	desc = NULL;
	Oid			element = InvalidOid;
	AepgVector	vector;
	Datum	   *values;
	bool	   *nulls;

	if (type_is_rowtype(type))
	{
		desc = lookup_rowtype_tupdesc_domain(type, -1, false);
		n = desc->natts;
	}
	else
	{
		vector = aepg_vector_of(getBaseType(type));
		if (aepg_vector_is_dense(vector))
			return aepg_vector_zero(vector, n);
		element = get_base_element_type(type);
	}
	values = palloc0(n * sizeof(Datum));
	nulls = palloc(n * sizeof(bool));
	memset(nulls, true, n);
	if (desc != NULL)
	{
		HeapTuple	tuple = heap_form_tuple(desc, values, nulls);

		ReleaseTupleDesc(desc);
		return HeapTupleGetDatum(tuple);
	}
	if (OidIsValid(element))
	{
		int			dims[1] = {n};
		int			bounds[1] = {1};
		int16		bytes;
		bool		by_value;
		char		align;

		get_typlenbyvalalign(element, &bytes, &by_value, &align);
		return PointerGetDatum(construct_md_array(values, nulls, 1, dims,
												  bounds, element, bytes,
												  by_value, align));
	}
	/* of a type that no reader takes, which will complain */
	return (Datum) 0;
}

/* what of the rows is given */
static void
state_set_template(SampleState *state, FunctionCallInfo fcinfo, int arg,
				   MemoryContext context)
{
	AepgCall   *call = state->call;
	Oid			type = arg_type(fcinfo, arg, "the template");
	bool		is_null = PG_ARGISNULL(arg);

	if (is_null && type == RECORDOID)
		ereport(ERROR,
				(errcode(ERRCODE_INDETERMINATE_DATATYPE),
				 errmsg("the template is NULL and of no row type"),
				 errhint("Cast it to a table's row type.")));
	if (is_null)
		state->template = template_empty(type,
										 call->model->features->ncells);
	else
		state->template = arg_copy(fcinfo, arg);
	call->reader = aepg_reader_for_model(type, state->template, call->model,
										 context);
	if (is_null)
		return;
	state->given = palloc(call->model->features->ncells * sizeof(double));
	aepg_reader_read(call->reader, state->template, sample_label_code,
					 unconstify(AeModel *, call->model), state->given);
}

/*
 * ae_sample_rows(model, template anyelement, n integer [, seed bigint])
 * returns setof anyelement; not strict: the template may be NULL
 */
Datum
ae_sample_rows(PG_FUNCTION_ARGS)
{
	FuncCallContext *calls;
	SampleState *state;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old = CurrentMemoryContext;
		bool		none = PG_ARGISNULL(0) || PG_ARGISNULL(2) ||
			(PG_NARGS() > 3 && PG_ARGISNULL(3));
		int			n = none ? 0 : arg_count(fcinfo, 2, "n", 0);

		calls = SRF_FIRSTCALL_INIT();
		if (!none)
		{
			state = state_create(fcinfo, calls, n);
			state_add_sampler(state, calls->multi_call_memory_ctx);
			state_set_template(state, fcinfo, 1,
							   calls->multi_call_memory_ctx);
			state->seed = arg_seed(fcinfo, 3);
		}
		MemoryContextSwitchTo(old);
	}
	calls = SRF_PERCALL_SETUP();
	state = calls->user_fctx;
	CHECK_FOR_INTERRUPTS();
	if (calls->call_cntr >= calls->max_calls)
		SRF_RETURN_DONE(calls);
	state_draw(state, calls->call_cntr);
	SRF_RETURN_NEXT(calls,
					aepg_reader_build(state->call->reader, state->template,
									  state->call->model,
									  state->call->expected,
									  state->given != NULL));
}

/* code of the row in that argument, for which there is a reader */
static float *
state_code(SampleState *state, Datum value)
{
	AepgCall   *call = state->call;
	size_t		bytes = ae_net_latent(&call->model->net) * sizeof(float);
	float	   *code = palloc(bytes);

	aepg_reader_read(call->reader, value, sample_label_code,
					 unconstify(AeModel *, call->model), call->row);
	memcpy(code, ae_score_encode(call->scorer, call->row), bytes);
	return code;
}

static SampleState *
interpolate_create(FunctionCallInfo fcinfo, FuncCallContext *calls)
{
	int			steps = arg_count(fcinfo, 3, "steps", 2);
	SampleState *state = state_create(fcinfo, calls, steps);
	AepgCall   *call = state->call;
	Datum		last = PG_GETARG_DATUM(2);

	state->template = arg_copy(fcinfo, 1);
	call->reader = aepg_reader_for_model(arg_type(fcinfo, 1, "the rows"),
										 state->template, call->model,
										 calls->multi_call_memory_ctx);
	if (!aepg_reader_fits(call->reader, last))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("both rows must have the same columns")));
	state->from = state_code(state, state->template);
	state->to = state_code(state, last);
	state->code = palloc(ae_net_latent(&call->model->net) * sizeof(float));
	return state;
}

/* ae_interpolate(model, a anyelement, b anyelement, steps) returns setof */
Datum
ae_interpolate(PG_FUNCTION_ARGS)
{
	FuncCallContext *calls;
	SampleState *state;
	AepgCall   *call;
	double		part;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old = CurrentMemoryContext;

		interpolate_create(fcinfo, SRF_FIRSTCALL_INIT());
		MemoryContextSwitchTo(old);
	}
	calls = SRF_PERCALL_SETUP();
	state = calls->user_fctx;
	call = state->call;
	CHECK_FOR_INTERRUPTS();
	if (calls->call_cntr >= calls->max_calls)
		SRF_RETURN_DONE(calls);
	part = (double) calls->call_cntr / (double) (calls->max_calls - 1);
	for (int i = 0; i < ae_net_latent(&call->model->net); i++)
		state->code[i] = (float) ((1 - part) * state->from[i] +
								  part * state->to[i]);
	ae_score_decode(call->scorer, state->code, call->expected);
	SRF_RETURN_NEXT(calls,
					aepg_reader_build(call->reader, state->template,
									  call->model, call->expected, false));
}
