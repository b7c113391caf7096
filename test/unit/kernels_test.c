/*
 * kernels_test.c
 *	  Every instruction set's activations and optimisers against double
 *	  precision, and AVX2 against AVX-512 to the bit.
 */
#include "kernels_reference.h"
#include "unit.h"

/* relative above 1, absolute below; kernels_math.h has the exact errors */
#define VALUE_TOLERANCE 4e-7
#define SLOPE_TOLERANCE 5e-7
#define CURVE_TOLERANCE 8e-7
#define STEP_TOLERANCE 2e-6
/* of all the activations; what lies beyond is garbage */
#define LARGEST_SLOPE 1.8

static const float specials[] = {
	0.0f, -0.0f, 1e-40f, -1e-40f, 1e-6f, -1e-6f, 20.0f, -20.0f, 86.9f,
	-86.9f, -87.1f, 88.5f, -88.5f, -104.0f, 1e4f, -1e4f, 3e38f, -3e38f
};

#define NSPECIALS ((int) (sizeof(specials) / sizeof(specials[0])))
#define GRID 8192
#define NPOINTS AE_PAD(GRID + NSPECIALS)

/* a fine grid over [-32, 32), then the special values, then zeroes */
static float *
activation_points(void)
{
	float	   *x = floats(NPOINTS);

	for (int i = 0; i < GRID; i++)
		x[i] = (float) (i - GRID / 2) / 128;
	memcpy(x + GRID, specials, sizeof(specials));
	return x;
}

static void
test_activation(const AeKernels *k, AeActivation act)
{
	const char *name = ae_activation_names[act];
	const float *x = activation_points();
	float	   *slope = copy_of(x, NPOINTS);
	float	   *value = floats(NPOINTS);
	float	   *one = floats(AE_LANES);
	float	   *zero = floats(AE_LANES);
	float	   *dense = floats((size_t) NPOINTS * AE_LANES);
	double		value_error = 0.0;
	double		slope_error = 0.0;
	bool		same = true;

	k->activate(act, NPOINTS / AE_LANES, AE_LANES, AE_LANES, zero, slope,
				value);
	/* every point is the only input of its own row */
	one[0] = 1.0f;
	k->dense(act, NPOINTS, 1, 1, x, 1, one, zero, dense, AE_LANES);
	for (int i = 0; i < NPOINTS; i++)
	{
		double		error = fabs(slope[i]) <= LARGEST_SLOPE ? 0.0 : INFINITY;

		value_error = worse(value_error,
							error_of(value[i],
									 reference_activation(act, x[i])));
		/* a central difference is wrong at a kink, and far from 0 */
		if (fabsf(x[i]) > 1e-4f && fabsf(x[i]) < 1e3f)
			error = error_of(slope[i], reference_slope(act, x[i]));
		slope_error = worse(slope_error, error);
		same &= dense[(size_t) i * AE_LANES] == value[i];
	}
	ok(value_error <= VALUE_TOLERANCE, "%s %s: value, worst error %.1e",
	   k->name, name, value_error);
	ok(slope_error <= SLOPE_TOLERANCE, "%s %s: slope, worst error %.1e",
	   k->name, name, slope_error);
	ok(same, "%s %s: dense() has the same bits", k->name, name);
}

static void
test_bend(const AeKernels *k, AeActivation act)
{
	const float *x = activation_points();
	float	   *zero = floats(AE_LANES);
	float	   *curve = floats(NPOINTS);
	double		error = 0.0;

	for (int i = 0; i < NPOINTS; i++)
		curve[i] = 2.0f;
	k->bend(act, NPOINTS / AE_LANES, AE_LANES, AE_LANES, zero, x, curve);
	for (int i = 0; i < NPOINTS; i++)
	{
		double		expected = 0.0;

		/* differences are wrong at a kink; far from 0 all is straight */
		if (fabsf(x[i]) < 1e3f)
			expected = reference_curve(act, x[i]);
		if (fabsf(x[i]) > 5e-3f)
			error = worse(error, error_of(curve[i] / 2, expected));
	}
	ok(error <= CURVE_TOLERANCE, "%s %s: curvature, worst error %.1e",
	   k->name, ae_activation_names[act], error);
}

