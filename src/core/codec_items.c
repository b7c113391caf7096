/*
 * codec_items.c
 *	  The items of a model of sets, and the weights between them, as bytes and
 *	  back.
 */
#include <math.h>
#include <string.h>

#include "core/codec_format.h"

/* least bytes of an item: its length and frequency */
#define ITEM_BYTES 12

/* of a column's name; longer than any identifier of the server */
#define MAX_NAME_BYTES 1024

/* a weight, and the gap to its target */
#define MIN_WEIGHT_BYTES 5

bool
ae_codec_has_section(const AeOptions *options, int section)
{
	if (options->input != AE_INPUT_SET)
		return true;
	switch (section)
	{
		case AE_CODEC_OPTIONS:
		case AE_CODEC_HISTORY:
		case AE_CODEC_VERSION:
			return true;
		case AE_CODEC_NET:
		case AE_CODEC_WEIGHTS:
			return options->variant != AE_VARIANT_EASE;
	}
	return false;
}

void
ae_codec_write_items(AeWriter *w, const AeModel *model)
{
	const AeItems *items = model->items;

	ae_write_u8(w, items->is_number);
	ae_write_text(w, items->column != NULL ? items->column : "");
	ae_write_u32(w, (uint32_t) items->count);
	for (int i = 0; i < items->count; i++)
	{
		size_t		len;
		const char *text = ae_items_text(items, i, &len);

		ae_write_u64(w, items->frequency[i]);
		ae_write_u32(w, (uint32_t) len);
		ae_write_bytes(w, text, len);
	}
}

/* the text of count items behind r, in all; SIZE_MAX: it is not there */
static size_t
items_text_bytes(AeReader r, uint32_t count)
{
	size_t		total = 0;

	for (uint32_t i = 0; i < count; i++)
	{
		uint32_t	len;

		ae_read_u64(&r);
		len = ae_read_u32(&r);
		ae_read_bytes(&r, len);
		if (r.failed || len > AE_MAX_ITEM_BYTES)
			return SIZE_MAX;
		total += len;
	}
	return r.left == 0 && total <= AE_MAX_ITEMS_TEXT ? total : SIZE_MAX;
}

/* whether a text is how an integer of 64 bits is printed */
static bool
is_integer(const char *text, size_t len)
{
	bool		negative = len > 0 && text[0] == '-';
	const char *digits = text + negative;
	size_t		n = len - negative;
	const char *largest = negative ? "9223372036854775808"
		: "9223372036854775807";

	if (n == 0 || n > strlen(largest) ||
		(digits[0] == '0' && (n > 1 || negative)))
		return false;
	for (size_t i = 0; i < n; i++)
		if (digits[i] < '0' || digits[i] > '9')
			return false;
	return n < strlen(largest) || memcmp(digits, largest, n) <= 0;
}

AeStatus
ae_codec_read_items(AeReader *r, AeModel *model)
{
	uint8_t		is_number = ae_read_u8(r);
	size_t		name_len;
	const char *name = ae_codec_text(r, MAX_NAME_BYTES, &name_len);
	uint32_t	count = ae_read_count(r, ITEM_BYTES);
	size_t		bytes = items_text_bytes(*r, count);
	AeItems    *items;

	if (model->items != NULL || r->failed || is_number > 1 || name == NULL ||
		bytes == SIZE_MAX || count == 0)
		return AE_ERR_CORRUPT;
	if (count > AE_MAX_ITEMS)
		return AE_ERR_LIMIT;
	AE_TRY(ae_items_create(&model->arena, (int) count, bytes, &items));
	items->is_number = is_number == 1;
	if (name_len > 0)
	{
		items->column = ae_arena_strndup(&model->arena, name, name_len);
		if (items->column == NULL)
			return AE_ERR_MEMORY;
	}
	for (uint32_t i = 0; i < count; i++)
	{
		uint32_t	len;
		const char *text;

		items->frequency[i] = ae_read_u64(r);
		len = ae_read_u32(r);
		text = ae_read_bytes(r, len);
		if ((len > 0 && memchr(text, '\0', len) != NULL) ||
			(items->is_number && !is_integer(text, len)))
			return AE_ERR_CORRUPT;
		if (len > 0)
			memcpy(items->text + items->start[i], text, len);
		items->start[i + 1] = items->start[i] + len;
	}
	model->items = items;
	return ae_items_index(items, &model->arena);
}

