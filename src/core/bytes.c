/*
 * bytes.c
 *	  Little-endian writer and bounds-checked reader.
 *
 * Values are taken apart and put together by shifts, so that the bytes are the
 * same on any host and nothing need be aligned.
 */
#include <string.h>

#include "core/bytes.h"

/*
 * The place for the next len bytes; NULL when only counting, or when they do
 * not fit, which the host sees by used > size.  A count beyond SIZE_MAX stays
 * there.
 */
static unsigned char *
writer_reserve(AeWriter *w, size_t len)
{
	size_t		at = w->used;

	w->used = len > SIZE_MAX - at ? SIZE_MAX : at + len;
	if (w->data == NULL || at > w->size || len > w->size - at)
		return NULL;
	return w->data + at;
}

static void
write_little_endian(AeWriter *w, uint64_t value, size_t len)
{
	unsigned char *to = writer_reserve(w, len);

	if (to == NULL)
		return;
	for (size_t i = 0; i < len; i++)
		to[i] = (unsigned char) (value >> (8 * i));
}

void
ae_write_u8(AeWriter *w, uint8_t value)
{
	write_little_endian(w, value, 1);
}

void
ae_write_u16(AeWriter *w, uint16_t value)
{
	write_little_endian(w, value, 2);
}

void
ae_write_u32(AeWriter *w, uint32_t value)
{
	write_little_endian(w, value, 4);
}

void
ae_write_u64(AeWriter *w, uint64_t value)
{
	write_little_endian(w, value, 8);
}

void
ae_write_f32(AeWriter *w, float value)
{
	uint32_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	write_little_endian(w, bits, 4);
}

void
ae_write_f64(AeWriter *w, double value)
{
	uint64_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	write_little_endian(w, bits, 8);
}

void
ae_write_bytes(AeWriter *w, const void *data, size_t len)
{
	unsigned char *to = writer_reserve(w, len);

	if (to != NULL && len > 0)
		memcpy(to, data, len);
}

void
ae_write_f32s(AeWriter *w, const float *values, size_t count)
{
	if (count > SIZE_MAX / 4)
	{
		w->used = SIZE_MAX;
		return;
	}
	if (w->data == NULL)
	{
		writer_reserve(w, count * 4);
		return;
	}
	for (size_t i = 0; i < count; i++)
		ae_write_f32(w, values[i]);
}

void
ae_write_text(AeWriter *w, const char *text)
{
	size_t		len = strlen(text);

	/* a longer text has no place in a model; its count could not be read */
	if (len > UINT32_MAX)
	{
		w->used = SIZE_MAX;
		return;
	}
	ae_write_u32(w, (uint32_t) len);
	ae_write_bytes(w, text, len);
}

/* the next len bytes, or NULL with failed set and nothing left to read */
static const unsigned char *
reader_take(AeReader *r, size_t len)
{
	const unsigned char *from = r->data;

	if (r->failed || len > r->left)
	{
		r->failed = true;
		r->left = 0;
		return NULL;
	}
	if (len > 0)
		r->data += len;
	r->left -= len;
	return from;
}

static uint64_t
read_little_endian(AeReader *r, size_t len)
{
	const unsigned char *from = reader_take(r, len);
	uint64_t	value = 0;

	if (from == NULL)
		return 0;
	for (size_t i = 0; i < len; i++)
		value |= (uint64_t) from[i] << (8 * i);
	return value;
}

uint8_t
ae_read_u8(AeReader *r)
{
	return (uint8_t) read_little_endian(r, 1);
}

uint16_t
ae_read_u16(AeReader *r)
{
	return (uint16_t) read_little_endian(r, 2);
}

uint32_t
ae_read_u32(AeReader *r)
{
	return (uint32_t) read_little_endian(r, 4);
}

uint64_t
ae_read_u64(AeReader *r)
{
	return read_little_endian(r, 8);
}

float
ae_read_f32(AeReader *r)
{
	uint32_t	bits = ae_read_u32(r);
	float		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

double
ae_read_f64(AeReader *r)
{
	uint64_t	bits = ae_read_u64(r);
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

const void *
ae_read_bytes(AeReader *r, size_t len)
{
	return reader_take(r, len);
}

bool
ae_read_f32s(AeReader *r, float *values, size_t count)
{
	if (r->failed || count > r->left / 4)
	{
		r->failed = true;
		r->left = 0;
		return false;
	}
	for (size_t i = 0; i < count; i++)
		values[i] = ae_read_f32(r);
	return true;
}

uint32_t
ae_read_count(AeReader *r, size_t min_bytes)
{
	uint32_t	count = ae_read_u32(r);

	if (min_bytes != 0 && count > r->left / min_bytes)
	{
		r->failed = true;
		r->left = 0;
		return 0;
	}
	return count;
}
