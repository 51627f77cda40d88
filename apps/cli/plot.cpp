#include "cli/plot.hpp"

#include "cli/error.hpp"
#include "cli/output.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

namespace cli {
namespace {

// Colours that differ for colour-blind readers, too (Okabe & Ito 2008).
constexpr std::array colours{"#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"};

bool on_path(const std::string& program) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access(fmt::format("{}/{}", folder, program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

std::string terminal(const std::string& path) {
  if (path.ends_with(".svg")) return "svg size 1000,760 dynamic background rgb 'white' font 'sans,14'";
  if (path.ends_with(".png")) return "pngcairo size 1500,1140 fontscale 1.4 linewidth 1.5";
  if (path.ends_with(".pdf")) return "pdfcairo size 25cm,19cm";
  throw InputError(fmt::format("--plot must end in .svg, .png or .pdf, got '{}'", path));
}

/// Text within gnuplot's single quotes, where enhanced mode would also read _ ^ { } @ &.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') result += '\'';
    result += c < ' ' && c >= 0 ? ' ' : c;
  }
  return result + "'";
}

/// Input or reconstruction over time, at most `most` points, each the mean, least and greatest value of its stretch.
struct Curve {
  std::vector<double> t, mean, low, high;
};

Curve decimate(const Vector<double>& t, const Vector<double>& values, Index most) {
  Curve curve;
  const Index width = 1 + (t.size() - 1) / most;
  for (Index start = 0; start < t.size(); start += width) {
    const Index count = std::min(width, t.size() - start);
    const auto part = values.segment(start, count);
    curve.t.push_back(t.segment(start, count).mean());
    curve.mean.push_back(part.mean());
    curve.low.push_back(part.minCoeff());
    curve.high.push_back(part.maxCoeff());
  }
  return curve;
}

Curve decimate(const History& history, double dt) {
  Curve curve;
  for (const Bin& bin : history.bins()) {
    curve.t.push_back(bin.middle() * dt);
    curve.mean.push_back(bin.mean()(0));
    curve.low.push_back(bin.low(0));
    curve.high.push_back(bin.high(0));
  }
  return curve;
}

void add_data(std::string& script, const std::string& name, const Curve& curve) {
  script += fmt::format("${} << EOD\n", name);
  for (std::size_t i = 0; i < curve.t.size(); ++i) {
    script += fmt::format("{:.9g} {:.6g} {:.6g} {:.6g}\n", curve.t[i], curve.mean[i], curve.low[i], curve.high[i]);
  }
  script += "EOD\n";
}

/// The weight over time, its greatest value in the middle nine tenths of the window taken as 1.
Curve weight_curve(const Reconstruction& r, double begin, double end) {
  Curve curve;
  constexpr int points = 600;
  double top = 0;
  for (int i = 0; i <= points; ++i) {
    const double t = begin + (end - begin) * i / points;
    const double age = r.window > 0 ? (end - t) / r.window : 0;
    const double w = longstate::weight(r.shape, age);
    if (std::isfinite(w) && (age > 0.05 || std::isinf(longstate::support(r.shape)))) top = std::max(top, w);
    curve.t.push_back(t);
    curve.mean.push_back(w);
  }
  for (double& w : curve.mean) w = std::min(w / (top > 0 ? top : 1), 1.15);
  curve.low = curve.high = curve.mean;
  return curve;
}

std::string label(const Reconstruction& r, bool methods_differ) {
  std::string text = methods_differ ? fmt::format("{} {}", r.measure, r.method) : r.measure;
  return fmt::format("{}: error {:.2g}, best {:.2g}", text, r.error, r.best_error);
}

std::string draw(const std::string& path, const std::string& title, const std::vector<Reconstruction>& results,
                 const History& history, double dt) {
  const double end = static_cast<double>(history.samples() - 1) * dt;
  double begin = end;  // show a little more than the longest window
  for (const Reconstruction& r : results) begin = std::min(begin, end - 1.1 * r.window);
  begin = std::max(begin, 0.0);
  if (!(end > begin)) begin = end - dt;
  const bool methods_differ =
      std::any_of(results.begin(), results.end(), [&](const auto& r) { return r.method != results.front().method; });

  std::string script = fmt::format("set terminal {}\n", terminal(path));
  Curve input = decimate(history, dt);
  add_data(script, "input", input);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Reconstruction& r = results[i];
    add_data(script, fmt::format("memory{}", i), decimate(r.times, r.signal.row(0).transpose(), 1500));
    const Vector<double> error = (r.signal.row(0) - r.input.row(0)).cwiseAbs().transpose();
    add_data(script, fmt::format("error{}", i), decimate(r.times, error, 300));
    add_data(script, fmt::format("weight{}", i), weight_curve(r, begin, end));
  }

