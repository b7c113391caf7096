# autoencoder - train and run autoencoders in SQL

PG_CONFIG ?= pg_config

EXTENSION = autoencoder
MODULE_big = autoencoder
PGFILEDESC = "autoencoder - train and run autoencoders in SQL"
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" \
	$(srcdir)/autoencoder.control)

# pure C without server headers; test/check_layers.sh keeps it so
CORE_OBJS = \
	src/core/arena.o \
	src/core/blas.o \
	src/core/bytes.o \
	src/core/calibration.o \
	src/core/classes.o \
	src/core/codec.o \
	src/core/codec_density.o \
	src/core/codec_items.o \
	src/core/codec_read.o \
	src/core/codec_read_features.o \
	src/core/codec_read_score.o \
	src/core/coder.o \
	src/core/condition.o \
	src/core/conditional.o \
	src/core/contract.o \
	src/core/coreset.o \
	src/core/critic.o \
	src/core/corrupt.o \
	src/core/count.o \
	src/core/cpu.o \
	src/core/cursor.o \
	src/core/dataset.o \
	src/core/dataset_anomaly.o \
	src/core/dataset_fit.o \
	src/core/dataset_sample.o \
	src/core/dense.o \
	src/core/density.o \
	src/core/density_fit.o \
	src/core/dictionary.o \
	src/core/draw.o \
	src/core/drift.o \
	src/core/ease.o \
	src/core/evidence.o \
	src/core/feature.o \
	src/core/feature_cell.o \
	src/core/gaussian.o \
	src/core/head.o \
	src/core/head_fit.o \
	src/core/histogram.o \
	src/core/impute.o \
	src/core/items.o \
	src/core/join.o \
	src/core/joint.o \
	src/core/joint_fit.o \
	src/core/kernels.o \
	src/core/kernels_avx2.o \
	src/core/kernels_avx512.o \
	src/core/kernels_baseline.o \
	src/core/label_index.o \
	src/core/labels.o \
	src/core/likelihood.o \
	src/core/matching.o \
	src/core/merge.o \
	src/core/merge_differ.o \
	src/core/mixture.o \
	src/core/mixture_step.o \
	src/core/model.o \
	src/core/model_prepare.o \
	src/core/model_resolve.o \
	src/core/moments.o \
	src/core/neighbour.o \
	src/core/net.o \
	src/core/objective.o \
	src/core/optim.o \
	src/core/options.o \
	src/core/options_set.o \
	src/core/options_use.o \
	src/core/options_value.o \
	src/core/ordinal.o \
	src/core/recommend.o \
	src/core/rng.o \
	src/core/sample.o \
	src/core/score.o \
	src/core/score_batch.o \
	src/core/score_evidence.o \
	src/core/score_explain.o \
	src/core/score_fit.o \
	src/core/score_head.o \
	src/core/set_grow.o \
	src/core/set_index.o \
	src/core/set_join.o \
	src/core/set_mix.o \
	src/core/set_rows.o \
	src/core/set_model.o \
	src/core/set_net.o \
	src/core/set_sample.o \
	src/core/set_train.o \
	src/core/sets.o \
	src/core/share.o \
	src/core/sort.o \
	src/core/sparse.o \
	src/core/spd.o \
	src/core/spectrum.o \
	src/core/supervise.o \
	src/core/train.o \
	src/core/update.o \
	src/core/worker.o \
	src/core/worker_create.o

