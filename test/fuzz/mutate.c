/*
 * mutate.c
 *	  Mutations that know of a model's sections, for libFuzzer.
 *
 * A change inside a section leaves the lengths around it right, so that it
 * reaches the reader of that section; most of what is changed at random would
 * be refused at the header otherwise.  Of what is in a section nothing is
 * known but that small numbers are often counts.
 */
#include "seed.h"

#include "core/codec_format.h"
#include "fuzz.h"

#define MAX_PIECES 32
#define HEAD_BYTES SECTION_HEADER
#define LENGTH_OFFSET 8

/* one in so many */
#define RARELY_NEW 64
#define RARELY_WILD 32
#define RARELY_FAULTY 24
#define MAX_FAULT 24
#define RARELY_WRITTEN 8
#define RARELY_MERGED 32
#define RARELY_MOVED 8

extern size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
extern size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
									  size_t max_size, unsigned int seed);
extern size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1,
										const uint8_t *data2, size_t size2,
										uint8_t *out, size_t max_out_size,
										unsigned int seed);

extern const char *__asan_default_options(void);

/* what is freed is looked at for some hundred runs, not for thousands */
const char *
__asan_default_options(void)
{
	return "quarantine_size_mb=4:malloc_context_size=8";
}

/* a section: its header and its payload */
typedef struct Piece
{
	size_t		at;
	size_t		len;			/* header included */
} Piece;

typedef struct Bytes
{
	uint8_t    *data;
	size_t		size;
	size_t		max;
	AeRng		rng;
	int			npieces;
	Piece		pieces[MAX_PIECES];
} Bytes;

static size_t
pick(Bytes *b, size_t n)
{
	return ae_rng_below(&b->rng, (uint32_t) n);
}

/* sections of bytes up to the first that is broken; returns their number */
static int
split(const uint8_t *data, size_t size, Piece *pieces)
{
	size_t		at = AE_HEADER_BYTES;
	int			n = 0;

	while (n < MAX_PIECES && size >= HEAD_BYTES && at <= size - HEAD_BYTES)
	{
		uint64_t	len = get_number(data + at + LENGTH_OFFSET, 8);

		if (len > size - HEAD_BYTES - at)
			break;
		pieces[n].at = at;
		pieces[n].len = HEAD_BYTES + (size_t) len;
		at += pieces[n].len;
		n++;
	}
	return n;
}

/* replaces len bytes by others, if there is room */
static bool
put(Bytes *b, size_t at, size_t len, const void *with, size_t with_len)
{
	if (b->size - len + with_len > b->max)
		return false;
	memmove(b->data + at + with_len, b->data + at + len, b->size - at - len);
	if (with_len > 0)
		memcpy(b->data + at, with, with_len);
	b->size = b->size - len + with_len;
	return true;
}

/* the same inside a section, whose length follows */
static bool
put_inside(Bytes *b, Piece *piece, size_t offset, size_t len,
		   const void *with, size_t with_len)
{
	if (!put(b, piece->at + HEAD_BYTES + offset, len, with, with_len))
		return false;
	piece->len = piece->len - len + with_len;
	put_number(b->data + piece->at + LENGTH_OFFSET, 8,
			   piece->len - HEAD_BYTES);
	return true;
}

/*----------
 * Changes inside a section.
 *----------
 */

static void
mutate_bytes(Bytes *b, Piece *piece)
{
	static uint8_t scratch[2 * SEED_MAX_BYTES];
	size_t		len = piece->len - HEAD_BYTES;
	size_t		max = b->max - b->size + len;
	size_t		new_len;

	if (len > sizeof(scratch))
		return;
	if (max > sizeof(scratch))
		max = sizeof(scratch);
	if (max == 0)
		return;
	memcpy(scratch, b->data + piece->at + HEAD_BYTES, len);
	new_len = LLVMFuzzerMutate(scratch, len, max);
	put_inside(b, piece, 0, len, scratch, new_len);
}

