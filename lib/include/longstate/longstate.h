#ifndef LONGSTATE_H
#define LONGSTATE_H

/// \file
/// longstate for C, and for whatever calls C: systems, paths with their state, memories and plans. <longstate/longstate.hpp> is for C++
/// and says more of each.
///
/// Values     a matrix is a view, column by column: number (i, k) is data[i + k stride]. A signal is channels x time, so that a column
///            is a frame. Nothing is kept of a view when a call returns, and no memory goes from one side to the other: what the
///            library makes is behind a pointer and ends by its own _free (of NULL: nothing), and texts and bytes are written where
///            the caller has room.
/// Complex    numbers are pairs (re, im), one above the other: a matrix of them has twice the rows.
/// Names      of measures, methods, structures, conventions and paths are those of the command, e.g. "legt", "bilinear", "sequence".
/// Errors     every function that can fail returns a longstate_status and then has changed nothing; longstate_message() is the line that
///            says why. NULL where something is needed is an invalid argument.
/// Threads    distinct objects at the same time; one object by one thread at a time.
/// Real-time  _run_ and _push neither allocate, lock nor call the system but where they fail (but see Memory of memory.hpp).

#include <stddef.h>
#include <stdint.h>

#if defined(LONGSTATE_API)
#elif defined(_WIN32)
#define LONGSTATE_API
#else
#define LONGSTATE_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

// NOLINTBEGIN(modernize-use-using): C has typedef

typedef enum longstate_status {
  LONGSTATE_OK = 0,
  LONGSTATE_INVALID_ARGUMENT = 1,  ///< shapes, sizes, names, numbers that are not finite
  LONGSTATE_DOMAIN_ERROR = 2,      ///< what the numbers of a system do not allow, as a matrix that has no inverse
  LONGSTATE_NO_MEMORY = 3,
  LONGSTATE_FAILED = 4  ///< anything else
} longstate_status;

/// Of the last call on this thread that failed; "" before one has. Until the next that fails.
LONGSTATE_API const char* longstate_message(void);
LONGSTATE_API const char* longstate_version(void);

typedef struct longstate_view {
  const double* data;
  ptrdiff_t rows, columns, stride;  ///< stride >= rows
} longstate_view;
typedef struct longstate_target {
  double* data;
  ptrdiff_t rows, columns, stride;
} longstate_target;

/// How a continuous system becomes a discrete one.
typedef struct longstate_step {
  double dt;               ///< seconds
  const char* method;      ///< "zoh", "bilinear", "foh", "gbt", …
  double alpha;            ///< of gbt
  const char* convention;  ///< "sequence" or "control"
} longstate_step;

/* ---- Systems: discrete, of N states, p inputs and q outputs. */

typedef struct longstate_system longstate_system;

/// A: N x N, B: N x p, C: q x N, D: q x p, discrete already.
LONGSTATE_API longstate_status longstate_system_dense(longstate_view A, longstate_view B, longstate_view C, longstate_view D, double dt,
                                                      const char* convention, longstate_system** made);
/// The same, continuous.
LONGSTATE_API longstate_status longstate_system_discretize(longstate_view A, longstate_view B, longstate_view C, longstate_view D,
                                                           const longstate_step* step, longstate_system** made);
/// lambda: entries x 1, B: entries x p, C: q x entries, complex, as S4D's; D: q x p. y = 2 Re(C x) + D u. Continuous.
LONGSTATE_API longstate_status longstate_system_diagonal(longstate_view lambda, longstate_view B, longstate_view C, longstate_view D,
                                                         const longstate_step* step, longstate_system** made);
/// y(t) ~ u(t - delay) by a measure's memory of `order` numbers, window seconds long; structure: "hippo" (O(N) a sample) or "dense".
LONGSTATE_API longstate_status longstate_system_delay(const char* measure, double window, ptrdiff_t order, double delay,
                                                      const char* structure, const longstate_step* step, longstate_system** made);
/// a: N x 1, C: q x N, D: q x 1: transfer_function.hpp.
LONGSTATE_API longstate_status longstate_system_transfer(longstate_view a, longstate_view C, longstate_view D, double dt,
                                                         const char* convention, longstate_system** made);
LONGSTATE_API void longstate_system_free(longstate_system* system);

LONGSTATE_API ptrdiff_t longstate_system_order(const longstate_system* system);  ///< 0 of NULL, as the others
LONGSTATE_API ptrdiff_t longstate_system_inputs(const longstate_system* system);
LONGSTATE_API ptrdiff_t longstate_system_outputs(const longstate_system* system);
LONGSTATE_API double longstate_system_dt(const longstate_system* system);

