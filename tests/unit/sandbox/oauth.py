"""What tests of the sandbox's authorization server sign in with."""

from __future__ import annotations

import base64
import hashlib

BACK = "http://127.0.0.1:8123/callback"
CONFIDENTIAL = ("sandbox-app", "sandbox-secret")
PUBLIC = "sandbox-public"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().strip("=")
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
