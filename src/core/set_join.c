/*
 * set_join.c
 *	  The parts of an update of a model of sets put together.
 *
 * A part may have grown: each by the items that are new in its own rows.  The
 * model gets the items of all parts, and where not all have one, the mean is
 * that of those that do.
 */
#include "core/set_join.h"

#include <string.h>

#include "core/set_grow.h"

typedef struct JoinPart
{
	const AeModel *model;
	double		rows;
	const int  *place;			/* of the new items of the whole; -1: none */
} JoinPart;

typedef struct Join
{
	AeModel    *base;
	int			nknown;			/* items before the update */
	int			nparts;
	JoinPart   *parts;
	size_t	   *from;			/* (nparts) where parameters of parts are */
	AeArena		arena;
} Join;

/* whether a part has the base's items, perhaps more, and its other layers */
static bool
join_is_alike(const AeModel *base, const AeModel *part)
{
	const AeItems *x = base->items;
	const AeItems *y = part->items;
	int			last = base->net.nlayers - 1;

	if (y == NULL || base->options.variant != part->options.variant ||
		x->count > y->count || x->is_number != y->is_number ||
		base->net.nlayers != part->net.nlayers ||
		base->features->input_width != part->features->input_width ||
		memcmp(x->start, y->start,
			   ((size_t) x->count + 1) * sizeof(uint32_t)) != 0 ||
		memcmp(x->text, y->text, x->start[x->count]) != 0)
		return false;
	for (int i = 0; i <= last; i++)
	{
		const AeLayer *a = &base->net.layers[i];
		const AeLayer *b = &part->net.layers[i];

		if (a->kind != b->kind || a->activation != b->activation ||
			(i < last && a->out != b->out))
			return false;
	}
	return true;
}

/*----------
 * Items.
 *----------
 */

/* the items of a part, from the known ones on, that are not among items, with
 * their frequencies */
static AeStatus
join_find_more(const AeItems *items, const AeItems *part, int known,
			   AeArena *arena, AeItems **more)
{
	int			count = 0;
	size_t		bytes = 0;
	AeItems    *it;

	AE_TRY(ae_items_create(arena, part->count - known,
						   part->start[part->count] - part->start[known],
						   more));
	it = *more;
	for (int i = known; i < part->count; i++)
	{
		size_t		len;
		const char *text = ae_items_text(part, i, &len);

		arena->env->poll(arena->env->host);
		if (ae_items_find(items, text, len) >= 0)
			continue;
		if (len > 0)
			memcpy(it->text + bytes, text, len);
		bytes += len;
		it->frequency[count++] = part->frequency[i];
		it->start[count] = (uint32_t) bytes;
	}
	it->count = count;
	return AE_OK;
}

/* the base gets the items of all parts; without growth nothing changes */
static AeStatus
join_grow(Join *j)
{
	AeItems    *all = j->base->items;
	AeItems    *more;
	AeNet		before;

	for (int i = 0; i < j->nparts; i++)
	{
		const AeItems *items = j->parts[i].model->items;

		if (items->count == j->nknown)
			continue;
		AE_TRY(join_find_more(all, items, j->nknown, &j->arena, &more));
		if (more->count > 0)
			AE_TRY(ae_items_append(all, more, &j->arena, &all));
	}
	if (all->count == j->nknown)
		return AE_OK;
	AE_TRY(join_find_more(j->base->items, all, j->nknown, &j->arena, &more));
	AE_TRY(ae_set_grow_plan(j->base, more, &before));
	return ae_set_grow_move(j->base, &before);
}

static AeStatus
join_place(Join *j)
{
	const AeItems *items = j->base->items;
	int			nnew = items->count - j->nknown;

	for (int i = 0; i < j->nparts; i++)
	{
		int		   *place = ae_arena_alloc(&j->arena, (size_t) nnew,
										   sizeof(int));

		if (place == NULL)
			return AE_ERR_MEMORY;
		for (int k = 0; k < nnew; k++)
		{
			size_t		len;
			const char *text = ae_items_text(items, j->nknown + k, &len);

			j->arena.env->poll(j->arena.env->host);
			place[k] = ae_items_find(j->parts[i].model->items, text, len);
		}
		j->parts[i].place = place;
	}
	return AE_OK;
}

/* how many rows have an item: those before, and those of all parts */
static void
join_frequencies(Join *j)
{
	AeItems    *items = j->base->items;

	for (int k = 0; k < items->count; k++)
	{
		uint64_t	before = k < j->nknown ? items->frequency[k] : 0;

		items->frequency[k] = before;
		for (int i = 0; i < j->nparts; i++)
		{
			const JoinPart *part = &j->parts[i];
			int			at = k < j->nknown ? k : part->place[k - j->nknown];

			if (at >= 0 && part->model->items->frequency[at] > before)
				items->frequency[k] +=
					part->model->items->frequency[at] - before;
		}
	}
}

/*----------
 * Parameters.
 *----------
 */

