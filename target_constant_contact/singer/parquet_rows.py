"""Rows of parquet files, a few at a time; needs the extra ``parquet``.

A value that many rows share stands in such a file once, and a file of kilobytes can hold gigabytes:
rows are taken apart only as far as they fit what is held of a file.
"""

from __future__ import annotations

from contextlib import closing
from typing import IO, TYPE_CHECKING, Any, Final

from pyarrow import compute, parquet, types

from target_constant_contact.singer.json_lines import LONGEST_LINE, UnfitFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_ROWS: Final = 2_000
"""Rows that are read together."""
LARGEST_COLUMN: Final = 1 << 28
"""Bytes of a column in one row group, unpacked: a page of it is unpacked as a whole."""


def read_rows(file: IO[bytes], buffer_bytes: int) -> Iterator[list[dict[str, Any]]]:
    """The rows of a file in their order, as many together as are not too large.

    Args:
        file: The file; it can be sought in.
        buffer_bytes: How much is read at a time.

    Raises:
        UnfitFileError: A row or a column is too large to be held.
    """
    metadata = parquet.read_metadata(file)
    columns = [metadata.schema.column(index) for index in range(metadata.num_columns)]
    _refuse_large_columns(metadata)
    table = parquet.ParquetFile(
        file,
        metadata=metadata,
        # By default it would hold all columns of all rows, and each value once for each row.
        pre_buffer=False,
        buffer_size=buffer_bytes,
        read_dictionary=[each.path for each in columns if each.physical_type == "BYTE_ARRAY"],
    )
    with closing(table):
        for batch in table.iter_batches(batch_size=MOST_ROWS):
            yield from _in_parts(batch)


def _in_parts(batch: Any) -> Iterator[list[dict[str, Any]]]:
    rows = batch.num_rows
    if sum(map(_size, batch.columns)) <= LONGEST_LINE:
        yield batch.to_pylist()
    elif rows == 1:
        raise UnfitFileError(f"has a row of more than {LONGEST_LINE >> 20} MiB")
    else:
        yield from _in_parts(batch.slice(0, rows // 2))
        yield from _in_parts(batch.slice(rows // 2))


def _size(column: Any) -> int:
    """Bytes of the values of a column, each counted as often as it occurs."""
    kind = column.type
    if types.is_dictionary(kind):
        lengths = compute.binary_length(column.dictionary).take(column.indices)
        return int(compute.sum(lengths).as_py() or 0) + int(column.indices.nbytes)
    if types.is_struct(kind):
        return sum(map(_size, column.flatten()))
    if types.is_nested(kind):
        return _size(column.flatten())
    return int(column.nbytes)


def _refuse_large_columns(metadata: Any) -> None:
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            if column.total_uncompressed_size > LARGEST_COLUMN:
                raise UnfitFileError(
                    f"has more than {LARGEST_COLUMN >> 20} MiB of one column in a row group"
                )
