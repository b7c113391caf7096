/*
 * parse_fuzz.c
 *	  Any bytes read as a model: refused or a model, within bounded memory.
 *
 * What is read is written, and must be the same model again.  README.md says
 * how to run this.
 */
#include <string.h>

#include "fuzz.h"

/* what a model may take of the host, by its bytes; see codec_read.c */
#define MEMORY_FACTOR 20
#define MEMORY_BASE 32768

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* bytes of what was read are those of what they are read as; freed here */
static void
write_and_read(AeModel *model)
{
	size_t		size = ae_codec_size(model, model->nhistory);
	unsigned char *bytes = malloc(2 * size);
	AeModel    *again;

	fail_if(bytes == NULL);
	ae_codec_write(model, bytes, size);
	ae_model_free(model);
	fail_if(ae_codec_read(&fuzz_env, bytes, size, &again) != AE_OK);
	fail_if(ae_codec_size(again, again->nhistory) != size);
	ae_codec_write(again, bytes + size, size);
	fail_if(memcmp(bytes, bytes + size, size) != 0);
	ae_model_free(again);
	free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AeStatus	status;
	AeModel    *model;

	fuzz_begin(fuzz_steer(data, size, FUZZ_FAULT));
	status = ae_codec_read(&fuzz_env, data, size, &model);
	fail_if(fuzz_failed ? status != AE_ERR_MEMORY : status == AE_ERR_MEMORY);
	fail_if(fuzz_bytes > MEMORY_FACTOR * size + MEMORY_BASE);
	fuzz_until_fault = 0;
	if (status == AE_OK && fuzz_steer(data, size, FUZZ_WRITE) != 0)
		write_and_read(model);
	else if (status == AE_OK)
		ae_model_free(model);
	fail_if(fuzz_live != 0);
	return 0;
}