/* where a part has the parameters of an item, or of an input behind the items;
 * -1: nowhere */
static int
part_input(const Join *j, const JoinPart *part, int input)
{
	int			count = j->base->items->count;

	if (input < j->nknown)
		return input;
	if (input < count)
		return part->place[input - j->nknown];
	return input - count + part->model->items->count;
}

/* n parameters of the base become the means of those that parts have, which
 * begin at j->from; SIZE_MAX: a part has none */
static void
join_mean(Join *j, size_t at, size_t n)
{
	double		rows = 0.0;

	for (int i = 0; i < j->nparts; i++)
		if (j->from[i] != SIZE_MAX)
			rows += j->parts[i].rows;
	for (size_t p = 0; p < n && rows > 0.0; p++)
	{
		double		sum = 0.0;

		for (int i = 0; i < j->nparts; i++)
			if (j->from[i] != SIZE_MAX)
				sum += j->parts[i].rows *
					j->parts[i].model->params[j->from[i] + p];
		j->base->params[at + p] = (float) (sum / rows);
	}
}

/* rows of the first layer, the last of which is the bias */
static void
join_first(Join *j)
{
	const AeLayer *layer = &j->base->net.layers[0];
	size_t		ld = AE_PAD((size_t) layer->out);

	for (int r = 0; r <= layer->in; r++)
	{
		for (int i = 0; i < j->nparts; i++)
		{
			const JoinPart *part = &j->parts[i];
			int			input = part_input(j, part, r);

			j->from[i] = input < 0 ? SIZE_MAX
				: part->model->net.layers[0].weights + (size_t) input * ld;
		}
		join_mean(j, layer->weights + (size_t) r * ld, ld);
	}
}

static void
join_between(Join *j)
{
	for (int l = 1; l < j->base->net.nlayers - 1; l++)
	{
		const AeLayer *layer = &j->base->net.layers[l];

		if (!ae_layer_has_weights(layer))
			continue;
		for (int i = 0; i < j->nparts; i++)
			j->from[i] = j->parts[i].model->net.layers[l].weights;
		join_mean(j, layer->weights, ((size_t) layer->in + 1) *
				  AE_PAD((size_t) layer->out));
	}
}

/* the columns of an item in the last layer, the bias in its last row; count
 * of them if all parts have them at the same places */
static void
join_last(Join *j, int item, int count)
{
	int			last = j->base->net.nlayers - 1;
	const AeLayer *layer = &j->base->net.layers[last];

	for (size_t r = 0; r <= (size_t) layer->in; r++)
	{
		for (int i = 0; i < j->nparts; i++)
		{
			const AeLayer *other = &j->parts[i].model->net.layers[last];
			int			at = part_input(j, &j->parts[i], item);

			j->from[i] = at < 0 ? SIZE_MAX : other->weights +
				r * AE_PAD((size_t) other->out) + (size_t) at;
		}
		join_mean(j, layer->weights + r * AE_PAD((size_t) layer->out) +
				  (size_t) item, (size_t) count);
	}
}

static AeStatus
join_run(Join *j, const AeModel *const *parts)
{
	j->parts = ae_arena_alloc(&j->arena, (size_t) j->nparts,
							  sizeof(JoinPart));
	j->from = ae_arena_alloc(&j->arena, (size_t) j->nparts, sizeof(size_t));
	if (j->parts == NULL || j->from == NULL)
		return AE_ERR_MEMORY;
	for (int i = 0; i < j->nparts; i++)
		j->parts[i] = (JoinPart) {
			.model = parts[i],.rows = (double) parts[i]->nseen
		};
	AE_TRY(join_grow(j));
	AE_TRY(join_place(j));
	join_frequencies(j);
	join_first(j);
	join_between(j);
	join_last(j, 0, j->nknown);
	for (int k = j->nknown; k < j->base->items->count; k++)
		join_last(j, k, 1);
	return AE_OK;
}

AeStatus
ae_set_join(AeModel *base, int nparts, const AeModel *const *parts)
{
	Join		join = {.base = base,.nparts = nparts};
	double		total = 0.0;
	AeStatus	status;

	for (int i = 0; i < nparts; i++)
	{
		if (!join_is_alike(base, parts[i]))
			return AE_ERR_CORRUPT;
		total += (double) parts[i]->nseen;
	}
	if (nparts < 1 || base->net.nlayers == 0 || !(total > 0.0))
		return AE_ERR_CORRUPT;
	join.nknown = base->items->count;
	ae_arena_init(&join.arena, base->arena.env);
	status = join_run(&join, parts);
	ae_arena_free(&join.arena);
	if (status != AE_OK)
		return status;
	for (int i = 0; i < nparts; i++)
		base->nseen += parts[i]->nseen;
	base->nsteps += parts[0]->nsteps;
	base->options = parts[0]->options;
	base->nhistory = parts[0]->nhistory;
	base->history = parts[0]->history;
	base->best_epoch = parts[0]->best_epoch;
	base->features->nrows = base->nseen;
	return AE_OK;
}
