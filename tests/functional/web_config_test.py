# SPDX-License-Identifier: Apache-2.0
"""Files that --web.config.file takes and refuses, and whether promtool says the same of them."""
import pathlib
import subprocess
import tempfile
import unittest

from identities import CHEAP_HASH, Authority
from programs import found_tool
from service import DEMO_CPP, Service

PROMTOOL = found_tool("promtool")
USERS = f"basic_auth_users:\n  alice: {CHEAP_HASH}\n"
TLS = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"
HEADERS = "http_server_config:\n  headers:\n"
SUITES = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
          "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"]
MUTUAL = "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n"

# Both say the same of these.
GOOD = {
    "empty": "",
    "a remark": "# nothing\n",
    "nothing of TLS": "tls_server_config: {}\n",
    "TLS": TLS,
    "TLS in flow style": "tls_server_config: {cert_file: server.pem, key_file: server.key}\n",
    "a folder above": TLS.replace("server.pem", "sub/../server.pem"),
    "a chain": TLS.replace("server.pem", "chain.pem"),
    "RSA": TLS.replace("server.", "rsa."),
    "mutual": TLS + MUTUAL,
    **{f"client_auth_type {name}": TLS + f"  client_auth_type: {name}\n" for name in (
        "NoClientCert", "RequestClientCert", "RequireAnyClientCert", "RequireClientCert",
        "VerifyClientCertIfGiven", "RequireAndVerifyClientCert")},
    "versions": TLS + "  min_version: TLS10\n  max_version: TLS13\n",
    "all suites": TLS + f"  cipher_suites: [{', '.join(SUITES)}]\n",
    "one suite": TLS + "  cipher_suites:\n  - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\n",
    "all curves": TLS + "  curve_preferences: [CurveP256, CurveP384, CurveP521, X25519]\n",
    "preference": TLS + "  prefer_server_cipher_suites: false\n",
    "a YAML 1.1 boolean": TLS + "  prefer_server_cipher_suites: off\n",
    "http2": "http_server_config:\n  http2: false\n",
    "headers": HEADERS + "    X-Frame-Options: deny\n    X-Content-Type-Options: nosniff\n"
               "    X-XSS-Protection: 1\n    Strict-Transport-Security: max-age=10\n"
               "    Content-Security-Policy: default-src 'self'\n",
    "an empty header": HEADERS + "    Content-Security-Policy: ''\n",
    "users": USERS,
    "other minor versions": f"basic_auth_users:\n  a: {CHEAP_HASH.replace('2b', '2y')}\n"
                            f"  b: {CHEAP_HASH.replace('2b', '2a')}\n",
    "null users": "basic_auth_users: ~\n",
    "a number as user": f"basic_auth_users:\n  17: {CHEAP_HASH}\n",
}
BAD = {
    "no YAML": "tls_server_config: [",
    "a text": "junk\n",
    "an unknown section": "tls_config: {}\n",
    "an unknown key": TLS + "  cert_filse: server.pem\n",
    "a section twice": TLS + TLS,
    "a key twice": TLS + "  key_file: server.key\n",
    "no key": "tls_server_config:\n  cert_file: server.pem\n",
    "no certificate": "tls_server_config:\n  key_file: server.key\n",
    "client_auth_type alone": "tls_server_config:\n  client_auth_type: RequireAnyClientCert\n",
    "a certificate that is not there": TLS.replace("server.pem", "none.pem"),
    "a key that is not there": TLS.replace("server.key", "none.key"),
    "a key of another": TLS.replace("server.key", "other.key"),
    "a key as certificate": TLS.replace("server.pem", "server.key"),
    "a folder as certificate": TLS.replace("server.pem", "sub"),
    "an authority without policy": TLS + "  client_ca_file: ca.pem\n",
    "an authority that is not there": TLS + MUTUAL.replace("ca.pem", "none.pem"),
    "an invented policy": TLS + "  client_auth_type: Everybody\n",
    "an invented version": TLS + "  min_version: TLS14\n",
    "an invented suite": TLS + "  cipher_suites: [TLS_INVENTED]\n",
    "a weak suite": TLS + "  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n",
    "an invented curve": TLS + "  curve_preferences: [CurveP257]\n",
    "no list": TLS + "  curve_preferences: {a: b}\n",
    "no boolean": TLS + "  prefer_server_cipher_suites: maybe\n",
    "a quoted boolean": "http_server_config:\n  http2: 'true'\n",
    "an invented header": HEADERS + "    X-Mine: a\n",
    "a header in small letters": HEADERS + "    x-frame-options: deny\n",
    "a bad value of a header": HEADERS + "    X-Frame-Options: allow\n",
    "another": HEADERS + "    X-Content-Type-Options: sniff\n",
    "a password in clear": "basic_auth_users:\n  alice: secret\n",
    "no password": "basic_auth_users:\n  alice:\n",
    "users as a list": "basic_auth_users: [alice]\n",
    "SHA-512": "basic_auth_users:\n  alice: $6$abcd$01234567890123456789012345678901234567890123\n",
}
# Ours is stricter: with these the service would start, and serve nobody, or somebody by mistake.
STRICTER = {
    "versions that do not meet": TLS + "  min_version: TLS13\n  max_version: TLS12\n",
    "an authority that is none": TLS + MUTUAL.replace("ca.pem", "server.key"),
    "a header of two lines": HEADERS + '    X-XSS-Protection: "0\\r\\nSet-Cookie: a=b"\n',
    "a hash that takes hours": f"basic_auth_users:\n  a: {CHEAP_HASH.replace('04', '31', 1)}\n",
}
# Of a newer format than this promtool's: (file, whether it is good).
NEWER = {
    "a rate": ("rate_limit:\n  interval: 1s\n  burst: 20\n", True),
    "no rate": ("rate_limit:\n  interval: 0\n", True),
    "a bad rate": ("rate_limit:\n  interval: often\n", False),
    "allowed names": (TLS + MUTUAL + "  client_allowed_sans: [prometheus.example]\n", True),
    "names that nobody must show": (TLS + "  client_allowed_sans: [a]\n", False),
    "inline": ("tls_server_config:\n  cert: |\n{cert}\n  key: |\n{key}\n", True),
    "an inline key of another": ("tls_server_config:\n  cert: |\n{cert}\n  key_file: other.key\n",
                                 False),
}


