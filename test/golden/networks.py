"""What the makers of reference values of networks share, with PyTorch."""
import math

import torch
import torch.nn.functional as F

from values import emit, normals

torch.set_default_dtype(torch.float64)

RATE, DECAY, NOISE_RATE, STEPS, SEED = 0.02, 0.05, 0.05, 10, 99

ACTIVATIONS = [
    ('linear', lambda a: a),
    ('relu', F.relu),
    ('leaky_relu', lambda a: F.leaky_relu(a, 0.01)),
    ('elu', F.elu),
    ('selu', F.selu),
    ('gelu', F.gelu),
    ('silu', F.silu),
    ('mish', F.mish),
    ('tanh', torch.tanh),
    ('sigmoid', torch.sigmoid),
    ('softplus', F.softplus),
]


def parameters(*shapes, weight=1.0, bias=0.1):
    """Weights and bias of each layer, which has so many inputs and outputs."""
    ps = []
    for n_in, n_out in shapes:
        ps.append((torch.randn(n_in, n_out) * weight / math.sqrt(n_in)).requires_grad_())
        ps.append((torch.randn(n_out) * bias).requires_grad_())
    return ps


def emit_all(name, tensors):
    for tensor in tensors:
        emit(name, tensor.detach())


def groups(ps):
    """Biases do not decay."""
    return [{'params': ps[0::2], 'weight_decay': DECAY}, {'params': ps[1::2], 'weight_decay': 0.0}]


def adamw(ps):
    return torch.optim.AdamW(groups(ps), RATE, betas=(0.9, 0.95), eps=1e-8)


def take_steps(name, ps, loss_of, optimizer=None, clip=None):
    """Steps along the gradients of loss_of(step): first gradients unless clipped, losses, parameters."""
    optimizer = optimizer or adamw(ps)
    found = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(step)
        loss.backward()
        found.append(loss.item())
        if clip:
            torch.nn.utils.clip_grad_norm_(ps, clip)
        elif step == 0:
            emit_all('g', [p.grad for p in ps])
        optimizer.step()
    emit(name, found)
    emit_all('p', ps)


def draws(step, rows, units):
    """Our random numbers of a step."""
    return torch.tensor(normals(SEED, step, rows * units)).reshape(rows, units)


class Noise:
    """The variance of each number around its output, which is learned on the way."""

    def __init__(self):
        self.now = torch.tensor([0.5, 0.3, 1.2, 0.8, 0.06])

    def learn(self, residual):
        self.now = torch.maximum(self.now + NOISE_RATE * (residual - self.now), torch.tensor(1e-4))