/* the next small number from a random place on, if there is one near */
static bool
find_count(Bytes *b, const Piece *piece, size_t *offset, uint32_t *value)
{
	size_t		len = piece->len - HEAD_BYTES;

	if (len < 4)
		return false;
	*offset = pick(b, 2) == 0 ? 0 : pick(b, len - 3);
	for (int tries = 0; tries < 64 && *offset <= len - 4; tries++)
	{
		*value = (uint32_t) get_number(b->data + piece->at + HEAD_BYTES +
									   *offset, 4);
		if (*value > 0 && *value < 1000)
			return true;
		(*offset)++;
	}
	return false;
}

static void
mutate_count(Bytes *b, Piece *piece)
{
	static const uint32_t bounds[] = {
		0, 1, 2, 15, 16, 17, 33, 100, 256, 257, 1024, 1025, 16384, 65536,
		100000, 1000000, 4000000, 0x7fffffff, 0x80000000, 0xffffffff
	};
	const size_t nbounds = sizeof(bounds) / sizeof(bounds[0]);
	size_t		offset;
	uint32_t	value;

	if (!find_count(b, piece, &offset, &value))
		return;
	if (pick(b, 3) == 0)
		value = bounds[pick(b, nbounds)];
	else
		value += (uint32_t) pick(b, 3) - 1;
	put_number(b->data + piece->at + HEAD_BYTES + offset, 4, value);
}

/* a number of four or eight bytes becomes a special one, or another scale */
static void
mutate_number(Bytes *b, Piece *piece)
{
	static const double specials[] = {
		0.0, -0.0, 1.0, -1.0, 0.5, 100.0, -100.0, 101.0, 1e-6, 1e6, -1e6,
		1e13, 1e30, -1e30, 3.4e38, 1e-45, 1e-310, 1e300, -1e300, 1.7e308,
		9007199254740992.0, INFINITY, -INFINITY, NAN
	};
	const size_t nspecials = sizeof(specials) / sizeof(specials[0]);
	size_t		width = pick(b, 2) == 0 ? 4 : 8;
	size_t		len = piece->len - HEAD_BYTES;
	size_t		offset;
	uint8_t    *bytes;
	double		number = 0.0;
	float		single;

	if (len < width)
		return;
	offset = pick(b, len - width + 1);
	if (pick(b, 4) != 0)
		offset -= offset % 4;
	bytes = b->data + piece->at + HEAD_BYTES + offset;
	memcpy(&number, bytes, width);
	memcpy(&single, bytes, 4);
	if (width == 4)
		number = single;
	if (pick(b, 2) == 0)
		number = specials[pick(b, nspecials)];
	else
		number *= pick(b, 4) == 0 ? -1.0 : ldexp(1.0, (int) pick(b, 129) - 64);
	/* beyond its range a conversion is undefined */
	single = fabs(number) > 3.4e38 ? INFINITY : (float) number;
	memcpy(bytes, width == 4 ? (void *) &single : (void *) &number, width);
	/* sometimes a whole run of them */
	for (size_t n = pick(b, 8) == 0 ? pick(b, 16) : 0;
		 n > 0 && offset + 2 * width <= len; n--, offset += width)
		memcpy(b->data + piece->at + HEAD_BYTES + offset + width, bytes,
			   width);
}

/* some bytes of a section more or less */
static void
mutate_length(Bytes *b, Piece *piece)
{
	static const uint8_t widths[] = {1, 2, 4, 8, 12, 16, 24, 61};
	size_t		n = widths[pick(b, sizeof(widths))];
	size_t		len = piece->len - HEAD_BYTES;
	size_t		at = pick(b, len + 1);
	uint8_t		copy[64];

	if (n > len)
		return;
	at = at > len - n ? len - n : at;
	memcpy(copy, b->data + piece->at + HEAD_BYTES + at, n);
	if (pick(b, 2) == 0)
		put_inside(b, piece, at, n, NULL, 0);
	else
		put_inside(b, piece, at, 0, copy, n);
}