static void
test_couple(const AeKernels *k)
{
	const int	widths[] = {1, 16, 30, 64};
	const int	groups = 3;
	const int	members = 5;
	double		error = 0.0;

	for (int i = 0; i < 4; i++)
	{
		int			width = widths[i];
		size_t		ld = AE_PAD((size_t) width) + AE_LANES;
		size_t		n = (size_t) groups * members * ld;
		float	   *slope = random_floats(groups * ld, 1.0f);
		float	   *sum = random_floats(groups * ld, 1.0f);
		float	   *t = random_floats(n, 1.0f);
		float	   *du = random_floats(n, 1.0f);
		float	   *u = floats(n);
		float	   *sum_before = copy_of(sum, groups * ld);
		float	   *du_before = copy_of(du, n);

		k->couple(groups, members, width, (int) ld, slope, t, u);
		k->couple_backward(groups, members, width, (int) ld, slope, t, du,
						   sum);
		for (size_t g = 0; g < (size_t) groups; g++)
			for (size_t j = 0; j < (size_t) width; j++)
			{
				double		expected = sum_before[g * ld + j];

				for (size_t m = 0; m < (size_t) members; m++)
				{
					size_t		at = (g * members + m) * ld + j;
					double		s = slope[g * ld + j];

					expected += (double) du_before[at] * t[at];
					error = worse(error, error_of(u[at], t[at] * s));
					error = worse(error, error_of(du[at], du_before[at] * s));
				}
				error = worse(error, error_of(sum[g * ld + j], expected));
			}
	}
	ok(error <= VALUE_TOLERANCE, "%s: couple and back, worst error %.1e",
	   k->name, error);
}

static void
test_couple_add(const AeKernels *k)
{
	const size_t n = 3 * AE_LANES;
	float	   *slope = random_floats(n, 1.0f);
	float	   *extra = random_floats(n, 1.0f);
	float	   *u = random_floats(n, 1.0f);
	float	   *before = copy_of(u, n);
	double		error = 0.0;

	k->couple_add(n, slope, extra, u);
	for (size_t i = 0; i < n; i++)
		error = worse(error, error_of(u[i], (double) before[i] * slope[i] +
									  extra[i]));
	ok(error <= VALUE_TOLERANCE, "%s: couple and add, worst error %.1e",
	   k->name, error);
}

/* factors of more members than take part, as for some of a row's seeds */
static void
test_fold(const AeKernels *k)
{
	const int	groups = 3;
	const int	members = 5;
	const int	lda = AE_LANES;
	double		error = 0.0;

	for (int ld = AE_LANES; ld <= 3 * AE_LANES; ld += AE_LANES)
	{
		size_t		n = (size_t) (groups * members * ld);
		float	   *factor = random_floats((size_t) (groups * lda), 1.0f);
		float	   *dfactor = random_floats((size_t) (groups * lda), 1.0f);
		float	   *w = random_floats((size_t) (members * ld), 1.0f);
		float	   *dw = random_floats((size_t) (members * ld), 1.0f);
		float	   *dt = random_floats(n, 1.0f);
		float	   *t = floats(n);
		float	   *dfactor_before = copy_of(dfactor, (size_t) (groups * lda));
		float	   *dw_before = copy_of(dw, (size_t) (members * ld));

		k->unfold(groups, members, ld, factor, lda, w, t);
		k->fold(groups, members, ld, factor, lda, w, dt, dw, dfactor);
		for (int m = 0; m < members; m++)
			for (int j = 0; j < ld; j++)
			{
				double		expected = dw_before[m * ld + j];

				for (int g = 0; g < groups; g++)
				{
					int			at = (g * members + m) * ld + j;
					double		f = factor[g * lda + m];

					error = worse(error, error_of(t[at], f * w[m * ld + j]));
					expected += f * dt[at];
				}
				error = worse(error, error_of(dw[m * ld + j], expected));
			}
		for (int g = 0; g < groups; g++)
			for (int m = 0; m < lda; m++)
			{
				double		expected = dfactor_before[g * lda + m];

				for (int j = 0; j < ld && m < members; j++)
					expected += (double) w[m * ld + j] *
						dt[(g * members + m) * ld + j];
				error = worse(error, error_of(dfactor[g * lda + m], expected));
			}
	}
	ok(error <= VALUE_TOLERANCE, "%s: unfold and fold, worst error %.1e",
	   k->name, error);
}

