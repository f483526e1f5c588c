# SPDX-License-Identifier: GPL-2.0-only
"""Run with the interpreter and path under test: pjsua2 starts, has TLS, and holds 512 calls at once.

The calls go to a UDP socket of 127.0.0.1 that never answers; loop media transports keep them free of sound and sockets.
"""

import socket
import sys

import pjsua2

CALLS = 512


def main() -> int:
    """Return 0, or 1 when there was no room for so many calls.

    Raises: pjsua2.Error when the library or its UDP transport does not start, or it was built without TLS.
    """
    endpoint = start()
    account = pjsua2.Account()
    account.create(signalling_only())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        placed = place_calls(account, f"sip:nobody@127.0.0.1:{silent.getsockname()[1]}")
    ciphers = len(endpoint.utilSslGetAvailableCiphers())
    print(f"pjsua2 {endpoint.libVersion().full}: {placed} of {CALLS} calls at once, {ciphers} TLS ciphers")
    account.shutdown()
    endpoint.libDestroy(pjsua2.PJSUA_DESTROY_NO_NETWORK)
    return 0 if placed == CALLS and ciphers else 1


def start() -> pjsua2.Endpoint:
    """Start the library on the main thread with one UDP port of 127.0.0.1."""
    endpoint = pjsua2.Endpoint()
    endpoint.libCreate()
    settings = pjsua2.EpConfig()
    settings.uaConfig.maxCalls = CALLS
    settings.uaConfig.threadCnt = 0
    settings.uaConfig.mainThreadOnly = True
    settings.logConfig.level = settings.logConfig.consoleLevel = 1
    endpoint.libInit(settings)
    transport = pjsua2.TransportConfig()
    transport.boundAddress = "127.0.0.1"
    endpoint.transportCreate(pjsua2.PJSIP_TRANSPORT_UDP, transport)
    endpoint.audDevManager().setNoDev()
    endpoint.libStart()
    return endpoint


def signalling_only() -> pjsua2.AccountConfig:
    """Settings of an account that registers nowhere and opens no media socket."""
    settings = pjsua2.AccountConfig()
    settings.idUri = "sip:smoke@127.0.0.1"
    settings.mediaConfig.useLoopMedTp = True
    return settings


def place_calls(account: pjsua2.Account, uri: str) -> int:
    """Place calls until there is no room or CALLS stand; return how many stood at once."""
    parameters = pjsua2.CallOpParam(True)
    parameters.opt.audioCount = 1
    parameters.opt.videoCount = parameters.opt.textCount = 0
    calls = []
    try:
        for _ in range(CALLS):
            call = pjsua2.Call(account)
            call.makeCall(uri, parameters)
            calls.append(call)
    except pjsua2.Error as error:
        print(f"call {len(calls) + 1}: {error.info()}", file=sys.stderr)
    return len(calls)


if __name__ == "__main__":
    sys.exit(main())
