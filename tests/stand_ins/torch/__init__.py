"""The few names of torch that the ``fashn`` engine uses, so that it can be tested where torch is not."""

from types import SimpleNamespace


class _OutOfMemoryError(RuntimeError):
    """torch.cuda.OutOfMemoryError: a RuntimeError, as in torch."""


class _Cuda:
    OutOfMemoryError = _OutOfMemoryError

    def __init__(self) -> None:
        self.available = False
        self.emptied = 0

    def is_available(self) -> bool:
        return self.available

    def empty_cache(self) -> None:
        self.emptied += 1


cuda = _Cuda()
backends = SimpleNamespace(cudnn=SimpleNamespace(deterministic=False, benchmark=True))
matmul_precision = "highest"


def set_float32_matmul_precision(precision: str) -> None:
    global matmul_precision  # noqa: PLW0603 - as in torch
    matmul_precision = precision