  // Three panels, one time axis. The legend stands above them, where no curve runs.
  script += fmt::format(
      "set multiplot\nset lmargin at screen 0.11\nset rmargin at screen 0.97\nset xrange [{:.9g}:{:.9g}]\n"
      "set tics nomirror out\nset border 3\nset grid ytics lc rgb '#dddddd'\nset format x ''\n",
      begin, end);
  const double legend = 0.024 * static_cast<double>(results.size() + 1);
  const double top = 0.97 - legend;
  const double middle = 0.40;
  script += fmt::format("set label 1 {} noenhanced at screen 0.11,0.965 font ',15'\n", quoted(title));
  script += fmt::format("set key at screen 0.97,{:.3f} top right Left reverse noenhanced samplen 2\n", 0.985);
  script += fmt::format("set tmargin at screen {:.3f}\nset bmargin at screen {:.3f}\nset ylabel 'signal'\n", top,
                        middle + 0.03);
  script +=
      "plot $input using 1:3:4 with filledcurves lc rgb '#cccccc' notitle, "
      "$input using 1:2 with lines lw 2.5 lc rgb '#999999' title 'input'";
  for (std::size_t i = 0; i < results.size(); ++i) {
    script += fmt::format(", $memory{} using 1:2 with lines lw 1.3 lc rgb '{}' title {}", i,
                          colours[i % colours.size()], quoted(label(results[i], methods_differ)));
  }
  script += fmt::format(
      "\nunset label 1\nunset key\nset tmargin at screen {:.3f}\nset bmargin at screen 0.21\n"
      "set ylabel '|error|'\nset logscale y\nset format y '10^{{%T}}'\nset ytics 100\nplot ",
      middle - 0.01);
  for (std::size_t i = 0; i < results.size(); ++i) {
    script += fmt::format("{}$error{} using 1:($4 > 0 ? $4 : NaN) with lines lc rgb '{}'", i ? ", " : "", i,
                          colours[i % colours.size()]);
  }
  script +=
      "\nunset logscale y\nset ytics autofreq\nset format y '%g'\nset format x '%g'\nset tmargin at screen 0.17\n"
      "set bmargin at screen 0.08\nset ylabel 'weight'\nset xlabel 'time (sample / rate)'\nset yrange [0:1.2]\n"
      "set ytics 0,1,1\nplot ";
  for (std::size_t i = 0; i < results.size(); ++i) {
    script += fmt::format("{}$weight{} using 1:2 with lines lw 2 dt {} lc rgb '{}'", i ? ", " : "", i,
                          i ? "(12,6)" : "1", colours[i % colours.size()]);
  }
  return script + "\nunset multiplot\nset output\n";
}

}  // namespace

void check_can_plot(const std::string& path) {
  terminal(path);
  if (!on_path("gnuplot")) {
    throw Failure("--plot needs gnuplot, which is not on the PATH; Debian and Ubuntu have it as gnuplot-nox");
  }
}

namespace {

/// Runs a script whose first line sets the terminal; the picture appears whole or not at all.
void run_gnuplot(const std::string& path, std::string script) {
  PartialFile file(path);
  // The terminal must come before the output.
  const std::size_t first_line = script.find('\n') + 1;
  script.insert(first_line, fmt::format("set output {}\n", quoted(file.path())));

  std::FILE* const gnuplot = ::popen("gnuplot 2>/dev/null", "w");
  if (!gnuplot) throw Failure("gnuplot could not be started");
  const bool written = std::fwrite(script.data(), 1, script.size(), gnuplot) == script.size();
  const int status = ::pclose(gnuplot);
  std::error_code error;
  if (!written || status != 0 || std::filesystem::file_size(file.path(), error) == 0 || error) {
    throw Failure(fmt::format("{}: gnuplot could not draw the picture", path));
  }
  file.commit();
}

}  // namespace

