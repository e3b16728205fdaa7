"""A frozen language model with LoRA adapters: theta is the policy, phi the hindsight model, neither the reference."""

from __future__ import annotations

import hashlib
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import nn

from skillflow_gym.agents.policies.lm_args import LMArgs
from skillflow_gym.installation import install
from skillflow_gym.policy import Which

_NAMES: dict[Which, str] = {"policy": "theta", "hindsight": "phi"}
_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj", "qkv_proj", "query_key_value", "c_attn", "Wqkv", "dense", "wo")
_LINEAR_ATTENTION = ("in_proj_qkv", "in_proj_z", "in_proj_qkvz", "in_proj", "out_proj")
_HINDSIGHT = ("q_proj", "v_proj", *_LINEAR_ATTENTION[:-1])


class AdaptedModel:
    """One copy of the weights, frozen, and an adapter for each that is trained.

    Attributes:
        model: the causal model with the adapters inside; it computes with the adapter that ``using`` put in place.
        fingerprint: names the frozen weights: 8 hexadecimal digits of their hash.
        active: what ``using`` put in place last.
    """

    def __init__(self, base: nn.Module, args: LMArgs, hindsight: bool = False, seed: int = 0) -> None:
        """Freeze ``base`` and add adapters that change nothing yet, initialised from ``seed``.

        Raises:
            ValueError: the architecture's layers are not known, or ``args.targets`` are none of them.
        """
        from peft import LoraConfig, get_peft_model

        self.fingerprint = _fingerprint(base)
        self.active: Which = "policy"
        for module in base.modules():  # nothing may differ between sampling and scoring
            if isinstance(module, nn.Dropout):
                module.p = 0.0
            elif hasattr(module, "attention_dropout"):
                module.attention_dropout = 0.0  # type: ignore[assignment]
        targets = choose_targets(base, args.targets)

        def config(rank: int, names: list[str]) -> Any:
            return LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=names, lora_dropout=0.0, bias="none")

        with torch.random.fork_rng(), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft and transformers are at odds about some names
            torch.manual_seed(seed)
            self.peft = get_peft_model(base, config(args.rank, targets), adapter_name="theta")
            if hindsight:
                few = targets if args.targets else [name for name in targets if name in _HINDSIGHT] or targets
                self.peft.add_adapter("phi", config(args.hindsight_rank, few))
            self.model: Any = self.peft.get_base_model()
            if args.checkpointing:
                self.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        self.model.eval()
        self._parameters: dict[str, list[nn.Parameter]] = {
            name: [p for n, p in self.peft.named_parameters() if f".{name}." in n] for name in self.peft.peft_config
        }
        self._all_trainable()

    @contextmanager
    def using(self, which: Which) -> Iterator[None]:
        """Compute with the policy's adapter, the hindsight model's or none."""
        self.active = which
        if which != "reference":
            self.peft.set_adapter(self._adapter(which))
        try:
            with self.peft.disable_adapter() if which == "reference" else nullcontext():
                yield
        finally:
            self._all_trainable()  # peft freezes the adapters that it puts away: their gradients would be lost

    def parameters(self, which: Which = "policy") -> list[nn.Parameter]:
        """The parameters of an adapter; the reference has none."""
        return list(self._parameters.get(_NAMES.get(which, ""), []))

    @property
    def frozen(self) -> list[nn.Parameter]:
        """The base's weights."""
        trained = {id(parameter) for parameters in self._parameters.values() for parameter in parameters}
        return [parameter for parameter in self.peft.parameters() if id(parameter) not in trained]

    def state_dict(self) -> dict[str, dict[str, torch.Tensor]]:
        """The adapters' weights by adapter and name."""
        from peft import get_peft_model_state_dict

        return {
            name: {key: value.detach().cpu().clone() for key, value in state.items()}
            for name in self.peft.peft_config
            for state in [get_peft_model_state_dict(self.peft, adapter_name=name)]
        }

    def load_state_dict(self, state: dict[str, dict[str, torch.Tensor]]) -> None:
        """Restore ``state_dict``'s value.

        Raises:
            ValueError: the adapters are others, as when the rank or the layers differ.
        """
        from peft import set_peft_model_state_dict

        present = self.state_dict()
        if {n: {k: v.shape for k, v in s.items()} for n, s in state.items()} != {
            n: {k: v.shape for k, v in s.items()} for n, s in present.items()
        }:
            raise ValueError("the checkpoint's adapters have other layers or another rank: use its run's own arguments")
        for name, weights in state.items():
            set_peft_model_state_dict(self.peft, weights, adapter_name=name)

    def save(self, folder: Path) -> None:
        """Write ``theta`` (and ``phi``) as folders of peft: ``PeftModel.from_pretrained(base, folder / "theta")``."""
        partial = folder.with_name(folder.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        self.peft.save_pretrained(str(partial), selected_adapters=list(self.peft.peft_config))
        shutil.rmtree(folder, ignore_errors=True)  # the new one is whole before the old one goes
        partial.rename(folder)

    def merge(self) -> Any:
        """The model with the policy's adapter added into its weights, an ordinary one; this object is spent."""
        self.peft.set_adapter("theta")
        return self.peft.merge_and_unload(adapter_names=["theta"])

    def _adapter(self, which: Which) -> str:
        name = _NAMES[which]
        if name not in self.peft.peft_config:
            raise ValueError("this language model has no hindsight model: make it with hindsight=True")
        return name

    def _all_trainable(self) -> None:
        for parameters in self._parameters.values():
            for parameter in parameters:
                parameter.requires_grad_(True)


def choose_targets(base: nn.Module, wanted: str = "") -> list[str]:
    """The names of the linear layers that get adapters: ``wanted``, or the attention's, linear attention included.

    Raises:
        ValueError: a layer of the model would get none; the message lists the names that there are.
    """
    linear: dict[str, set[str]] = {}  # decoder layer -> names of the linear layers in it
    for name, module in base.named_modules():
        parts = name.split(".")
        numbers = [i for i, part in enumerate(parts) if part.isdigit()]
        if isinstance(module, nn.Linear) and numbers:
            linear.setdefault(".".join(parts[: numbers[0] + 1]), set()).add(parts[-1])
    names = sorted(set().union(*linear.values()))
    known = [n.strip() for n in wanted.split(",")] if wanted else [n for n in (*_ATTENTION, *_LINEAR_ATTENTION)]
    chosen = [name for name in names if name in known]
    bare = [layer for layer, present in linear.items() if not present & set(chosen)]
    unknown = sorted(set(known) - set(names)) if wanted else []
    if bare or unknown or not linear:
        what = f"{', '.join(unknown)} are none of its layers" if unknown else f"{len(bare)} layers would get no adapter"
        raise ValueError(f"{what}: name some in --lm.targets; this model has {', '.join(names) or 'no linear layers'}")
    return chosen


def load_base(path: str, args: LMArgs) -> tuple[Any, Any]:
    """The causal model and the tokenizer of a folder, or of a name on the hub.

    Raises:
        ValueError: there is no such model, or it needs a package that is not installed.
    """
    try:
        import peft  # noqa: F401
        from safetensors import SafetensorError
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ModuleNotFoundError as error:
        raise ValueError(f"language models need the package {error.name}: {install('lm')}") from error

    device = args.device or ("cuda" if torch.cuda.is_available() else "cpu")
    dtype = {"auto": "auto", "float32": torch.float32, "bfloat16": torch.bfloat16}[args.dtype]
    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
        base = AutoModelForCausalLM.from_pretrained(path, dtype=dtype)
    except (OSError, ValueError, ImportError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ValueError(f"{path!r} is no language model that transformers loads here: {reason}") from error
    return base.to(device), tokenizer


def _fingerprint(base: nn.Module) -> str:
    """A hash of the names, shapes and types of the frozen weights and of some thousand values of each."""
    digest = hashlib.sha256()
    for name, tensor in base.state_dict().items():
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        if tensor.is_floating_point() and tensor.numel():
            flat = tensor.detach().flatten()
            digest.update(flat[:: max(1, flat.numel() // 4096)].float().cpu().numpy().tobytes())
    return digest.hexdigest()[:8]