/* a count more, and the bytes that it stands for: longer texts and lists */
static void
mutate_growth(Bytes *b, Piece *piece)
{
	static const uint8_t widths[] = {1, 1, 4, 8, 12, 24};
	static const uint16_t growths[] = {1, 1, 2, 31, 64, 255, 256, 1024};
	size_t		width = widths[pick(b, sizeof(widths))];
	size_t		n = growths[pick(b, sizeof(growths) / sizeof(growths[0]))];
	uint8_t		more[24 * 1024];
	size_t		offset;
	uint32_t	value;

	if (!find_count(b, piece, &offset, &value))
		return;
	memset(more, pick(b, 2) == 0 ? 0 : '1', width * n);
	if (put_inside(b, piece, offset + 4, 0, more, width * n))
		put_number(b->data + piece->at + HEAD_BYTES + offset, 4,
				   value + (uint32_t) n);
}

/* a value that some option may have */
static const char *
option_value(Bytes *b, const AeOption *option, char buffer[32])
{
	static const char *const values[] = {
		"0", "1", "-1", "2", "0.5", "1000", "65536", "1e308", "-0", "null",
		"true", "false", "\"auto\"", "[]", "[1]", "[3, 2]", "\"\"", "1e"
	};

	if (option->nchoices > 0 && pick(b, 4) != 0)
	{
		snprintf(buffer, 32, "\"%s\"",
				 option->choices[pick(b, (size_t) option->nchoices)]);
		return buffer;
	}
	return values[pick(b, sizeof(values) / sizeof(values[0]))];
}

/* an option more; its likes are then there twice */
static void
mutate_options(Bytes *b, Piece *piece)
{
	const AeOption *option = &ae_option_table[pick(b, (size_t)
												   ae_option_count)];
	uint8_t    *payload = b->data + piece->at + HEAD_BYTES;
	size_t		len = piece->len - HEAD_BYTES;
	size_t		name_len = strlen(option->name);
	char		buffer[32];
	const char *value = option_value(b, option, buffer);
	uint8_t		record[512];
	AeWriter	w = {record, sizeof(record), 0};

	ae_write_text(&w, option->name);
	ae_write_text(&w, value);
	for (size_t at = 4; at + 4 + name_len + 4 <= len; at++)
	{
		size_t		value_len;

		if (get_number(payload + at, 4) != name_len ||
			memcmp(payload + at + 4, option->name, name_len) != 0)
			continue;
		/* in place of the one that is there */
		value_len = (size_t) get_number(payload + at + 4 + name_len, 4);
		if (value_len <= len - (at + 8 + name_len))
			put_inside(b, piece, at, 8 + name_len + value_len, record,
					   w.used);
		return;
	}
	if (len >= 4 && put_inside(b, piece, len, 0, record, w.used))
		put_number(payload, 4, get_number(payload, 4) + 1);
}

static void
mutate_inside(Bytes *b)
{
	Piece	   *piece = &b->pieces[pick(b, (size_t) b->npieces)];

	if (piece == &b->pieces[0] && pick(b, 2) == 0)
	{
		mutate_options(b, piece);
		return;
	}
	switch (pick(b, 9))
	{
		case 0:
		case 1:
			mutate_bytes(b, piece);
			break;
		case 2:
		case 3:
			mutate_count(b, piece);
			break;
		case 4:
			mutate_length(b, piece);
			break;
		case 5:
			mutate_growth(b, piece);
			break;
		default:
			mutate_number(b, piece);
	}
}

/*----------
 * Changes of whole sections.
 *----------
 */

/* where a section may stand: before one of them, or at the end */
static size_t
pick_border(Bytes *b)
{
	int			i = (int) pick(b, (size_t) b->npieces + 1);

	return i < b->npieces ? b->pieces[i].at
		: b->pieces[i - 1].at + b->pieces[i - 1].len;
}

/* of these bytes or others; optional ones are the last */
static const Piece *
pick_piece(Bytes *b, const Piece *pieces, int npieces)
{
	if (npieces > AE_CODEC_SECTIONS && pick(b, 2) == 0)
		return &pieces[AE_CODEC_SECTIONS +
					   pick(b, (size_t) (npieces - AE_CODEC_SECTIONS))];
	return &pieces[pick(b, (size_t) npieces)];
}