/* a NaN must not be lost in any lane, nor spread to another */
static void
test_nan(const AeKernels *k)
{
	float	   *zero = floats(AE_LANES);

	for (int act = 0; act < AE_ACT_COUNT; act++)
	{
		bool		right = true;

		for (int i = 0; i < AE_LANES; i++)
		{
			float	   *a = floats(AE_LANES);
			float	   *h = floats(AE_LANES);

			a[i] = NAN;
			k->activate((AeActivation) act, 1, AE_LANES, AE_LANES, zero, a,
						h);
			for (int j = 0; j < AE_LANES; j++)
				right &= (isnan(h[j]) != 0) == (j == i);
		}
		ok(right, "%s %s: NaN gives NaN", k->name, ae_activation_names[act]);
	}
}

static void
test_activate_rows(const AeKernels *k)
{
	const int	widths[] = {1, 8, 16, 17, 30, 64, 100};
	double		error = 0.0;
	double		back_error = 0.0;
	const int	rows = 37;

	for (int i = 0; i < 7; i++)
	{
		int			width = widths[i];
		int			ld = AE_PAD(width) + AE_LANES;
		size_t		n = (size_t) rows * ld;
		float	   *x = random_floats(n, 2.0f);
		float	   *bias = random_floats(ld, 1.0f);
		float	   *slope = copy_of(x, n);
		float	   *h = floats(n);
		float	   *dh = random_floats(n, 1.0f);
		float	   *da = copy_of(dh, n);
		float	   *db = random_floats(ld, 1.0f);
		float	   *db_before = copy_of(db, ld);
		float	   *linear_db = copy_of(db, ld);

		k->activate(AE_ACT_TANH, rows, width, ld, bias, slope, h);
		k->activate_backward(rows, width, ld, slope, da, db);
		k->activate_backward(rows, width, ld, NULL, dh, linear_db);
		for (int j = 0; j < width; j++)
		{
			double		sum = db_before[j];
			double		linear_sum = db_before[j];

			for (size_t at = j; at < n; at += ld)
			{
				double		y = tanh((double) x[at] + bias[j]);
				double		d = dh[at] * (1 - y * y);

				sum += d;
				linear_sum += dh[at];
				error = worse(error, error_of(h[at], y));
				back_error = worse(back_error, error_of(da[at], d));
			}
			back_error = worse(back_error, error_of(db[j], sum) / rows);
			back_error = worse(back_error,
							   error_of(linear_db[j], linear_sum) / rows);
		}
	}
	ok(error <= VALUE_TOLERANCE, "%s: activate, worst error %.1e", k->name,
	   error);
	ok(back_error <= SLOPE_TOLERANCE, "%s: activate_backward, %.1e", k->name,
	   back_error);
}

#define NPARAMS 208
#define STEPS 5

typedef enum Optimizer
{
	ADAM, MOMENTUM, RMSPROP, ADAGRAD, NOPTIMIZERS
} Optimizer;

static const char *const optimizer_names[NOPTIMIZERS] = {
	"adam", "momentum", "rmsprop", "adagrad"
};

/* one parameter's step in double, from the formulas in kernels.h */
static void
reference_step(Optimizer which, int step, double g, double *p, double *m,
			   double *v)
{
	const double beta1 = 0.9f;
	const double beta2 = 0.999f;

	switch (which)
	{
		case ADAM:
			*m = beta1 * *m + (1 - beta1) * g;
			*v = beta2 * *v + (1 - beta2) * g * g;
			*p -= 0.01f * (*m / (1 - pow(beta1, step))) /
				(sqrt(*v / (1 - pow(beta2, step))) + 1e-8);
			break;
		case MOMENTUM:
			*m = beta1 * *m + g;
			*p -= 0.01f * *m;
			break;
		case RMSPROP:
			*v = beta2 * *v + (1 - beta2) * g * g;
			*p -= 0.01f * g / (sqrt(*v) + 1e-8);
			break;
		case ADAGRAD:
			*v += g * g;
			*p -= 0.01f * g / (sqrt(*v) + 1e-8);
			break;
		case NOPTIMIZERS:
			break;
	}
}

