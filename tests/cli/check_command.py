#!/usr/bin/env python3
"""Runs the command as a user would, and checks what it says.

    check_command.py references LONGSTATE    hippo, discretize, kernel against the reference data (60 digits)
    check_command.py agreement LONGSTATE     simulate: recurrent against fft, splits, on speech and on noise
                                             (QUICK=1 in the environment: up to order 64, short noise, no speech)
    check_command.py reconstruct LONGSTATE   errors against the best fit, outputs, streams
    check_command.py bad-input LONGSTATE     one clear line, exit 1 or 2, no partial file
    check_command.py stream LONGSTATE        10^7 samples on standard input: memory, time

Debian: apt-get install python3-numpy
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = None
FAILURES = []
MEASURES = ["legs-exp", "legt", "lmu", "lagt", "fourier", "chebt"]


def check(what, ok, detail=""):
    if not ok:
        FAILURES.append(f"{what} {detail}")
        print(f"FAILED: {what} {detail}")


def run(*args, stdin=None, ok=True):
    result = subprocess.run([COMMAND, *map(str, args)], input=stdin, capture_output=True)
    if ok and result.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, args))}: {result.stderr.decode()}")
    return result


def document(*args, stdin=None):
    return json.loads(run(*args, "--json", stdin=stdin).stdout)


def relative(actual, expected):
    actual, expected = np.asarray(actual, float), np.asarray(expected, float)
    if actual.shape != expected.shape:
        return np.inf
    scale = np.abs(expected).max()
    return np.abs(actual - expected).max() / (scale if scale > 0 else 1)


def references():
    folder = ROOT / "tests/reference"
    index = json.loads((folder / "reference.json").read_text())
    values = np.fromfile(folder / "reference.bin", "<f8")

    def reference(key):
        e = index[key]
        return values[e["offset"] : e["offset"] + e["rows"] * e["cols"]].reshape((e["rows"], e["cols"]), order="F")

    worst = {}

    def compare(part, actual, expected, what):
        error = relative(actual, expected)
        worst[part] = max(worst.get(part, 0), error)
        check(what, error < 1e-12, error)

    for measure in ["legs", *MEASURES]:
        for N in [1, 2, 5, 16, 64]:
            system = ["--measure", measure, "--order", N]
            h = document("hippo", *system)
            A, B = reference(f"{measure}/{N}/A"), reference(f"{measure}/{N}/B")
            compare("hippo", h["A"], A, f"hippo {measure} {N} A")
            compare("hippo", np.c_[h["B"]], B, f"hippo {measure} {N} B")
            if measure == "legs":
                continue
            for step in ["0.001", "0.1"]:
                dt, key = float(step), f"{measure}/{N}/{step}"
                for method in ["forward-euler", "backward-euler", "bilinear", "gbt", "zoh", "foh", "impulse"]:
                    for convention in ["sequence", "control"]:
                        if convention == "sequence" and method in ["foh", "impulse"]:
                            continue
                        what = f"discretize {measure} {N} {step} {method} {convention}"
                        d = document("discretize", *system, "--method", method, "--alpha", 0.3, "--dt", step,
                                     "--convention", convention)
                        I, alpha = np.eye(N), {"forward-euler": 0, "backward-euler": 1, "bilinear": 0.5, "gbt": 0.3}.get(method)
                        if method == "forward-euler":
                            expected = [I + dt * A, dt * B]
                        else:
                            a = f"{key}/zoh/A" if method in ["foh", "impulse"] else f"{key}/{method}/A"
                            expected = [reference(a), reference(f"{key}/{method}/B")]
                        C, D = I, np.zeros((N, 1))
                        if convention == "control" and alpha is not None:
                            # (I - alpha dt A)^-1, from alpha A_d + (1 - alpha) I = its product with I
                            C = alpha * expected[0] + (1 - alpha) * I if alpha else I
                            D = alpha * expected[1]
                        elif method == "foh":
                            D = reference(f"{key}/foh/D")
                        elif method == "impulse":
                            D = dt * B
                        for part, e in zip("ABCD", [*expected, C, D]):
                            compare(f"discretize {part}", d[part], e, what + " " + part)
                k = np.atleast_2d(document("kernel", *system, "--method", "zoh", "--dt", step, "--length", 12)["kernel"])
                compare("kernel", (1 / np.arange(1, N + 1)) @ k, reference(f"{key}/zoh/kernel")[0], f"kernel {key}")
    for part, error in sorted(worst.items()):
        print(f"{part}: largest error relative to the largest entry {error:.2g}")


def agreement():
    with tempfile.TemporaryDirectory() as folder:
        noise = f"{folder}/noise.csv"
        quick = bool(os.environ.get("QUICK"))
        run("signal", "--kind", "white", "--length", 2**12 if quick else 2**16, "--rate", 1000, "--freq", 500, "-o", noise)
        lines = open(noise).read().split("\n")[1:-1]
        signals = [(noise, 1000, 0.5), (ROOT / "data/speech.wav", 8000, 0.05)]
        recorded = ROOT.parent / "shared/data/fsdd/5_lucas_1.wav"
        if quick:
            signals = signals[:1]
        elif recorded.exists():
            signals.append((recorded, 8000, 0.05))
        else:
            print(f"SKIPPED: no recorded speech at {recorded}")
        for signal, rate, window in signals:
            worst = 0
            for measure in MEASURES:
                for N in [4, 64] if quick else [4, 64, 256]:
                    model = ["--rate", rate, "--measure", measure, "--order", N, "--window", window, "--delay", 0.3 * window]
                    a = document("simulate", signal, *model, "--path", "recurrent")
                    b = document("simulate", signal, *model, "--path", "fft")
                    check("path", (a["path"], b["path"]) == ("recurrent", "fft"))
                    error = [relative(b[part], a[part]) for part in ["output", "state"]]
                    worst = np.maximum(worst, error)
                    check(f"simulate {measure} {N} {signal}", max(error) < 1e-12, error)
            print(f"{pathlib.Path(signal).name}: recurrent and fft differ by at most {worst[0]:.2g} of the largest output, "
                  f"their final states by {worst[1]:.2g} of the largest entry")
        # every order of the two paths over a split, the state carried over in a file
        for at in [1, 2048, 4000] if quick else [1, 4096, 30001]:
            for first, second in [("fft", "recurrent"), ("recurrent", "fft")]:
                model = ["--rate", 1000, "--measure", "legt", "--order", 64, "--window", 0.5, "--delay", 0.2]
                whole = document("simulate", noise, *model, "--path", "recurrent")
                for name, part in [("a", lines[:at]), ("b", lines[at:])]:
                    open(f"{folder}/{name}.csv", "w").write("\n".join(part) + "\n")
                a = run("simulate", f"{folder}/a.csv", *model, "--path", first, "--json").stdout
                open(f"{folder}/state.json", "wb").write(a)
                b = document("simulate", f"{folder}/b.csv", *model, "--path", second, "--initial-state", f"{folder}/state.json")
                error = relative(json.loads(a)["output"] + b["output"], whole["output"])
                check(f"split at {at}", error < 1e-12, error)
                check(f"split at {at}, state", relative(b["state"], whole["state"]) < 1e-12)
        f = document("simulate", noise, *model, "--path", "fft", "--precision", "float")
        check("float", relative(f["output"], whole["output"]) < 2 * 64 * 1.2e-7, relative(f["output"], whole["output"]))
        text = run("simulate", "-", *model, "--path", "auto", stdin=open(noise, "rb").read()).stdout.decode()
        check("stream", relative([float(v) for v in text.split()], np.ravel(whole["output"])) < 1e-12)


def reconstruct():
    with tempfile.TemporaryDirectory() as folder:
        noise = f"{folder}/noise.csv"
        run("signal", "--kind", "white", "--length", 3000, "--rate", 1000, "--freq", 3, "-o", noise)
        for signal, rate in [(noise, 1000), (ROOT / "data/sunspots.csv", 12)]:
            d = document("reconstruct", signal, "--rate", rate, "--measure", "legs", "--method", "foh,zoh,bilinear")
            for r in d["results"]:
                print(f"{pathlib.Path(signal).name}: legs {r['method']}: error {r['error']:.4g}, best {r['best_error']:.4g}")
                if r["method"] != "bilinear":
                    check("legs", r["error"] <= 1.02 * r["best_error"] + 1e-3, r)
        r = document("reconstruct", noise, "--rate", 1000, "--measure", "legt", "--window", 1)
        print(f"legt in 1 s: error {r['error']:.3g}")
        check("legt", r["error"] < 2e-5, r["error"])
        check("keys", list(r) == ["measure", "order", "samples", "channels", "rate", "window", "method", "error",
                                  "best_error", "error_from", "coefficients"], list(r))
        check("coefficients", len(r["coefficients"]) == 64)

        # standard input: the same coefficients, the errors from energies
        text = open(noise, "rb").read()
        a = document("reconstruct", noise, "--rate", 1000, "--measure", "legs,legt", "--order", 20, "--window", 1)["results"]
        b = document("reconstruct", "-", "--rate", 1000, "--measure", "legs,legt", "--order", 20, "--window", 1, stdin=text)["results"]
        for x, y in zip(a, b):
            check("stream coefficients", relative(y["coefficients"], x["coefficients"]) < 1e-13)
            check("stream source", y["error_from"] == "energies")
            check("stream error", abs(y["error"] - x["error"]) < 0.2 * x["error"] + 2e-3, (x["error"], y["error"]))

        # the file of -o, also with several channels and measures
        out = f"{folder}/out.csv"
        r = document("reconstruct", noise, "--rate", 1000, "--order", 32, "-o", out)
        table = np.genfromtxt(out, delimiter=",", names=True)
        check("columns", table.dtype.names == ("time", "input", "reconstruction"), table.dtype.names)
        error = np.linalg.norm(table["reconstruction"] - table["input"]) / np.linalg.norm(table["input"])
        check("error of -o", abs(error - r["error"]) < 1e-12)
        two = f"{folder}/two.csv"
        np.savetxt(two, np.random.default_rng(1).standard_normal((50, 2)), delimiter=",")
        r = document("reconstruct", two, "-o", out)
        check("columns of two", open(out).readline().strip() ==
              "time,input_0,reconstruction_0,input_1,reconstruction_1")
        check("two channels", len(r["coefficients"]) == 2 and r["channels"] == 2)
        run("reconstruct", two, "--measure", "legs,chebt", "-o", out)
        check("named columns", "reconstruction_chebt_foh_1" in open(out).readline())
        for picture in ["p.svg", "p.png", "p.pdf"]:
            run("reconstruct", noise, "--measure", "legs,legt,fourier", "--rate", 1000, "--plot", f"{folder}/{picture}")
            check(picture, os.path.getsize(f"{folder}/{picture}") > 5000)
        one = document("reconstruct", "-", "--order", 3, stdin=b"5\n")
        check("one sample", relative(one["coefficients"], [5, 0, 0]) < 1e-15, one)


def bad_input():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)

        def write(name, data):
            pathlib.Path(name).write_bytes(data)
            return name

        good = write("good.csv", b"1\n2\n3\n4\n")
        wav = (ROOT / "data/speech.wav").read_bytes()
        cases = [
            ("empty file", ["reconstruct", write("empty.csv", b"")], 2),
            ("empty WAV", ["reconstruct", write("empty.wav", b"")], 2),
            ("header only", ["reconstruct", write("header.csv", b"value\n")], 2),
            ("NaN", ["reconstruct", write("nan.csv", b"1\nnan\n")], 2),
            ("infinity", ["simulate", write("inf.csv", b"1\ninf\n"), "--measure", "legt"], 2),
            ("ragged rows", ["reconstruct", write("ragged.csv", b"1,2\n3\n")], 2),
            ("text", ["reconstruct", write("text.csv", b"head\n1\nhello\n")], 2),
            ("binary", ["reconstruct", write("binary.csv", bytes(range(256)) * 100)], 2),
            ("wrong extension", ["reconstruct", write("x.mp3", b"1\n")], 2),
            ("no extension", ["reconstruct", write("x", b"1\n")], 2),
            ("no such file", ["reconstruct", "nowhere.csv"], 2),
            ("a directory", ["reconstruct", "."], 2),
            ("truncated WAV", ["reconstruct", write("cut.wav", wav[: len(wav) // 2])], 2),
            ("truncated WAV header", ["reconstruct", write("head.wav", wav[:20])], 2),
            ("text as WAV", ["reconstruct", write("text.wav", b"hello, world " * 10)], 2),
            ("order 0", ["hippo", "--measure", "legt", "--order", 0], 2),
            ("order 10^9", ["hippo", "--measure", "legt", "--order", 10**9], 2),
            ("order 10^9", ["reconstruct", good, "--order", 10**9], 2),
            ("order of text", ["hippo", "--measure", "legt", "--order", "many"], 2),
            ("negative dt", ["discretize", "--measure", "legt", "--dt", -1], 2),
            ("dt nan", ["discretize", "--measure", "legt", "--dt", "nan"], 2),
            ("negative rate", ["reconstruct", good, "--rate", -5], 2),
            ("negative window", ["reconstruct", good, "--measure", "legt", "--window", -5], 2),
            ("unknown measure", ["reconstruct", good, "--measure", "legz"], 2),
            ("unknown method", ["reconstruct", good, "--method", "magic"], 2),
            ("unknown option", ["reconstruct", good, "--magic"], 2),
            ("unknown path", ["simulate", good, "--measure", "legt", "--path", "magic"], 2),
            ("no subcommand", [], 2),
            ("legs where time must not vary", ["kernel", "--measure", "legs", "--dt", 0.1, "--length", 3], 2),
            ("foh in the sequence convention", ["discretize", "--measure", "legt", "--dt", 0.1, "--method", "foh",
                                                "--convention", "sequence"], 2),
            ("delay outside the window", ["kernel", "--measure", "legt", "--delay", 2, "--dt", 0.1, "--length", 3], 2),
            ("kernel of no length", ["kernel", "--measure", "legt", "--dt", 0.1, "--length", 0], 2),
            ("kernel without end", ["kernel", "--measure", "legt", "--dt", 0.1, "--length", 10**15], 2),
            ("system that is not JSON", ["kernel", "--system", write("s.json", b"{"), "--dt", 1, "--length", 3], 2),
            ("system missing", ["kernel", "--system", "nowhere.json", "--dt", 1, "--length", 3], 2),
            ("unwritable output", ["reconstruct", good, "-o", "no/such/folder.csv"], 1),
            ("output is a folder", ["reconstruct", good, "-o", "dir.csv"], 1),
            ("wrong output extension", ["reconstruct", good, "-o", "out.xls"], 2),
            ("wrong picture extension", ["reconstruct", good, "--plot", "out.gif"], 2),
            ("legt on a stream of unknown length", ["reconstruct", "-", "--measure", "legt"], 2),
            ("unstable method", ["simulate", write("long.csv", b"1\n" * 20000), "--measure", "legt", "--order", 64, "--dt", 0.1,
                                 "--method", "forward-euler", "-o", "out.csv"], 1),
            ("signal above half the rate", ["signal", "--kind", "white", "--length", 10, "--rate", 10, "--freq", 9], 2),
            ("signal of no kind", ["signal", "--kind", "pink", "--length", 10], 2),
        ]
        os.mkdir("dir.csv")
        with open("line.csv", "wb") as f:
            f.write(b"1" * 100_000_000)
        cases.append(("a line of 100 MB", ["reconstruct", "line.csv"], 2))
        before = set(os.listdir("."))

        def judge(what, result, code):
            error = result.stderr.decode(errors="replace")
            print(f"{what}: {error.strip()}")
            check(what, result.returncode == code, f"exit {result.returncode}")
            check(what, error.startswith("longstate: ") and error.count("\n") == 1 and len(error) < 400, repr(error))
            check(what, set(os.listdir(".")) == before, "left files behind")

        for what, args, code in cases:
            judge(what, run(*args, stdin=b"", ok=False), code)

        pipe = subprocess.Popen([COMMAND, "kernel", "--measure", "legt", "--order", "64", "--dt", "0.001", "--length", "20000"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        pipe.stdout.close()  # nobody reads
        error = pipe.stderr.read()
        judge("closed pipe", subprocess.CompletedProcess([], pipe.wait(), b"", error), 1)

        with open("/dev/full", "wb") as full:
            result = subprocess.run([COMMAND, "hippo", "--measure", "legt", "--json"], stdout=full, stderr=subprocess.PIPE)
        judge("full disk", result, 1)

        result = subprocess.run([COMMAND, "reconstruct", good, "--plot", "p.svg"], capture_output=True, env={"PATH": folder})
        judge("missing gnuplot", result, 1)

        # An existing output survives a failure.
        write("out.csv", b"precious\n")
        before.add("out.csv")
        judge("failure over an existing file", run(*cases[[c[0] for c in cases].index("unstable method")][1], ok=False), 1)
        check("existing file", pathlib.Path("out.csv").read_bytes() == b"precious\n")


def stream():
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/long.csv"
        count = 10**7
        block = "\n".join(f"{v:.6f}" for v in np.random.default_rng(0).standard_normal(10**5).cumsum() * 0.01) + "\n"
        with open(path, "w") as f:
            for _ in range(count // 10**5):
                f.write(block)
        start = time.time()
        with open(path) as f:
            result = subprocess.run([COMMAND, "reconstruct", "-", "--order", "64", "--rate", "1000", "--json", "-o",
                                     f"{folder}/out.csv", "--plot", f"{folder}/out.svg"], stdin=f, capture_output=True)
        seconds = time.time() - start
        check("exit", result.returncode == 0, result.stderr)
        document = json.loads(result.stdout)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"{document['samples']} samples: {seconds:.1f} s, peak memory of any process {peak:.1f} MiB")
        check("samples", document["samples"] == count)
        check("peak memory", peak < 64, peak)
        check("bounded output", sum(1 for _ in open(f"{folder}/out.csv")) <= 4097)
        check("time", seconds < 60, seconds)


if __name__ == "__main__":
    COMMAND = str(pathlib.Path(sys.argv[2]).resolve())
    {"references": references, "agreement": agreement, "reconstruct": reconstruct, "bad-input": bad_input,
     "stream": stream}[sys.argv[1]]()
    if FAILURES:
        raise SystemExit(f"{len(FAILURES)} failed")
    print("passed")
