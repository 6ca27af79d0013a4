"""Optimisers as the recipes name them. The learning rate is a pure function of progress: nothing to save."""

from collections.abc import Collection
from math import cos, pi

import torch
from torch import Tensor, nn

from simorgh.train.experiment import OptimiserConfig


def learning_rate(config: OptimiserConfig, progress: float) -> float:
    """The rate at `progress` in [0, 1]; the formulas stand in OptimiserConfig."""
    if config.schedule == "one-cycle":
        peak = config.warmup or 0.3
        if progress < peak:
            low, high, part = config.lr, config.lr / 25, progress / peak
        else:
            low, high, part = config.lr / 10_000, config.lr, (progress - peak) / max(1 - peak, 1e-12)
        return low + (high - low) * (1 + cos(pi * part)) / 2
    if config.schedule == "burda":
        passes, done = 0, progress * sum(3**i for i in range(8))
        for i in range(8):
            passes += 3**i
            if done < passes:
                break
        return config.lr * 10 ** (-i / 7)
    rise = min(1.0, progress / config.warmup) if config.warmup else 1.0
    fall = (1 + cos(pi * progress)) / 2 if config.schedule == "cosine" else 1.0
    return config.lr * rise * fall


class Optimiser:
    """A torch optimiser over exactly one objective's parameters, fed with gradients by value.

    `linear` are the ids of the weights of linear layers, which "muon" takes; it leaves the others to AdamW.
    """

    def __init__(self, config: OptimiserConfig, parameters: list[nn.Parameter], linear: Collection[int] = ()):
        self.config, self.parameters = config, list(parameters)
        hidden = [p for p in self.parameters if config.kind == "muon" and id(p) in linear]
        taken = {id(p) for p in hidden}
        matrices = [p for p in self.parameters if p.ndim > 1 and id(p) not in taken]
        rest = [p for p in self.parameters if p.ndim <= 1]
        # Without decay they are one group: a fused kernel is called once for each.
        parts = [(matrices, config.weight_decay), (rest, 0.0)] if config.weight_decay else [(matrices + rest, 0.0)]
        groups = [{"params": params, "weight_decay": decay} for params, decay in parts if params]
        # The fused kernels do a whole step in one pass over memory; RMSprop has none, so it takes the foreach one.
        adam = {"lr": config.lr, "betas": config.betas, "eps": config.eps, "fused": True}
        self._torch = [] if not groups else [{
            "adam": lambda: torch.optim.Adam(groups, **adam),
            "adamw": lambda: torch.optim.AdamW(groups, **adam),
            "muon": lambda: torch.optim.AdamW(groups, **adam),
            "rmsprop": lambda: torch.optim.RMSprop(groups, lr=config.lr, eps=config.eps, foreach=True),
            "sgd": lambda: torch.optim.SGD(groups, lr=config.lr, fused=True),
        }[config.kind]()]  # fmt: skip
        if hidden:
            decay = {"lr": config.lr, "weight_decay": config.weight_decay}
            self._torch.append(torch.optim.Muon(hidden, **decay, adjust_lr_fn="match_rms_adamw"))

    def step(self, grads: list[Tensor], progress: float) -> None:
        if self.config.clip:
            norm = torch.nn.utils.get_total_norm(grads)
            scale = (self.config.clip / (norm + 1e-6)).clamp(max=1.0)
            grads = torch._foreach_mul(grads, scale)
        rate = learning_rate(self.config, progress)
        for parameter, grad in zip(self.parameters, grads):
            parameter.grad = in_layout_of(parameter, grad)
        for part in self._torch:
            for group in part.param_groups:
                group["lr"] = rate
            part.step()
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self) -> dict:
        return {str(i): part.state_dict() for i, part in enumerate(self._torch)}

    def load_state_dict(self, state: dict) -> None:
        if "param_groups" in state:  # a checkpoint of before there were two parts
            state = {"0": state}
        for i, part in enumerate(self._torch):
            part.load_state_dict(_in_groups_of(part, state[str(i)]))


def _in_groups_of(part: torch.optim.Optimizer, state: dict) -> dict:
    """`state` in the groups of `part`: once there were two of them without decay as well."""
    groups = state["param_groups"]
    if len(part.param_groups) == 1 < len(groups):
        groups = [{**groups[0], "params": [p for group in groups for p in group["params"]]}]
    return {**state, "param_groups": groups}


def in_layout_of(parameter: Tensor, grad: Tensor) -> Tensor:
    """`grad` with its numbers in memory in the order of those of `parameter`.

    A convolution on channels-last images gives channels-last gradients. `Tensor.backward` would rearrange them, but
    gradients by value come as they are, and the fused kernels walk through both memories side by side: they would give
    a weight the gradient of another.
    """
    return grad if grad.stride() == parameter.stride() else torch.empty_like(parameter).copy_(grad)
