#!/usr/bin/env python3
"""Runs the command as a user would, and checks what it says.

    check_command.py references LONGSTATE    hippo, discretize, kernel against the reference data (60 digits)
    check_command.py agreement LONGSTATE     simulate: recurrent against fft, splits, on speech and on noise
                                             (QUICK=1 in the environment: up to order 64, short noise, no speech)
    check_command.py structures LONGSTATE    every structure, path and precision against the dense recurrence: a table
                                             (QUICK=1: 2^11 samples, fewer models)
    check_command.py reduce LONGSTATE        impulse responses and systems made smaller, within the stated error
    check_command.py reconstruct LONGSTATE   errors against the best fit, outputs, streams
    check_command.py bench LONGSTATE         the fields of its JSON (no time is judged)
    check_command.py step LONGSTATE          steps of a memory: the same numbers as reconstruct, the lesson, keys on a terminal
    check_command.py compare LONGSTATE       its fields, and the bytes that each model carries
    check_command.py bad-input LONGSTATE     one clear line, exit 1 or 2, no partial file
    check_command.py stream LONGSTATE        10^7 samples on standard input: memory, time

Debian: apt-get install python3-numpy
"""

import itertools
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


def bench():
    # All but fft-1, the same as fft-64 but for its length, whose plan takes a minute.
    help_text = run("bench", "--help").stdout.decode()
    lines = [line for line in help_text[help_text.index("Lines:\n") + 7:].split() if line != "fft-1"]
    d = document("bench", "--pairs", 3, *lines)
    check("lines", len(d["benchmarks"]) > 0)
    for line in d["benchmarks"]:
        check("fields", set(line) == {"name", "seconds", "reference", "ratio", "bound", "better"}, line)
        check("better", line["better"] in ("lower", "higher"), line)
        check("positive", min(line["seconds"], line["reference"], line["ratio"], line["bound"]) > 0, line)


def compare():
    d = document("compare", "--lengths", "16,64,256,4096", "--seconds", 0.5)
    runs = {}
    for r in d["runs"]:
        for field in ("model", "length", "seconds_per_token", "seconds", "state_bytes", "peak_bytes", "flops_per_token", "exponentials_per_token"):
            check(f"{r['model']} has {field}", field in r)
        runs.setdefault(r["model"], {})[r["length"]] = r
    check("all models", len(runs) == 13, str(sorted(runs)))
    for model in ("constant, 1 layer", "constant, 2 layers", "constant, 3 layers", "linear attention elu", "retention", "ssm recurrent"):
        states = {r["state_bytes"] for r in runs[model].values()}
        check(f"{model}: the state is the same for all lengths", len(states) == 1, str(states))
        peaks = [r["peak_bytes"] or 0 for r in runs[model].values()]  # null where nothing counts
        check(f"{model}: so is the peak", max(peaks) == min(peaks), str(peaks))
    for model in ("linear attention elu", "retention", "ssm recurrent"):
        flops = {r["flops_per_token"] for r in runs[model].values()}
        check(f"{model}: the same work for every token", len(flops) == 1 and min(flops) > 0, str(flops))
    for model, layers in (("constant, 1 layer", 1), ("constant, 2 layers", 2), ("constant, 3 layers", 3)):
        short, long = (runs[model][n]["flops_per_token"] for n in (64, 256) if n in runs[model]) if 256 in runs[model] else (0, 0)
        check(f"{model}: work grows as n^{layers}", not long or 3.6**layers < long / short < 4.0**layers, str(long / max(short, 1)))
    for n, r in runs["cached multi-head"].items():  # four projections of 64 x 64, and the scores and values of n keys
        flops = 2 * (4 * 64 * 64 + 2 * 64 * n)
        check("cached: the flops of its formula", r["flops_per_token"] == flops, f"{r['flops_per_token']} {flops}")
        check("cached: an exponential a key and head", r["exponentials_per_token"] == 4 * n, str(r["exponentials_per_token"]))
    check("constant, 1 layer reached 4,096", 4096 in runs["constant, 1 layer"])
    for model, numbers in (("cached multi-head", 2 * 64), ("cached grouped", 2 * 32), ("cached multi-query", 2 * 16), ("cached latent", 40)):
        for length, r in runs[model].items():
            check(f"{model}: bytes of {length} tokens", r["state_bytes"] == 4 * numbers * length, str(r["state_bytes"]))
    with tempfile.TemporaryDirectory() as folder:
        picture = pathlib.Path(folder) / "recall.svg"
        d = document("compare", "--lengths", 4, "--models", "retention", "--recall", picture)
        check("picture of the recall", "svg" in picture.read_text()[:400])
    recall = {c["model"]: c for c in d["recall"]}
    legt = recall["legt: a window of 512"]
    check("attention reads all of the past", max(recall["attention, cached"]["errors"]) < 1e-6)
    check("legt reads its window", all(e < 2e-3 for a, e in zip(legt["ages"], legt["errors"]) if a < 500), str(legt))
    check("and nothing before", all(0.5 < e < 1.5 for a, e in zip(legt["ages"], legt["errors"]) if a > 512), str(legt))


