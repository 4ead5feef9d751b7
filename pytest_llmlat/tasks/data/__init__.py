"""From rows to samples: every complaint names the file and the line.

=============  =================================================================
``rows``       what a row is, wherever it comes from
``files``      rows of a local file by its ending; Parquet
``json_rows``  rows of JSON: lines, an array, an object that holds one
``csv_rows``   rows of separated values, as spreadsheets write them
``text_file``  the text of a file, unpacked and decoded
``hub``        rows of a public set, through the library ``datasets``
``generated``  rows that are drawn from seeded templates
``mapping``    from a row to a sample; the same for all of them
``loading``    which of them a task's rows come from
=============  =================================================================
"""

from __future__ import annotations

from pytest_llmlat.tasks.data.set_loading import load_samples, revision

__all__ = ["load_samples", "revision"]
