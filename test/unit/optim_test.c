/*
 * optim_test.c
 *	  Learning rates, clipping and divergence.  The optimisers' arithmetic is
 *	  compared with PyTorch in golden_test.c.
 */
#include "unit.h"

#include "step.h"

#define NEAR(a, b) (fabs((a) - (b)) <= 1e-9 * (1.0 + fabs(b)))

static void
test_schedules(void)
{
	AeOptions	o;
	double		largest = 0.0;

	ae_options_init(&o);
	o.learning_rate = 0.1;
	o.warmup = 0.2;
	o.schedule = AE_SCHEDULE_CONSTANT;
	ok(NEAR(ae_schedule_rate(&o, 0.1), 0.05), "half way through warm-up");
	ok(NEAR(ae_schedule_rate(&o, 0.2), 0.1) &&
	   NEAR(ae_schedule_rate(&o, 1.0), 0.1), "constant after warm-up");
	o.schedule = AE_SCHEDULE_COSINE;
	ok(NEAR(ae_schedule_rate(&o, 0.2), 0.1), "cosine starts at the rate");
	ok(NEAR(ae_schedule_rate(&o, 0.6), 0.05), "cosine is half at half way");
	ok(fabs(ae_schedule_rate(&o, 1.0)) < 1e-12, "cosine ends at zero");
	o.warmup = 0.0;
	ok(NEAR(ae_schedule_rate(&o, 0.0), 0.1), "no warm-up");
	o.schedule = AE_SCHEDULE_ONE_CYCLE;
	for (double p = 0.0; p <= 1.0; p += 0.001)
		largest = fmax(largest, ae_schedule_rate(&o, p));
	ok(NEAR(ae_schedule_rate(&o, 0.0), 0.004), "one cycle starts at 1/25");
	ok(fabs(largest - 0.1) < 1e-6 && NEAR(ae_schedule_rate(&o, 0.25), 0.1),
	   "one cycle peaks after a quarter");
	ok(NEAR(ae_schedule_rate(&o, 1.0), 1e-5), "one cycle ends at 1/10000");
}

static void
test_step(void)
{
	const AeKernels *kernels = ae_kernels_get(AE_KERNEL_AUTO);
	AeLayer		layer = {.kind = AE_LAYER_DENSE,.in = 2,.out = 16};
	AeNet		net = {.nlayers = 1,.ncoder = 1,.layers = &layer};
	AeArena		arena;
	AeOptions	o;
	AeOptimizer optimizer;
	float	   *m;
	float	   *v;
	float	   *p;
	float	   *g;

	ae_arena_init(&arena, &unit_env);
	ae_options_init(&o);
	o.optimizer = AE_OPTIMIZER_SGD;
	o.weight_decay = 0.0;
	o.clip_norm = 1.0;
	if (ae_net_plan(&net) != AE_OK)
		exit(1);
	m = ae_arena_alloc(&arena, net.nparams, sizeof(float));
	v = ae_arena_alloc(&arena, net.nparams, sizeof(float));
	ae_optimizer_init(&optimizer, &o, m, NULL);
	p = ae_arena_alloc(&arena, net.nparams, sizeof(float));
	g = ae_arena_alloc(&arena, net.nparams, sizeof(float));
	g[0] = 3.0f;
	g[47] = 4.0f;
	ok(unit_optimizer_step(&optimizer, &net, kernels, 1, 1.0, p, g) == AE_OK &&
	   fabsf(p[0] + 0.6f) < 1e-6f && fabsf(p[47] + 0.8f) < 1e-6f,
	   "a gradient of norm 5 is clipped to norm 1");
	ok(ae_optimizer_needs_m(&o) && !ae_optimizer_needs_v(&o),
	   "sgd keeps no second moment");

	g[3] = NAN;
	ok(unit_optimizer_step(&optimizer, &net, kernels, 1, 1.0, p, g) ==
	   AE_ERR_DIVERGED, "a gradient that is no number is divergence");
	g[3] = INFINITY;
	ok(unit_optimizer_step(&optimizer, &net, kernels, 1, 1.0, p, g) ==
	   AE_ERR_DIVERGED, "an infinite gradient is divergence");

	/* decoupled decay shrinks weights, not biases */
	o.optimizer = AE_OPTIMIZER_ADAMW;
	o.weight_decay = 0.5;
	memset(g, 0, net.nparams * sizeof(float));
	for (size_t i = 0; i < net.nparams; i++)
		p[i] = 1.0f;
	memset(m, 0, net.nparams * sizeof(float));
	ae_optimizer_init(&optimizer, &o, m, v);
	if (unit_optimizer_step(&optimizer, &net, kernels, 1, 0.1, p, g) != AE_OK)
		exit(1);
	ok(fabsf(p[0] - 0.95f) < 1e-6f && p[layer.bias] == 1.0f,
	   "weights decay, biases do not");
	ae_arena_free(&arena);
}

int
main(void)
{
	test_schedules();
	test_step();
	return done();
}