def step():
    """A trace by the command: its lines, its lesson, its last errors beside reconstruct's, and keys on a terminal."""
    sunspots = ROOT / "data" / "sunspots.csv"
    for measure, window in (("legs", []), ("legt", ["--window", 11]), ("fourier", ["--window", 11]), ("lagt", ["--window", 30])):
        for method in ("foh", "zoh", "bilinear"):
            system = [sunspots, "--rate", 12, "--measure", measure, "--order", 16, "--method", method, *window]
            lines = run("step", *system, "--every", 500, "--from", 319, "--json").stdout.splitlines()
            steps = [json.loads(line) for line in lines]
            check("a line a step", [s["step"] for s in steps] == list(range(319, 2820, 500)), str(len(steps)))
            for s in steps:
                check("the parts add up", relative(np.add(s["faded"], s["added"]), np.array(s["after"])) < 1e-13)
            whole = document("reconstruct", *system)
            check(f"{measure} {method}: the state that reconstruct ends with",
                  relative(np.array(steps[-1]["after"]), np.array(whole["coefficients"])) < 1e-12)
            for field in ("error", "best_error"):
                # Laguerre functions over one time constant are alike to rounding: which of them fit best is not well determined
                loose = 1e-4 if (measure, field) == ("lagt", "best_error") else 1e-9
                check(f"{measure} {method} {field}", abs(steps[-1][field] / whole[field] - 1) < loose, f"{steps[-1][field]} {whole[field]}")
    lesson = run(*LESSON).stdout.decode()
    page = (ROOT / "docs" / "step.md").read_text()
    check("the lesson is the one in docs/step.md", lesson.strip() in page)
    for text in (lesson, run("step", sunspots, "--rate", 12, "--order", 64, "--every", 400).stdout.decode()):
        check("lines of at most 80 columns", max(map(len, text.splitlines())) <= 80, max(text.splitlines(), key=len))
    with tempfile.TemporaryDirectory() as folder:
        picture = pathlib.Path(folder) / "steps.svg"
        run("step", sunspots, "--rate", 12, "--every", 400, "--plot", picture)
        check("a film strip", "svg" in picture.read_text()[:400])
    keys()


LESSON = ("step", ROOT / "data/sunspots.csv", "--rate", 12, "--measure", "legt", "--window", 11, "--order", 4, "--from", 0, "--to", 8, "--explain")


def keys():
    """--interactive on a pseudo-terminal: forward, back, quit, and the terminal as it was."""
    import pty, select, termios, time
    leader, follower = pty.openpty()
    before = termios.tcgetattr(follower)
    import fcntl, struct
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    process = subprocess.Popen([COMMAND, "step", str(ROOT / "data" / "sunspots.csv"), "--rate", "12", "--order", "4", "--to", "20", "--interactive"],
                               stdin=follower, stdout=follower, stderr=follower, env={**os.environ, "TERM": "xterm"})

    def until(text, key=None):
        if key:
            os.write(leader, key)
        seen, end = b"", time.time() + 30
        while text not in seen and time.time() < end:
            if select.select([leader], [], [], 0.1)[0]:
                seen += os.read(leader, 65536)
        check(f"{text} after {key}", text in seen, seen[-300:])

    until(b"step 1 of 21")
    check("the terminal is raw meanwhile", termios.tcgetattr(follower)[3] & termios.ICANON == 0)
    until(b"step 2 of 21", b" ")
    until(b"step 3 of 21", b"\x1bOC")  # right
    until(b"step 2 of 21", b"\x1bOD")  # left
    until(b"step 21 of 21", b"\x1bOF")  # end
    os.write(leader, b"q")
    check("it ends well", process.wait(30) == 0)
    check("the terminal is as it was", termios.tcgetattr(follower) == before)


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
        c = document("simulate", noise, *model, "--path", "chunked")
        check("chunked", c["path"] == "chunked" and relative(c["output"], whole["output"]) < 1e-12)
        described = run("simulate", noise, *model, "--describe").stderr.decode()
        check("describe", described.startswith("chunked, blocks of ") and "\n  recurrent: " in described)
        check("float", relative(f["output"], whole["output"]) < 2 * 64 * 1.2e-7, relative(f["output"], whole["output"]))
        text = run("simulate", "-", *model, "--path", "auto", stdin=open(noise, "rb").read()).stdout.decode()
        check("stream", relative([float(v) for v in text.split()], np.ravel(whole["output"])) < 1e-12)