class WebConfig(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        (cls.folder / "sub").mkdir()
        authority = Authority(cls.folder)
        authority.issue("server")
        authority.issue("other")
        authority.issue("rsa", key="rsa")
        chain = [(cls.folder / f"{name}.pem").read_text() for name in ("server", "ca")]
        (cls.folder / "chain.pem").write_text("".join(chain))

    def write(self, text: str) -> pathlib.Path:
        for what in ("cert", "key"):
            suffix = {"cert": "pem", "key": "key"}[what]
            pem = (self.folder / f"server.{suffix}").read_text()
            text = text.replace("{" + what + "}", "".join(f"    {l}\n" for l in pem.splitlines()))
        path = self.folder / "web.yml"
        path.write_text(text)
        return path

    def takes(self, text: str) -> None:
        with Service(f"--web.config.file={self.write(text)}", workers=1) as service:
            scheme = "https" if "cert" in text else "http"
            self.assertIn(f"scheme={scheme} ", service.logged("msg=listening"))

    def refuses(self, text: str) -> str:
        path = self.write(text)
        done = subprocess.run([DEMO_CPP, "--web.listen-address=127.0.0.1:0",
                               f"--web.config.file={path}"],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertRegex(done.stderr, rf"^demo-cpp: {path}(:\d+)?: .")
        return done.stderr

    def promtool_takes(self, text: str) -> bool:
        return subprocess.run([PROMTOOL, "check", "web-config", self.write(text)],
                              capture_output=True, timeout=60, check=False).returncode == 0

    def test_good_files(self) -> None:
        for name, text in GOOD.items():
            with self.subTest(name):
                self.takes(text)

    def test_bad_files(self) -> None:
        for name, text in BAD.items():
            with self.subTest(name):
                self.refuses(text)

    def test_what_is_stricter(self) -> None:
        for name, text in STRICTER.items():
            with self.subTest(name):
                self.refuses(text)

    def test_newer_files(self) -> None:
        for name, (text, good) in NEWER.items():
            with self.subTest(name):
                self.takes(text) if good else self.refuses(text)

    @unittest.skipUnless(PROMTOOL, "promtool is not installed")
    def test_promtool_agrees(self) -> None:
        self.assertGreaterEqual(len(GOOD) + len(BAD), 25)
        for files, good in ((GOOD, True), (BAD, False), (STRICTER, True)):
            for name, text in files.items():
                with self.subTest(name):
                    self.assertEqual(self.promtool_takes(text), good)

    def test_a_file_that_is_not_there(self) -> None:
        done = subprocess.run([DEMO_CPP, "--web.config.file=/no/such/file.yml"],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "demo-cpp: /no/such/file.yml: cannot be read: "
                                      "No such file or directory\n")

    def test_a_message_says_where_and_what(self) -> None:
        self.assertIn("web.yml:4: tls_server_config.min_version: bad value \"TLS14\"; allowed is "
                      "TLS10, TLS11, TLS12, TLS13", self.refuses(TLS + "  min_version: TLS14\n"))


if __name__ == "__main__":
    unittest.main()
