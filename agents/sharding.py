"""A frozen base in parts: every process keeps a share of each weight, and a layer is whole only while it is needed.

FSDP2 does the work: it gathers each layer from all processes for its turn, and in the pass backward once more. So all
make a pass at the same time, although each acts, scores and evaluates by itself and has its own number of passes to
make. Therefore a pass begins with a meeting, where each process says what it is about to do. Who has nothing to read
and waits for the others in an exchange comes to their meetings and reads one id along with them, until all wait.

Adapters stay whole in every process: their gradients, optimiser and checkpoints are those of a whole base.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from skillflow_gym.agents.policies.lm_adapters import AdaptedModel
from skillflow_gym.policy import Which

_GRAPHS: tuple[Which, ...] = ("reference", "policy", "hindsight")
"""A pass without a graph, whatever adapter it uses; those with a graph go backward through that of the adapter."""


class Sharding:
    """One base in the parts of some processes, all of which must do the same with it, each in its own time."""

    def __init__(self, largest: Callable[[int], int], count: int, device: str) -> None:
        """Say how the processes meet; the base comes with ``divide``.

        Args:
            largest: the largest of the numbers that the processes call it with.
            count: how many processes there are.
            device: where this one computes.
        """
        self._largest, self._count, self._device = largest, count, torch.device(device)
        self._adapted: AdaptedModel | None = None
        self._helps = self._forward = False

    def divide(self, adapted: AdaptedModel) -> None:
        """Keep this process's part of the frozen weights, and move it and the adapters to the device."""
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        model, own = adapted.model, {id(parameter) for parameter in adapted.frozen}
        whole = {parameter for parameter in model.parameters() if id(parameter) not in own}
        for parameter in whole:
            parameter.data = parameter.data.to(self._device)
        mesh = init_device_mesh(self._device.type, (self._count,))
        layers = [module for name, module in model.named_modules() if _is_layer(name)]
        for module in (*layers, model):  # the model itself last: what is in no layer
            fully_shard(module, mesh=mesh, reshard_after_forward=True, ignored_params=whole)
        for layer in layers:
            layer.register_forward_hook(self._put_away)
        model.register_forward_pre_hook(self._meet, prepend=True)  # before the gathering
        model.register_forward_hook(self._end)
        self._adapted = adapted

    def wait(self) -> None:
        """Help the others with their passes, until all of them wait."""
        while wish := self._largest(0):
            self._help(_GRAPHS[wish - 1])

    def _meet(self, model: nn.Module, inputs: tuple[Any, ...]) -> None:
        """Begin a pass together with the other processes."""
        assert self._adapted is not None
        if not self._helps:
            wish = 1 + _GRAPHS.index(self._adapted.active if torch.is_grad_enabled() else "reference")
            if self._largest(wish) != wish:
                raise RuntimeError("of passes that are made together some have a graph and others have none")
        self._forward = True

    def _end(self, model: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        self._forward = False

    def _put_away(self, layer: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Free the weights of others after a layer's turn.

        FSDP leaves them where a backward pass is under way, for it takes that for checkpointing, in which a layer is
        computed anew to be differentiated at once. Here it may be a pass of its own: ``lm_score`` makes them in there.
        """
        if self._forward:
            layer.reshard()

    def _help(self, which: Which) -> None:
        """Make a pass as others do it at this time, over one id."""
        assert self._adapted is not None
        graph, self._helps = which != "reference", True
        with self._adapted.using(which), torch.set_grad_enabled(graph):
            ids = torch.zeros(1, 1, dtype=torch.long, device=self._device)
            logits = self._adapted.model(input_ids=ids, use_cache=False).logits
            if graph:
                torch.autograd.grad(logits.sum(), self._adapted.parameters(which), allow_unused=True)
        self._helps = False


def _is_layer(name: str) -> bool:
    """Whether a module of this name is one of the model's layers: ``model.layers.7``, but no expert in it."""
    *before, last = name.split(".")
    return last.isdigit() and not any(part.isdigit() for part in before)