static void
mutate_sections(Bytes *b)
{
	static uint8_t copy[2 * SEED_MAX_BYTES];
	const Piece piece = *pick_piece(b, b->pieces, b->npieces);
	size_t		border = pick_border(b);

	if (piece.len > sizeof(copy))
		return;
	memcpy(copy, b->data + piece.at, piece.len);
	switch (pick(b, 4))
	{
		case 0:					/* twice */
			put(b, border, 0, copy, piece.len);
			break;
		case 1:					/* missing */
			put(b, piece.at, piece.len, NULL, 0);
			break;
		case 2:					/* elsewhere */
			put(b, piece.at, piece.len, NULL, 0);
			if (border > piece.at)
				border = border > piece.at + piece.len
					? border - piece.len : piece.at;
			put(b, border, 0, copy, piece.len);
			break;
		default:				/* under another's name */
			memcpy(b->data + piece.at,
				   b->data + b->pieces[pick(b, (size_t) b->npieces)].at,
				   AE_CODEC_TAG_BYTES);
	}
}

/* another model altogether */
static void
renew(Bytes *b)
{
	char		columns[SEED_MAX_COLUMNS + 1];
	Seed		seed = seed_random(&b->rng, columns);
	AeModel    *model = seed_create(&seed);
	Blob		blob = seed_encode(model);

	if (blob.size <= b->max)
	{
		memcpy(b->data, blob.data, blob.size);
		b->size = blob.size;
	}
	free(blob.data);
	ae_model_free(model);
}

static void
steer(Bytes *b)
{
	uint8_t    *digest = b->data + FUZZ_DIGEST_OFFSET;

	digest[FUZZ_FAULT] = pick(b, RARELY_FAULTY) == 0
		? (uint8_t) (1 + pick(b, MAX_FAULT)) : 0;
	digest[FUZZ_WRITE] = pick(b, RARELY_WRITTEN) == 0;
	digest[FUZZ_MERGE] = pick(b, RARELY_MERGED) == 0
		? (uint8_t) (1 + pick(b, 2)) : 0;
	if (pick(b, RARELY_MOVED) == 0)
	{
		digest[FUZZ_ROW] = (uint8_t) pick(b, 256);
		digest[FUZZ_KERNELS] = (uint8_t) pick(b, 4);
	}
}

/* a buffer of max bytes holds size of them; what is split is whole */
static void
bytes_init(Bytes *b, uint8_t *data, size_t size, size_t max,
		   unsigned int seed)
{
	b->data = data;
	b->size = size;
	b->max = max;
	ae_rng_seed(&b->rng, seed, 0);
	b->npieces = split(data, size, b->pieces);
}

static size_t
finish(Bytes *b)
{
	if (b->size >= AE_HEADER_BYTES)
	{
		steer(b);
		put_number(b->data + FUZZ_TOTAL_OFFSET, 8, b->size);
	}
	return b->size;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
						unsigned int seed)
{
	Bytes		b;

	bytes_init(&b, data, size, max_size, seed);
	if (pick(&b, RARELY_WILD) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	if (b.npieces == 0 || pick(&b, RARELY_NEW) == 0)
		renew(&b);
	else if (pick(&b, 8) == 0)
		mutate_sections(&b);
	else
		mutate_inside(&b);
	return finish(&b);
}

/* a section of one model in another: in place of its like, or added */
size_t
LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1,
						  const uint8_t *data2, size_t size2, uint8_t *out,
						  size_t max_out_size, unsigned int seed)
{
	Piece		others[MAX_PIECES];
	int			nothers = split(data2, size2, others);
	const Piece *other;
	Bytes		b;

	if (size1 > max_out_size)
		return 0;
	memcpy(out, data1, size1);
	bytes_init(&b, out, size1, max_out_size, seed);
	if (b.npieces == 0 || nothers == 0)
		return size1;
	other = pick_piece(&b, others, nothers);
	for (int i = 0; i < b.npieces; i++)
		if (memcmp(out + b.pieces[i].at, data2 + other->at,
				   AE_CODEC_TAG_BYTES) == 0)
		{
			put(&b, b.pieces[i].at, b.pieces[i].len, data2 + other->at,
				other->len);
			return finish(&b);
		}
	put(&b, pick_border(&b), 0, data2 + other->at, other->len);
	return finish(&b);
}