/*
 * Targets are close to each other, so the gaps between them take mostly one
 * byte: seven bits at a time, the lowest first, with the eighth bit set in all
 * bytes but the last.
 */
static void
gap_write(AeWriter *w, uint32_t gap)
{
	for (; gap >= 0x80; gap >>= 7)
		ae_write_u8(w, (uint8_t) (gap | 0x80));
	ae_write_u8(w, (uint8_t) gap);
}

/* no more than five bytes */
static uint32_t
gap_read(AeReader *r)
{
	uint32_t	gap = 0;

	for (int shift = 0; shift < 35 && !r->failed; shift += 7)
	{
		uint8_t		byte = ae_read_u8(r);

		gap |= (uint32_t) (byte & 0x7f) << shift;
		if (byte < 0x80)
			return gap;
	}
	r->failed = true;
	return 0;
}

/*
 * The most that the targets of an item can take: there are as many gaps as
 * weights, and they add up to count, so that few of them are long.
 */
static size_t
gaps_bound(const AeEase *ease)
{
	size_t		gaps = (size_t) ease->kept;
	size_t		bytes = gaps;

	for (size_t most = (size_t) ease->count >> 7; most > 0; most >>= 7)
		bytes += most < gaps ? most : gaps;
	return bytes;
}

static void
targets_write(AeWriter *w, const AeEase *ease, int item)
{
	const uint32_t *target = ease->target + (size_t) item *
		(size_t) ease->kept;
	uint32_t	next = 0;

	for (int k = 0; k < ease->kept; k++)
	{
		gap_write(w, target[k] - next);
		next = target[k] + 1;
	}
}

static AeStatus
targets_read(AeReader *r, AeEase *ease, int item)
{
	uint32_t   *target = ease->target + (size_t) item * (size_t) ease->kept;
	uint64_t	next = 0;

	for (int k = 0; k < ease->kept; k++)
	{
		next += gap_read(r);
		if (r->failed || next >= (uint64_t) ease->count)
			return AE_ERR_CORRUPT;
		target[k] = (uint32_t) next++;
	}
	return AE_OK;
}

void
ae_codec_write_ease(AeWriter *w, const AeModel *model)
{
	const AeEase *ease = &model->ease;
	size_t		n = (size_t) ease->count * (size_t) ease->kept;

	ae_write_u32(w, (uint32_t) ease->count);
	ae_write_u32(w, (uint32_t) ease->kept);
	ae_write_f32s(w, ease->weight, n);
	if (ease->is_fitted)
		for (int i = 0; i < ease->count; i++)
			targets_write(w, ease, i);
	else
		w->used += (size_t) ease->count * gaps_bound(ease);
}

AeStatus
ae_codec_read_ease(AeReader *r, AeModel *model)
{
	const AeEnv *env = model->arena.env;
	AeEase	   *ease = &model->ease;
	uint32_t	count = ae_read_u32(r);
	uint32_t	kept = ae_read_u32(r);
	size_t		n;

	if (ease->count > 0 || r->failed || count == 0 || kept >= count)
		return AE_ERR_CORRUPT;
	if (count > AE_MAX_ITEMS)
		return AE_ERR_LIMIT;
	if (r->left / MIN_WEIGHT_BYTES < (uint64_t) count * kept)
		return AE_ERR_CORRUPT;
	AE_TRY(ae_ease_plan(ease, (int) count, (int) kept, &model->arena));
	n = (size_t) count * kept;
	AE_TRY(ae_codec_finite(r, ease->weight, n));
	for (int i = 0; i < ease->count; i++)
	{
		env->poll(env->host);
		AE_TRY(targets_read(r, ease, i));
	}
	ease->is_fitted = true;
	return r->failed || r->left > 0 ? AE_ERR_CORRUPT : AE_OK;
}
