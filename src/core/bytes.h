/*
 * bytes.h
 *	  Little-endian writer and bounds-checked reader.
 *
 * The writer works in two passes: with data NULL it only counts, so that the
 * host can allocate exactly.  The reader treats its bytes as hostile: the
 * first value that would pass the end sets failed and every later read
 * returns zero, so a parser checks once per section.
 */
#ifndef AE_BYTES_H
#define AE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct AeWriter
{
	unsigned char *data;		/* NULL: count only */
	size_t		size;			/* bytes of data */
	size_t		used;			/* bytes written or counted */
} AeWriter;

typedef struct AeReader
{
	const unsigned char *data;
	size_t		left;
	bool		failed;
} AeReader;

extern void ae_write_u8(AeWriter *w, uint8_t value);
extern void ae_write_u16(AeWriter *w, uint16_t value);
extern void ae_write_u32(AeWriter *w, uint32_t value);
extern void ae_write_u64(AeWriter *w, uint64_t value);
extern void ae_write_f32(AeWriter *w, float value);
extern void ae_write_f64(AeWriter *w, double value);
extern void ae_write_bytes(AeWriter *w, const void *data, size_t len);
extern void ae_write_f32s(AeWriter *w, const float *values, size_t count);
/* u32 length, then the bytes */
extern void ae_write_text(AeWriter *w, const char *text);

extern uint8_t ae_read_u8(AeReader *r);
extern uint16_t ae_read_u16(AeReader *r);
extern uint32_t ae_read_u32(AeReader *r);
extern uint64_t ae_read_u64(AeReader *r);
extern float ae_read_f32(AeReader *r);
extern double ae_read_f64(AeReader *r);
/* borrowed from the reader's data; NULL when fewer than len bytes are left */
extern const void *ae_read_bytes(AeReader *r, size_t len);
/* false (and failed set, values untouched) when too few bytes are left */
extern bool ae_read_f32s(AeReader *r, float *values, size_t count);
/* a count of things that need at least min_bytes each: fails when the rest of
 * the data cannot hold that many */
extern uint32_t ae_read_count(AeReader *r, size_t min_bytes);

#endif							/* AE_BYTES_H */
