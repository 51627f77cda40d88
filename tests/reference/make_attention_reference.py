#!/usr/bin/env python3
"""Makes attention.json: multi-head attention of torch.nn.MultiheadAttention, causal, in double, with weights that a formula gives.

Debian: apt-get install python3-torch
Run:    python3 tests/reference/make_attention_reference.py          (seconds; the file is committed)
"""

import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)
CASES = [(1, 8, 16), (4, 32, 64), (8, 64, 512)]  # heads, width, tokens


def some(rows, cols, seed):
    i = torch.arange(rows).unsqueeze(1)
    j = torch.arange(cols).unsqueeze(0)
    return torch.sin(seed + 0.7 * i + 1.3 * j + 0.11 * i * j)


def outputs(heads, width, tokens):
    layer = torch.nn.MultiheadAttention(width, heads, bias=False, batch_first=True)
    with torch.no_grad():
        layer.in_proj_weight.copy_(torch.cat([some(width, width, seed) / width**0.5 for seed in (1, 2, 3)]))
        layer.out_proj.weight.copy_(some(width, width, 4) / width**0.5)
        X = some(tokens, width, 5).unsqueeze(0)
        later = torch.triu(torch.ones(tokens, tokens, dtype=torch.bool), diagonal=1)
        return layer(X, X, X, attn_mask=later, need_weights=False)[0][0]


cases = []
for heads, width, tokens in CASES:
    Y = outputs(heads, width, tokens)
    kept = sorted({0, 1, tokens // 3, tokens - 1})
    cases.append({"heads": heads, "width": width, "tokens": tokens, "kept": kept, "outputs": [Y[k].tolist() for k in kept]})
path = pathlib.Path(__file__).parent / "attention.json"
path.write_text(json.dumps({"source": f"torch {torch.__version__}", "cases": cases}, indent=0) + "\n")
print(f"{path.name}: {len(cases)} cases")