void plot(const std::string& path, const std::string& title, const std::vector<Reconstruction>& results,
          const History& history, double dt) {
  run_gnuplot(path, draw(path, title, results, history, dt));
}

void plot_singular_values(const std::string& path, const std::string& title, const Vector<double>& values,
                          Index order) {
  const double floor = values(0) * 1e-17;
  std::string script = fmt::format("set terminal {}\n$values << EOD\n", terminal(path));
  for (Index n = 0; n < values.size(); ++n) script += fmt::format("{} {:.9g}\n", n + 1, std::max(values(n), floor));
  script += fmt::format(
      "EOD\nset title {} noenhanced\nset xlabel 'n'\nset ylabel 'Hankel singular value'\nset logscale y\n"
      "set format y '10^{{%T}}'\nset tics nomirror out\nset border 3\nset grid ytics lc rgb '#dddddd'\n"
      "set logscale x\nset xrange [0.9:{}]\nset key top right noenhanced\n",
      quoted(title), values.size() + 1);
  script += fmt::format(
      "plot $values using 1:($1 <= {0} ? $2 : NaN) with points pt 7 ps 0.7 lc rgb '{1}' title 'kept: {0}', "
      "$values using 1:($1 > {0} ? $2 : NaN) with points pt 7 ps 0.5 lc rgb '#999999' title 'cut off: {2}'\nset "
      "output\n",
      order, colours[1], values.size() - order);
  run_gnuplot(path, script);
}

void plot_bench(const std::string& path, const std::vector<BenchBar>& bars) {
  std::string script = fmt::format("set terminal {}\n$bars << EOD\n", terminal(path));
  std::string labels;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const BenchBar& bar = bars[i];
    script += fmt::format("{} {} {} {} {}\n", i, bar.lower, bar.median, bar.upper, bar.bound);
    labels += fmt::format("{}{} {}", i ? ", " : "", quoted(bar.name), i);
  }
  script += fmt::format(
      "EOD\nset title 'ratio to the reference, its quartiles, and the bound'\nset logscale x 2\nset ytics ({}) "
      "nomirror\n"
      "set ytics noenhanced\nset yrange [{}:-0.5]\nset xtics (0.25, 0.5, 0.7, 1, 1.2, 1.5, 2, 3, 5, 10, 20, 30, 50) "
      "nomirror\nset "
      "xrange [0.5<*:2<*]\nset border 3\nset grid x lc rgb '#dddddd'\nset "
      "key "
      "bottom right\nplot $bars using 5:1 with points pt 2 ps 1.4 lw 2 lc rgb '#D55E00' title 'bound', "
      "$bars using 3:1:2:4 with xerrorbars pt 7 ps 1 lw 2 lc rgb '#0072B2' title 'measured'\nset output\n",
      labels, static_cast<double>(bars.size()) - 0.5);
  run_gnuplot(path, script);
}

void plot_paths(const std::string& path, const std::vector<bench::Cell>& cells) {
  std::string script = fmt::format("set terminal {}\n", terminal(path));
  std::set<Index> panels, orders;
  for (const bench::Cell& cell : cells) {
    panels.insert(cell.channels);
    orders.insert(cell.order);
  }
  std::string tics;
  for (const Index order : orders) tics += fmt::format("{}'{}' {}", tics.empty() ? "" : ", ", order, std::log2(order));
  script += fmt::format(
      "set multiplot layout {},1\nset border 0\nset tics scale 0\nset ytics ({})\nset ylabel 'order N'\n"
      "set yrange [1:9]\nset xtics 1\nset key outside top right horizontal reverse Left samplen 1\n",
      panels.size(), tics);
  for (const Index channels : panels) {
    std::string data, curves;
    for (const std::string_view name : longstate::path_names()) {
      std::string boxes;
      for (const bench::Cell& cell : cells) {
        const auto& best = cell.measured.front();
        if (cell.channels != channels || longstate::name(best.path) != name) continue;
        boxes += fmt::format("{} {} {:.2f}\n", std::log2(cell.length), std::log2(cell.order), best.seconds * 1e9);
      }
      const std::size_t colour = static_cast<std::size_t>(longstate::make_path(name));
      data += fmt::format("${} << EOD\n{}EOD\n", name, boxes.empty() ? "-9 -9 0\n" : boxes);
      curves +=
          fmt::format("{}${} using 1:2:(0.46):(0.85) with boxxyerror fs solid 0.75 noborder lc rgb '{}' title '{}'",
                      curves.empty() ? "" : ", ", name, colours[colour], name);
    }
    for (const std::string_view name : longstate::path_names()) {
      curves += fmt::format(", ${} using 1:2:(sprintf('%.2g', $3)) with labels notitle", name);
    }
    script += fmt::format(
        "set title 'the fastest path, {} channel{}: ns a sample and channel'\nset xlabel '{}'\n{}"
        "plot [{}:{}] {}\n",
        channels, channels > 1 ? "s" : "", channels == *panels.rbegin() ? "log2 of samples" : "", data,
        std::log2(cells.front().length) - 0.6, std::log2(cells.back().length) + 0.6, curves);
  }
  script += "unset multiplot\nset output\n";
  run_gnuplot(path, script);
}

