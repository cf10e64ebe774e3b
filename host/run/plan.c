/* Turns options into a plan; no other code does. */
#include "run/plan.h"

void clsnn_plan_make(const struct clsnn_options *o, const struct clsnn_dataset *data,
                     struct clsnn_plan *out) {
    *out = (struct clsnn_plan){.model = o->model,
                               .seed = o->seed,
                               .neurons = (uint32_t)o->neurons,
                               .epochs = (uint32_t)o->epochs,
                               .train_images = (uint32_t)o->train_images.n,
                               .label_images = (uint32_t)o->label_images.n,
                               .test_images = (uint32_t)o->test_images.n,
                               .train_first = (uint32_t)o->train_images.first,
                               .label_first = (uint32_t)o->label_images.first,
                               .test_first = (uint32_t)o->test_images.first,
                               .validate = data->n_validation,
                               .eval_every = (uint32_t)o->eval_every,
                               .shuffle = o->shuffle};
    clsnn_plan_cut(out, data->train.n_images, data->test.n_images);
}
