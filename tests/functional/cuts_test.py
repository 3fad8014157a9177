# SPDX-License-Identifier: Apache-2.0
"""The verdict on each HTTP case does not depend on how its bytes are cut: octet by octet and at
random cuts, over real connections."""
import asyncio
import os
import random
import unittest

import barrage
from programs import amount
from service import Service

import cases

SEED = 20251127
CUTS_MAX = 8
SANITIZED = os.environ.get("LOOPMETER_SANITIZED") == "1"
ROUNDS = amount(quick=8, long=100 if SANITIZED else 1000)
BYTEWISE_OCTETS_MAX = amount(quick=600, long=5000)
AT_ONCE = 48

# Deadlines have a test of their own; what is asked of /metrics differs from time to time.
CASES = [case for case in cases.load()
         if case["group"] != "time" and "@METRICS@" not in case.get("raw_escaped", "")]


def ways(case_id: str, data: bytes) -> list[list[bytes]]:
    """The same ones in every run."""
    source = random.Random(f"{SEED} {case_id}")
    made = [barrage.octets(data)] if len(data) <= BYTEWISE_OCTETS_MAX else []
    for _ in range(ROUNDS):
        count = source.randint(1, min(CUTS_MAX, len(data) - 1))
        made.append(barrage.cut(data, sorted(source.sample(range(1, len(data)), count))))
    return made


def verdict(heard: barrage.Heard, data: bytes) -> object:
    """What must not depend on the cut: all but dates and whether 100 was needed."""
    answers, rest = heard.answers(to_head=data.lstrip(b"\r\n").startswith(b"HEAD "))
    said = [(one.status, one.header("Connection"), one.header("Allow"), one.body)
            for one in answers]
    return said, rest, heard.ended


async def differences(address: str, chosen: list[dict]) -> tuple[list[str], int]:
    """The cases whose verdict changed, and how many times one was sent."""
    found: list[str] = []

    def work():
        for case in chosen:
            data = cases.message_of(case)
            whole: asyncio.Future = asyncio.get_running_loop().create_future()

            async def reference(data=data, whole=whole) -> None:
                heard = await barrage.converse(address, barrage.Talk([data]))
                whole.set_result(verdict(heard, data))
            yield reference
            for pieces in ways(case["id"], data):
                async def compare(case=case, data=data, whole=whole, pieces=pieces) -> None:
                    heard = await barrage.converse(address, barrage.Talk(pieces))
                    if verdict(heard, data) != await whole:
                        found.append(f"{case['id']} as {[len(one) for one in pieces]}: "
                                     f"{verdict(heard, data)}, not {await whole}")
                yield compare
    sent = await barrage.all_of(work(), AT_ONCE)
    return found, sent


class Cuts(unittest.TestCase):
    def test_the_verdict_does_not_depend_on_the_cut(self) -> None:
        with Service(*cases.SERVICE_FLAGS) as service:
            found, sent = asyncio.run(differences(service.address, CASES))
        self.assertEqual(found[:5], [], f"{len(found)} in all")
        self.assertGreater(sent, len(CASES) * ROUNDS)
        print(f"{len(CASES)} cases, sent {sent} times")

    def test_a_server_that_minds_the_cut_is_found_out(self) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            first = await reader.read(65536)
            status = b"200 OK" if b"\r\n\r\n" in first else b"400 Bad Request"
            await reader.read()
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
            writer.close()

        async def run() -> list[str]:
            async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
                host, port = server.sockets[0].getsockname()
                return (await differences(f"{host}:{port}", CASES[:1]))[0]
        self.assertNotEqual(asyncio.run(run()), [])


if __name__ == "__main__":
    unittest.main()
