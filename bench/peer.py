"""The official Python SDKs as peers: one JSON request a line in, one JSON answer a line out. They time themselves.

Only their configuration is touched (RPC, contract addresses, pinning endpoint); what they do is their own.
"""

import json
import sys
import time
from importlib.metadata import version

import ogpu.ipfs.publish as pinning
from eth_account.messages import _hash_eip191_message, encode_typed_data
from eth_utils import keccak
from ogpu import client
from ogpu.chain.config import ChainConfig, ChainId
from ogpu.chain.nonce import NonceManager
from ogpu.protocol import Task
from ogpu.protocol._base import load_contract
from ogpu.types import TaskInfo, TaskInput
from web3 import Web3
from web3.datastructures import AttributeDict


chats = {}


def timed(call, samples=21, seconds=0.01):
    """Seconds for one call, for each sample; after a warm-up."""
    result = call()
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < 0.2:
        call()
        count += 1
    batch = max(1, int(count / 0.2 * seconds))
    times = []
    for _ in range(samples):
        start = time.perf_counter()
        for _ in range(batch):
            call()
        times.append((time.perf_counter() - start) / batch)
    return {"result": result, "seconds": times}


def configure(rpc, contracts, pin_url):
    # Another devnet of the same run may have had the same chain id and account.
    NonceManager.clear_all()
    chain = ChainId.OGPU_MAINNET
    ChainConfig.CHAIN_CONTRACTS[chain] = {name.upper(): contracts[name] for name in ("nexus", "controller", "terminal", "vault")}
    pinning._IPFS_PUBLISH_URL = pin_url
    ChainConfig.set_chain(chain)
    ChainConfig.set_rpc(rpc)


def encode(source, config, expiry, payment):
    controller = load_contract("ControllerAbi")
    params = (Web3.to_checksum_address(source), config, expiry, int(payment))
    return timed(lambda: controller.encode_abi("publishTask", args=[params]))


def web3_log(log):
    number = lambda text: int(text, 16)
    return AttributeDict({
        "address": Web3.to_checksum_address(log["address"]),
        "topics": [bytes.fromhex(topic[2:]) for topic in log["topics"]],
        "data": bytes.fromhex(log["data"][2:]),
        "blockNumber": number(log["blockNumber"]), "blockHash": bytes.fromhex(log["blockHash"][2:]),
        "transactionHash": bytes.fromhex(log["transactionHash"][2:]), "transactionIndex": number(log["transactionIndex"]),
        "logIndex": number(log["logIndex"]), "removed": log["removed"],
    })


def decode(nexus, log, _count):
    attempted, found = load_contract("NexusAbi", nexus).events.Attempted(), web3_log(log)
    measured = timed(lambda: attempted.process_log(found))
    return {"seconds": measured["seconds"]}


def decode_many(nexus, text, samples):
    attempted, times = load_contract("NexusAbi", nexus).events.Attempted(), []
    for _ in range(samples):
        start = time.perf_counter()
        events = [attempted.process_log(web3_log(log)) for log in json.loads(text)["result"]]
        times.append(time.perf_counter() - start)
        assert len(events) == 20000
    return {"seconds": times}


def typed_data(domain, types, message):
    def whole(value):
        if isinstance(value, dict):
            return {key: whole(item) for key, item in value.items()}
        return int(value) if isinstance(value, str) and not value.startswith("0x") else value

    message = whole(message)
    digest = lambda: "0x" + bytes(_hash_eip191_message(encode_typed_data(domain, types, message))).hex()
    return timed(digest)


def hash_bytes(size):
    data = bytes(at % 251 for at in range(size))
    return timed(lambda: "0x" + keccak(data).hex())


def publish_task(key, source, data, expiry, payment):
    config = TaskInput(function_name="predict", data=data)
    info = TaskInfo(source=source, config=config, expiryTime=expiry, payment=int(payment))
    return client.publish_task(info, private_key=key).address


def responses(task):
    """Every field of every response, as the other contenders read them."""
    # It gives attempters without an answer as the zero address.
    return [response.snapshot().address for response in client.get_task_responses(task) if int(response.address, 16)]


def sse(file, piece, samples):
    """The parser of opengradient's own client, which also reads each event's JSON."""
    import asyncio

    from opengradient.client.llm import LLM

    with open(file, "rb") as stream:
        data = stream.read()

    class Reply:
        status_code = 200

        async def aiter_raw(self):
            for at in range(0, len(data), piece):
                yield data[at : at + piece]

    async def read():
        # `self` and the enclave only matter for an answer's last event, which this stream lacks.
        return len([chunk async for chunk in LLM._parse_sse_response(None, Reply(), None)])

    times = []
    for _ in range(samples):
        start = time.perf_counter()
        events = asyncio.run(read())
        times.append(time.perf_counter() - start)
    return {"events": events, "seconds": times}


def llm_open(key, url):
    """Opens the SDK's client; its connection and its session last as long as this process."""
    import asyncio

    from opengradient import LLM

    client = LLM.from_url(private_key=key, llm_server_url=url)
    client.ensure_opg_approval(min_allowance=1.0)
    chats.update(client=client, loop=asyncio.new_event_loop())


def llm_stream(model, messages, max_tokens):
    """Milliseconds until the first text, and all of it."""

    async def read():
        start, first, text = time.perf_counter(), None, ""
        async for chunk in await chats["client"].chat(model=model, messages=messages, max_tokens=max_tokens, stream=True):
            content = chunk.choices[0].delta.content if chunk.choices else None
            if content and first is None:
                first = (time.perf_counter() - start) * 1000
            text += content or ""
        return {"first": first, "text": text}

    return chats["loop"].run_until_complete(read())


CALLS = {
    "version": lambda name: version(name),
    "configure": configure,
    "encode": encode,
    "decode": decode,
    "decode_many": decode_many,
    "typed_data": typed_data,
    "keccak": hash_bytes,
    "sse": sse,
    "llm_open": llm_open,
    "llm_stream": llm_stream,
    "publish_task": publish_task,
    "snapshot": lambda task: Task(task).snapshot().address,
    "responses": responses,
    "confirm": lambda key, response: client.confirm_response(response, private_key=key),
}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = {"result": CALLS[request["call"]](*request["args"])}
    except Exception as error:  # noqa: BLE001 - the benchmark shows whatever it is
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