void plot_comparison(const std::string& path, const std::vector<std::vector<ComparisonRun>>& models) {
  std::string data, tics;
  for (std::size_t i = 0; i < models.size(); ++i) {
    data += fmt::format("$model{} << EOD\n", i);
    for (const ComparisonRun& run : models[i]) {
      data += fmt::format("{} {} {} {}\n", run.length, run.seconds_per_token * 1e6,
                          static_cast<double>(run.state_bytes) / 1024,
                          run.peak_bytes < 0 ? "NaN" : fmt::format("{}", static_cast<double>(run.peak_bytes) / 1024));
      if (i == 0) tics += fmt::format("{}{}", tics.empty() ? "" : ", ", run.length);
    }
    data += "EOD\n";
  }
  // a colour for each family, points for each of its members
  const auto family = [](std::string_view model) -> std::size_t {
    if (model.starts_with("ssm")) return 0;
    if (model.starts_with("constant")) return 1;
    return model.starts_with("linear") || model == "retention" ? 2 : 3;
  };
  // the names of some families beside each panel: all would not fit beside one
  const auto panel = [&](std::string_view title, int column, const std::set<std::size_t>& named) {
    std::string curves;
    std::array<int, 4> members{};
    for (std::size_t i = 0; i < models.size(); ++i) {
      const std::string& name = models[i].front().model;
      const std::size_t of = family(name);
      constexpr std::array<int, 6> points{7, 4, 9, 10, 13, 2};
      const int member = members[of]++;
      curves +=
          fmt::format("{}$model{} using 1:{} with linespoints lw 2 pt {} ps 1 lc rgb '{}' dt {} {}", i ? ", " : "", i,
                      column, points[static_cast<std::size_t>(member) % points.size()], colours[of], member + 1,
                      named.contains(of) ? fmt::format("title {}", quoted(name)) : "notitle");
    }
    return fmt::format("set title '{}'\nplot {}\n", title, curves);
  };
  std::string script = fmt::format("set terminal {}\n", terminal(path)) + data;
  script += fmt::format(
      "set multiplot layout 3,1 margins 0.1,0.7,0.08,0.95 spacing 0,0.1\nset logscale xy\nset grid lc rgb '#dddddd'\n"
      "set border 3\nset tics nomirror\nset format y '10^{{%T}}'\nset xtics ({})\nset mxtics 1\nset mytics 1\n"
      "set key outside right center vertical Left reverse\n",
      tics);
  script += panel("time of a token, microseconds", 2, {0, 1});
  script += panel("state, carried from one token to the next, KiB", 3, {3});
  script += "set xlabel 'tokens'\n";
  script += panel("peak, allocated at most, KiB", 4, {2});
  script += "unset multiplot\nset output\n";
  run_gnuplot(path, script);
}

