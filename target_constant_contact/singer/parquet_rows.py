"""Rows of parquet files, a few at a time; needs the extra ``parquet``.

A value that many rows share stands in such a file once, and a file of kilobytes can hold gigabytes:
rows are taken apart only as far as they fit what is held of a file.
"""

from __future__ import annotations

from contextlib import closing
from typing import IO, TYPE_CHECKING, Any, Final

from pyarrow import Table, compute, parquet, types

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
    schema = metadata.schema.to_arrow_schema()
    sizes = _sizes(metadata)
    shared = _shared(metadata, schema)
    table = parquet.ParquetFile(
        file,
        metadata=metadata,
        # By default it would hold all columns of all rows, and each value once for each row.
        pre_buffer=False,
        buffer_size=buffer_bytes,
        read_dictionary=shared,
    )
    # Of a column that cannot be read so, each row may hold all that there is.
    largest = max((size for path, size in sizes.items() if path not in shared), default=0)
    most_rows = min(MOST_ROWS, LARGEST_COLUMN // (largest + 1) + 1)
    with closing(table):
        for batch in table.iter_batches(batch_size=most_rows):
            for part in _parts(batch):
                # Values of dictionaries are taken out of them one by one in six times the time.
                yield Table.from_batches([part]).cast(schema).to_pylist()


def _parts(batch: Any) -> Iterator[Any]:
    """A batch, in parts that are not too large."""
    rows = batch.num_rows
    if sum(map(_size, batch.columns)) <= LONGEST_LINE:
        yield batch
    elif rows == 1:
        raise UnfitFileError(f"has a row of more than {LONGEST_LINE >> 20} MiB")
    else:
        yield from _parts(batch.slice(0, rows // 2))
        yield from _parts(batch.slice(rows // 2))


def _size(column: Any) -> int:
    """Bytes of the values of a column, each counted as often as it occurs."""
    kind = column.type
    if types.is_dictionary(kind):
        lengths = compute.binary_length(column.dictionary).take(column.indices)
        return int(compute.sum(lengths).as_py() or 0) + int(column.indices.nbytes)
    if types.is_struct(kind):
        return sum(map(_size, column.flatten()))
    if types.is_nested(kind) and not types.is_map(kind):
        return _size(column.flatten())
    return int(column.nbytes)


def _shared(metadata: Any, schema: Any) -> list[str]:
    """Columns of texts that can be read as dictionaries: none in a map, and no views."""
    odd = tuple(
        f"{field.name}."
        for field in schema
        if "map<" in str(field.type) or "view" in str(field.type)
    )
    columns = map(metadata.schema.column, range(metadata.num_columns))
    texts = [each.path for each in columns if each.physical_type == "BYTE_ARRAY"]
    return [path for path in texts if not f"{path}.".startswith(odd)]


def _sizes(metadata: Any) -> dict[str, int]:
    """Unpacked bytes of each column of texts, in the row group that has most.

    Raises:
        UnfitFileError: They are too many.
    """
    found: dict[str, int] = {}
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            size = column.total_uncompressed_size
            if size > LARGEST_COLUMN:
                raise UnfitFileError(
                    f"has more than {LARGEST_COLUMN >> 20} MiB of one column in a row group"
                )
            if column.physical_type == "BYTE_ARRAY":
                found[column.path_in_schema] = max(size, found.get(column.path_in_schema, 0))
    return found
