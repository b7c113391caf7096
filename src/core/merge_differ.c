/*
 * merge_differ.c
 *	  What tells two models apart, so that they cannot be merged.
 */
#include <stdio.h>
#include <string.h>

#include "core/merge.h"

static bool
same_cell(const AeCell *a, const AeCell *b)
{
	return a->centre == b->centre && a->spread == b->spread &&
		a->constant == b->constant &&
		(a->nmissing > 0) == (b->nmissing > 0) &&
		(a->knots == NULL) == (b->knots == NULL) &&
		(a->knots == NULL ||
		 memcmp(a->knots, b->knots, AE_KNOTS * sizeof(double)) == 0);
}

static bool
same_labels(const AeColumn *a, const AeColumn *b)
{
	if (a->hashed != b->hashed || a->nlabels != b->nlabels ||
		(a->labels == NULL) != (b->labels == NULL))
		return false;
	for (int i = 0; i < a->nlabels; i++)
	{
		if (a->labels != NULL && strcmp(a->labels[i], b->labels[i]) != 0)
			return false;
		if (a->levels != NULL && a->levels[i] != b->levels[i])
			return false;
	}
	return true;
}

/* NULL if two columns of the same name are encoded alike */
static const char *
column_difference(const AeColumn *a, const AeColumn *b)
{
	if (a->kind != b->kind || a->ncells != b->ncells ||
		a->cycles != b->cycles)
		return "is of another kind or length";
	if (a->weight != b->weight || a->loss != b->loss)
		return "has another weight or loss";
	if (!same_labels(a, b))
		return "has other categories";
	if (a->scaling != b->scaling)
		return "is scaled differently";
	for (int i = 0; i < a->ncells; i++)
		if (!same_cell(&a->cells[i], &b->cells[i]) ||
			(a->kind == AE_KIND_POISSON &&
			 a->cells[i].mean != b->cells[i].mean))
			return "is scaled differently";
	return NULL;
}

static bool
same_layers(const AeNet *a, const AeNet *b)
{
	if (a->nlayers != b->nlayers || a->ncoder != b->ncoder)
		return false;
	for (int i = 0; i < a->nlayers; i++)
		if (a->layers[i].kind != b->layers[i].kind ||
			a->layers[i].activation != b->layers[i].activation ||
			a->layers[i].in != b->layers[i].in ||
			a->layers[i].out != b->layers[i].out ||
			a->layers[i].kept != b->layers[i].kept)
			return false;
	return true;
}

static bool
same_joint(const AeModel *a, const AeModel *b)
{
	size_t		bytes = 2 * (size_t) a->joint.ncoords * sizeof(float);

	if (a->options.score != b->options.score ||
		a->options.score_samples != b->options.score_samples ||
		a->joint.ncoords != b->joint.ncoords ||
		a->joint.neighbours != b->joint.neighbours)
		return false;
	return bytes == 0 ||
		(memcmp(a->joint.factor, b->joint.factor, bytes) == 0 &&
		 memcmp(a->joint.centre, b->joint.centre, bytes) == 0);
}

static bool
same_head(const AeModel *a, const AeModel *b)
{
	if (ae_head_exists(&a->head) != ae_head_exists(&b->head))
		return false;
	return !ae_head_exists(&a->head) ||
		(a->head.log_unit == b->head.log_unit &&
		 memcmp(a->head.params, b->head.params,
				a->head.net.nparams * sizeof(float)) == 0);
}

static bool
same_histograms(const AeModel *a, const AeModel *b)
{
	for (int i = 0; i < a->features->ncells; i++)
	{
		const AeHistogram *x = &a->histograms[i];
		const AeHistogram *y = &b->histograms[i];

		if (x->nbins != y->nbins || x->nedges != y->nedges ||
			(x->nedges > 0 && memcmp(x->edges, y->edges,
									 (size_t) x->nedges *
									 sizeof(float)) != 0))
			return false;
	}
	return true;
}

bool
ae_merge_differ(const AeModel *a, const AeModel *b,
				char difference[AE_DIFFERENCE_BYTES])
{
	const AeFeatures *f = a->features;
	const AeFeatures *g = b->features;
	const char *what = NULL;

	*difference = '\0';
	if (f->ncolumns != g->ncolumns)
		snprintf(difference, AE_DIFFERENCE_BYTES,
				 "have %d and %d columns", f->ncolumns, g->ncolumns);
	for (int c = 0; c < f->ncolumns && *difference == '\0'; c++)
	{
		if (strcmp(f->columns[c].name, g->columns[c].name) != 0)
			snprintf(difference, AE_DIFFERENCE_BYTES,
					 "have columns \"%.64s\" and \"%.64s\" in the same place",
					 f->columns[c].name, g->columns[c].name);
		else
			what = column_difference(&f->columns[c], &g->columns[c]);
		if (what != NULL)
			snprintf(difference, AE_DIFFERENCE_BYTES,
					 "differ in column \"%.64s\", which %s",
					 f->columns[c].name, what);
	}
	if (*difference == '\0' && (!same_layers(&a->net, &b->net) ||
								!same_layers(&a->companion, &b->companion)))
		snprintf(difference, AE_DIFFERENCE_BYTES,
				 "differ in the layers of their networks");
	if (*difference == '\0' && !same_joint(a, b))
		snprintf(difference, AE_DIFFERENCE_BYTES,
				 "differ in how they score");
	if (*difference == '\0' && !same_head(a, b))
		snprintf(difference, AE_DIFFERENCE_BYTES,
				 "differ in what they learnt from known anomalies");
	if (*difference == '\0' && !same_histograms(a, b))
		snprintf(difference, AE_DIFFERENCE_BYTES,
				 "differ in the distribution of their training rows");
	return *difference != '\0';
}
