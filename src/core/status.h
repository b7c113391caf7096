/*
 * status.h
 *	  Outcome of every core function that can fail.
 *
 * The core never reports an error itself; the host turns a status into its
 * own kind of message in one place.
 */
#ifndef AE_STATUS_H
#define AE_STATUS_H

typedef enum AeStatus
{
	AE_OK = 0,
	AE_ERR_MEMORY,				/* an allocation failed */
	AE_ERR_LIMIT,				/* a size is beyond what we support */
	AE_ERR_NOT_MODEL,			/* the bytes do not start like a model */
	AE_ERR_VERSION,				/* the model's format is newer than we read */
	AE_ERR_CORRUPT,				/* the bytes contradict themselves */
	AE_ERR_DIVERGED,			/* the loss became NaN or infinite */
	AE_ERR_IO					/* the spool failed to keep or return rows */
} AeStatus;

/* Leave the calling function when expr is not AE_OK. */
#define AE_TRY(expr) \
	do { \
		AeStatus	ae_try_status = (expr); \
		if (ae_try_status != AE_OK) \
			return ae_try_status; \
	} while (0)

#endif							/* AE_STATUS_H */