/// The first `K.columns` values of the kernel, K: q p x length; the response of output i to input j is row i + q j.
LONGSTATE_API longstate_status longstate_system_kernel(const longstate_system* system, longstate_target K);

/* ---- Paths: a system or a layer of them, with the state that it is in. */

typedef struct longstate_path longstate_path;

/// `systems` of a layer (plan.hpp, recurrence.hpp), or one.
typedef struct longstate_layer {
  const longstate_system* const* systems;
  size_t count;
  ptrdiff_t copies;  ///< 0: one of each system
} longstate_layer;

typedef enum longstate_precision { LONGSTATE_FLOAT = 4, LONGSTATE_DOUBLE = 8 } longstate_precision;

/// path: "recurrent", "chunked" or "fft"; block: samples, 0: the library's choice (recurrent: none).
LONGSTATE_API longstate_status longstate_path_make(longstate_layer layer, longstate_precision precision, const char* path,
                                                   ptrdiff_t block, longstate_path** made);

/// What is best here for signals of `length` samples (0: not known), `call` at a time (0: all), as a text; `needed` bytes with
/// its final 0. Fails, having written nothing but `needed`, where there is less room; text may then be NULL.
LONGSTATE_API longstate_status longstate_plan(longstate_layer layer, longstate_precision precision, ptrdiff_t length, ptrdiff_t call,
                                              char* text, size_t room, size_t* needed);
/// On the path of a plan, with its copies: those of the layer must be the same, or 0.
LONGSTATE_API longstate_status longstate_path_make_planned(longstate_layer layer, longstate_precision precision, const char* plan,
                                                           longstate_path** made);
LONGSTATE_API longstate_status longstate_path_copy(const longstate_path* path, longstate_path** made);
LONGSTATE_API void longstate_path_free(longstate_path* path);

LONGSTATE_API ptrdiff_t longstate_path_order(const longstate_path* path);
LONGSTATE_API ptrdiff_t longstate_path_copies(const longstate_path* path);
LONGSTATE_API ptrdiff_t longstate_path_inputs(const longstate_path* path);   ///< of all copies
LONGSTATE_API ptrdiff_t longstate_path_outputs(const longstate_path* path);  ///< of all copies

/// u: inputs x samples, y: outputs x samples, frames `stride` apart, in the path's precision; y may not
/// overlap u. Any number of samples, and any split.
LONGSTATE_API longstate_status longstate_path_run_f32(longstate_path* path, const float* u, ptrdiff_t u_stride, float* y,
                                                      ptrdiff_t y_stride, ptrdiff_t samples);
LONGSTATE_API longstate_status longstate_path_run_f64(longstate_path* path, const double* u, ptrdiff_t u_stride, double* y,
                                                      ptrdiff_t y_stride, ptrdiff_t samples);

/// The state, order x copies. Starts as zeros.
LONGSTATE_API longstate_status longstate_path_state(const longstate_path* path, longstate_target x);
LONGSTATE_API longstate_status longstate_path_set_state(longstate_path* path, longstate_view x);

/* ---- Memories, in double. */

typedef struct longstate_memory longstate_memory;

LONGSTATE_API longstate_status longstate_memory_make(const char* measure, double window, ptrdiff_t order, ptrdiff_t channels,
                                                     const longstate_step* step, longstate_memory** made);
LONGSTATE_API longstate_status longstate_memory_copy(const longstate_memory* memory, longstate_memory** made);
LONGSTATE_API void longstate_memory_free(longstate_memory* memory);

/// channels x samples, each dt after the one before.
LONGSTATE_API longstate_status longstate_memory_push(longstate_memory* memory, longstate_view frames);
/// One frame, channels x 1, at its time in seconds.
LONGSTATE_API longstate_status longstate_memory_push_at(longstate_memory* memory, double time, longstate_view frame);
LONGSTATE_API void longstate_memory_reset(longstate_memory* memory);

/// order x channels
LONGSTATE_API longstate_status longstate_memory_coefficients(const longstate_memory* memory, longstate_target x);
/// past_i = u(now - delays_i) of a channel, both n x 1, seconds.
LONGSTATE_API longstate_status longstate_memory_reconstruct(const longstate_memory* memory, longstate_view delays, ptrdiff_t channel,
                                                            longstate_target past);
LONGSTATE_API double longstate_memory_elapsed(const longstate_memory* memory);

/// As longstate_plan writes its text; and back into a memory made alike.
LONGSTATE_API longstate_status longstate_memory_save(const longstate_memory* memory, void* bytes, size_t room, size_t* needed);
LONGSTATE_API longstate_status longstate_memory_restore(longstate_memory* memory, const void* bytes, size_t count);

// NOLINTEND(modernize-use-using)

#ifdef __cplusplus
}
#endif

#endif
