# SPDX-License-Identifier: GPL-2.0-only
"""Run with the interpreter and path under test: pjsua2 with 512 calls and a UDP port of 127.0.0.1 starts and ends."""

import pjsua2


def main() -> None:
    """Raises: pjsua2.Error when a limit was not raised or the transport does not open."""
    endpoint = pjsua2.Endpoint()
    endpoint.libCreate()
    settings = pjsua2.EpConfig()
    settings.uaConfig.maxCalls = 512
    settings.uaConfig.threadCnt = 0
    settings.uaConfig.mainThreadOnly = True
    settings.logConfig.level = settings.logConfig.consoleLevel = 1
    endpoint.libInit(settings)
    transport = pjsua2.TransportConfig()
    transport.port = 0
    transport.boundAddress = "127.0.0.1"
    endpoint.transportCreate(pjsua2.PJSIP_TRANSPORT_UDP, transport)
    endpoint.libStart()
    print(f"pjsua2 {endpoint.libVersion().full}: 512 calls, UDP")
    endpoint.libDestroy()


if __name__ == "__main__":
    main()
