"""What the public exceptions say of themselves, and which names the package offers."""

from __future__ import annotations

import subprocess
import sys

import pytest

import raftoral
from raftoral import errors
from tests.house import laws


def public() -> list[type[errors.RaftoralError]]:
    return [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.RaftoralError)]


def test_every_exception_says_what_it_is():
    assert len(public()) >= 6
    for each in public():
        assert each.category in ("Infrastructure", "Configuration", "Application")
        assert isinstance(each.retryable, bool)
        assert (each.__doc__ or "").strip()


def test_codes_are_stable_and_different():
    codes = {each.__name__: each.code for each in public()}
    assert len(set(codes.values())) == len(codes)
    assert (
        codes.items()
        >= {
            "RaftoralError": "raftoral",
            "UsageError": "usage",
            "RftError": "rft",
            "StorageFailed": "storage-failed",
            "StorageRefused": "storage-refused",
            "ResourceFailed": "resource-failed",
        }.items()
    )


def test_names_are_loaded_when_they_are_asked_for():
    program = (
        "import sys, raftoral\n"
        "heavy = {'asyncio', 'logging', 'pydantic', 'raftoral.errors', 'raftoral.runtime'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert 'activity' in dir(raftoral) and 'Resources' in dir(raftoral)\n"
        "assert not {'asyncio', 'pydantic'} & set(sys.modules)\n"
        "from raftoral import activity, Resources, ActivityContext\n"
        "assert raftoral.activity is activity and 'activity' in vars(raftoral)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=laws.ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'activty'"):
        raftoral.activty  # type: ignore[attr-defined]  # noqa: B018
