/*
 * classes.h
 *	  The label column of a model that tells classes: a category whose labels
 *	  are the classes.
 */
#ifndef AE_CLASSES_H
#define AE_CLASSES_H

#include "core/model.h"

#define AE_MIN_CLASSES 2
#define AE_MAX_CLASSES 32

/* the column, or NULL if the model has no classes */
extern const AeColumn *ae_classes_column(const AeFeatures *features);

/* how many there are; 0 if none */
extern int	ae_classes_count(const AeModel *model);

/* the class in a target vector, or -1 */
extern int	ae_classes_of(const AeModel *model, const float *target);

/* the column's part of an input vector: nothing, a class, or probabilities */
extern void ae_classes_blank(const AeModel *model, float *input);
extern void ae_classes_set(const AeModel *model, int class, float *input);
extern void ae_classes_put(const AeModel *model, const double *share,
						   float *input);

/* probabilities of n classes from their logits */
extern void ae_classes_shares(const float *logit, int n, double *share);

/* what a nat counts in the loss of a row, and one of a known class */
extern double ae_classes_unit(const AeModel *model);
extern double ae_classes_weight(const AeModel *model);

/* log of a class's share among the rows that had one in training */
extern double ae_classes_log_prior(const AeModel *model, int class);

#endif							/* AE_CLASSES_H */
