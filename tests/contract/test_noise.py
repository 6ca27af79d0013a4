"""Draws by name: what one gives depends on its key alone, not on what was drawn before."""

import threading

import numpy as np

from simorgh.noise import Noise, philox


def test_a_draw_is_the_beginning_of_its_own_stream():
    noise = Noise(3, "train", 7)
    for odd in (1, 2, 3, 5, 6):  # such draws leave parts of a block of bits behind
        noise.uniform(odd, name="before")
        noise.normal(odd, name="before")
        noise.chi_square(2.5, odd, name="before")
        expected = philox(3, "train", 7, "z").standard_normal((4, 3), dtype=np.float32)
        assert np.array_equal(noise.normal(4, 3, name="z").numpy(), expected)
        expected = philox(3, "train", 7, "u").random((5,), dtype=np.float32)
        assert np.array_equal(noise.uniform(5, name="u").numpy(), expected)


def test_threads_do_not_draw_from_each_others_streams():
    found, together = {}, threading.Barrier(4)

    def draw(step: int) -> None:
        together.wait()
        found[step] = [Noise(0, "train", step).normal(100_000, name=str(i)).numpy() for i in range(10)]

    threads = [threading.Thread(target=draw, args=(step,)) for step in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for step, draws in found.items():
        for i, values in enumerate(draws):
            assert np.array_equal(values, philox(0, "train", step, str(i)).standard_normal(100_000, dtype=np.float32))
