"""Fixtures: services with data folders of their own, stores, a PostgreSQL."""

import os
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import pytest
import raw
import stores
from benches import Attached
from longshore import Service, binary

# Files with few tests that take minutes.
LONGEST = ("test_large.py",)


def pytest_addoption(parser):
    parser.addoption("--ceph", action="store_true", help="also run the tests against Ceph")
    parser.addoption("--large", action="store_true", help="also run the tests of large amounts")


def pytest_configure(config):
    config.addinivalue_line("markers", "ceph: needs Ceph, `cargo xtask ceph`")
    config.addinivalue_line("markers", "large: large amounts, `cargo xtask large`")


def pytest_collection_modifyitems(config, items):
    """Leaves out what only the separate commands run, so that nothing is reported as skipped."""
    left_out = [item for item in items for kind in ("ceph", "large")
                if item.get_closest_marker(kind) and not config.getoption(f"--{kind}")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    # Whole files are dealt out in the order in which they stand: what takes longest goes first, so that no core works
    # alone on it at the end.
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path.name not in LONGEST, -tests[item.path], item.path))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Lets fixtures know whether their test has failed."""
    outcome = yield
    if outcome.get_result().failed:
        item.has_failed = True


def put_away(service, item):
    """Ends a service and removes what it wrote, showing the end of its logs if a test failed."""
    service.close()
    if getattr(item, "has_failed", False):
        for log in sorted(service.folder.glob("*.log")):
            print(f"--- {log.name}\n{log.read_text(errors='replace')[-4000:]}")
    remove(service.folder)


def remove(folder):
    """Removes a folder with perhaps hundreds of thousands of files."""
    subprocess.run(["rm", "-rf", folder], check=True)


@pytest.fixture
def new_service(tmp_path_factory, request):
    """Makes services that end with the test."""
    made = []

    def make(config=None, **options):
        service = Service(tmp_path_factory.mktemp("service"), config, **options)
        made.append(service)
        return service.start()

    yield make
    for service in made:
        put_away(service, request.node)


@pytest.fixture
def service(new_service):
    """A service of this test alone."""
    return new_service()


@pytest.fixture
def inbox(tmp_path):
    """A folder in which disks are laid down."""
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


@pytest.fixture(scope="module")
def shared_service(tmp_path_factory):
    """A service for the tests of one file that do not disturb each other."""
    service = Service(tmp_path_factory.mktemp("shared"))
    yield service.start()
    put_away(service, None)


@pytest.fixture
def loops():
    """Attaches images as block devices, until the test is over."""
    if not raw.is_root():
        pytest.skip("only an administrator can attach an image")
    made = Attached()
    yield made
    for device in list(made.devices):
        made.detach(device)


@pytest.fixture(scope="session")
def seaweed():
    with stores.SeaweedFS() as store:
        yield store


@pytest.fixture(scope="session")
def ceph():
    with stores.Ceph() as store:
        yield store


@pytest.fixture(scope="session")
def postgres():
    with stores.Postgres() as database:
        yield database


@pytest.fixture
def readable_by_nobody():
    """A service that runs as an ordinary user also where the tests run as root, and a folder that
    this user may enter."""
    if os.geteuid() != 0:
        folder = Path(tempfile.mkdtemp(prefix="longshore-e2e-user-"))
        service = Service(folder)
    else:
        folder = Path(tempfile.mkdtemp(prefix="longshore-e2e-user-"))
        program = shutil.copy(binary(), folder / "longshore")
        folder.chmod(0o755)
        state = folder / "state"
        state.mkdir()
        shutil.chown(state, "nobody", "nogroup")
        service = Service(state, program=program, user="nobody")
    yield service.start(), folder
    service.close()
    shutil.rmtree(folder, ignore_errors=True)
