"""The lists of changed settings and networks are made from the experiments; they are held against hand-made cases."""

from dataclasses import replace

import torch
from torch import nn

from simorgh.contracts import DataSpec
from simorgh.data.captions import captions
from simorgh.nn.attention import Attention
from simorgh.nn.residual import ResidualBlock
from simorgh.recipes import recipe
from simorgh.studies._changes import changed, flat, kinds, owner
from simorgh.studies._reading import cross_attention, templates
from simorgh.train.experiment import to_dict


def test_flat_keeps_lists_and_empty_tables():
    assert flat({"a": {"b": 1, "c": [1, 2]}, "d": {}, "e": None}) == {"a.b": 1, "a.c": [1, 2], "d": {}, "e": None}


def test_changed_finds_new_gone_other_and_moved_settings():
    before = {"name": "old", "model.kind": "x", "model.width": 4, "model.gone": 1, "train.lr": 0.1}
    after = {"name": "new", "model.kind": "y", "model.inner.kind": "x", "model.inner.width": 8, "train.lr": 0.1}
    assert changed(before, after, ("model.", "model.inner.")) == [
        ("model.kind", None, "y"), ("model.inner.width", 4, 8), ("model.inner.gone", 1, None),
    ]  # fmt: skip


def test_changed_between_recipes_is_what_was_replaced():
    base = recipe("flow", "smoke")
    other = replace(base, data=replace(base.data, limit=7), train=replace(base.train, epochs=3.0), seed=5)
    found = changed(flat(to_dict(base)), flat(to_dict(other)))
    assert found == [("data.limit", 512, 7), ("train.epochs", 2.0, 3.0)]


def test_owner_is_the_file_of_the_dataclass():
    e = recipe("text-mnist", "smoke")
    assert owner(e, "model.condition.text.depth") == "nn/text.py"
    assert owner(e, "model.network.inject") == "nn/unet.py"
    assert owner(e, "model.kind") == "models/diffusion.py"
    assert owner(e, "model.codec") is None


def test_kinds_count_networks_of_this_package_only():
    e = recipe("flow", "smoke")
    model = e.model.build(DataSpec("image", (1, 28, 28), classes=10))
    found = kinds(model)
    size = sum(p.numel() for p in model.parameters())
    assert found["models/diffusion.py: Diffusion"] == (1, size)
    assert found["diffusion/condition.py: ToldClass"] == (1, 11 * 64)
    assert not any("Linear" in name for name in found)
    blocks = [m for m in model.modules() if isinstance(m, ResidualBlock)]
    assert found["nn/residual.py: ResidualBlock"] == (8, sum(p.numel() for m in blocks for p in m.parameters()))


def test_templates_stand_as_the_captions_do():
    for caption, (language, known, template) in zip(captions(), templates(), strict=True):
        assert (caption.language, caption.trained) == (language, known)
        assert bool(caption.weight) == ("{weight}" in template)
        assert caption.text.startswith(template.split("{")[0])


def test_cross_attention_shares_are_what_the_layer_uses():
    """With values that name their token, the layer's own output is the share."""

    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.cross = Attention(4, 1, 3)

    torch.manual_seed(0)
    reader = Reader()
    part = reader.cross
    part.value = part.out = nn.Identity()
    x, mask = torch.randn(2, 5, 4), torch.tensor([[True, True, False], [True, True, True]])
    memory = torch.eye(3).expand(2, 3, 3)
    with torch.no_grad():
        shares = cross_attention(reader, lambda: part(x, memory, mask))
        assert torch.allclose(shares[0], part(x, memory, mask).mean((0, 1)), atol=1e-6)
    assert shares.shape == (1, 3)
    assert not part._forward_pre_hooks