static void
kernel_step(const AeKernels *k, Optimizer which, int step, float s,
			const float *g, float *p, float *m, float *v)
{
	AeAdamStep	adam = {0.01f, 0.9f, 0.999f, 1e-8f, 0.0f, 0.0f, s};

	adam.correction1 = (float) (1 - pow(adam.beta1, step));
	adam.correction2 = (float) (1 - pow(adam.beta2, step));
	switch (which)
	{
		case ADAM:
			k->adam(NPARAMS, &adam, p, g, m, v);
			break;
		case MOMENTUM:
			k->momentum(NPARAMS, 0.01f, 0.9f, s, p, g, m);
			break;
		case RMSPROP:
			k->rmsprop(NPARAMS, 0.01f, 0.999f, 1e-8f, s, p, g, v);
			break;
		case ADAGRAD:
			k->adagrad(NPARAMS, 0.01f, 1e-8f, s, p, g, v);
			break;
		case NOPTIMIZERS:
			break;
	}
}

static void
test_optimizer(const AeKernels *k, Optimizer which)
{
	const float s = 0.5f;
	float	   *p = random_floats(NPARAMS, 1.0f);
	float	   *m = floats(NPARAMS);
	float	   *v = floats(NPARAMS);
	double		exact_p[NPARAMS];
	double		exact_m[NPARAMS] = {0};
	double		exact_v[NPARAMS] = {0};
	double		error = 0.0;

	for (int i = 0; i < NPARAMS; i++)
		exact_p[i] = p[i];
	for (int step = 1; step <= STEPS; step++)
	{
		float	   *g = random_floats(NPARAMS, 2.0f);

		/* a parameter that is padding never moves */
		g[NPARAMS - 1] = 0.0f;
		kernel_step(k, which, step, s, g, p, m, v);
		for (int i = 0; i < NPARAMS; i++)
		{
			reference_step(which, step, s * (double) g[i], exact_p + i,
						   exact_m + i, exact_v + i);
			error = worse(error, error_of(p[i], exact_p[i]));
		}
	}
	for (int i = 0; i < NPARAMS; i++)
	{
		error = worse(error, error_of(m[i], exact_m[i]));
		error = worse(error, error_of(v[i], exact_v[i]));
	}
	ok(error <= STEP_TOLERANCE, "%s: %s, worst error %.1e", k->name,
	   optimizer_names[which], error);
}

static void
test_vectors(const AeKernels *k)
{
	float	   *x = random_floats(NPARAMS, 3.0f);
	float	   *before = copy_of(x, NPARAMS);
	double		sum = 0.0;
	bool		scaled = true;

	for (int i = 0; i < NPARAMS; i++)
		sum += (double) x[i] * x[i];
	ok(error_of(k->sum_squares(NPARAMS, x), sum) < 1e-14,
	   "%s: sum_squares in double", k->name);
	k->scale(NPARAMS, 0.3f, x);
	for (int i = 0; i < NPARAMS; i++)
		scaled &= x[i] == before[i] * 0.3f;
	ok(scaled, "%s: scale", k->name);
}

/* n up to more than four vectors, in order, and zero vectors */
static void
test_combine(const AeKernels *k)
{
	double		error = 0.0;

	for (int n = AE_LANES; n <= 12 * AE_LANES; n += AE_LANES)
		for (int count = 0; count <= 5; count++)
		{
			const float *a = random_floats(5, 1.0f);
			const float *x[5];
			float	   *y = random_floats((size_t) n, 1.0f);
			float	   *before = copy_of(y, (size_t) n);

			for (int s = 0; s < 5; s++)
				x[s] = random_floats((size_t) n, 1.0f);
			k->combine((size_t) n, count, a, x, y);
			for (int i = 0; i < n; i++)
			{
				double		sum = before[i];

				for (int s = 0; s < count; s++)
					sum += (double) a[s] * x[s][i];
				error = worse(error, error_of(y[i], sum));
			}
		}
	ok(error < 1e-6, "%s: combine, worst error %.1e", k->name, error);
}

/* softmax of any width, in place as well, logits of any size */
static void
test_soften(const AeKernels *k)
{
	double		error = 0.0;
	bool		in_place = true;

	for (int width = 1; width <= 70; width++)
	{
		float	   *o = random_floats((size_t) width, 30.0f);
		float	   *p = floats((size_t) width);
		double		sum = 0.0;
		double		log_sum = k->soften(width, 2.5f, o, p);

		for (int i = 0; i < width; i++)
			sum += exp((double) o[i]);
		error = worse(error, error_of(log_sum, log(sum)));
		for (int i = 0; i < width; i++)
			error = worse(error, error_of(p[i], 2.5 * exp((double) o[i]) /
										  sum));
		k->soften(width, 2.5f, o, o);
		in_place &= memcmp(o, p, (size_t) width * sizeof(float)) == 0;
	}
	ok(error < 1e-5, "%s: soften, worst error %.1e", k->name, error);
	ok(in_place, "%s: soften in place", k->name);
}

