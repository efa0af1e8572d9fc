"""Users and policies: our decisions beside an independent simulator's, and what real clients are answered."""

import json
import os
import subprocess
from pathlib import Path

import longshore

POLICIES = Path(__file__).parent / "js/policies.js"
MODULES = longshore.ROOT / "target/e2e/js/node_modules"
SEED = "20261130"


def test_ten_thousand_policies_and_requests_are_decided_as_an_independent_simulator_does(tmp_path):
    drawn = subprocess.run(
        ["node", POLICIES, "10000", SEED], capture_output=True, text=True, timeout=120, check=True,
        env=longshore.clean_environment(NODE_PATH=os.environ.get("LONGSHORE_E2E_NODE_PATH", str(MODULES))),
    ).stdout
    file = tmp_path / "cases"
    file.write_text(drawn)
    cases = [json.loads(line) for line in drawn.splitlines()]
    decided = subprocess.run(
        [longshore.binary(), "policy", "simulate", "--cases", file], capture_output=True, text=True, timeout=120,
        check=False, env=longshore.clean_environment(),
    )
    assert decided.returncode == 0, decided.stderr
    words = decided.stdout.splitlines()
    assert len(words) == len(cases) == 10_000
    different = [(case, word) for case, word in zip(cases, words) if case["Decided"] != word]
    assert not different, f"{len(different)} differ: {different[:3]}"
    for word in ["allowed", "implicitDeny", "explicitDeny"]:
        assert words.count(word) > 1_000, f"{word} is hardly ever decided: the cases say nothing"
