"""Starting, stopping, and starting again."""

import signal

import pytest

import web
from database import logged
from processes import family, naming, runs
from rookery import Rookery, data_folder, node_beside, start_dev, until
from updates import edit, new_chat


def assert_gone(pids: list[int]) -> None:
    def left() -> list[int]:
        return [pid for pid in pids if runs(pid)]

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
            members = family(rookery.process.pid) + rookery.postgres()

            if stop == "control-c":
                rookery.process.press_control_c()
            else:
                rookery.process.signal(signal.SIGTERM)

            assert rookery.process.wait(40) == 0
            assert_gone(members)
            assert naming(str(folder)) == {}
        finally:
            rookery.process.end()


def test_dev_ends_with_0_when_it_is_stopped_before_it_is_up():
    with data_folder() as folder:
        starting = start_dev(folder)
        try:
            until(lambda: "Started PostgreSQL" in starting.log.read_text(), 60, starting.tail)

            starting.press_control_c()

            assert starting.wait(15) == 0
            assert naming(str(folder)) == {}
        finally:
            starting.end()


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