static void
test_affine(const AeKernels *k)
{
	const float limit = 5.0f;
	double		error = 0.0;
	bool		guarded = true;
	bool		missing = true;

	for (int n = 0; n <= 50; n++)
	{
		int			shift = n % 5;
		float	   *cells = random_floats(n + shift, 9.0f) + shift;
		float	   *scale = random_floats(n + shift, 1.0f) + shift;
		float	   *offset = random_floats(n + shift, 1.0f) + shift;
		float	   *x = floats(n + shift + 1) + shift;
		float	   *t = floats(n + shift + 1) + shift;
		float	   *alone = floats(n + shift + 1) + shift;

		if (n > 0)
			cells[n / 2] = NAN;
		x[n] = t[n] = alone[n] = GUARD;
		k->affine(n, cells, scale, offset, limit, x, t);
		k->affine(n, cells, scale, offset, limit, alone, NULL);
		for (int i = 0; i < n; i++)
		{
			double		y = (double) cells[i] * scale[i] + offset[i];

			y = fmin(fmax(y, -limit), limit);
			if (isnan(cells[i]))
				missing &= x[i] == 0.0f && alone[i] == 0.0f && isnan(t[i]);
			else
				error = worse(worse(error, error_of(x[i], y)),
							  x[i] == t[i] && x[i] == alone[i] ? 0 : NAN);
		}
		guarded &= x[n] == GUARD && t[n] == GUARD && alone[n] == GUARD;
	}
	ok(error <= VALUE_TOLERANCE, "%s: affine, worst error %.1e", k->name,
	   error);
	ok(missing, "%s: affine of a missing cell", k->name);
	ok(guarded, "%s: affine touches nothing beyond its end", k->name);
}

/* numbers of every size, some missing, some beyond the limit */
static double *
random_doubles(size_t n, double range)
{
	double	   *x = ae_arena_alloc(&arena, n, sizeof(double));

	if (x == NULL)
		exit(2);
	for (size_t i = 0; i < n; i++)
		x[i] = ae_rng_below(&rng, 9) == 0 ? NAN :
			range * (2.0 * ae_rng_uniform(&rng) - 1.0);
	return x;
}

static bool
is_same(float x, float y)
{
	return isnan(x) ? isnan(y) : x == y;
}

static void
test_encode(const AeKernels *k)
{
	const double limit = 1000.0;
	bool		same = true;
	bool		guarded = true;

	for (int n = 0; n <= 70; n++)
	{
		int			shift = n % 3;
		double	   *values = random_doubles(n + shift, 1e6) + shift;
		double	   *centre = random_doubles(n + shift, 10) + shift;
		double	   *factor = random_doubles(n + shift, 0.01) + shift;
		float	   *x = floats(n + shift + 1) + shift;
		float	   *t = floats(n + shift + 1) + shift;
		float	   *alone = floats(n + shift + 1) + shift;
		float	   *target = floats(n + shift + 1) + shift;

		x[n] = t[n] = alone[n] = target[n] = GUARD;
		k->encode(n, values, centre, factor, limit, x, t);
		k->encode(n, values, centre, factor, limit, alone, NULL);
		k->encode(n, values, centre, factor, limit, NULL, target);
		for (int i = 0; i < n; i++)
		{
			double		y = (values[i] - centre[i]) * factor[i];
			float		wanted = (float) (y > limit ? limit :
										  y < -limit ? -limit : y);

			same &= is_same(t[i], wanted) && is_same(target[i], wanted) &&
				x[i] == alone[i] &&
				x[i] == (isnan(wanted) ? 0.0f : wanted);
		}
		guarded &= x[n] == GUARD && t[n] == GUARD && alone[n] == GUARD &&
			target[n] == GUARD;
	}
	ok(same, "%s: encode has the bits of plain loops", k->name);
	ok(guarded, "%s: encode touches nothing beyond its end", k->name);
}

