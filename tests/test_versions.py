from __future__ import annotations

from noxfile import CORE, SETS
from tests.versions import ROOT, outcome, table

REPORT = """<testsuites><testsuite>
<testcase classname="tests.log.test_codec" name="test_good"/>
<testcase classname="tests.log.test_codec" name="test_bad"><failure message="no"/></testcase>
<testcase classname="tests.log.test_codec" name="test_broken"><error message="no"/></testcase>
<testcase classname="tests.log.test_codec" name="test_left_out"><skipped message="no"/></testcase>
</testsuite></testsuites>"""


def test_the_table_counts_what_passed_and_names_what_failed(tmp_path):
    oldest = next(iter(SETS))
    (tmp_path / f"{oldest}.xml").write_text(REPORT)
    counts, failed = outcome(tmp_path / f"{oldest}.xml")
    assert counts == {"passed": 1, "failed": 2, "skipped": 1}
    assert failed == ["test_codec::test_bad", "test_codec::test_broken"]
    *_, row = table(tmp_path).splitlines()
    assert row.startswith("| 2.16.2 | 3.7.0 |")
    assert row.endswith("| 1 | 2: `test_codec::test_bad`, `test_codec::test_broken` |")


def test_all_parts_of_the_core_exist():
    assert [path for path in CORE if not (ROOT / path).exists()] == []
