/*
 * bytes_test.c
 *	  Writer and reader against known bytes, and against too few of them.
 */
#include <stdint.h>

#include "core/bytes.h"
#include "unit.h"

static const float floats[3] = {1.0f, -2.5f, 1e-40f};

static void
write_all(AeWriter *w)
{
	ae_write_u8(w, 0xfe);
	ae_write_u32(w, 0x01020304);
	ae_write_u64(w, UINT64_C(0x1122334455667788));
	ae_write_f32(w, -0.0f);
	ae_write_f64(w, 0.1);
	ae_write_bytes(w, "xyz", 3);
	ae_write_f32s(w, floats, 3);
	ae_write_text(w, "zip");
}

/* 1 + 4 + 8 + 4 + 8 + 3 + 12 + (4 + 3) */
#define ALL_BYTES 47

/* true when everything that write_all wrote came back */
static bool
read_all(AeReader *r)
{
	float		values[3] = {9.0f, 9.0f, 9.0f};
	bool		same = true;
	const char *text;
	uint32_t	len;
	float		zero;

	same &= ae_read_u8(r) == 0xfe;
	same &= ae_read_u32(r) == 0x01020304;
	same &= ae_read_u64(r) == UINT64_C(0x1122334455667788);
	zero = ae_read_f32(r);
	same &= zero == 0.0f && signbit(zero);
	same &= ae_read_f64(r) == 0.1;
	text = ae_read_bytes(r, 3);
	same &= text != NULL && memcmp(text, "xyz", 3) == 0;
	same &= ae_read_f32s(r, values, 3);
	same &= memcmp(values, floats, sizeof(floats)) == 0;
	len = ae_read_count(r, 1);
	text = ae_read_bytes(r, len);
	same &= text != NULL && len == 3 && memcmp(text, "zip", 3) == 0;
	return same;
}

static void
test_round_trip(void)
{
	unsigned char data[ALL_BYTES + 1];
	AeWriter	counter = {NULL, 0, 0};
	AeWriter	w = {data, ALL_BYTES, 0};
	AeReader	r = {data, ALL_BYTES, false};
	const unsigned char head[13] = {
		0xfe, 0x04, 0x03, 0x02, 0x01,
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11
	};

	data[ALL_BYTES] = 0x5a;
	write_all(&counter);
	ok(counter.used == ALL_BYTES, "the first pass counts");
	write_all(&w);
	ok(w.used == ALL_BYTES, "the second pass writes as many");
	ok(memcmp(data, head, sizeof(head)) == 0, "little-endian");
	ok(data[ALL_BYTES] == 0x5a, "nothing beyond the end is written");
	ok(read_all(&r) && !r.failed && r.left == 0, "everything comes back");
}

/* every length that is too short fails, and never reads beyond its end */
static void
test_truncated(void)
{
	unsigned char data[ALL_BYTES];
	AeWriter	w = {data, ALL_BYTES, 0};
	int			nfailed = 0;

	write_all(&w);
	for (size_t len = 0; len < ALL_BYTES; len++)
	{
		unsigned char *exact = malloc(len == 0 ? 1 : len);
		AeReader	r = {exact, len, false};

		memcpy(exact, data, len);
		nfailed += !read_all(&r) && r.failed && ae_read_u8(&r) == 0;
		free(exact);
	}
	ok(nfailed == ALL_BYTES, "every truncation is noticed");
}

static void
test_hostile_reader(void)
{
	const unsigned char data[8] = {0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4};
	AeReader	r = {data, sizeof(data), false};
	float		value = 7.0f;

	ok(ae_read_count(&r, 4) == 0 && r.failed, "a count beyond the data fails");
	ok(ae_read_u32(&r) == 0, "reads after a failure return zero");

	r = (AeReader) {data, sizeof(data), false};
	ok(!ae_read_f32s(&r, &value, SIZE_MAX / 2) && value == 7.0f,
	   "a huge number of floats fails and leaves them untouched");
	r = (AeReader) {data, sizeof(data), false};
	ok(!ae_read_f32s(&r, &value, 3) && r.failed && value == 7.0f,
	   "and so does one float too many");
	r = (AeReader) {data, sizeof(data), false};
	ok(ae_read_bytes(&r, SIZE_MAX) == NULL && r.failed,
	   "a huge length fails");
	r = (AeReader) {data + 4, 4, false};
	ok(ae_read_count(&r, 0) == 0x04030201 && !r.failed,
	   "a count of nothing is not bounded");
	r = (AeReader) {NULL, 0, false};
	ok(ae_read_u64(&r) == 0 && r.failed, "no data");
}

static void
test_overflowing_writer(void)
{
	unsigned char data[4] = {1, 2, 3, 4};
	AeWriter	w = {data, 3, 0};
	AeWriter	counter = {NULL, 0, SIZE_MAX - 2};

	ae_write_u32(&w, 0);
	ok(w.used == 4 && data[0] == 1, "what does not fit is counted only");
	ae_write_u8(&w, 0);
	ok(w.used == 5 && data[3] == 4, "and so is what follows");
	ae_write_u32(&counter, 0);
	ok(counter.used == SIZE_MAX, "a count stops at SIZE_MAX");
	counter.used = 0;
	ae_write_f32s(&counter, floats, SIZE_MAX / 2);
	ok(counter.used == SIZE_MAX, "a huge number of floats too");
}

int
main(void)
{
	test_round_trip();
	test_truncated();
	test_hostile_reader();
	test_overflowing_writer();
	return done();
}
