"""The Debian package: what it installs, who its units run as and with which rights, and what a purge leaves."""

import json
import os
import re
import subprocess

import pytest
from installed import Room, Started, Unit, package, udev
from longshore import ROOT, binary, wait_for

UNITS = {"longshore.service": 3.0, "longshore-station.service": 5.0}


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A root with the package installed."""
    deb = package()
    if deb is None:
        pytest.skip("no package was made: cargo xtask package")
    if os.geteuid() != 0:
        pytest.skip("installing needs root")
    room = Room(tmp_path_factory.mktemp("room"))
    try:
        room.install(deb)
        yield room
    finally:
        room.close()


@pytest.fixture
def started(room, tmp_path):
    """Starts programs of units, which end with the test."""
    running = []

    def start(unit, *more, **variables):
        log = tmp_path / f"{len(running)}.log"
        running.append(Started(room, Unit(room, unit), *more, log=log, **variables))
        return running[-1]

    yield start
    for program in running:
        program.close()


def serve(started):
    """The service of the package on free ports."""
    service = started("longshore.service", "--listen", "127.0.0.1:0", "--s3-listen", "127.0.0.1:0")
    ready = service.hears("READY=1")
    return service, re.search("^STATUS=Serving at (.*)$", ready, re.MULTILINE).group(1)


def test_what_is_installed_is_understood_by_those_it_is_for(room):
    files = room.run("dpkg", "--listfiles", "longshore").stdout.split()
    assert {"/usr/bin/longshore", "/etc/longshore/longshore.toml", "/usr/share/man/man1/longshore-serve.1.gz",
            "/usr/lib/udev/rules.d/60-longshore-bays.rules"} <= set(files)
    units = [f"/usr/lib/systemd/system/{unit}" for unit in UNITS]
    verified = room.run("systemd-analyze", "verify", "--man=no", *units)
    assert "longshore" not in verified.stdout + verified.stderr, verified.stderr
    room.run("bash", "-n", "/usr/share/bash-completion/completions/longshore")
    assert room.run("dpkg", "--verify", "longshore").stdout == ""
    for user in ("longshore", "longshore-station"):
        assert f"/var/lib/{user}" in room.run("getent", "passwd", user).stdout
        assert room.run("stat", "--format", "%U %a", f"/var/lib/{user}").stdout == f"{user} 700\n"
    assert room.run("stat", "--format", "%U %G %a", "/etc/longshore/longshore.toml").stdout == "root longshore 640\n"


@pytest.mark.parametrize(("unit", "most"), UNITS.items())
def test_units_have_few_rights(room, unit, most):
    judged = room.run("systemd-analyze", "security", "--offline=true", f"--threshold={most * 10:.0f}", "--no-pager",
                      f"/usr/lib/systemd/system/{unit}")
    level = re.search(r"exposure level for .*: ([0-9.]+)", judged.stdout)
    assert float(level.group(1)) <= most, judged.stdout


def test_a_station_writes_to_devices_where_somebody_lets_it_and_nowhere_else(room):
    def allowed():
        said = room.run("systemd-analyze", "security", "--offline=true", "--json=short", "--no-pager",
                        "/usr/lib/systemd/system/longshore-station.service").stdout
        judged = {one["json_field"]: one for one in json.loads(said)}
        devices = judged["DeviceAllow"]["description"].split()
        return [rights for rights in devices if rights.startswith("block-")], judged["CapabilityBoundingSet_CAP_SYS_RAWIO"]["set"]

    def doctor():
        found = json.loads(room.run("longshore", "doctor", "--json", "--server", "http://127.0.0.1:1", check=None).stdout)
        return next(finding["what"] for finding in found if finding["code"] == "station-erases")

    room.write("/run/token", "a token\n")
    setup = ["longshore", "setup", "station", "--server", "http://127.0.0.1:1", "--token-file", "/run/token"]
    assert "does not answer" in room.run(*setup).stdout, "it says what doctor finds"
    assert allowed() == (["block-*:r"], True)
    assert "it cannot erase" in doctor()
    room.run(*setup, "--erase")
    try:
        assert allowed() == (["block-*:rw", "block-*:r"], False)
        assert "may write to devices" in doctor()
        verified = room.run("systemd-analyze", "verify", "--man=no", "/usr/lib/systemd/system/longshore-station.service")
        assert "longshore" not in verified.stdout + verified.stderr, verified.stderr
    finally:
        room.run("rm", "-r", "/etc/systemd/system/longshore-station.service.d", "/etc/longshore/station.env",
                 "/etc/longshore/station.token")


def test_both_units_start_as_their_users_and_say_so(room, started, tmp_path):
    service, api = serve(started)
    service.hears("WATCHDOG=1")
    owner = room.run("stat", "--format", "%U %a", "/var/lib/longshore/secret.key").stdout
    assert owner == "longshore 600\n"
    data = ["--data", "/var/lib/longshore"]
    token = room.run("longshore", "station", "token", "bench-1", *data).stdout
    room.run("mkdir", "-p", "/srv/inbox", "/run/credentials/station")
    room.write("/run/credentials/station/token", token, owner="longshore-station:longshore-station", mode="400")
    room.write("/etc/longshore/station.toml",
               '[station]\nname = "bench-1"\n[[station.bays]]\nname = "T1"\nmatch = ["folder:/srv/inbox"]\n')
    station = started("longshore-station.service", LONGSHORE_SERVER=api, CREDENTIALS_DIRECTORY="/run/credentials/station")
    station.hears("READY=1")
    station.hears("WATCHDOG=1")

    def here():
        listed = room.run("longshore", "station", "list", *data).stdout
        return re.search("bench-1 .*here", listed)

    wait_for(here, 60, "the station is heard")
    assert "EXTEND_TIMEOUT_USEC=" in station.stop()
    assert "EXTEND_TIMEOUT_USEC=" in service.stop()


def disks_at_ports():
    """Disks of this machine of which the rules are."""
    return [disk for disk in sorted(os.listdir("/sys/block")) if not re.match("loop|zram|ram|dm-|md", disk)]


def test_rules_ask_the_settings_which_port_is_a_bay(room):
    disks = disks_at_ports()
    if not disks:
        pytest.skip("this machine has no disk at a port")
    rules = room.read("/usr/lib/udev/rules.d/60-longshore-bays.rules")
    program = re.search('PROGRAM!="(.*) /sys%p"', rules).group(1).split()
    disk = f"/sys/block/{disks[0]}"
    room.write("/etc/longshore/station.toml", "[station]\n")
    assert "is no bay" in room.run(*program, disk, check=4).stderr
    port = room.run("longshore", "bay", "port", disk).stdout.strip()
    room.write("/etc/longshore/station.toml", f'[[station.bays]]\nname = "B3"\nmatch = ["{port}"]\n')
    assert room.run(*program, disk).stdout == f"{port}\n"


UDEV = """
mount -t tmpfs dev /dev
mknod /dev/null c 1 3
mknod "/dev/$1" b $(tr : ' ' < "/sys/block/$1/dev")
udevadm test --action=add "/sys/block/$1" 2>&1
stat --format "owner %U mode %a" "/dev/$1"
"""


def test_udev_leaves_alone_what_is_in_a_bay_and_gives_it_to_the_station(room):
    """The real udev goes through all its rules and ours; its nodes are in memory, and what it would run is not run."""
    packed = udev()
    disks = disks_at_ports()
    if packed is None or not disks:
        pytest.skip("there is no udev, or no disk at a port")
    room.unpack(packed)
    disk = disks[0]
    port = room.run("longshore", "bay", "port", f"/sys/block/{disk}").stdout.strip()

    def processed():
        return room.run("unshare", "--mount", "--propagation", "private", "sh", "-c", UDEV, "udev", disk).stdout

    room.write("/etc/longshore/station.toml", "[station]\n")
    assert "UDISKS_IGNORE" not in processed(), "it is no bay"
    room.write("/etc/longshore/station.toml", f'[[station.bays]]\nname = "B3"\nmatch = ["{port}"]\n')
    lines = processed().splitlines()
    kept = {"UDISKS_IGNORE=1", "UDISKS_AUTO=0", "SYSTEMD_READY=0", "UDEV_DISABLE_PERSISTENT_STORAGE_BLKID_FLAG=1"}
    assert kept <= set(lines)
    assert not any(line.startswith("ID_FS_") and not line.endswith("=") for line in lines), "nobody has parsed it"
    assert lines[-1] == "owner longshore-station mode 600"
    assert any("chown longshore-station" in line and line.endswith("/device/delete'") for line in lines)


def test_containers_are_made_of_what_there_is():
    """No image is built here; that what is copied, run and mounted exists is seen from the files."""
    folder = ROOT / "packaging/container"
    made = (folder / "Containerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(\S+) (\S+)$", made, re.MULTILINE)
    assert len(copied) >= 4
    assert all((ROOT / source).exists() for source, _ in copied)
    stages = re.findall(r"^FROM \S+ AS (\w+)$", made, re.MULTILINE)
    assert stages == ["build", "station", "service"], "the last is built where nothing else is said"
    for unit in folder.glob("*.container"):
        said = [line.split("=", 1) for line in unit.read_text().splitlines() if re.match(r"\w+=", line)]
        for volume in (value for key, value in said if key == "Volume" and not value.startswith("/")):
            assert (folder / volume.split(":")[0]).exists()
        image = next(value for key, value in said if key == "Image")
        assert f"--tag {image.removeprefix('localhost/').removesuffix(':latest')} ." in made
        assert ["RestartSec", "2"] in said, "systemd gives up what fails at once five times"
    station = (folder / "longshore-station.container").read_text()
    words = re.search("^Exec=(.*)$", station, re.MULTILINE)[1].split()
    known = subprocess.run([binary(), *words[:2], "--help"], capture_output=True, text=True, check=True).stdout
    assert all(word in known for word in words if word.startswith("--"))
    unit = (ROOT / "packaging/systemd/longshore-station.service").read_text()
    for rights in ("CAP_SYS_ADMIN", "CAP_DAC_READ_SEARCH"):
        assert rights in unit and rights in station


SYSTEMCTL = """#!/bin/sh
echo "$@" >> /tmp/systemctl
"""


def test_an_upgrade_restarts_the_service_first_and_no_station_that_is_at_work(room):
    """No systemd runs in the room: what it is asked for is written down."""
    room.run("cp", "-a", "/usr/bin/systemctl", "/tmp/systemctl.own")
    room.write("/usr/bin/systemctl", SYSTEMCTL, mode="755")
    room.run("mkdir", "-p", "/run/systemd/system", "/var/lib/longshore-station/station/jobs/ABCDE")

    def upgraded():
        room.run("rm", "-f", "/tmp/systemctl")
        told = room.run("dpkg", "--install", "/tmp/longshore.deb").stderr
        asked = [line for line in room.read("/tmp/systemctl").splitlines() if "restart" in line]
        return asked, told

    both = ["try-restart longshore.service", "try-restart longshore-station.service"]
    lock = "/var/lib/longshore-station/station/jobs/ABCDE/lock"
    try:
        assert upgraded()[0] == both
        # As a docking has it.
        docking = subprocess.Popen(room.words("flock", "--no-fork", lock, "sleep", "300"))
        try:
            wait_for(lambda: room.run("flock", "--nonblock", lock, "true", check=None).returncode, 30, "it is locked")
            asked, told = upgraded()
        finally:
            docking.kill()
            docking.wait()
        assert asked == both[:1]
        assert "systemctl restart longshore-station" in told
        assert upgraded()[0] == both, "it is done"
    finally:
        room.run("mv", "/tmp/systemctl.own", "/usr/bin/systemctl")
        room.run("rm", "-r", "/run/systemd/system", "/var/lib/longshore-station/station")


def test_an_upgrade_keeps_settings_and_a_purge_leaves_data(room, started):
    service, _ = serve(started)
    service.stop()
    key = room.read("/var/lib/longshore/secret.key")
    room.write("/etc/longshore/longshore.toml", room.read("/etc/longshore/longshore.toml") + "# mine\n",
               mode="640", owner="root:longshore")
    room.write("/etc/longshore/station.env", "LONGSHORE_SERVER=https://dock.example\n")
    room.run("dpkg", "--install", "/tmp/longshore.deb")
    assert room.read("/etc/longshore/longshore.toml").endswith("# mine\n")
    purged = room.run("dpkg", "--purge", "longshore")
    assert "/var/lib/longshore is left as it is" in purged.stderr
    assert room.read("/var/lib/longshore/secret.key") == key
    assert room.run("stat", "--format", "%U", "/var/lib/longshore").stdout == "longshore\n"
    left = room.run("ls", "-A", "/etc/longshore", check=None)
    assert left.stdout == "", "settings are gone"
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run(room.words("test", "-e", "/usr/bin/longshore"), check=True)
    room.run("dpkg", "--install", "/tmp/longshore.deb")
    service, _ = serve(started)
    service.stop()
    assert room.read("/var/lib/longshore/secret.key") == key, "the next installation goes on with it"
