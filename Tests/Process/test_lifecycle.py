"""Starting, stopping, and starting again."""

import signal

import pytest

import web
from database import logged
from processes import naming, runs
from rookery import Rookery, data_folder, node_beside, until
from updates import edit, new_chat


def assert_gone(family: list[int]) -> None:
    def left() -> list[int]:
        return [pid for pid in family if runs(pid)]

    until(lambda: not left(), 10, lambda: f"left behind: {left()}")


def test_the_first_update_went_all_the_way(rookery):
    times = [rookery.trace[name] for name in ("received_at", "committed_at", "delivered_at", "answered_at")]

    assert all(times)
    assert times == sorted(times)


def test_sigterm_ends_a_node_with_0(rookery, free_port):
    with node_beside(rookery, free_port) as node:
        assert web.get(f"{node.api}/health").status_code == 200

        node.process.signal(signal.SIGTERM)

        assert node.process.wait(35) == 0


@pytest.mark.parametrize("stop", ["control-c", "SIGTERM"])
def test_dev_ends_with_0_and_leaves_nothing_behind(stop):
    with data_folder() as folder:
        rookery = Rookery(folder)
        try:
            family = rookery.process.family() + [rookery.postmaster()]

            if stop == "control-c":
                rookery.process.press_control_c()
            else:
                rookery.process.signal(signal.SIGTERM)

            assert rookery.process.wait(40) == 0
            assert_gone(family)
            assert naming(str(folder)) == {}
        finally:
            rookery.process.end()


def test_dev_starts_over_its_leftovers_and_keeps_its_data():
    with data_folder() as folder:
        rookery = Rookery(folder)
        update = edit(new_chat())
        try:
            assert rookery.post(update).status_code == 200
        finally:
            rookery.process.signal(signal.SIGKILL)
            rookery.process.wait(10)

        again = Rookery(folder)
        try:
            assert again.bot["id"] == rookery.bot["id"]
            assert logged(again, update["update_id"], update["update_id"]) == [update["update_id"]]
            assert again.post(update).status_code == 200
            assert logged(again, update["update_id"], update["update_id"]) == [update["update_id"]]
        finally:
            again.process.end()
