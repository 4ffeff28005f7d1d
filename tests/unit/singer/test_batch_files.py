"""Batch files: read piece by piece, from any storage, and errors that show nothing private."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import itertools
import json
import os
import sys
from decimal import Decimal
from typing import Any

import fsspec
import pyarrow as pa
import pytest
from pyarrow import parquet
from upath import UPath

from target_constant_contact.exceptions import InputError
from target_constant_contact.singer import batch_files, parquet_rows
from target_constant_contact.singer.batch_files import Storage, read_batch
from target_constant_contact.singer.json_lines import LONGEST_LINE
from tests.support.timing import best_of

LINES = b'{"email":"ann@example.com"}\n{"email":"bob@example.com"}\n'


def message(*urls: object, **encoding: Any) -> dict[str, Any]:
    return {
        "type": "BATCH",
        "stream": "members",
        "encoding": {"format": "jsonl", "compression": "gzip"} | encoding,
        "manifest": list(urls),
    }


def lines_of(*urls: object, storage: Storage | None = None, **encoding: Any) -> list[bytes]:
    parts = read_batch(message(*urls, **encoding), storage)
    return [line.removesuffix(b"\n") for part in parts for line in part.block.lines]


def refused(*urls: object, **encoding: Any) -> str:
    with pytest.raises(InputError) as caught:
        lines_of(*urls, **encoding)
    assert caught.value.__cause__ is None
    assert "ann@example" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("text", [LINES, LINES.rstrip(b"\n")])
@pytest.mark.parametrize("members", [1, 2])
def test_gzipped_lines_are_read_from_every_member_of_the_file(tmp_path, text, members):
    path = tmp_path / "a.jsonl.gz"
    whole = LINES * (members - 1) + text
    cuts = [whole] if members == 1 else [LINES, text]
    path.write_bytes(b"".join(map(gzip.compress, cuts)))
    assert lines_of(path.as_uri()) == whole.rstrip(b"\n").split(b"\n")


@pytest.mark.parametrize("compression", [None, "none"])
def test_plain_lines_are_read(tmp_path, compression):
    (tmp_path / "a.jsonl").write_bytes(LINES)
    (tmp_path / "b.jsonl").write_bytes(LINES)
    urls = [(tmp_path / name).as_uri() for name in ("a.jsonl", "b.jsonl")]
    assert lines_of(*urls, compression=compression) == LINES.split() * 2


@pytest.mark.parametrize("text", [LINES, gzip.compress(LINES), b""], ids=["plain", "gzip", "empty"])
@pytest.mark.parametrize("compression", [None, "none", "gzip"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_the_file_itself_says_whether_it_is_gzip(tmp_path, text, compression, name):
    path = tmp_path / name
    path.write_bytes(text)
    assert lines_of(path.as_uri(), compression=compression) == (LINES.split() if text else [])


def test_a_file_in_which_one_cannot_go_back_is_read(tmp_path, monkeypatch):
    class Once(io.FileIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_args: Any) -> int:
            raise io.UnsupportedOperation

    for name, text in {"a.jsonl": LINES, "a.gz": gzip.compress(LINES)}.items():
        path = tmp_path / name
        path.write_bytes(text)
        monkeypatch.setattr(batch_files, "_opened", lambda _url, _storage, path=path: Once(path))
        assert lines_of(path.as_uri()) == LINES.split()


@pytest.mark.parametrize("text", ["{}", "file://{}", "simplecache::file://{}"])
def test_a_path_with_percent_signs_is_found_however_it_is_meant(tmp_path, text):
    folder = tmp_path / "Spring campaign"
    folder.mkdir()
    (folder / "members #1.jsonl").write_bytes(LINES)
    url = text.format(f"{tmp_path}/Spring%20campaign/members%20%231.jsonl")
    assert lines_of(url) == LINES.split()
    (tmp_path / "100%.jsonl").write_bytes(LINES)
    assert lines_of(text.format(f"{tmp_path}/100%.jsonl")) == LINES.split()


def test_a_file_of_that_very_name_wins_over_the_one_that_percent_signs_mean(tmp_path):
    (tmp_path / "a%20b.jsonl").write_bytes(LINES)
    (tmp_path / "a b.jsonl").write_bytes(b"{}")
    assert lines_of(f"file://{tmp_path}/a%20b.jsonl") == LINES.split()
    storage = Storage(root=tmp_path.as_uri())
    assert lines_of("s3://elsewhere/a%20b.jsonl", storage=storage) == LINES.split()


def test_percent_signs_do_not_lead_out_of_the_folder_of_the_settings(tmp_path):
    (tmp_path / "100%").mkdir()
    (tmp_path / "100%" / "a b.jsonl").write_bytes(LINES)
    (tmp_path / "private").write_bytes(b"{}")
    storage = Storage(root=str(tmp_path / "100%"))
    assert lines_of("s3://elsewhere/a%20b.jsonl", storage=storage) == LINES.split()
    for url in (
        "s3://elsewhere/..%2Fprivate",
        f"s3://elsewhere/{str(tmp_path).replace('/', '%2F')}%2Fprivate",
    ):
        with pytest.raises(InputError, match="cannot be read"):
            lines_of(url, storage=storage)


def test_files_in_a_storage_elsewhere_are_found_by_either_name():
    fsspec.filesystem("memory").pipe("/spring/a b.jsonl", LINES)
    assert lines_of("memory://spring/a%20b.jsonl") == LINES.split()


def test_lines_are_numbered_within_their_file(tmp_path, monkeypatch):
    monkeypatch.setattr(batch_files, "BLOCK_BYTES", 40)
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINES * 3)
    parts = list(read_batch(message(path.as_uri(), compression=None)))
    assert len(parts) > 2
    assert [part.first_line for part in parts] == list(
        itertools.accumulate((len(part.block.lines) for part in parts[:-1]), initial=1)
    )


def test_the_first_lines_are_there_before_the_file_is_read_to_its_end(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    text = gzip.compress(LINES * 100_000, compresslevel=1)
    path.write_bytes(text[: len(text) // 2])
    parts = read_batch(message(path.as_uri()))
    assert next(parts).block.lines[0] == LINES.split()[0] + b"\n"
    with pytest.raises(InputError, match="is not whole"):
        list(parts)


def test_files_are_read_from_whatever_storage_fsspec_knows():
    fsspec.filesystem("memory").pipe("/bucket/a.jsonl.gz", gzip.compress(LINES))
    assert lines_of("memory://bucket/a.jsonl.gz") == LINES.split()


def test_a_storage_of_the_settings_comes_before_the_folder_in_the_manifest(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(LINES))
    storage = Storage(root=tmp_path.as_uri())
    assert lines_of("s3://elsewhere/a.jsonl.gz", storage=storage) == LINES.split()


def test_the_parameters_of_a_storage_reach_its_file_system(tmp_path, monkeypatch):
    given = []

    def place(url: str, **params: Any) -> UPath:
        given.append(params)
        return UPath(url)

    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(LINES))
    monkeypatch.setattr(batch_files, "UPath", place)
    config = {"batch_config": {"storage": {"root": tmp_path.as_uri(), "params": {"key": "k"}}}}
    assert lines_of("s3://elsewhere/a.jsonl.gz", storage=Storage.of(config)) == LINES.split()
    assert {"key": "k"} in given


def test_without_a_root_there_is_no_storage_in_the_settings():
    for config in ({}, {"batch_config": None}, {"batch_config": {"storage": {"params": {}}}}):
        assert Storage.of(config) is None


def test_parquet_rows_become_json_lines(tmp_path):
    path = tmp_path / "a.parquet"
    columns = {
        "email": ["ann@example.com", None],
        "points": [7, None],
        "paid": [Decimal("1.10"), Decimal("2.00")],
        "born": [dt.date(1980, 1, 2), None],
        "seen": [dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC), None],
        "rate": [1.5, float("nan")],
        "tags": [["a"], []],
    }
    parquet.write_table(pa.table(columns), path)
    assert lines_of(path.as_uri(), format="parquet", compression=None) == [
        (
            b'{"email":"ann@example.com","points":7,"paid":1.10,"born":"1980-01-02",'
            b'"seen":"2026-01-02T03:04:05Z","rate":1.5,"tags":["a"]}'
        ),
        b'{"email":null,"points":null,"paid":2.00,"born":null,"seen":null,"rate":null,"tags":[]}',
    ]


def test_a_missing_file_is_one_clear_line_and_no_folder_is_made(tmp_path):
    url = (tmp_path / "absent" / "a.jsonl.gz").as_uri()
    assert refused(url) == (
        f"Batch file {url} cannot be read (No such file or directory). Check that the target may "
        "read where the tap has written it, and run again."
    )
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize(
    "text",
    [gzip.compress(LINES, mtime=0)[:-9], gzip.compress(LINES, mtime=0)[:30], b"\x1f\x8bgzip"],
    ids=["no end", "a beginning", "not gzip"],
)
def test_a_broken_gzip_file_is_one_clear_line(tmp_path, text):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(text)
    assert refused(path.as_uri()) == (
        f"Batch file {path.as_uri()} is not whole: its gzip ends early or is damaged. Run the tap "
        "again."
    )


def test_a_file_that_is_no_parquet_is_one_clear_line(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(LINES)
    assert "cannot be read (ArrowInvalid)" in refused(path.as_uri(), format="parquet")


def test_user_password_and_query_of_a_url_are_not_shown():
    for url, name in (
        ("memory://user:secret@bucket/absent.gz?signature=secret#secret", "memory://bucket/"),
        ("simplecache::memory://key:se/secret@bucket/absent.gz", "simplecache::memory://bucket/"),
        ("memory://[user:secret@bucket/absent.gz", "memory://bucket/"),
    ):
        shown = refused(url)
        assert f"{name}absent.gz" in shown
        assert "secret" not in shown


def test_the_path_of_a_file_is_shown_as_it_is(tmp_path):
    url = f"{tmp_path.as_uri()}/at@noon/absent?.gz"
    assert url in refused(url)


def test_a_parquet_file_is_read_piece_by_piece(tmp_path, monkeypatch):
    class Counting(io.FileIO):
        taken = 0

        def read(self, size: int = -1) -> bytes:
            text = super().read(size)
            Counting.taken += len(text)
            return text

    path = tmp_path / "a.parquet"
    notes = [f"{number:09} " * 50 for number in range(20_000)]
    table = pa.table({"email": notes})
    parquet.write_table(table, path, row_group_size=2_000, use_dictionary=False, compression="none")
    monkeypatch.setattr(batch_files, "_opened", lambda _url, _storage: Counting(path))
    first = next(read_batch(message(path.as_uri(), format="parquet")))
    assert first.block.lines
    assert Counting.taken < path.stat().st_size / 2


def test_what_is_not_installed_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for module in ("pyarrow.parquet", parquet_rows.__name__):
        monkeypatch.delitem(sys.modules, module, raising=False)
    path = tmp_path / "a.parquet"
    path.write_bytes(b"")
    shown = refused(path.as_uri(), format="parquet")
    assert "pip install 'target-constant-contact[parquet]'" in shown


def test_a_storage_that_is_not_installed_is_named():
    assert "s3fs" in refused("s3://bucket/a.jsonl.gz")


@pytest.mark.parametrize("encoding", [{"format": "csv"}, {"compression": "zstd"}])
def test_another_encoding_is_refused(encoding):
    shown = refused("memory://bucket/a", **encoding)
    assert repr(next(iter(encoding.values()))) in shown
    assert "Set batch_config.encoding of the tap to jsonl" in shown


def test_a_manifest_of_anything_but_texts_is_refused():
    assert refused({"a": "ann@example.com"}) == (
        "A BATCH message names a file by dict, not by a text. Run the tap alone and look at its "
        "output."
    )


@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize("url", ["{}", "file://{}", "local://{}", "simplecache::file://{}"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_may_block_or_never_end_is_refused(tmp_path, kind, url, compression):
    path = tmp_path / "a"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    shown = refused(url.format(path), compression=compression)
    assert shown == (
        f"Batch file {url.format(path)} is a device, a pipe or a folder, which may block or never "
        "end. Have the tap write other batch files."
    )


def test_a_cache_over_a_file_is_read(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(LINES))
    assert lines_of(f"simplecache::file://{tmp_path}/a.jsonl.gz") == LINES.split()


def test_a_line_of_a_gzip_file_that_has_no_end_is_refused_before_it_is_unpacked(
    tmp_path, monkeypatch
):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(LINES + b" " * 200_000_000))
    unpacked = []
    read = gzip.GzipFile.read

    def counted(self, size=-1):
        unpacked.append(size)
        return read(self, size)

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    assert refused(path.as_uri()) == (
        f"Line 3 of batch file {path.as_uri()} is longer than 16 MiB. Look at that line of the "
        "file."
    )
    assert 0 < sum(unpacked) < 18_000_000


def test_a_parquet_value_that_many_rows_share_is_not_held_for_each_of_them(tmp_path):
    path = tmp_path / "a.parquet"
    long = "x" * 3_000_000
    columns = {
        "email": [long] * 40,
        "tags": [[long]] * 40,
        "more": [{"name": long, "codes": [1]}] * 40,
    }
    parquet.write_table(pa.table(columns), path, compression="zstd")
    assert path.stat().st_size < 100_000
    parts = read_batch(message(path.as_uri(), format="parquet"))
    blocks = [part.block.lines for part in itertools.islice(parts, 5)]
    assert all(sum(map(len, lines)) < 2 * LONGEST_LINE for lines in blocks)
    first = json.loads(blocks[0][0])
    assert first == {"email": long, "tags": [long], "more": {"name": long, "codes": [1]}}


def test_small_parquet_rows_are_read_many_at_a_time(tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"email": [f"m{n}@example.com" for n in range(5_000)]}), path)
    parts = list(read_batch(message(path.as_uri(), format="parquet")))
    assert [len(part.block.lines) for part in parts] == [2_000, 2_000, 1_000]
    assert parts[2].block.lines[-1] == b'{"email":"m4999@example.com"}\n'


@pytest.mark.parametrize(
    "values",
    [
        [b"a", None],
        [{"a": "x", "b": [1]}, None],
        [[["a"], []], [None, ["b"]]],
        [[{"a": "x"}], []],
        [Decimal("1.10"), None],
        pa.array(["a", "b"]).dictionary_encode(),
        pa.array(["a", None], pa.large_string()),
        pa.array([["a", "b"], ["c", "d"]], pa.list_(pa.string(), 2)),
        pa.array([[("k", "v")], []], pa.map_(pa.string(), pa.string())),
        pa.array([None, None]),
    ],
)
def test_parquet_values_of_any_type_are_what_arrow_reads(tmp_path, values):
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"a.b": values, "email": ["x", "y"]}), path)
    with path.open("rb") as file:
        rows = [row for part in parquet_rows.read_rows(file, 1 << 17) for row in part]
    assert rows == parquet.read_table(path).to_pylist()


def test_few_rows_of_what_cannot_be_read_as_a_dictionary_are_read_together(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_rows, "LARGEST_COLUMN", 1 << 20)
    path = tmp_path / "a.parquet"
    notes = pa.array([[("note", "x" * 200_000)]] * 50, pa.map_(pa.string(), pa.string()))
    parquet.write_table(pa.table({"notes": notes}), path)
    with path.open("rb") as file:
        parts = [len(part) for part in parquet_rows.read_rows(file, 1 << 17)]
    assert sum(parts) == 50
    assert max(parts) <= 6


def test_a_parquet_row_that_is_too_long_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    columns = {"email": ["a", "x" * 9_000_000], "tags": [["a"], ["x" * 9_000_000]]}
    parquet.write_table(pa.table(columns), path, compression="zstd")
    parts = read_batch(message(path.as_uri(), format="parquet"))
    assert next(parts).block.lines == [b'{"email":"a","tags":["a"]}\n']
    with pytest.raises(
        InputError, match=r"a\.parquet has a row of more than 16 MiB\. Have the tap"
    ):
        next(parts)


def test_a_parquet_column_that_is_too_large_to_be_unpacked_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_rows, "LARGEST_COLUMN", 1 << 20)
    path = tmp_path / "a.parquet"
    numbers = [f"{number:09} " * 5 for number in range(30_000)]
    parquet.write_table(pa.table({"email": numbers}), path, use_dictionary=False)
    assert "has more than 1 MiB of one column in a row group" in refused(
        path.as_uri(), format="parquet"
    )
    parquet.write_table(
        pa.table({"email": numbers}), path, use_dictionary=False, row_group_size=5_000
    )
    assert len(lines_of(path.as_uri(), format="parquet")) == 30_000


def test_a_url_of_slashes_is_shown_in_linear_time():
    def seconds(slashes: int) -> float:
        return best_of(3, lambda: batch_files._without_secrets("s3:" + "/" * slashes))

    assert seconds(400_000) < 8 * max(seconds(100_000), 0.01)