static void
test_bound(const AeKernels *k)
{
	bool		bound = true;
	bool		found = true;

	for (int n = 1; n <= 70; n++)
	{
		float	   *x = random_floats(AE_PAD(n), 9.0f);
		float	   *y = floats(AE_PAD(n));

		memcpy(y, x, n * sizeof(float));
		/* what is behind the end does not count */
		for (int i = n; i < AE_PAD(n); i++)
			y[i] = NAN;
		found &= !k->any_nan(n, y);
		y[n / 2] = NAN;
		found &= k->any_nan(n, y);
		k->bound(n, 5.0f, y);
		for (int i = 0; i < n; i++)
			bound &= y[i] == (i == n / 2 ? 5.0f :
							  fminf(fmaxf(x[i], -5.0f), 5.0f));
	}
	ok(bound, "%s: bound", k->name);
	ok(found, "%s: any_nan", k->name);
}

/* what scoring and training share between the two sets with fused products */
static void
test_sets_agree(const AeKernels *a, const AeKernels *b)
{
	float	   *zero = floats(AE_LANES);
	float	   *x = random_floats(NPARAMS, 3.0f);
	float	   *sums[] = {floats(8 * AE_LANES), floats(8 * AE_LANES)};

	for (int act = 0; act < AE_ACT_COUNT; act++)
	{
		float	   *slope_a = activation_points();
		float	   *slope_b = activation_points();
		float	   *h_a = floats(NPOINTS);
		float	   *h_b = floats(NPOINTS);

		a->activate((AeActivation) act, NPOINTS / AE_LANES, AE_LANES,
					AE_LANES, zero, slope_a, h_a);
		b->activate((AeActivation) act, NPOINTS / AE_LANES, AE_LANES,
					AE_LANES, zero, slope_b, h_b);
		ok(memcmp(h_a, h_b, NPOINTS * sizeof(float)) == 0 &&
		   memcmp(slope_a, slope_b, NPOINTS * sizeof(float)) == 0,
		   "%s and %s: the same bits of %s", a->name, b->name,
		   ae_activation_names[act]);
		/* the slopes will do as points to bend at, and the values to bend */
		a->bend((AeActivation) act, NPOINTS / AE_LANES, AE_LANES, AE_LANES,
				zero, slope_a, h_a);
		b->bend((AeActivation) act, NPOINTS / AE_LANES, AE_LANES, AE_LANES,
				zero, slope_b, h_b);
		ok(memcmp(h_a, h_b, NPOINTS * sizeof(float)) == 0,
		   "%s and %s: the same bits of %s's curvature", a->name, b->name,
		   ae_activation_names[act]);
	}
	ok(a->sum_squares(NPARAMS, x) == b->sum_squares(NPARAMS, x),
	   "%s and %s: the same bits of sum_squares", a->name, b->name);
	for (int i = 0; i < 2; i++)
		(i == 0 ? a : b)->fold(2, 3, 2 * AE_LANES, x, AE_LANES, x, x, sums[i],
							   sums[i] + 6 * AE_LANES);
	ok(memcmp(sums[0], sums[1], 8 * AE_LANES * sizeof(float)) == 0,
	   "%s and %s: the same bits of fold", a->name, b->name);
}

static void
test_set(const AeKernels *k)
{
	for (int act = 0; act < AE_ACT_COUNT; act++)
	{
		test_activation(k, (AeActivation) act);
		test_bend(k, (AeActivation) act);
	}
	test_nan(k);
	test_activate_rows(k);
	test_couple(k);
	test_couple_add(k);
	test_fold(k);
	for (int which = 0; which < NOPTIMIZERS; which++)
		test_optimizer(k, (Optimizer) which);
	test_combine(k);
	test_soften(k);
	test_vectors(k);
	test_affine(k);
	test_encode(k);
	test_bound(k);
}

int
main(void)
{
	const AeKernels *avx2 = ae_kernels_get(AE_KERNEL_AVX2);
	const AeKernels *avx512 = ae_kernels_get(AE_KERNEL_AVX512);

	reference_init(4);
	ok(ae_kernels_get(AE_KERNEL_AUTO) != NULL, "there are always kernels");
	reference_each_set(test_set);
	if (avx2 != NULL && avx512 != NULL)
		test_sets_agree(avx2, avx512);
	ae_arena_free(&arena);
	return done();
}
