/*
 * codec.h
 *	  A model as bytes and back.  docs/model-format.md describes the format.
 *
 * The header carries a SHA-256 digest of everything behind it.  The host
 * computes and compares it, because hosts have a well-kept SHA-256 and we do
 * not; the parser trusts nothing all the same.
 */
#ifndef AE_CODEC_H
#define AE_CODEC_H

#include "core/bytes.h"
#include "core/model.h"

#define AE_FORMAT_VERSION 1
#define AE_DIGEST_BYTES 32
#define AE_HEADER_BYTES 64

/* what a host needs before it looks at the rest */
typedef struct AeHeader
{
	uint32_t	format;
	uint64_t	total_bytes;	/* header included */
	unsigned char digest[AE_DIGEST_BYTES];	/* SHA-256 of all bytes after the
											 * header */
} AeHeader;

/*
 * Needs the first AE_HEADER_BYTES bytes only.  AE_ERR_NOT_MODEL,
 * AE_ERR_VERSION, or AE_ERR_CORRUPT.
 */
extern AeStatus ae_codec_header(const void *data, size_t size,
								AeHeader *header);

/* bytes that ae_codec_write() needs; right also for a planned, untrained
 * model if history is not longer than max_history */
extern size_t ae_codec_size(const AeModel *model, int max_history);

/*
 * Writes the model with a zero digest; data has ae_codec_size(model,
 * model->nhistory) bytes.  Same model, same bytes.
 */
extern void ae_codec_write(const AeModel *model, void *data, size_t size);

/* where the host puts the digest of data[AE_HEADER_BYTES ..] */
extern void ae_codec_set_digest(void *data,
								const unsigned char digest[AE_DIGEST_BYTES]);

/*
 * Reads a whole model, prepared for scoring.  The digest is not compared.
 * Never allocates more than a small multiple of size.
 */
extern AeStatus ae_codec_read(const AeEnv *env, const void *data, size_t size,
							  AeModel **model);

/*
 * A planned model, without weights, for another process: its options,
 * features and network.  The reader takes bytes of the same library.
 */
extern void ae_codec_write_plan(const AeModel *model, AeWriter *w);
extern AeStatus ae_codec_read_plan(const AeEnv *env, AeReader *r,
								   AeModel **model);

#endif							/* AE_CODEC_H */
