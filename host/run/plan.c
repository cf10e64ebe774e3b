/* The one place where options become a plan. */
#include "run/plan.h"

static uint32_t all_or(uint32_t wanted, uint32_t there) {
    return wanted == 0 || wanted > there ? there : wanted;
}

void clsnn_plan_make(const struct clsnn_options *o, const struct clsnn_dataset *data,
                     struct clsnn_plan *out) {
    *out = (struct clsnn_plan){.model = o->model,
                               .seed = o->seed,
                               .neurons = (uint32_t)o->neurons,
                               .epochs = (uint32_t)o->epochs,
                               .train_images = all_or((uint32_t)o->train_images, data->train.n_images),
                               .label_images = all_or((uint32_t)o->label_images, data->train.n_images),
                               .test_images = all_or((uint32_t)o->test_images, data->test.n_images),
                               .eval_every = (uint32_t)o->eval_every,
                               .shuffle = o->shuffle};
}