S4_OWN = "s4's own code, its kernel against its steps (relative RMS, N = 64): L = 4096 LegS 2.5e-4, FouT 1.7e-3; " \
         "L = 16384 LegS 9.0e-4; its diagonal mode, L = 256: LegS 0.20, LegT 0.19 to 0.22"


def structures():
    quick = os.environ.get("QUICK")
    length = 2**11 if quick else 2**14
    N = 64
    with tempfile.TemporaryDirectory() as folder:
        u = np.random.default_rng(1).standard_normal(length).astype(np.float32).astype(float)
        signal = pathlib.Path(folder) / "noise.csv"
        signal.write_text("\n".join(map(repr, u.tolist())) + "\n")
        rows = []
        for measure in ["legt", "fourier"] if quick else ["legs-exp", "legt", "lmu", "lagt", "fourier"]:
            of = ["--measure", measure, "--order", N, "--delay", 0.5, "--dt", 1e-3]
            for structure in ["dense", "hippo", "nplr"] + (["diagonal"] if measure == "fourier" else []):
                for method in ["bilinear"] + (["zoh"] if structure != "nplr" else []):
                    rows.append((measure, structure, method, of))
        for init in ["s4d-lin", "lru"] if quick else ["s4d-lin", "s4d-inv", "s4d-legs", "s4d-real", "dss", "lru"]:
            of = ["--init", init, "--order", N, "--dt", 1e-3] + (["--window", 1e-3] if init == "lru" else [])
            rows += [(init, "diagonal", method, of) for method in ("bilinear", "zoh")]
        rows.append(("lru", "transfer", "zoh", ["--init", "lru", "--order", N, "--dt", 1e-3, "--window", 1e-3]))
        bounds = {("recurrent", "double"): 1e-12, ("fft", "double"): 1e-12, ("chunked", "double"): 1e-12,
                  ("recurrent", "float"): 2 * N * 2.0**-23, ("fft", "float"): 5e-6, ("chunked", "float"): 5e-6}
        print(f"largest difference to the dense double recurrence, relative to its largest output; N = {N}, L = {length}")
        print("model     structure method   " + "".join(f"{path} {precision:8}" .rjust(18) for path, precision in bounds))
        for model, structure, method, of in rows:
            of = [*of, "--method", method]
            truth = document("simulate", signal, *of, "--structure", "dense", "--path", "recurrent")["output"]
            line = f"{model:9} {structure:9} {method:8} "
            for (path, precision), bound in bounds.items():
                answer = document("simulate", signal, *of, "--structure", structure, "--path", path, "--precision", precision)
                error = relative(answer["output"], truth)
                check(f"{model} {structure} {method} {path} {precision}", error <= bound, error)
                line += f"{error:18.1e}"
            print(line)
        print("bounds" + " " * 23 + "".join(f"{bound:18.1e}" for bound in bounds.values()))
        print(S4_OWN)
        # What a structure cannot hold is refused, with its number.
        for measure, structure, number in [("legs-exp", "diagonal", "condition "), ("legt", "diagonal", "condition "),
                                           ("legs-exp", "transfer", "poles lie too close"), ("chebt", "hippo", "chebt"),
                                           ("chebt", "nplr", "chebt")]:
            result = run("simulate", signal, "--measure", measure, "--order", N, "--delay", 0.5, "--dt", 1e-3,
                         "--method", "bilinear", "--structure", structure, ok=False)
            check(f"{measure} {structure} refused", result.returncode in (1, 2) and number in result.stderr.decode()
                  and result.stderr.count(b"\n") == 1, result.stderr.decode())
        # A split with the state saved in a file and restored.
        half = length // 2
        for name, part in (("a", u[:half]), ("b", u[half:])):
            (pathlib.Path(folder) / f"{name}.csv").write_text("\n".join(map(repr, part.tolist())) + "\n")
        for structure in ("hippo", "nplr"):
            of = ["--measure", "legt", "--order", N, "--delay", 0.5, "--dt", 1e-3, "--method", "bilinear", "--structure", structure]
            state = pathlib.Path(folder) / "x.state"
            whole = document("simulate", signal, *of, "--path", "recurrent")["output"]
            first = document("simulate", signal.with_name("a.csv"), *of, "--path", "fft", "--save-state", state)["output"]
            second = document("simulate", signal.with_name("b.csv"), *of, "--path", "recurrent", "--initial-state", state)["output"]
            check(f"split {structure}", relative(first + second, whole) < 1e-12)
        damaged = bytearray(state.read_bytes())
        damaged[40] ^= 4
        state.write_bytes(damaged)
        result = run("simulate", signal, *of, "--initial-state", state, ok=False)
        check("damaged state refused", result.returncode == 2 and b"checksum" in result.stderr, result.stderr)


