#!/usr/bin/env python3
"""Makes latent_attention.json: DeepSeek-V2's attention by the code of its model in transformers, causal, in double, with weights
that a formula gives.

Install: pip install torch transformers            (made with the versions that the file names)
Run:     python3 tests/reference/make_latent_attention_reference.py          (seconds; the file is committed)
"""

import json
import pathlib
import types

import torch
import transformers
from transformers.models.deepseek_v2 import modeling_deepseek_v2 as published

torch.set_default_dtype(torch.float64)
# The published code makes norms, angles and the softmax in single precision: here its "float32" is double.
published.torch = types.SimpleNamespace(**{**vars(torch), "float": torch.float64, "float32": torch.float64})
torch.Tensor.float = lambda x: x.double().contiguous()

plain = {"rope_type": "default", "rope_theta": 1e4}
# "rope_scaling" of the published DeepSeek-V2-Lite, but for a first length that a small model passes
yarn = {"rope_type": "yarn", "rope_theta": 1e4, "factor": 40, "beta_fast": 32, "beta_slow": 1, "mscale": 0.707,
        "mscale_all_dim": 0.707, "original_max_position_embeddings": 64}

# heads, width, tokens, head_dim, latent_dim, rope_dim, rope, size of the tokens
CASES = [(1, 8, 12, 4, 5, 2, plain, 1.0), (4, 24, 70, 6, 10, 4, plain, 1.0), (2, 16, 30, 8, 12, 8, plain, 1e-3),
         (2, 16, 100, 8, 12, 8, yarn, 1.0)]


def some(rows, cols, seed):
    i = torch.arange(rows).unsqueeze(1)
    j = torch.arange(cols).unsqueeze(0)
    return torch.sin(seed + 0.7 * i + 1.3 * j + 0.11 * i * j)


def outputs(heads, width, tokens, head_dim, latent_dim, rope_dim, rope, size):
    config = published.DeepseekV2Config(
        hidden_size=width, num_attention_heads=heads, q_lora_rank=None, kv_lora_rank=latent_dim,
        max_position_embeddings=40 * 64, qk_nope_head_dim=head_dim, qk_rope_head_dim=rope_dim, v_head_dim=head_dim,
        rope_parameters=rope, attn_implementation="eager")
    layer = published.DeepseekV2Attention(config, 0).eval()
    weights = {
        "q_proj": some(heads * (head_dim + rope_dim), width, 1) / width**0.5,
        "kv_a_proj_with_mqa": some(latent_dim + rope_dim, width, 2) / width**0.5,
        "kv_a_layernorm": 1.5 * some(latent_dim, 1, 6)[:, 0],
        "kv_b_proj": some(heads * 2 * head_dim, latent_dim, 3) / latent_dim**0.5,
        "o_proj": some(width, heads * head_dim, 4) / (heads * head_dim) ** 0.5,
    }
    with torch.no_grad():
        for name, weight in weights.items():
            getattr(layer, name).weight.copy_(weight)
        X = size * some(tokens, width, 5).unsqueeze(0)
        rope_of = published.DeepseekV2RotaryEmbedding(config)
        turns = rope_of(X, torch.arange(tokens).unsqueeze(0))
        later = torch.full((tokens, tokens), -torch.inf).triu(diagonal=1)[None, None]
        Y = layer(X, attention_mask=later, position_embeddings=turns)[0][0]
        return Y, rope_of.inv_freq, layer.scaling


cases = []
for case in CASES:
    Y, frequencies, scale = outputs(*case)
    tokens = case[2]
    kept = sorted({0, 1, tokens // 3, tokens - 1})
    names = ["heads", "width", "tokens", "head_dim", "latent_dim", "rope_dim", "rope", "size"]
    made = {"frequencies": frequencies.tolist(), "scale": scale}
    cases.append({**dict(zip(names, case)), **made, "kept": kept, "outputs": [Y[k].tolist() for k in kept]})
path = pathlib.Path(__file__).parent / "latent_attention.json"
source = f"torch {torch.__version__}, transformers {transformers.__version__}"
path.write_text(json.dumps({"source": source, "cases": cases}, indent=0) + "\n")
print(f"{path.name}: {len(cases)} cases")