OBJS = \
	$(WIN32RES) \
	$(CORE_OBJS) \
	src/autoencoder.o \
	src/fn_backend.o \
	src/fn_create.o \
	src/fn_drift.o \
	src/fn_evaluate.o \
	src/fn_explain.o \
	src/fn_impute.o \
	src/fn_inspect.o \
	src/fn_merge.o \
	src/fn_metrics.o \
	src/fn_named.o \
	src/fn_ranking.o \
	src/fn_recommend.o \
	src/fn_report.o \
	src/fn_predict.o \
	src/fn_sample.o \
	src/fn_score.o \
	src/fn_support.o \
	src/fn_train.o \
	src/fn_trigger.o \
	src/fn_update.o \
	src/pg_batch_expr.o \
	src/pg_batch_group.o \
	src/pg_batch_node.o \
	src/pg_batch_plan.o \
	src/pg_batch_rewrite.o \
	src/pg_batch_row.o \
	src/pg_blas.o \
	src/pg_call.o \
	src/pg_env.o \
	src/pg_guc.o \
	src/pg_json.o \
	src/pg_model.o \
	src/pg_named.o \
	src/pg_options.o \
	src/pg_options_value.o \
	src/pg_partial.o \
	src/pg_progress.o \
	src/pg_query.o \
	src/pg_row.o \
	src/pg_row_build.o \
	src/pg_row_read.o \
	src/pg_row_train.o \
	src/pg_scalar.o \
	src/pg_set_read.o \
	src/pg_sets.o \
	src/pg_store.o \
	src/pg_train.o \
	src/pg_update.o \
	src/pg_vector.o \
	src/pg_workers.o

DATA = $(wildcard sql/$(EXTENSION)--*.sql)

# scripts in test/sql, reference output in expected
REGRESS = \
	attacks \
	backend \
	batch \
	condition \
	conditional \
	contractive \
	detection \
	drift \
	errors \
	evaluate \
	evidence \
	explain \
	family \
	grouping \
	hostile \
	immutable_uses \
	impute \
	inspect \
	kinds \
	label \
	limits \
	matching \
	metrics \
	model_value \
	named \
	options \
	privileges \
	recommend \
	sample \
	score \
	set_columns \
	set_grow \
	set_networks \
	stored \
	supervised \
	synthetic \
	train \
	trigger \
	types \
	update \
	variants \
	vectors \
	workers
# a test has text that is not valid in this encoding
REGRESS_OPTS = --inputdir=test --encoding=UTF8 --no-locale
ISOLATION = \
	batch_update \
	named_score \
	named_train
