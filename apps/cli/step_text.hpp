#pragma once

// A step of a memory as text: a line, or a lesson.

#include <longstate/longstate.hpp>

#include <string>

namespace cli {

/// Coefficients as a row of bars around a middle line, `most` characters at most, from -scale to scale.
std::string sparkline(const longstate::Vector<double>& values, double scale, longstate::Index most);

/// What the columns of step_line() are.
std::string step_header();

/// A step in 80 columns: sample, time, input, what is remembered of it now, errors, coefficients.
std::string step_line(const longstate::TraceStep& step);

/// What is going to happen, before the first step: the measure, its equation with its numbers, and the step.
std::string lesson_introduction(const longstate::Memory<double>& memory);

/// One step with its numbers, at most 80 columns; orders up to lesson_order in full.
inline constexpr longstate::Index lesson_order = 4;
std::string lesson_step(const longstate::TraceStep& step, const longstate::Memory<double>& memory);

}  // namespace cli
