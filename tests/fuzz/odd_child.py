"""A faulty child process for `test_child_answers`: it answers with exactly the bytes that the request names."""

from __future__ import annotations

import base64
import json
import os

if __name__ == "__main__":
    asked = json.loads(os.read(0, 2**20))["request"]
    os.write(1, base64.b64decode(asked["bytes"]) * int(asked["times"]))
    os._exit(int(asked["status"]))