ISOLATION_OPTS = --inputdir=test --encoding=UTF8 --no-locale
TAP_TESTS = 1
PROVE_TESTS = test/t/*.pl

# The server's headers count as the system's: their warnings are not ours.
PG_CPPFLAGS = -I$(srcdir)/src -DAE_VERSION='"$(EXTVERSION)"' \
	-isystem $(shell $(PG_CONFIG) --includedir-server)
SHLIB_LINK = -ldl -lm
EXTRA_CLEAN = build META.json $(EXTENSION)-*.zip

# A failed assert() takes the whole cluster down, so it follows the server's
# own choice.
ifeq ($(findstring --enable-cassert,$(shell $(PG_CONFIG) --configure)),)
PG_CPPFLAGS += -DNDEBUG
endif

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PGXS does not track header dependencies.
HEADERS_ALL = $(wildcard $(srcdir)/src/*.h $(srcdir)/src/core/*.h)
$(OBJS) $(OBJS:.o=.bc): $(HEADERS_ALL)

# The loops that decide the speed are compiled once per instruction set and
# chosen at run time; a set that the compiler does not know is left out.
# gcc 14 and later do not fuse the multiplications and additions of all sums
# unless told to, and the same model would score otherwise.
# $(call known_flags,compiler,flags), $(call kernel_flags,compiler,file name)
SET_FLAGS_kernels_avx2 = -mavx2 -mfma
SET_FLAGS_kernels_avx512 = -mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma \
	-mprefer-vector-width=512
FUSE_FLAGS = --param=avoid-fma-max-bits=0
known_flags = $(shell $(1) -Werror $(2) -x c -c /dev/null \
	-o /dev/null 2>/dev/null && echo $(2))
kernel_flags = $(if $(filter kernels%,$(2)), \
	-O3 -ffp-contract=fast $(call known_flags,$(1),$(SET_FLAGS_$(2))) \
	$(call known_flags,$(1),$(FUSE_FLAGS)))

define kernel_rules
src/core/$(1).o: override CFLAGS += $$(call kernel_flags,$$(CC),$(1))
src/core/$(1).bc: override BITCODE_CFLAGS += \
	$$(call kernel_flags,$$(CLANG),$(1))
endef
$(foreach k,$(filter kernels%,$(notdir $(CORE_OBJS:.o=))), \
	$(eval $(call kernel_rules,$(k))))

# The unit tests compile the core on their own, without the server's include
# path, so a stray server header breaks the build here.  Another set of flags
# (sanitizers) wants a UNIT_DIR of its own.
UNIT_CC = $(CC)
UNIT_CFLAGS = -std=gnu99 -g -O2 -Wall -Wextra
UNIT_DIR = build/unit
UNIT_COMPILE = $(UNIT_CC) $(UNIT_CFLAGS) -DAE_VERSION='"$(EXTVERSION)"' \
	-I$(srcdir)/src -I$(srcdir)/test/unit
UNIT_OBJS = $(patsubst src/core/%,$(UNIT_DIR)/core/%,$(CORE_OBJS))
UNIT_TESTS = $(patsubst $(srcdir)/test/unit/%.c,$(UNIT_DIR)/%, \
	$(wildcard $(srcdir)/test/unit/*_test.c))

.SECONDARY: $(UNIT_OBJS)
$(UNIT_DIR)/core/%.o: src/core/%.c $(HEADERS_ALL)
	@$(MKDIR_P) $(@D)
	$(UNIT_COMPILE) $(call kernel_flags,$(UNIT_CC),$*) -c -o $@ $<

$(UNIT_DIR)/%_test: test/unit/%_test.c $(wildcard $(srcdir)/test/unit/*.h) \
		$(UNIT_OBJS)
	$(UNIT_COMPILE) -o $@ $< $(UNIT_OBJS) -ldl -lm

.PHONY: unitcheck
unitcheck: $(UNIT_TESTS)
	prove $(PROVE_FLAGS) -e '' $(UNIT_TESTS)

# The SQL list on a schema that ALTER EXTENSION UPDATE has left; writes the
# scripts of an older version to the server's directory for as long.
UPDATE_DB = contrib_regression
UPDATE_SCRIPTS = $(foreach v,0.9 0.9--$(EXTVERSION), \
	$(DESTDIR)$(datadir)/extension/$(EXTENSION)--$(v).sql)
.PHONY: updatecheck
updatecheck:
	set -e; trap 'rm -f $(UPDATE_SCRIPTS)' EXIT; trap 'exit 1' HUP INT TERM; \
	perl $(srcdir)/test/update/older_version.pl \
		$(srcdir)/sql/$(EXTENSION)--$(EXTVERSION).sql $(EXTVERSION) \
		$(DESTDIR)$(datadir)/extension; \
	dropdb --if-exists $(UPDATE_DB); \
	createdb --template=template0 --encoding=UTF8 --locale=C $(UPDATE_DB); \
	psql -X -q -v ON_ERROR_STOP=1 -d $(UPDATE_DB) \
		-c "CREATE EXTENSION autoencoder VERSION '0.9'" \
		-c 'ALTER EXTENSION autoencoder UPDATE'
	$(MAKE) installcheck TAP_TESTS= ISOLATION= \
		REGRESS_OPTS='$(REGRESS_OPTS) --use-existing --dbname=$(UPDATE_DB)'

# Models of the current format, and what they give: only for a new format, or
# a kind of model that was not among them (see docs/reliability.md).
.PHONY: stored-models
stored-models:
	psql -X -f test/data/make_stored.sql > test/data/stored_format_1.sql.new
	mv test/data/stored_format_1.sql.new test/data/stored_format_1.sql

# Modules that let allocations fail, for test/t; never installed
FAULTS = build/faults/faults.so build/faults/malloc.so
installcheck: $(FAULTS)
$(FAULTS): build/faults/%.so: test/faults/%.c
	@$(MKDIR_P) $(@D)
	$(CC) $(CFLAGS) $(CFLAGS_SL) $(CPPFLAGS) -fno-builtin \
		-fvisibility=default -shared -o $@ $<

# Hostile models: see test/fuzz/README.md.  Objects that clang instrumented go
# into a directory of their own; a fixed seed makes the runs the same each time.
FUZZ_CC = clang
FUZZ_DIR = build/fuzz
FUZZ_SEED = 1
FUZZ_RUNS_parse = 1000000
FUZZ_RUNS_apply = 250000
FUZZ_CFLAGS = -std=gnu99 -g -O2 -fno-omit-frame-pointer -Wall -Wextra \
	-fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow \
	-fno-sanitize-coverage=trace-cmp -fno-sanitize-recover=all
FUZZ_FLAGS = -max_len=16384 -entropic=0 -reduce_inputs=0 -timeout=20 \
	-print_final_stats=1
FUZZ_MAKE = $(MAKE) --no-print-directory UNIT_DIR=$(FUZZ_DIR) \
	UNIT_CC='$(FUZZ_CC)' UNIT_CFLAGS='$(FUZZ_CFLAGS)'

$(UNIT_DIR)/%_fuzz: test/fuzz/%_fuzz.c test/fuzz/mutate.c \
		$(wildcard $(srcdir)/test/fuzz/*.h $(srcdir)/test/unit/*.h) $(UNIT_OBJS)
	$(UNIT_COMPILE) -fsanitize=fuzzer -o $@ $< test/fuzz/mutate.c \
		$(UNIT_OBJS) -ldl -lm

.PHONY: fuzz
fuzz:
	$(FUZZ_MAKE) $(addprefix $(FUZZ_DIR)/,parse_fuzz apply_fuzz seed_test)

.PHONY: fuzz-seeds
fuzz-seeds: fuzz
	rm -rf $(FUZZ_DIR)/seeds
	$(MKDIR_P) $(FUZZ_DIR)/seeds
	$(FUZZ_DIR)/seed_test $(FUZZ_DIR)/seeds

FUZZ_CHECKS = fuzzcheck-parse fuzzcheck-apply
.PHONY: fuzzcheck $(FUZZ_CHECKS)
fuzzcheck: $(FUZZ_CHECKS)
$(FUZZ_CHECKS): fuzzcheck-%: fuzz-seeds
	rm -rf $(FUZZ_DIR)/$*
	$(MKDIR_P) $(FUZZ_DIR)/$*
	$(FUZZ_DIR)/$*_fuzz -seed=$(FUZZ_SEED) -runs=$(FUZZ_RUNS_$*) \
		$(FUZZ_FLAGS) -artifact_prefix=$(FUZZ_DIR)/$*- \
		$(FUZZ_DIR)/$* $(FUZZ_DIR)/seeds

# The rules that a script can check; each script tells what is wrong.
STYLE_CHECKS = layers symbols headers style messages tests meta shell

.PHONY: check-style
check-style: all META.json
	@status=0; \
	for check in $(STYLE_CHECKS); do \
		if PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' sh test/check_$$check.sh; \
		then echo "ok - $$check"; \
		else echo "not ok - $$check"; status=1; fi; \
	done; exit $$status

# names of our types, for pgindent
.PHONY: typedefs.list
typedefs.list:
	sh scripts/typedefs.sh > $@

# PGXN wants three numbers.
DISTVERSION = $(if $(word 3,$(subst ., ,$(EXTVERSION))),$(EXTVERSION),$(EXTVERSION).0)

META.json: META.json.in autoencoder.control
	sed -e 's/@VERSION@/$(DISTVERSION)/' -e 's/@EXTVERSION@/$(EXTVERSION)/' \
		$< > $@

.PHONY: dist
dist: META.json
	git archive --format=zip --prefix=$(EXTENSION)-$(DISTVERSION)/ \
		--add-file=META.json -o $(EXTENSION)-$(DISTVERSION).zip HEAD
