/*
 * codec_read_score.c
 *	  What scores take, from the bytes of a model.
 */
#include <math.h>

#include "core/codec_format.h"
#include "core/neighbour.h"

/* more than what any row costs, targets and outputs being bounded */
#define MAX_NATS 1e30
/* more than any log distance or its negative */
#define MAX_LOG_UNIT 100.0
/* more than any log score or its negative, but the score is finite */
#define MAX_LOG_SCORE 700.0

AeStatus
ae_codec_read_evidence(AeReader *r, AeModel *model)
{
	AeEvidence *evidence = &model->evidence;

	if (evidence->spread > 0)
		return AE_ERR_CORRUPT;
	evidence->median = ae_read_f64(r);
	evidence->spread = ae_read_f64(r);
	return fabs(evidence->median) <= MAX_NATS &&
		evidence->spread >= AE_EVIDENCE_MIN_SPREAD &&
		evidence->spread <= MAX_NATS && r->left == 0
		? AE_OK : AE_ERR_CORRUPT;
}

AeStatus
ae_codec_read_hidden(AeReader *r, AeModel *model)
{
	size_t		ncolumns = (size_t) model->features->ncolumns;

	if (model->hidden_loss != NULL ||
		r->left != (1 + ncolumns) * sizeof(double))
		return AE_ERR_CORRUPT;
	model->hidden_loss = ae_arena_alloc(&model->arena, ncolumns,
										sizeof(double));
	if (model->hidden_loss == NULL)
		return AE_ERR_MEMORY;
	model->joint.log_unit = ae_read_f64(r);
	if (!(fabs(model->joint.log_unit) <= MAX_LOG_UNIT))
		return AE_ERR_CORRUPT;
	for (size_t i = 0; i < ncolumns; i++)
	{
		model->hidden_loss[i] = ae_read_f64(r);
		if (!(model->hidden_loss[i] >= 0.0) || isinf(model->hidden_loss[i]))
			return AE_ERR_CORRUPT;
	}
	return AE_OK;
}

/* offsets (npoints), then points (npoints, 2 d) */
static AeStatus
points_read(AeReader *r, AeModel *model, int npoints)
{
	const AeEnv *env = model->arena.env;
	AeJoint    *joint = &model->joint;
	size_t		width = (size_t) ae_joint_width(joint);

	if ((size_t) npoints > r->left / (width * sizeof(int16_t)))
		return AE_ERR_CORRUPT;
	AE_TRY(ae_joint_allocate_points(joint, npoints, &model->arena));
	AE_TRY(ae_codec_finite(r, joint->offset, npoints));
	for (int i = 0; i < npoints; i++)
	{
		env->poll(env->host);
		if (joint->offset[i] < 0)
			return AE_ERR_CORRUPT;
		for (int j = 0; j < ae_joint_width(joint); j++)
		{
			int			value = (int16_t) ae_read_u16(r);
			int			level = ae_joint_level(joint, j % joint->ncoords);

			if (value < -level || value > level)
				return AE_ERR_CORRUPT;
			joint->points[ae_joint_at(joint, i, j)] = (int16_t) value;
		}
	}
	return AE_OK;
}

/* whether there is what the score needs of the joint space, and no more */
static bool
joint_suits(const AeJoint *joint, int score)
{
	if (!ae_score_is_joint(score))
		return joint->ncoords == 0 && score >= 0;
	return joint->ncoords > 0 &&
		(joint->npoints > 0) == (score == AE_SCORE_NEIGHBOUR);
}

AeStatus
ae_codec_read_joint(AeReader *r, AeModel *model)
{
	AeJoint    *joint = &model->joint;
	int			ncoords = ae_codec_int(r);
	int			npoints;

	if (ncoords != 0)
	{
		if (ncoords != ae_joint_coords(model->features) ||
			r->left / (4 * sizeof(float)) < (size_t) ncoords)
			return AE_ERR_CORRUPT;
		AE_TRY(ae_joint_layout(joint, model->features, &model->arena));
		AE_TRY(ae_codec_finite(r, joint->factor, 2 * ncoords));
		AE_TRY(ae_codec_finite(r, joint->centre, 2 * ncoords));
		joint->neighbours = ae_codec_int(r);
		joint->log_unit = ae_read_f64(r);
		npoints = ae_codec_int(r);
		if (joint->neighbours < 1 || joint->neighbours > AE_MAX_NEIGHBOURS ||
			!(fabs(joint->log_unit) <= MAX_LOG_UNIT) ||
			npoints < 0 || npoints > AE_MAX_CORESET)
			return AE_ERR_CORRUPT;
		if (npoints > 0)
			AE_TRY(points_read(r, model, npoints));
	}
	return joint_suits(joint, model->options.score)
		? AE_OK : AE_ERR_CORRUPT;
}

AeStatus
ae_codec_read_head(AeReader *r, AeModel *model)
{
	AeHead	   *head = &model->head;
	bool		exists;

	model->nanomalies = ae_read_u64(r);
	AE_TRY(ae_codec_bool(r, &exists));
	if (!exists)
		return AE_OK;
	head->log_unit = ae_read_f64(r);
	if (!(fabs(head->log_unit) <= MAX_LOG_UNIT) ||
		model->joint.ncoords == 0 ||
		r->left / (AE_HEAD_UNITS * sizeof(float)) <
		(size_t) model->joint.ncoords)
		return AE_ERR_CORRUPT;
	AE_TRY(ae_head_plan(head, ae_model_head_inputs(model), &model->arena));
	return ae_codec_read_net_weights(r, model->arena.env, &head->net,
									 head->params);
}

static AeStatus
quantiles_read(AeReader *r, AeCalibration *calibration)
{
	calibration->nscores = ae_read_u64(r);
	AE_TRY(ae_codec_bool(r, &calibration->held_out));
	calibration->threshold = ae_read_f64(r);
	calibration->tail_share = ae_read_f64(r);
	calibration->shape = ae_read_f64(r);
	calibration->scale = ae_read_f64(r);
	for (int i = 0; i < AE_CALIBRATION_KNOTS; i++)
		calibration->knots[i] = ae_read_f64(r);
	return !r->failed && ae_calibration_is_valid(calibration) &&
		calibration->knots[0] >= -MAX_LOG_SCORE &&
		calibration->knots[AE_CALIBRATION_KNOTS - 1] <= MAX_LOG_SCORE
		? AE_OK : AE_ERR_CORRUPT;
}

AeStatus
ae_codec_read_calibration(AeReader *r, AeModel *model)
{
	uint32_t	count = ae_read_u32(r);

	if (count != (uint32_t) model->features->ncolumns || r->left / 8 < count)
		return AE_ERR_CORRUPT;
	model->column_loss = ae_arena_alloc(&model->arena, count, sizeof(double));
	if (model->column_loss == NULL)
		return AE_ERR_MEMORY;
	for (uint32_t i = 0; i < count; i++)
	{
		model->column_loss[i] = ae_read_f64(r);
		if (!(model->column_loss[i] >= 0.0) || isinf(model->column_loss[i]))
			return AE_ERR_CORRUPT;
	}
	return quantiles_read(r, &model->calibration);
}