void plot_recall(const std::string& path, const std::vector<RecallCurve>& curves) {
  constexpr double exact = 1e-5;  // and below: a logarithm has no zero
  std::string script = fmt::format("set terminal {}\n", terminal(path)), plots;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const RecallCurve& curve = curves[i];
    script += fmt::format("$curve{} << EOD\n", i);
    for (std::size_t k = 0; k < curve.ages.size(); ++k)
      script += fmt::format("{} {}\n", curve.ages[k], std::max(curve.errors[k], exact));
    script += "EOD\n";
    plots +=
        fmt::format("{}$curve{} using 1:2 with lines lw 3 lc rgb '{}' title {}", i ? ", " : "", i,
                    colours[i % colours.size()], quoted(fmt::format("{}: {} numbers", curve.model, curve.numbers)));
  }
  script += fmt::format(
      "set logscale xy\nset border 3\nset tics nomirror\nset grid lc rgb '#dddddd'\nset format y '10^{{%T}}'\n"
      "set key below left Left reverse maxcols 2\nset xlabel 'age, samples ago'\nset yrange [7e-6:3]\nset ytics add "
      "('0' 1e-5)\n"
      "set title 'recall: root mean square error, of a signal whose own is 1'\nplot [1:1000] {}\nset output\n",
      plots);
  run_gnuplot(path, script);
}

void plot_steps(const std::string& path, const std::string& title, const std::vector<longstate::TraceStep>& steps) {
  double low = 0, high = 0, largest = 0;
  for (const longstate::TraceStep& step : steps) {
    for (const auto* values : {&step.samples, &step.reconstruction}) {
      if (values->size() == 0) continue;
      low = std::min(low, values->minCoeff());
      high = std::max(high, values->maxCoeff());
    }
    largest = std::max(largest, step.after.cwiseAbs().maxCoeff());
  }
  const double room = high > low ? 0.08 * (high - low) : 1;
  std::string script = fmt::format("set terminal {}\n", terminal(path)), top, bottom;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const longstate::TraceStep& step = steps[i];
    const auto block = [&](const char* name, const Vector<double>& x, const Vector<double>& y) {
      script += fmt::format("${}{} << EOD\n", name, i);
      for (Index k = 0; k < y.size(); ++k) script += fmt::format("{:.9g} {:.9g}\n", x(k), y(k));
      script += "EOD\n";
    };
    block("samples", -step.sample_delays, step.samples);
    block("memory", -step.delays, step.reconstruction);
    block("best", -step.delays, step.best);
    block("x", Vector<double>::LinSpaced(step.after.size(), 0, static_cast<double>(step.after.size() - 1)), step.after);
    const double longest = step.delays.maxCoeff() > 0 ? step.delays.maxCoeff() : 1;
    top += fmt::format(
        "set title \"t = {:.4g} s\\nerror {:.1e}\\nbest fit {:.1e}\" font ',11'\nset xrange [{:.9g}:0]\nset xtics "
        "('{:.3g}' {:.9g}, 'now' 0)\n"
        "plot $samples{} using 1:2 with {} lc rgb '#999999' title 'signal', $best{} using 1:2 with lines lw 3 dt 2 lc "
        "rgb "
        "'{}' title 'best fit', $memory{} using 1:2 with lines lw 1.5 lc rgb '{}' title 'remembered'\nunset key\nset "
        "format y ''\n",
        step.time, step.error, step.best_error, -longest, -longest, -longest, i,
        step.samples.size() > 60 ? "lines lw 3" : "points pt 7 ps 0.6", i, colours[1], i, colours[0]);
    bottom += fmt::format("plot $x{} using 1:2 with boxes fs solid lc rgb '{}'\nset format y ''\n", i, colours[1]);
  }
  script += fmt::format(
      "set multiplot layout 2,{} margins 0.08,0.97,0.08,0.78 spacing 0.04,0.12 title {} noenhanced\n"
      "set border 3\nset tics nomirror out\nset key at screen 0.5,0.92 center top maxrows 1\nset format y '%g'\n"
      "set yrange [{:.9g}:{:.9g}]\nset xlabel 'seconds from now' offset 0,0.7 font ',11'\n",
      steps.size(), quoted(title), low - room, high + room);
  script += top;
  script += fmt::format(
      "unset title\nset format y '%g'\nset yrange [{:.9g}:{:.9g}]\nset xrange [-1:{}]\nset xtics {}\nset boxwidth "
      "0.8\n"
      "set xlabel 'coefficient n'\nset xzeroaxis\n",
      -1.05 * std::max(largest, 1e-300), 1.05 * std::max(largest, 1e-300), steps.front().after.size(),
      (steps.front().after.size() + 1) / 2);
  run_gnuplot(path, script + bottom + "unset multiplot\nset output\n");
}

}  // namespace cli
