"""How the command starts: in a process of its own."""

from __future__ import annotations

import subprocess
import sys


def test_generating_rules_waits_for_no_cluster_client() -> None:
    code = (
        "import sys; from cli.main import main; main(['rules', 'generate', '--help'], standalone_mode=False);"
        "print(sorted(sys.modules.keys() & {'kubernetes', 'flask', 'receiver', 'sync'}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "[]\n")
