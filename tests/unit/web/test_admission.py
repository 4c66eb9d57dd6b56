from __future__ import annotations

import threading
import time

from receiver.web.admission import PATIENCE_SECONDS, Admission


def test_one_more_than_there_are_places_is_refused() -> None:
    admission = Admission(2)
    with admission.place() as first, admission.place() as second:
        assert (first, second) == (True, True)
        with admission.place() as third:
            assert not third
        with admission.place() as fourth:
            assert not fourth
    with admission.place() as again:
        assert again


def test_the_first_refusal_is_patient_and_those_after_it_come_at_once() -> None:
    admission = Admission(1)
    with admission.place():
        began = time.monotonic()
        with admission.place() as waited:
            assert not waited
        after_one = time.monotonic()
        assert after_one - began >= PATIENCE_SECONDS * 0.9
        for _ in range(100):
            with admission.place() as taken:
                assert not taken
        assert time.monotonic() - after_one < PATIENCE_SECONDS


def test_a_burst_that_moves_is_no_overload_whatever_went_before() -> None:
    admission = Admission(2)
    time.sleep(2 * PATIENCE_SECONDS)  # An idle time before it: nothing has moved for long.
    taken: list[bool] = []

    def deliver() -> None:
        with admission.place() as is_in:
            time.sleep(PATIENCE_SECONDS / 20)
            taken.append(is_in)

    burst = [threading.Thread(target=deliver) for _ in range(16)]
    for thread in burst:
        thread.start()
    for thread in burst:
        thread.join()
    assert taken == [True] * 16


def test_a_place_is_given_back_after_a_failure() -> None:
    admission = Admission(1)
    try:
        with admission.place():
            raise ValueError("as the test wants it")
    except ValueError:
        pass
    with admission.place() as taken:
        assert taken
