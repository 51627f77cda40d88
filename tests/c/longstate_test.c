/* longstate.h from C11: against arithmetic done here, and every refusal by its line. Prints what fails; 0 where nothing does. */

#include <longstate/longstate.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;

#define CHECK(holds)                                                                          \
  do {                                                                                        \
    if (!(holds)) {                                                                           \
      printf("%s:%d: %s (%s)\n", __FILE__, __LINE__, #holds, longstate_message());            \
      ++failures;                                                                             \
    }                                                                                         \
  } while (0)
#define CHECK_OK(call) CHECK((call) == LONGSTATE_OK)
#define CHECK_REFUSED(call, status, text) \
  do {                                    \
    CHECK((call) == (status));            \
    CHECK(strstr(longstate_message(), text) != NULL); \
  } while (0)

enum { samples = 300 };

static const double A[4] = {0.9, -0.2, 0.1, 0.8}; /* columns */
static const double B[2] = {1.0, 0.5};
static const double C[2] = {0.3, -1.0};
static const double D[1] = {0.25};

static longstate_view view(const double* data, ptrdiff_t rows, ptrdiff_t columns) {
  const longstate_view made = {data, rows, columns, rows};
  return made;
}
static longstate_target target(double* data, ptrdiff_t rows, ptrdiff_t columns) {
  const longstate_target made = {data, rows, columns, rows};
  return made;
}

static longstate_system* dense(void) {
  longstate_system* system = NULL;
  CHECK_OK(longstate_system_dense(view(A, 2, 2), view(B, 2, 1), view(C, 1, 2), view(D, 1, 1), 0.01, "sequence", &system));
  return system;
}

/* x <- A x + B u, y = C x + D u */
static void expected(const double* u, double* y) {
  double x[2] = {0, 0};
  for (int k = 0; k < samples; ++k) {
    const double first = A[0] * x[0] + A[2] * x[1] + B[0] * u[k];
    x[1] = A[1] * x[0] + A[3] * x[1] + B[1] * u[k];
    x[0] = first;
    y[k] = C[0] * x[0] + C[1] * x[1] + D[0] * u[k];
  }
}

static void test_system(const longstate_system* system) {
  double K[4];
  CHECK(longstate_system_order(system) == 2);
  CHECK(longstate_system_inputs(system) == 1);
  CHECK(longstate_system_outputs(system) == 1);
  CHECK(longstate_system_dt(system) == 0.01);
  CHECK_OK(longstate_system_kernel(system, target(K, 1, 4)));
  CHECK(fabs(K[0] - (C[0] * B[0] + C[1] * B[1] + D[0])) < 1e-15);
  CHECK(fabs(K[1] - (C[0] * (A[0] * B[0] + A[2] * B[1]) + C[1] * (A[1] * B[0] + A[3] * B[1]))) < 1e-15);
}

static void test_paths(const longstate_system* system) {
  static const char* const names[] = {"recurrent", "chunked", "fft"};
  const longstate_layer layer = {&system, 1, 0};
  double u[samples], y[samples], want[samples];
  for (int k = 0; k < samples; ++k) u[k] = sin(0.1 * k) + (k % 7 == 0);
  expected(u, want);
  for (int i = 0; i < 3; ++i) {
    longstate_path *path = NULL, *copy = NULL;
    double x[2], worst = 0;
    const longstate_status status = longstate_path_make(layer, LONGSTATE_DOUBLE, names[i], 0, &path);
    if (i == 2 && status == LONGSTATE_INVALID_ARGUMENT) continue; /* built without FFTW */
    CHECK(status == LONGSTATE_OK);
    CHECK(longstate_path_inputs(path) == 1 && longstate_path_outputs(path) == 1 && longstate_path_order(path) == 2 &&
          longstate_path_copies(path) == 1);
    CHECK_OK(longstate_path_run_f64(path, u, 1, y, 1, 100));
    CHECK_OK(longstate_path_state(path, target(x, 2, 1)));
    CHECK_OK(longstate_path_copy(path, &copy));
    CHECK_OK(longstate_path_run_f64(copy, u, 1, y + 100, 1, 50)); /* goes elsewhere */
    CHECK_OK(longstate_path_set_state(copy, view(x, 2, 1)));
    CHECK_OK(longstate_path_run_f64(copy, u + 100, 1, y + 100, 1, samples - 100));
    for (int k = 0; k < samples; ++k) worst = fmax(worst, fabs(y[k] - want[k]));
    CHECK(worst < 1e-12);
    longstate_path_free(path);
    longstate_path_free(copy);
  }
}

static void test_float_layer_by_plan(const longstate_system* system) {
  const longstate_system* const systems[2] = {system, system};
  const longstate_layer layer = {systems, 2, 4};
  float u[4 * samples], y[4 * samples];
  double one[samples], want[samples], worst = 0;
  char text[4096];
  size_t needed = 0;
  longstate_path* path = NULL;
  for (int k = 0; k < samples; ++k) one[k] = cos(0.3 * k);
  expected(one, want);
  for (int k = 0; k < samples; ++k) {
    for (int c = 0; c < 4; ++c) u[4 * k + c] = (float)((c + 1) * one[k]);
  }
  CHECK_REFUSED(longstate_plan(layer, LONGSTATE_FLOAT, samples, 0, NULL, 0, &needed), LONGSTATE_INVALID_ARGUMENT, "room");
  CHECK(needed > 0 && needed <= sizeof text);
  CHECK_OK(longstate_plan(layer, LONGSTATE_FLOAT, samples, 0, text, sizeof text, &needed));
  CHECK(strlen(text) + 1 == needed);
  CHECK_OK(longstate_path_make_planned(layer, LONGSTATE_FLOAT, text, &path));
  CHECK_OK(longstate_path_run_f32(path, u, 4, y, 4, samples));
  for (int k = 0; k < samples; ++k) {
    for (int c = 0; c < 4; ++c) worst = fmax(worst, fabs(y[4 * k + c] - (c + 1) * want[k]));
  }
  CHECK(worst < 1e-4);
  longstate_path_free(path);
  const longstate_layer other = {systems, 2, 5};
  CHECK_REFUSED(longstate_path_make_planned(other, LONGSTATE_FLOAT, text, &path), LONGSTATE_INVALID_ARGUMENT,
                "copies must be those of the plan, or 0, got 5");
}

static void test_structures(void) {
  static const longstate_step step = {1e-3, "bilinear", 0.5, "sequence"};
  const double lambda[4] = {-0.5, 3.0, -1.0, 7.0}, ones[4] = {1, 0, 1, 0}, a[2] = {-1.5, 0.56}, c[2] = {1, 0.5};
  longstate_system *diagonal = NULL, *delay = NULL, *transfer = NULL, *discretized = NULL;
  CHECK_OK(longstate_system_diagonal(view(lambda, 4, 1), view(ones, 4, 1), view(ones, 2, 2), view(D, 1, 1), &step, &diagonal));
  CHECK(longstate_system_order(diagonal) == 4);
  CHECK_OK(longstate_system_delay("legt", 0.5, 16, 0.25, "hippo", &step, &delay));
  CHECK(longstate_system_order(delay) == 16);
  CHECK_OK(longstate_system_transfer(view(a, 2, 1), view(c, 1, 2), view(D, 1, 1), 0.01, "control", &transfer));
  CHECK_OK(longstate_system_discretize(view(A, 2, 2), view(B, 2, 1), view(C, 1, 2), view(D, 1, 1), &step, &discretized));
  longstate_system_free(diagonal);
  longstate_system_free(delay);
  longstate_system_free(transfer);
  longstate_system_free(discretized);
}

static void test_memory(void) {
  static const longstate_step step = {1e-3, "foh", 0.5, "sequence"};
  double u[2 * samples], delays[3] = {0, 0.05, 0.1}, past[3], x[2 * 32];
  longstate_memory *memory = NULL, *copy = NULL;
  size_t needed = 0;
  for (int k = 0; k < samples; ++k) {
    u[2 * k] = sin(0.02 * k);
    u[2 * k + 1] = cos(0.02 * k);
  }
  CHECK_OK(longstate_memory_make("legs", 1, 32, 2, &step, &memory));
  CHECK_OK(longstate_memory_push(memory, view(u, 2, samples)));
  CHECK(fabs(longstate_memory_elapsed(memory) - (samples - 1) * 1e-3) < 1e-12);
  CHECK_OK(longstate_memory_reconstruct(memory, view(delays, 3, 1), 0, target(past, 3, 1)));
  /* the lines between samples cut up to 0.02^2 / 8 off a sine */
  for (int i = 0; i < 3; ++i) CHECK(fabs(past[i] - u[2 * (samples - 1 - 50 * i)]) < 5e-5);
  CHECK_OK(longstate_memory_coefficients(memory, target(x, 32, 2)));
  CHECK_REFUSED(longstate_memory_save(memory, NULL, 0, &needed), LONGSTATE_INVALID_ARGUMENT, "room");
  void* bytes = malloc(needed);
  CHECK_OK(longstate_memory_save(memory, bytes, needed, NULL));
  CHECK_OK(longstate_memory_copy(memory, &copy));
  longstate_memory_reset(copy);
  CHECK(longstate_memory_elapsed(copy) == 0);
  CHECK_OK(longstate_memory_restore(copy, bytes, needed));
  CHECK_OK(longstate_memory_push_at(copy, 1.0, view(u, 2, 1)));
  CHECK_REFUSED(longstate_memory_restore(copy, bytes, needed - 1), LONGSTATE_INVALID_ARGUMENT, "longstate");
  u[3] = NAN;
  CHECK_REFUSED(longstate_memory_push(memory, view(u, 2, samples)), LONGSTATE_INVALID_ARGUMENT, "finite");
  CHECK(fabs(longstate_memory_elapsed(memory) - (samples - 1) * 1e-3) < 1e-12);
  free(bytes);
  longstate_memory_free(memory);
  longstate_memory_free(copy);
}

static void test_refusals(const longstate_system* system) {
  const longstate_layer layer = {&system, 1, 0}, none = {NULL, 1, 0}, empty = {&system, 0, 0}, negative = {&system, 1, -1};
  const longstate_step step = {0.01, "bilinear", 0.5, "sequence"}, unknown = {0.01, "magic", 0.5, "sequence"};
  const double unstable[1] = {200}, beyond[2] = {1e300, 0};
  const longstate_view bad = {A, 2, 2, 1};
  longstate_system* made = NULL;
  longstate_path *path = NULL, *narrow = NULL;
  double y[2];
  float u[2] = {0, 0}, v[2];
  const longstate_status invalid = LONGSTATE_INVALID_ARGUMENT;
  CHECK_REFUSED(longstate_system_dense(view(A, 2, 2), view(B, 1, 1), view(C, 1, 2), view(D, 1, 1), 1, "sequence", &made), invalid, "B");
  CHECK_REFUSED(longstate_system_dense(bad, view(B, 2, 1), view(C, 1, 2), view(D, 1, 1), 1, "sequence", &made), invalid, "stride");
  CHECK_REFUSED(longstate_system_dense(view(NULL, 2, 2), view(B, 2, 1), view(C, 1, 2), view(D, 1, 1), 1, "sequence", &made), invalid, "NULL");
  CHECK_REFUSED(longstate_system_dense(view(A, 2, 2), view(B, 2, 1), view(C, 1, 2), view(D, 1, 1), 1, NULL, &made), invalid, "convention");
  CHECK_REFUSED(longstate_system_dense(view(A, 2, 2), view(B, 2, 1), view(C, 1, 2), view(D, 1, 1), 1, "sequence", NULL), invalid, "NULL");
  CHECK_REFUSED(longstate_system_discretize(view(A, 2, 2), view(B, 2, 1), view(C, 1, 2), view(D, 1, 1), &unknown, &made), invalid, "magic");
  CHECK_REFUSED(longstate_system_discretize(view(unstable, 1, 1), view(D, 1, 1), view(D, 1, 1), view(D, 1, 1), &step, &made),
                LONGSTATE_DOMAIN_ERROR, "longstate");
  CHECK_REFUSED(longstate_system_delay("legt", -1, 8, 0.1, "hippo", &step, &made), invalid, "window");
  CHECK_REFUSED(longstate_system_delay("legt", 1, 8, 0.1, "nplr", &step, &made), invalid, "structure");
  CHECK(made == NULL);
  CHECK_REFUSED(longstate_system_kernel(NULL, target(y, 1, 2)), invalid, "NULL");
  CHECK_REFUSED(longstate_system_kernel(system, target(y, 2, 1)), invalid, "K");
  CHECK_REFUSED(longstate_path_make(none, LONGSTATE_DOUBLE, "recurrent", 0, &path), invalid, "systems");
  CHECK_REFUSED(longstate_path_make(empty, LONGSTATE_DOUBLE, "recurrent", 0, &path), invalid, "at least one");
  CHECK_REFUSED(longstate_path_make(layer, LONGSTATE_DOUBLE, "sideways", 0, &path), invalid, "sideways");
  CHECK_REFUSED(longstate_path_make(layer, (longstate_precision)3, "recurrent", 0, &path), invalid, "precision");
  CHECK_REFUSED(longstate_path_make(layer, LONGSTATE_DOUBLE, "chunked", 7, &path), invalid, "block");
  CHECK_REFUSED(longstate_path_make_planned(layer, LONGSTATE_DOUBLE, "no plan", &path), invalid, "longstate");
  CHECK(path == NULL);
  CHECK_OK(longstate_path_make(layer, LONGSTATE_DOUBLE, "recurrent", 0, &path));
  CHECK_REFUSED(longstate_path_run_f32(path, u, 1, v, 1, 2), invalid, "precision");
  CHECK_REFUSED(longstate_path_run_f64(path, y, 0, y, 1, 2), invalid, "u_stride");
  CHECK_REFUSED(longstate_path_run_f64(path, NULL, 1, y, 1, 2), invalid, "NULL");
  CHECK_REFUSED(longstate_path_run_f64(path, y, 1, y, 1, -1), invalid, "samples");
  CHECK_REFUSED(longstate_path_state(path, target(y, 1, 1)), invalid, "x");
  CHECK_REFUSED(longstate_path_set_state(path, view(unstable, 1, 1)), invalid, "x");
  CHECK_OK(longstate_path_make(layer, LONGSTATE_FLOAT, "recurrent", 0, &narrow));
  CHECK_REFUSED(longstate_path_set_state(narrow, view(beyond, 2, 1)), invalid, "precision");
  longstate_path_free(narrow);
  CHECK_REFUSED(longstate_plan(negative, LONGSTATE_DOUBLE, 0, 0, NULL, 0, NULL), invalid, "copies");
  CHECK_OK(longstate_path_run_f64(path, NULL, 1, NULL, 1, 0));
  longstate_path_free(path);
  longstate_path_free(NULL);
  longstate_system_free(NULL);
  longstate_memory_free(NULL);
  CHECK(longstate_path_order(NULL) == 0 && longstate_system_order(NULL) == 0);
}

int main(void) {
  longstate_system* system = dense();
  CHECK(strlen(longstate_version()) > 0 && strlen(longstate_message()) == 0);
  test_system(system);
  test_paths(system);
  test_float_layer_by_plan(system);
  test_structures();
  test_memory();
  test_refusals(system);
  longstate_system_free(system);
  if (failures == 0) puts("ok");
  return failures == 0 ? 0 : 1;
}
