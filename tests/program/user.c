/* A user's program: uses the public headers outside the source tree, against the installed files, as C and as
 * C++ (installed.sh). Ends with 77 without an OpenCL device. */
#include <clsnn/clsnn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRY(call)                                                                                            \
    do {                                                                                                     \
        if ((st = (call)) != CLSNN_OK) goto done;                                                            \
    } while (0)
#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                  \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

/* Counts what a watcher receives; stop_after stops the first run in the middle. */
struct told {
    unsigned stages, evaluations;
    int stop_after;
};

static bool on_stage(void *ctx, const struct clsnn_stage *stage) {
    struct told *told = (struct told *)ctx;
    told->stages++;
    return stage->kind != CLSNN_STAGE_TRAIN || told->stop_after < 0 ||
           stage->done < (uint64_t)told->stop_after;
}

static enum clsnn_status on_evaluated(void *ctx, const struct clsnn_experiment *x,
                                      const struct clsnn_metrics *m) {
    struct told *told = (struct told *)ctx;
    told->evaluations++;
    MUST(m->images == clsnn_experiment_images(x));
    return CLSNN_OK;
}

/* Trains to the end. With stop_after >= 0 it stops there, saves, and continues from the checkpoint. */
static enum clsnn_status train(struct clsnn_batch *batch, const struct clsnn_plan *plan, const char *dir,
                               int stop_after, struct clsnn_learned *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_experiment *x = NULL, *slots[1];
    struct told told;
    struct clsnn_watcher watcher;
    char name[CLSNN_CHECKPOINT_NAME];
    size_t n = 0;
    memset(&told, 0, sizeof told);
    memset(&watcher, 0, sizeof watcher);
    told.stop_after = stop_after;
    watcher.stage = on_stage;
    watcher.evaluated = on_evaluated;
    watcher.ctx = &told;
    TRY(clsnn_experiment_create(batch, 0, plan, &x));
    slots[0] = x;
    if (stop_after >= 0) {
        MUST(clsnn_experiments_run(batch, slots, &watcher) == CLSNN_STOPPED);
        clsnn_error_clear();
        TRY(clsnn_checkpoint_save(dir, x, 1, name));
        clsnn_experiment_destroy(x);
        x = NULL;
        TRY(clsnn_checkpoint_find(dir));
        TRY(clsnn_experiment_create(batch, 0, plan, &x));
        TRY(clsnn_checkpoint_load(dir, x, NULL, NULL, name));
        MUST(!clsnn_experiment_is_finished(x) && clsnn_experiment_images(x) > 0);
        told.stop_after = -1;
        slots[0] = x;
    }
    TRY(clsnn_experiments_run(batch, slots, &watcher));
    MUST(clsnn_experiment_is_finished(x) && told.stages > 0 && told.evaluations == 1);
    MUST(clsnn_experiment_metrics(x, &n)->score.n_images == plan->test_images && n == 1);
    MUST(clsnn_experiment_presentations(x) >= plan->train_images + plan->label_images + plan->test_images);
    TRY(clsnn_experiment_learned(x, out));
done:
    clsnn_experiment_destroy(x);
    return st;
}

int main(int argc, char **argv) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_device_info *list = NULL;
    struct clsnn_device *dev = NULL;
    struct clsnn_program *prog = NULL;
    struct clsnn_dataset data;
    struct clsnn_batch *batch = NULL;
    struct clsnn_learned straight, resumed, back;
    struct clsnn_npz npz;
    const struct clsnn_array *w = NULL;
    const size_t any[2] = {784, 0};
    struct clsnn_plan plan;
    char path[4096];
    size_t n = 0, picked = 0;
    memset(&data, 0, sizeof data);
    memset(&straight, 0, sizeof straight);
    memset(&resumed, 0, sizeof resumed);
    memset(&back, 0, sizeof back);
    memset(&npz, 0, sizeof npz);
    memset(&plan, 0, sizeof plan);
    if (argc != 2) return 2;
    if (clsnn_devices_list(&list, &n) == CLSNN_E_NO_DEVICE) return 77;
    TRY(clsnn_device_pick(list, n, "", &picked));
    printf("%s\n", list[picked].name);

    clsnn_model_defaults(&plan.model);
    MUST(clsnn_model_set(&plan.model, "no_such_parameter", "1") == CLSNN_E_USAGE && *clsnn_error_text());
    clsnn_error_clear();
    TRY(clsnn_model_set(&plan.model, "theta_init_mv", "15"));
    TRY(clsnn_model_check(&plan.model));
    MUST(clsnn_model_get(&plan.model, clsnn_param_find("theta_init_mv")) == 15);
    plan.neurons = 16;
    plan.epochs = 1;
    plan.seed = 3;
    plan.train_images = 40;
    plan.label_images = 30;
    plan.test_images = 20;

    TRY(clsnn_dataset_load("digits", &data));
    TRY(clsnn_device_open("", &dev));
    MUST(strcmp(clsnn_device_get_info(dev)->name, list[picked].name) == 0);
    TRY(clsnn_program_create(dev, CLSNN_PROGRAM_RUN, 0, &prog));
    MUST(clsnn_program_work_group(prog) >= 1);
    TRY(clsnn_selftest(dev, prog));
    MUST(clsnn_batch_most_slots(dev, 784, plan.neurons, &plan.model.laws, 1000) > 0);
    TRY(clsnn_batch_create(dev, prog, &data, plan.neurons, &plan.model.laws, 1, 100, 100, 7, &batch));
    TRY(train(batch, &plan, argv[1], -1, &straight));
    TRY(train(batch, &plan, argv[1], 20, &resumed));
    MUST(strcmp(straight.sha256, resumed.sha256) == 0); /* a stop changes no bit */

    snprintf(path, sizeof path, "%s/model.npz", argv[1]);
    TRY(clsnn_learned_write(&straight, path));
    TRY(clsnn_learned_read(path, &back));
    MUST(strcmp(straight.sha256, back.sha256) == 0 && back.labels.labels);
    TRY(clsnn_npz_read(path, 1 << 24, &npz));
    TRY(clsnn_npz_get(&npz, path, "w", CLSNN_F4, 2, any, &w));
    MUST(w->shape[1] == plan.neurons && memcmp(w->data, straight.w, 784 * 16 * sizeof(float)) == 0);
    printf("final_sha256 %s\n", straight.sha256);
done:
    if (st != CLSNN_OK) fprintf(stderr, "%s (%s)\n", clsnn_error_text(), clsnn_error_place());
    clsnn_npz_finish(&npz);
    clsnn_learned_finish(&back);
    clsnn_learned_finish(&resumed);
    clsnn_learned_finish(&straight);
    clsnn_batch_destroy(batch);
    clsnn_program_destroy(prog);
    clsnn_device_close(dev);
    clsnn_dataset_finish(&data);
    free(list);
    return (int)st;
}
