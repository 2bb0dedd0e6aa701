"""The official Python SDK as a peer: one JSON request a line in, one JSON answer a line out.

Only its configuration is touched (RPC, contract addresses, pinning endpoint); what it does is its own.
"""

import dataclasses
import json
import sys
from enum import Enum

import ogpu.ipfs.publish as pinning
from ogpu import client, fetch_ipfs_json
from ogpu.chain.config import ChainConfig, ChainId
from ogpu import agent
from ogpu.chain.nonce import NonceManager
from ogpu.protocol import Master, Provider, Response, Source, Task, controller, nexus, terminal, vault
from ogpu.types import DeliveryMethod, ImageEnvironments, SourceInfo, SourceParams, TaskInfo, TaskInput, TaskParams
from ogpu.types.errors import OGPUError


def plain(value):
    """JSON of a result; integers as text, for many are beyond 2^53."""
    if isinstance(value, Enum):
        return value.name
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return plain(value.model_dump())
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    return str(value)


def configure(rpc, contracts, pin_url):
    chain = ChainId.OGPU_MAINNET
    ChainConfig.CHAIN_CONTRACTS[chain] = {name.upper(): contracts[name] for name in ("nexus", "controller", "terminal", "vault")}
    pinning._IPFS_PUBLISH_URL = pin_url
    ChainConfig.set_chain(chain)
    ChainConfig.set_rpc(rpc)


def publish_source(key, info):
    envs = ImageEnvironments(**info.pop("imageEnvs"))
    info = {**info, "minPayment": int(info["minPayment"]), "minAvailableLockup": int(info["minAvailableLockup"])}
    method = DeliveryMethod[info.pop("deliveryMethod")]
    return client.publish_source(SourceInfo(imageEnvs=envs, deliveryMethod=method, **info), private_key=key).address


def publish_task(key, source, function_name, data, expiry, payment, extra):
    config = TaskInput(function_name=function_name, data=data, **extra)
    info = TaskInfo(source=source, config=config, expiryTime=expiry, payment=int(payment))
    return client.publish_task(info, private_key=key).address


OBJECTS = {"Provider": Provider, "Master": Master, "Source": Source, "Task": Task, "Response": Response}
MODULES = {"nexus": nexus, "controller": controller, "terminal": terminal, "vault": vault, "agent": agent, "client": client}


def argument(value):
    """Whole numbers come as text behind `int:`, structs as objects with their name."""
    if isinstance(value, str) and value.startswith("int:"):
        return int(value[4:])
    if isinstance(value, dict):
        fields = {key: argument(inner) for key, inner in value.items() if key != "struct"}
        if "deliveryMethod" in fields:
            fields["deliveryMethod"] = DeliveryMethod[fields["deliveryMethod"]].value
        return {"SourceParams": SourceParams, "TaskParams": TaskParams}[value["struct"]](**fields)
    return value


def write(key, target, name, args):
    """Any writer of a module (`vault`) or an object (`Provider:0x…`); answers the transaction's hash."""
    NonceManager.clear_all()
    kind, _, address = target.partition(":")
    at = OBJECTS[kind](address) if address else MODULES[kind]
    by_name = {"private_key": key} if kind in ("agent", "client") else {"signer": key}
    receipt = getattr(at, name)(*map(argument, args), **by_name)
    return receipt if isinstance(receipt, str) else receipt.tx_hash


CALLS = {
    "write": write,
    "snapshot": lambda target: plain(OBJECTS[target.partition(":")[0]].load(target.partition(":")[2]).snapshot()),
    "configure": configure,
    "publish_source": publish_source,
    "publish_task": publish_task,
    "source": lambda address: {**plain(Source.load(address).snapshot()), "metadata": Source.load(address).get_metadata()},
    "task": lambda address: {**plain(Task.load(address).snapshot()), "metadata": Task.load(address).get_metadata()},
    "responses": lambda address: [{**plain(r.snapshot()), "payload": r.fetch_data()} for r in client.get_task_responses(address)],
    "response": lambda address: plain(Response.load(address).snapshot()),
    "confirm": lambda key, address: client.confirm_response(address, private_key=key),
    "deposit": lambda key, account, amount: plain(vault.deposit(account, int(amount), signer=key).status),
    "withdraw": lambda key, amount: plain(vault.withdraw(int(amount), signer=key).status),
    "fetch": lambda url: fetch_ipfs_json(url),
}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = {"result": CALLS[request["call"]](*request["args"])}
    except OGPUError as error:
        answer = {"error": type(error).__name__, "message": str(error)}
    except Exception as error:  # noqa: BLE001 - the test shows whatever it is
        answer = {"error": type(error).__name__, "message": str(error)}
    print(json.dumps(answer), flush=True)
