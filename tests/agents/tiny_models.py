"""Randomly initialised language models of three architectures, with a byte-level tokenizer made in code.

``qwen3`` has full attention everywhere, ``qwen3_5`` three linear-attention layers to one of full attention, ``gemma3``
sliding windows. Each has a chat template of its family's kind: tool calls as JSON, as tags, or none at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import gymnasium as gym
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import Gemma3TextConfig, PreTrainedTokenizerFast, Qwen3_5TextConfig, Qwen3Config
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from skillflow_gym.actions import TOOLS
from skillflow_gym.agents.policies.lm import LanguageModel
from skillflow_gym.agents.policies.lm_args import LMArgs
from skillflow_gym.policy import Policy
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.trajectory import Trajectory

ARCHITECTURES = ("qwen3", "qwen3_5", "gemma3")

_LAST = "{% if add_generation_prompt %}<|im_start|>assistant\n{{ think }}{% endif %}"
_THINK = "{% set think = '' if enable_thinking is not defined or enable_thinking else '<think>\\n\\n</think>\\n\\n' %}"
_TOOLS = (
    "{% if messages[0].role == 'system' or tools %}<|im_start|>system\n"
    "{% if messages[0].role == 'system' %}{{ messages[0].content }}{% endif %}"
    "{% for tool in tools or [] %}\n{{ tool | tojson }}{% endfor %}<|im_end|>\n{% endif %}"
)
_JSON_CALL = (
    "\n<tool_call>\n"
    '{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}\n</tool_call>'
)
_TAG_CALL = (
    "\n\n<tool_call>\n<function={{ call.function.name }}>\n{% for name, value in call.function.arguments | items %}"
    "<parameter={{ name }}>\n{{ value }}\n</parameter>\n{% endfor %}</function>\n</tool_call>"
)


def _chatml(call: str) -> str:
    return (
        _THINK + _TOOLS + "{% for m in messages %}{% if m.role == 'user' %}"
        "<|im_start|>user\n{{ m.content }}<|im_end|>\n"
        "{% elif m.role == 'tool' %}<|im_start|>user\n<tool_response>\n{{ m.content }}\n</tool_response><|im_end|>\n"
        "{% elif m.role == 'assistant' %}<|im_start|>assistant\n{{ think }}{{ m.content }}"
        "{% for call in m.tool_calls or [] %}" + call + "{% endfor %}<|im_end|>\n{% endif %}{% endfor %}" + _LAST
    )


_PLAIN = (
    "<bos>{% for m in messages %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}"
    "<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n{{ m.content | trim }}<end_of_turn>\n"
    "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)

CHAT_TEMPLATES = {"qwen3": _chatml(_JSON_CALL), "qwen3_5": _chatml(_TAG_CALL), "gemma3": _PLAIN}
VOCABULARY = 400
_SPECIAL = ("<pad>", "<eos>", "<bos>", "<|im_start|>", "<|im_end|>", "<start_of_turn>", "<end_of_turn>")


@cache
def _merging() -> str:
    """A byte-level tokenizer that knows the words of the tools' description, which each prompt begins with."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        [json.dumps(tool) for tool in TOOLS],
        trainers.BpeTrainer(
            vocab_size=VOCABULARY, special_tokens=list(_SPECIAL), initial_alphabet=alphabet, show_progress=False
        ),
    )
    return str(made.to_str())


def tokenizer(architecture: str) -> PreTrainedTokenizerFast:
    """Bytes and a few words, and the special tokens of the chat templates."""
    backend = Tokenizer.from_str(_merging())
    assert backend.get_vocab_size() == VOCABULARY
    end = "<end_of_turn>" if architecture == "gemma3" else "<|im_end|>"
    made = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", eos_token=end, extra_special_tokens=list(_SPECIAL[1:])
    )
    made.chat_template = CHAT_TEMPLATES[architecture]
    return made


def model(architecture: str, seed: int = 0, hidden: int = 64) -> Any:
    """A model with random weights, in fp32 and on the CPU."""
    shared: dict[str, Any] = {
        "vocab_size": VOCABULARY,
        "hidden_size": hidden,
        "intermediate_size": 2 * hidden,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": hidden // 4,
        "max_position_embeddings": 8192,
        "tie_word_embeddings": True,
        "initializer_range": 0.1,  # far from uniform, so that an error shows
        "pad_token_id": 0,
        "bos_token_id": None,
        "eos_token_id": _SPECIAL.index("<end_of_turn>" if architecture == "gemma3" else "<|im_end|>"),
    }
    configs: dict[str, Any] = {
        "qwen3": lambda: Qwen3Config(num_hidden_layers=2, **shared),
        "qwen3_5": lambda: Qwen3_5TextConfig(
            num_hidden_layers=4,
            linear_key_head_dim=16,
            linear_value_head_dim=16,
            linear_num_key_heads=2,
            linear_num_value_heads=4,
            **shared,
        ),
        "gemma3": lambda: Gemma3TextConfig(
            num_hidden_layers=2,
            sliding_window=64,
            layer_types=["sliding_attention", "full_attention"],
            query_pre_attn_scalar=hidden // 4,
            final_logit_softcapping=20.0,
            **shared,
        ),
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = AutoModelForCausalLM.from_config(configs[architecture](), dtype=torch.float32)
    return made.eval()


def save(architecture: str, folder: Path, seed: int = 0, hidden: int = 64) -> Path:
    """Write model and tokenizer to ``folder`` as a directory that transformers loads."""
    model(architecture, seed, hidden).save_pretrained(folder)
    tokenizer(architecture).save_pretrained(folder)
    return folder


def policy(architecture: str, *, seed: int = 0, hindsight: bool = False, **args: Any) -> LanguageModel:
    """A policy on such a model, whose adapters already change what it computes."""
    options = {"rank": 4, "hindsight_rank": 2, "max_new_tokens": 12, **args}
    made = LanguageModel(model(architecture, seed), tokenizer(architecture), LMArgs(**options), hindsight)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in (*made.parameters(), *made.parameters("hindsight")):
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    return made


@contextmanager
def one_thread() -> Iterator[None]:
    """The tensors are tiny: more threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def rollouts(by: Policy, groups: int = 2, each: int = 2, steps: int = 3, **env: Any) -> list[Trajectory]:
    """Episodes of the vaults, which must be registered."""
    collector = Collector(lambda: gym.make("SkillFlow/Vaults-v0", source="mini", step_limit=steps, **env))
    jobs = [Job(f"{g}/{k}", f"train-{g}", str(g), (0, g, k)) for g in range(groups) for k in range(each)]
    try:
        return collector.collect(by, jobs).trajectories
    finally:
        collector.close()