def room_response(n):
    """An impulse response as of a small room: decaying modes and a direct sound, 1,000 taps."""
    rng = np.random.default_rng(3)
    t = np.arange(n)
    h = np.zeros(n)
    for _ in range(40):
        h += rng.standard_normal() * np.exp(-t / rng.uniform(40, 250)) * np.cos(rng.uniform(0, 0.9) * t + rng.uniform(0, 6))
    h[0] += 3
    return h


def reduce():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        h = room_response(400 if os.environ.get("QUICK") else 1000)
        response, small, picture = folder / "room.csv", folder / "small.json", folder / "values.png"
        response.write_text("\n".join(map(repr, h.tolist())) + "\n")
        for tail, error in itertools.product(("zero", "free"), (0.3, 0.1, 0.01)):
            answer = document("reduce", response, "--error", error, "--tail", tail, "--rate", 8000, "-o", small, "--plot",
                              picture)
            check("within the error", answer["error"] <= error, answer["error"])
            impulse = folder / "impulse.csv"
            length = 3 * len(h) if tail == "zero" else len(h)
            impulse.write_text("1\n" + "0\n" * (length - 1))
            y = np.ravel(document("simulate", impulse, "--system", small, "--path", "recurrent")["output"])
            measured = np.linalg.norm(y - np.pad(h, (0, len(y) - len(h)))) / np.linalg.norm(h)
            check("measured", abs(measured - answer["error"]) < 1e-3 * error + 1e-9, (measured, answer["error"]))
            check("picture", picture.stat().st_size > 5000)
            check("a bound where there is one", ("bound" in answer) == (tail == "zero"), list(answer))
            print(f"{len(h)} taps, tail {tail}, error {error}: {answer['order']} states, by simulation {measured:.4g}")

        # what a response does after its end is not known: six states, cut before they decayed; and one that integrates
        t = np.arange(150)
        cut = sum(r**t * np.cos(w * t + r) for r, w in ((0.99, 0.3), (0.985, 1.1), (0.995, 2)))
        for what, k, order, radius in (("cut", cut, 6, 0.995), ("integrating", cut + 1, 7, 1), ("growing", 1.02**t, 1, 1.02)):
            response.write_text("\n".join(map(repr, k.tolist())) + "\n")
            answer = document("reduce", response, "--error", 1e-9)
            check(what, answer["order"] == order and abs(answer["spectral_radius"] - radius) < 1e-12, answer)
            told = b"does not decay" in run("reduce", response, "--order", order).stdout
            check("growth is said", told == (radius >= 1))
        A, B = np.diag([-1.0, -2, -300]), np.ones((3, 1))
        (folder / "s.json").write_text(json.dumps({"A": A.tolist(), "B": B.tolist(), "C": [[1, 1, 1e-3]]}))
        answer = document("reduce", folder / "s.json", "--error", 1e-3, "-o", small)
        check("a state too many", answer["order"] == 2, answer)
        k = [document("kernel", "--system", f, "--dt", 0.01, "--length", 500, "--method", "zoh")["kernel"]
             for f in (folder / "s.json", small)]
        check("reduced system", np.linalg.norm(np.subtract(*k)) < 2e-3 * np.linalg.norm(k[0]))

        # two inputs and outputs with feed-through, by way of the CSV that kernel prints
        two = {"A": [[0.9, 0.2, 0], [-0.2, 0.9, 0], [0, 0, 0.5]], "B": [[1, 0], [0, 1], [1, 1]], "C": [[1, 0, 1], [0, 1, -1]],
               "D": [[1, 2], [3, -1]], "dt": 1, "convention": "control"}
        (folder / "two.json").write_text(json.dumps(two))
        text = run("kernel", "--system", folder / "two.json", "--dt", 1, "--length", 200).stdout
        response.write_bytes(text)
        answer = document("reduce", response, "--inputs", 2, "--convention", "control", "--error", 1e-9, "-o", small)
        check("the states of two by two", answer["order"] == 3, answer)
        check("and its feed-through", relative(json.loads(small.read_text())["D"], two["D"]) < 1e-12)
        check("without the convention D takes two states more",
              document("reduce", response, "--inputs", 2, "--error", 1e-9)["order"] == 5)
        check("channels that are no inputs", b"no responses" in run("reduce", response, "--inputs", 3, "--order", 2, ok=False).stderr)


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

        # standard input: the same coefficients, the errors from energies where these are the projection
        text = open(noise, "rb").read()
        a = document("reconstruct", noise, "--rate", 1000, "--measure", "legs,legt", "--order", 20, "--window", 1)["results"]
        b = document("reconstruct", "-", "--rate", 1000, "--measure", "legs,legt", "--order", 20, "--window", 1, stdin=text)["results"]
        for x, y in zip(a, b):
            check("stream coefficients", relative(y["coefficients"], x["coefficients"]) < 1e-13)
            check("stream source", y["error_from"] == {"legs": "energies", "legt": "bins"}[y["measure"]], y)
            check("stream error", abs(y["error"] - x["error"]) < 0.2 * x["error"] + 2e-3, (x["error"], y["error"]))

        # a sliding window of foh and zoh is no projection: what leaves a short one is seen by every measure of it
        pulse = f"{folder}/pulse.csv"
        np.savetxt(pulse, [5] * 10 + [1] * 8)
        for measure, method in itertools.product(["legt", "lmu", "fourier", "chebt"], ["zoh", "foh"]):
            of = ["--measure", measure, "--method", method, "--order", 3, "--window", 8]
            x, y = document("reconstruct", pulse, *of), document("reconstruct", "-", *of, stdin=open(pulse, "rb").read())
            for error in ["error", "best_error"]:
                check(f"streamed window of {measure}, {method}", abs(x[error] - y[error]) < 1e-9 + 1e-9 * x[error], (x[error], y[error]))
        loud = run("reconstruct", "-", "--order", 2, "--json", stdin=b"1e200\n2e200\n-1e200\n", ok=False)
        check("streamed energies beyond double", loud.returncode == 1 and b"not finite" in loud.stderr, loud)

        # methods whose coefficients are no projection, a diverged one among them: at the means of bins
        slow = f"{folder}/slow.csv"
        run("signal", "--kind", "white", "--length", 20000, "--rate", 1000, "--freq", 0.5, "-o", slow)
        grows = (noise, 400, "forward-euler")
        if "QUICK" in os.environ:
            short = f"{folder}/short.csv"
            run("signal", "--kind", "white", "--length", 800, "--rate", 1000, "--freq", 3, "-o", short)
            grows = (short, 256, "forward-euler")
        for signal, order, method in [(slow, 64, "bilinear"), (slow, 100 if "QUICK" in os.environ else 200, "backward-euler"),
                                      (slow, 64, "forward-euler"), grows]:
            of = ["--rate", 1000, "--order", order, "--method", method]
            x, y = document("reconstruct", signal, *of), document("reconstruct", "-", *of, stdin=open(signal, "rb").read())
            check("bins", y["error_from"] == "bins")
            print(f"order {order}, {method}: error {x['error']:.4g}, streamed {y['error']:.4g}")
            check(f"streamed {method}", abs(y["error"] - x["error"]) < 0.02 * x["error"] + 1e-4, (x["error"], y["error"]))
            check(f"streamed {method}, best", abs(y["best_error"] - x["best_error"]) < 2e-3, (x["best_error"], y["best_error"]))
        check("diverged", y["error"] > 10, y["error"])

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
        # scipy's butter(6, 0.02) as tf2ss has it: powers of A hold large numbers that cancel
        a = [5.757244186246572, -13.815510806058006, 17.68737617989399, -12.741617329229193, 4.896924891433727, -0.7844171768892996]
        rows = [a] + [[float(i == j) for j in range(6)] for i in range(5)]
        butter = {"A": rows, "B": [[1]] + [[0]] * 5, "C": [[0, 0, 0, 0, 0, 1e-8]], "dt": 1, "convention": "control"}
        write("butter.json", json.dumps(butter).encode())
        wav = (ROOT / "data/speech.wav").read_bytes()
        cases = [
            ("bench of nothing", ["bench", "nothing"], 2),
            ("heads that do not divide", ["compare", "--heads", 3], 2),
            ("groups that do not divide", ["compare", "--kv-heads", 3, "--models", "cached grouped", "--lengths", 4], 2),
            ("latent 0", ["compare", "--latent", 0], 2),
            ("too many tokens", ["compare", "--lengths", 10**8], 2),
            ("step after the end", ["step", ROOT / "data/sunspots.csv", "--from", 10**6], 2),
            ("step to before from", ["step", ROOT / "data/sunspots.csv", "--from", 9, "--to", 3], 2),
            ("step with impulse", ["step", ROOT / "data/sunspots.csv", "--method", "impulse"], 2),
            ("step of a channel too many", ["step", ROOT / "data/sunspots.csv", "--channel", 1], 2),
            ("step with a window of 0", ["step", ROOT / "data/sunspots.csv", "--window", 0], 2),
            ("step by 0", ["step", ROOT / "data/sunspots.csv", "--every", 0], 2),
            ("step of order 5,000,000", ["step", ROOT / "data/sunspots.csv", "--order", 5000000], 2),
            ("step interactive without a terminal", ["step", ROOT / "data/sunspots.csv", "--interactive"], 2),
            ("step that grows", ["step", ROOT / "data/sunspots.csv", "--measure", "fourier", "--order", 64, "--window", 20, "--method", "forward-euler"], 1),
            ("unknown model", ["compare", "--models", "magic"], 2),
            ("bench without pairs", ["bench", "--pairs", 0], 2),
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
            ("unknown structure", ["simulate", good, "--measure", "legt", "--structure", "magic"], 2),
            ("unknown init", ["simulate", good, "--init", "s5", "--order", 8], 2),
            ("init of odd order", ["simulate", good, "--init", "s4d-lin", "--order", 7], 2),
            ("measure and init", ["simulate", good, "--init", "lru", "--measure", "legt"], 2),
            ("chebt as operator", ["kernel", "--measure", "chebt", "--structure", "hippo", "--dt", 0.1, "--length", 3], 2),
            ("zoh of nplr", ["kernel", "--measure", "legt", "--structure", "nplr", "--dt", 0.1, "--length", 3], 2),
            ("legt made diagonal", ["kernel", "--measure", "legt", "--structure", "diagonal", "--dt", 0.1, "--length", 3], 1),
            ("legs-exp as transfer function", ["kernel", "--measure", "legs-exp", "--structure", "transfer", "--delay", 0.5,
                                               "--dt", 0.001, "--length", 3], 1),
            ("nplr of a file", ["kernel", "--system", write("one.json", b'{"A":[[-1]],"B":[[1]],"C":[[1]]}'), "--structure",
                                "nplr", "--dt", 1, "--length", 3], 2),
            ("another dt than the file's", ["kernel", "--system", write("dt.json", b'{"A":[[0.5]],"B":[[1]],"C":[[1]],"dt":1}'),
                                            "--dt", 0.5, "--length", 3], 2),
            ("convention of no kind", ["kernel", "--system", write("up.json", b'{"A":[[1]],"B":[[1]],"C":[[1]],"dt":1,'
                                                                   b'"convention":"up"}'), "--dt", 1, "--length", 3], 2),
            ("state that is none", ["simulate", good, "--measure", "legt", "--initial-state", write("no.state", b"LSTA")], 2),
            ("state of another size", ["simulate", good, "--measure", "legt", "--initial-state",
                                       write("small.json", b'{"state":[1,2]}')], 2),
            ("unwritable state", ["simulate", good, "--measure", "legt", "--order", 4, "--save-state", "no/such/state"], 1),
            ("reduce to an error of 0", ["reduce", good, "--error", 0], 2),
            ("reduce to no error", ["reduce", good, "--error", 1e-30], 1),
            ("reduce of nothing", ["reduce", "nowhere.csv", "--error", 0.1], 2),
            ("reduce to a picture of no values", ["reduce", write("grow.json", b'{"A":[[1]],"B":[[1]],"C":[[1]]}'), "--error",
                                                  0.1, "--plot", "values.svg"], 2),
            ("reduce to nothing", ["reduce", good], 2),
            ("reduce to an order of 0", ["reduce", good, "--order", 0], 2),
            ("reduce with a tail of no kind", ["reduce", good, "--order", 2, "--tail", "long"], 2),
            ("reduce of a delay cut off", ["reduce", write("delay.csv", b"0\n0\n0\n1\n"), "--order", 2], 1),
            ("reduce of a system with a tail", ["reduce", write("fade.json", b'{"A":[[-1]],"B":[[1]],"C":[[1]]}'),
                                                "--order", 1, "--tail", "zero"], 2),
            ("reduce into another format", ["reduce", good, "--error", 0.5, "-o", "out.csv"], 2),
            ("unwritable output", ["reconstruct", good, "-o", "no/such/folder.csv"], 1),
            ("output is a folder", ["reconstruct", good, "-o", "dir.csv"], 1),
            ("wrong output extension", ["reconstruct", good, "-o", "out.xls"], 2),
            ("wrong picture extension", ["reconstruct", good, "--plot", "out.gif"], 2),
            ("legt on a stream of unknown length", ["reconstruct", "-", "--measure", "legt"], 2),
            ("unstable method", ["simulate", write("long.csv", b"1\n" * 20000), "--measure", "legt", "--order", 64, "--dt", 0.1,
                                 "--method", "forward-euler", "-o", "out.csv"], 1),
            ("A6: a zoh that overflows", ["discretize", "--system", write("fast.json", b'{"A":[[1000]],"B":[[1]],"C":[[1]]}'),
                                          "--dt", 1, "--json"], (1, 2)),
            ("A6: a diagonal that overflows", ["discretize", "--system", write("pair.json", b'{"lambda":[[1000,0]],"B":[[1,0]],'
                                                                                  b'"C":[[1,0]]}'), "--dt", 1], 1),
            ("A6: a kernel that overflows", ["kernel", "--system", write("slow.json", b'{"A":[[1]],"B":[[1]],"C":[[1]]}'),
                                             "--dt", 400, "--length", 9, "--json"], 1),
            ("A6: a kernel that overflows, as CSV", ["kernel", "--system", "slow.json", "--dt", 400, "--length", 9], 1),
            ("A6: matrices beyond double", ["hippo", "--measure", "legt", "--window", 1e-307, "--order", 64, "--json"], 1),
            ("A6: matrices beyond double, as text", ["hippo", "--measure", "legt", "--window", 1e-307, "--order", 64], 1),
            ("A6: energies beyond double", ["reconstruct", write("loud.csv", b"1e200\n-1e200\n" * 9), "--order", 4, "--json"], 1),
            ("A6: energies beyond double, as a table", ["reconstruct", "loud.csv", "--order", 4, "-o", "out.csv"], 1),
            ("A6: an unstable file in discrete time", ["simulate", write("ones.csv", b"1\n" * 2000), "--system",
                                                       write("two.json", b'{"A":[[2]],"B":[[1]],"C":[[1]],"dt":1}')], 1),
            ("S3: a system of lists in lists", ["kernel", "--system", write("deep.json", b"[" * 50_000_000), "--dt", 1, "--length", 3], 2),
            ("S3: a system without end", ["kernel", "--system", write("flat.json", b'{"A":[' + b"1," * 25_000_000), "--dt", 1,
                                          "--length", 3], 2),
            ("S3: a pipe named as audio", ["reconstruct", "pipe.wav"], 2),
            ("signal above half the rate", ["signal", "--kind", "white", "--length", 10, "--rate", 10, "--freq", 9], 2),
            ("signal of no kind", ["signal", "--kind", "pink", "--length", 10], 2),
        ]
        os.mkdir("dir.csv")
        os.mkfifo("pipe.wav")
        with open("line.csv", "wb") as f:
            f.write(b"1" * 100_000_000)
        cases.append(("a line of 100 MB", ["reconstruct", "line.csv"], 2))
        before = set(os.listdir("."))

        def judge(what, result, code):
            lines = result.stderr.decode(errors="replace").splitlines(keepends=True)
            error = "".join(line for line in lines if not line.startswith("longstate: warning: "))
            print(f"{what}: {error.strip()}")
            check(what, result.returncode in (code if isinstance(code, tuple) else (code,)), f"exit {result.returncode}")
            check(what, error.startswith("longstate: ") and error.count("\n") == 1 and len(error) < 300, repr(error))
            check(what, set(os.listdir(".")) == before, "left files behind")

        for what, args, code in cases:
            judge(what, run(*args, stdin=b"", ok=False), code)

        result = run("simulate", "ones.csv", "--system", "two.json", ok=False).stderr
        check("A6: no advice of another method for a file in discrete time", b"zoh" not in result, result)

        for path in ["fft", "chunked"]:
            refused = run("simulate", good, "--system", "butter.json", "--path", path, ok=False)
            check(f"A8: --path {path} of a digital filter says why not", refused.returncode == 1 and b"take the recurrence" in refused.stderr,
                  refused.stderr)
        run("simulate", good, "--system", "butter.json")

        # Under 500 MB: no list is kept that no system has.
        if "QUICK" not in os.environ:  # sanitizers take more
            for name in ["deep.json", "flat.json"]:
                result = subprocess.run([COMMAND, "kernel", "--system", name, "--dt", "1", "--length", "3"], capture_output=True,
                                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (500_000_000, 500_000_000)))
                judge(f"S3: {name} under 500 MB", result, 2)
            # A list that a system might have, and no memory for it.
            row = b"[" + b",".join([b"0"] * 8192) + b"]"
            write("large.json", b'{"A":[' + b",".join([row] * 4096) + b"]}")
            before.add("large.json")
            result = subprocess.run([COMMAND, "kernel", "--system", "large.json", "--dt", "1", "--length", "3"], capture_output=True,
                                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (400_000_000, 400_000_000)))
            judge("S3: no memory for a system", result, 1)

        # A window of few samples is said, in one line; the document stays one.
        legt = ["--measure", "legt", "--delay", "0.5"]
        for what, args, said in [
            ("simulate", ["simulate", good, *legt, "--json"], "1 sample at 1 Hz (taken, since no rate was given"),
            ("simulate, rate given", ["simulate", good, *legt, "--rate", 2, "--json"], "2 samples at 2 Hz, fewer than its 64"),
            ("kernel", ["kernel", *legt, "--dt", 0.1, "--length", 3, "--json"], "10 samples at 10 Hz, fewer"),
            ("discretize", ["discretize", *legt, "--dt", 0.1, "--json"], "10 samples at 10 Hz, fewer"),
            ("reconstruct", ["reconstruct", good, "--measure", "legt", "--window", 2, "--json"], "2 samples at 1 Hz (taken"),
            ("step", ["step", good, "--measure", "legt", "--window", 2, "--to", 0, "--json"], "2 samples at 1 Hz (taken"),
        ]:
            result = run(*args)
            error = result.stderr.decode()
            check(f"A7: {what}", error.startswith("longstate: warning: the window of ") and error.count("\n") == 1 and said in error, error)
            json.loads(result.stdout)
        for args in [["simulate", good, *legt, "--order", 4, "--dt", 0.25], ["reconstruct", good, "--order", 4, "--measure", "legt"],
                     ["kernel", *legt, "--dt", 0.01, "--length", 3], ["simulate", good, "--init", "s4d-lin", "--order", 8]]:
            result = run(*args)
            check(f"A7: no warning: {args}", result.stderr == b"", result.stderr)

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
    {"references": references, "agreement": agreement, "structures": structures, "reduce": reduce,
     "reconstruct": reconstruct, "bench": bench, "compare": compare, "step": step, "bad-input": bad_input, "stream": stream}[sys.argv[1]]()
    if FAILURES:
        raise SystemExit(f"{len(FAILURES)} failed")
    print("passed")
