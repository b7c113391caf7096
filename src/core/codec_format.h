/*
 * codec_format.h
 *	  What the writer and the reader of models share; private to the codec.
 */
#ifndef AE_CODEC_FORMAT_H
#define AE_CODEC_FORMAT_H

#include <math.h>
#include <string.h>

#include "core/codec.h"

#define AE_CODEC_MAGIC "\x89" "AEMODEL"
#define AE_CODEC_MAGIC_BYTES 8
#define AE_CODEC_TAG_BYTES 4

/* in the order in which they stand in a model */
typedef enum AeCodecSection
{
	AE_CODEC_OPTIONS = 0,
	AE_CODEC_FEATURES,
	AE_CODEC_NET,
	AE_CODEC_WEIGHTS,
	AE_CODEC_JOINT,
	AE_CODEC_HEAD,
	AE_CODEC_CALIBRATION,
	AE_CODEC_HISTORY,
	AE_CODEC_HISTOGRAMS,
	AE_CODEC_VERSION
} AeCodecSection;

#define AE_CODEC_SECTIONS 10
/* the first so many are there before training */
#define AE_CODEC_PLAN_SECTIONS 3

/* optional: readers that do not know it may skip it */
#define AE_CODEC_VELOCITY "velo"
/* of all models but plain ones */
#define AE_CODEC_UNITS "unit"
#define AE_CODEC_RESIDUALS "resi"
/* of models with the score conditional */
#define AE_CODEC_HIDDEN "hide"
/* of variational models */
#define AE_CODEC_NOISE "nois"
#define AE_CODEC_DENSITY "dens"
/* of the scores elbo and iwae */
#define AE_CODEC_EVIDENCE "evid"
/* of models whose codes are matched to a distribution */
#define AE_CODEC_MATCHING "mtch"
/* a network that was trained together with the autoencoder */
#define AE_CODEC_COMPANION "comp"

/* added to the kind of a column that is a condition */
#define AE_CODEC_CONDITION 0x80
/* and to that of one whose labels are told from others */
#define AE_CODEC_CLASSES 0x40

/* of models of sets */
#define AE_CODEC_ITEMS "item"
#define AE_CODEC_EASE "ease"
#define AE_CODEC_COLUMNS "cols"

extern const char *const ae_codec_tags[AE_CODEC_SECTIONS];

/* whether a model with these options has a section; that of the options is
 * always there */
extern bool ae_codec_has_section(const AeOptions *options, int section);

/* payloads of those sections */
extern void ae_codec_write_items(AeWriter *w, const AeModel *model);
extern AeStatus ae_codec_read_items(AeReader *r, AeModel *model);
extern void ae_codec_write_ease(AeWriter *w, const AeModel *model);
extern AeStatus ae_codec_read_ease(AeReader *r, AeModel *model);

/* the payload of that section; features and network are known to the reader */
extern void ae_codec_write_density(AeWriter *w, const AeModel *model);
extern AeStatus ae_codec_read_density(AeReader *r, AeModel *model);

extern AeStatus ae_codec_read_features(AeReader *r, AeModel *model);

/*----------
 * Numbers and texts, none of which is trusted.
 *----------
 */

/* a number that must fit an int; the plan judges the rest */
static inline int
ae_codec_int(AeReader *r)
{
	uint32_t	value = ae_read_u32(r);

	return value <= INT32_MAX ? (int) value : -1;
}

static inline AeStatus
ae_codec_bool(AeReader *r, bool *value)
{
	uint8_t		byte = ae_read_u8(r);

	*value = byte == 1;
	return byte <= 1 ? AE_OK : AE_ERR_CORRUPT;
}

static inline AeStatus
ae_codec_finite(AeReader *r, float *values, size_t count)
{
	if (!ae_read_f32s(r, values, count))
		return AE_ERR_CORRUPT;
	for (size_t i = 0; i < count; i++)
		if (!isfinite(values[i]))
			return AE_ERR_CORRUPT;
	return AE_OK;
}

/* a count of elements of at least min_bytes, no more than max of them */
static inline AeStatus
ae_codec_count(AeReader *r, size_t min_bytes, int max, int *count)
{
	uint32_t	value = ae_read_count(r, min_bytes);

	if (r->failed)
		return AE_ERR_CORRUPT;
	if (value > (uint32_t) max)
		return AE_ERR_LIMIT;
	*count = (int) value;
	return AE_OK;
}

/* bytes of an empty text */
#define AE_CODEC_TEXT_BYTES 4

/* a text without zero bytes, borrowed and not terminated; NULL on failure */
static inline const char *
ae_codec_text(AeReader *r, size_t max_len, size_t *len)
{
	const char *text;

	*len = ae_read_count(r, 1);
	text = ae_read_bytes(r, *len);
	if (r->failed || *len > max_len || memchr(text, '\0', *len) != NULL)
		return NULL;
	return text;
}

/* a text into a buffer of that size, terminated */
static inline AeStatus
ae_codec_text_into(AeReader *r, char *buffer, size_t size)
{
	size_t		len;
	const char *text = ae_codec_text(r, size - 1, &len);

	if (text == NULL)
		return AE_ERR_CORRUPT;
	memcpy(buffer, text, len);
	buffer[len] = '\0';
	return AE_OK;
}

/* all parameters, without padding, and nothing more */
extern AeStatus ae_codec_read_net_weights(AeReader *r, const AeEnv *env,
										  const AeNet *net, float *params);

/* payloads of what scores take; features and network are known to the
 * reader */
extern AeStatus ae_codec_read_evidence(AeReader *r, AeModel *model);
extern AeStatus ae_codec_read_hidden(AeReader *r, AeModel *model);
extern AeStatus ae_codec_read_joint(AeReader *r, AeModel *model);
extern AeStatus ae_codec_read_head(AeReader *r, AeModel *model);
extern AeStatus ae_codec_read_calibration(AeReader *r, AeModel *model);

#endif							/* AE_CODEC_FORMAT_H */
