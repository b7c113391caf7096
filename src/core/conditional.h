/*
 * conditional.h
 *	  Each column of a row as the others predict it.
 *
 * What a network makes of a value that it sees says how well it copies.  With
 * the column hidden it says what the value should be; that takes a pass
 * through the network for each column, many of which go through it together.
 */
#ifndef AE_CONDITIONAL_H
#define AE_CONDITIONAL_H

#include "core/model.h"

/* work space; not shared between concurrent callers */
typedef struct AeConditional
{
	int			capacity;		/* columns that are hidden at a time */
	int			count;			/* of them in use */
	int		   *hidden;			/* (capacity) columns */
	float	   *blank;			/* (input_width) of a row without any value */
	float	   *input;			/* (capacity, input_width) padded */
	float	   *output;			/* (capacity, output_width) padded */
	float	   *scratch;		/* for ae_net_infer() */
} AeConditional;

extern AeStatus ae_conditional_create(const AeModel *model, AeArena *arena,
									  AeConditional **conditional);

/*
 * Outputs of each column that has a target, from the input without it; those
 * of other columns stay.  Not bounded.
 */
extern void ae_conditional_predict(AeConditional *conditional,
								   const AeModel *model,
								   const AeKernels *kernels,
								   const float *input, const float *target,
								   float *output);

#endif							/* AE_CONDITIONAL_H */
