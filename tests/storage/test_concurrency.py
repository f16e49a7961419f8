"""Two writers and many readers of one folder: each reads one model, whole."""

import multiprocessing
import os
import threading

import pytest
import torch

from fairrep._storage.folder import LOCK, read_folder, write_folder

pytest.importorskip("fcntl")


def save(folder, number):
    tensors = {"w": torch.full((64,), float(number))}
    write_folder(folder, {"number": number}, tensors)


def read(folder):
    with read_folder(folder) as (content, weights):
        tensors = weights.read()
    return content["number"], tensors["w"]


def writes(folder, number, n_rounds, failures):
    for _ in range(n_rounds):
        try:
            save(folder, number)
        except Exception as error:
            failures.put(f"writer: {error!r}")


def reads(folder, done, failures, n_read):
    while not done.is_set():
        try:
            number, values = read(folder)
            if not (values == number).all():
                failures.put(f"{number} has the weights of another")
        except Exception as error:
            failures.put(f"reader: {error!r}")
        with n_read.get_lock():
            n_read.value += 1


@pytest.mark.slow
def test_two_writers_and_four_readers(tmp_path):
    context = multiprocessing.get_context("spawn")
    save(tmp_path, 0)
    failures, done, n_read = context.Queue(), context.Event(), context.Value("i", 0)
    readers = [
        context.Process(target=reads, args=(tmp_path, done, failures, n_read))
        for _ in range(4)
    ]
    writers = [
        context.Process(target=writes, args=(tmp_path, number, 300, failures))
        for number in (1, 2)
    ]
    for process in [*readers, *writers]:
        process.start()
    for process in writers:
        process.join()
    done.set()
    for process in readers:
        process.join()
    found = []
    while not failures.empty():
        found.append(failures.get())
    assert found == []
    assert n_read.value > 0
    number, values = read(tmp_path)
    assert (values == number).all()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [
        ".json",
        ".lock",
        ".safetensors",
    ]


def test_threads_that_save_to_one_folder(tmp_path):
    errors = []

    def work(number):
        try:
            for _ in range(5):
                save(tmp_path, number)
                read(tmp_path)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_save_removes_what_killed_ones_left(tmp_path):
    save(tmp_path, 1)
    for name in [
        "weights-0123456789abcdef.safetensors",
        ".model.json.0123.part",
        ".weights-0123456789abcdef.safetensors.4242.part",
    ]:
        (tmp_path / name).write_text("left behind")
    save(tmp_path, 2)
    names = {path.name for path in tmp_path.iterdir()}
    assert len(names) == 3
    assert LOCK in names


def test_a_reader_reads_the_model_that_took_the_place(tmp_path, monkeypatch):
    save(tmp_path, 1)
    from fairrep._storage import folder

    real, calls = folder._open, []

    def open_after_a_save(path, limit):
        if path.suffix == ".safetensors" and not calls:
            calls.append(path)
            save(tmp_path, 2)
        return real(path, limit)

    monkeypatch.setattr(folder, "_open", open_after_a_save)
    assert read(tmp_path)[0] == 2
    (weights,) = tmp_path.glob("weights-*")
    os.unlink(weights)
    with pytest.raises(FileNotFoundError, match=r"which model\.json names, is missing"):
        read(tmp_path)
