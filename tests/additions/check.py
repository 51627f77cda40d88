#!/usr/bin/env python3
"""A measure, a method, a structure and a path are added to a copy of the library: by half they must not compile, and whole they touch few
files.

    check.py COMPILER LIBRARY CONFIGURED [FLAG...]     LIBRARY: the folder lib; CONFIGURED: where config.hpp was made

NAME.patch is the addition. Of each it is checked that the public part alone, the type or the value without its row, does not compile, that
the whole does, and how many files it takes; of the measure and the structure, too, that a row does not compile without one of its parts; and
of the measure that its matrices, basis and names are there.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
COMPILER, LIBRARY, CONFIGURED, *FLAGS = sys.argv[1:]
FLAGS += ["-std=c++20", "-O0", "-Werror=switch", "-Werror=missing-field-initializers", "-DEigen=longstate_eigen", "-DEIGEN_MAX_ALIGN_BYTES=64"]

MEASURES = ["measure/measure.cpp", "measure/basis.cpp", "measure/legendre.cpp", "measure/laguerre.cpp", "measure/fourier.cpp",
            "measure/chebyshev.cpp", "measure/signed.cpp", "hippo/hippo.cpp", "hippo/operators.cpp", "hippo/low_rank.cpp"]
METHODS = ["discretize/discretize.cpp"]
STRUCTURES = ["structure/discrete_system.cpp", "execute/transition.cpp", "execute/kernel.cpp", "execute/frame_by_frame.cpp", "execute/state.cpp",
              "execute/chunked.cpp", "structure/shift.cpp"]
PATHS = ["execute/paths.cpp", "execute/plan.cpp", "execute/backstage.cpp"]

MEASURE_PROGRAM = """
#include <cstdio>

int main() {
  using namespace longstate;
  const Measure added = make_measure("signed", 2);
  const Hippo ours = hippo(added, 4), lagt = hippo(LagT{.timescale = 2}, 4);
  const Vector<double> signs = basis(added, 4, 1.5).cwiseQuotient(basis(LagT{}, 4, 1.5));
  const Matrix<double> P = low_rank_correction(added, 4), S = ours.A + P * P.transpose();
  Matrix<double> y(4, 4);
  HippoOperator<double>(added, 4).multiply(1, Matrix<double>::Identity(4, 4), y);
  const bool good = name(added) == "signed" && measure_names().back() == "signed" && timescale(added) == 2 &&
                    (ours.A - signs.asDiagonal() * lagt.A * signs.asDiagonal()).norm() < 1e-14 &&
                    (S + S.transpose()).norm() < 1e-14 && (y - ours.A).norm() < 1e-14;
  std::puts(good ? "good" : "wrong");
  return good ? 0 : 1;
}
"""

METHOD_CHECK = """
using namespace longstate;
static_assert(detail::row(Discretization::mean).name == "mean" && method_names.back() == "mean");
static_assert(intersample_of(std::get<detail::PhiRule>(detail::row(Discretization::mean).rule)) == Intersample::none);
"""


def apply(patch, folder, *options):
    subprocess.run(["git", "apply", *options, HERE / patch], cwd=folder, check=True)


def touched(patch):
    """The files of a patch, those that it makes apart."""
    lines = (HERE / patch).read_text().splitlines()
    files = [line.split("b/", 1)[1] for line in lines if line.startswith("+++ ")]
    return files, sum(line.startswith("new file") for line in lines)


class Copy:
    """The library, and what is compiled of it as one file."""

    def __init__(self, folder):
        self.root = pathlib.Path(folder)
        shutil.copytree(LIBRARY, self.root / "lib")

    def compile(self, sources, more="", output=None):
        text = "".join(f'#include "{source}"\n' for source in sources) + more
        (self.root / "all.cpp").write_text(text)
        includes = ["-I", self.root / "lib/include", "-I", self.root / "lib/src", "-I", CONFIGURED]
        what = ["-o", output] if output else ["-fsyntax-only"]
        return subprocess.run([COMPILER, *FLAGS, *includes, self.root / "all.cpp", *what], capture_output=True, text=True)


failures = 0


def check(what, good, result=None):
    global failures
    failures += not good
    print(f"{'  ' if good else 'FAILED: '}{what}")
    if result is not None and not good:
        print(result.stderr[:4000])


def check_refused(what, result, complaint):
    check(what, result.returncode != 0 and complaint in result.stderr, result)


def count(patch, most_new, most_changed):
    files, new = touched(patch)
    print(f"{patch}: {new} new, {len(files) - new} changed: {' '.join(files)}")
    check(f"at most {most_new} new and {most_changed} changed", new <= most_new and len(files) - new <= most_changed)


class Addition:
    """What NAME.patch adds, in a scratch copy of the library."""

    def __init__(self, name, most_new, most_changed):
        self.patch = f"{name}.patch"
        self.name = name
        count(self.patch, most_new, most_changed)

    def check(self, half, complaint, whole, more="", without=None, run=False):
        """half: the sources that the public part alone must not compile with, complaint: what is said then; whole: those to compile in the
        end, with `more` after them; without: a row's file, and a part that it must not lack; run: whether the whole is a program."""
        with tempfile.TemporaryDirectory() as folder:
            copy = Copy(folder)
            apply(self.patch, folder, "--include=lib/include/*")
            check_refused(f"a {self.name} without a row does not compile", copy.compile(half), complaint)
            apply(self.patch, folder, "--exclude=lib/include/*")
            if without:
                self.check_without(copy, copy.root / "lib/src" / without[0], without[1])
            program = copy.root / "all" if run else None
            result = copy.compile(whole, more, program)
            check("the whole addition compiles", result.returncode == 0, result)
            if run and result.returncode == 0:
                check("and is what it says", subprocess.run([program]).returncode == 0)

    def check_without(self, copy, row, part):
        whole = row.read_text()
        row.write_text("".join(line for line in whole.splitlines(True) if f".{part} =" not in line))
        check_refused("a row without one of its parts does not compile", copy.compile([row]), "reference")
        row.write_text(whole)


Addition("measure", 1, 3).check(MEASURES[:1], "Signed", MEASURES, MEASURE_PROGRAM, ("measure/signed.cpp", "low_rank"), True)
Addition("method", 0, 2).check(["discretize/methods.hpp"], "mean", METHODS, METHOD_CHECK)
Addition("structure", 1, 4).check(STRUCTURES[:1], "DiscreteShift", STRUCTURES, without=("structure/shift.cpp", "log_growth"))
Addition("path", 2, 4).check(PATHS[:1], "backstage", PATHS)
sys.exit(failures > 0)
