"""The official OpenGradient SDK as a peer: one JSON request a line in, one JSON answer a line out.

Only where it goes is changed (RPC, node API, the hosts of its services); what it does is its own.
"""

import base64
import contextlib
import json
import os
import sys
import time

# Read when the SDK is imported; nothing is reached with it before `configure`.
os.environ.setdefault("FIREBASE_API_KEY", "devnet-api-key")
for name in ("AUTH_DOMAIN", "PROJECT_ID", "STORAGE_BUCKET", "APP_ID", "DATABASE_URL"):
    os.environ.setdefault(f"FIREBASE_{name}", "devnet")

import numpy as np
import opengradient as og
import requests
from eth_abi import encode as abi_encode
from opengradient import workflow_models
from opengradient.client import twins
from opengradient.client._conversions import convert_to_model_input, convert_to_model_output
from opengradient.client._utils import get_abi
from web3 import Web3
from web3.datastructures import AttributeDict

OUTPUT = "((string,(int128,int128)[],uint32[])[],(string,string[])[],(string,string)[],bool)"
HUB = og.client.alpha.DEFAULT_INFERENCE_CONTRACT_ADDRESS
settings = {}
hubs = {}


def redirect(hosts):
    """Sends what is meant for the services' hosts, which the SDK has fixed, to the devnet."""
    send = requests.Session.request

    def request(self, method, url, *args, **kwargs):
        for theirs, ours in hosts.items():
            if url.startswith(theirs):
                url = ours + url[len(theirs) :]
        return send(self, method, url, *args, **kwargs)

    requests.Session.request = request


def configure(rpc, urls):
    settings.update(rpc=rpc, **urls)
    redirect(
        {
            "https://api.opengradient.ai/api/v0": urls["hubUrl"],
            "https://www.googleapis.com/": f"{urls['identityUrl']}/",
            "https://securetoken.googleapis.com/": f"{urls['identityUrl']}/",
        }
    )
    twins.TWINS_API_BASE_URL = urls["twinsUrl"]


def alpha(key):
    return og.Alpha(private_key=key, rpc_url=settings["rpc"], api_url=settings["nodeUrl"])


def tensor(value):
    """A tensor as JSON: as it is, or {"dtype", "shape", "data"}; data in base64 when it is one text."""
    if not isinstance(value, dict):
        return value
    data, dtype = value["data"], value["dtype"]
    array = np.frombuffer(base64.b64decode(data), dtype=dtype) if isinstance(data, str) else np.array(data, dtype=dtype)
    return array.reshape(value["shape"]) if "shape" in value else array


def plain(value):
    """A result as JSON: arrays with their type and shape, numbers exactly as their float32."""
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "shape": list(value.shape), "data": value.flatten().tolist()}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def output(result):
    return {"numbers": plain(result.numbers), "strings": plain(result.strings), "jsons": plain(result.jsons), "isSimulationResult": result.is_simulation_result}


def inputs(tensors):
    return {name: tensor(value) for name, value in tensors.items()}


def calldata(cid, mode, tensors):
    contract = Web3().eth.contract(address=HUB, abi=get_abi("inference.abi"))
    return contract.encode_abi("run", args=[cid, og.InferenceMode[mode].value, convert_to_model_input(inputs(tensors))])


def infer(key, cid, mode, tensors):
    result = alpha(key).infer(cid, og.InferenceMode[mode], inputs(tensors))
    return {"transactionHash": f"0x{result.transaction_hash.removeprefix('0x')}", "output": plain(result.model_output)}


def decode(data):
    """What the SDK makes of an InferenceResult event's data."""
    event = Web3().eth.contract(abi=get_abi("inference.abi")).events.InferenceResult()
    log = {"topics": [event.topic], "data": bytes.fromhex(data.removeprefix("0x")), "address": HUB, "blockHash": b"", "transactionHash": b""}
    log.update({name: 0 for name in ("blockNumber", "logIndex", "transactionIndex")})
    return convert_to_model_output(event.process_log(AttributeDict(log))["args"])


def query(fields):
    types = [og.CandleType[name] for name in fields["candleTypes"]]
    return og.HistoricalInputQuery(fields["base"], fields["quote"], fields["totalCandles"], fields["candleDurationInMins"], og.CandleOrder[fields["order"]], types)


def new_workflow(key, cid, fields, name, schedule=None):
    return alpha(key).new_workflow(cid, query(fields), name, og.SchedulerParams(**schedule) if schedule else None)


def workflow_model(key, name):
    result = getattr(workflow_models, name)(alpha(key))
    return {"result": result.result, "blockExplorerLink": result.block_explorer_link}


def hub_login(email, password):
    hubs[email] = og.ModelHub(email=email, password=password)
    return True


def hub_forget(email):
    """As if an hour had passed: the next call refreshes the token."""
    hubs[email]._token_expiry = 0.0
    return True


def create_model(email, name, description):
    result = hubs[email].create_model(name, description)
    return {"name": result.name, "initialVersion": result.initialVersion}


def upload(email, path, name, version):
    result = hubs[email].upload(path, name, version)
    return {"modelCid": result.modelCid, "size": result.size}


def twins_chat(key, twin, model, messages, more):
    result = og.Twins(api_key=key).chat(twin, og.TEE_LLM(model), messages, **more)
    return {"finishReason": result.finish_reason, "message": result.chat_output}


def bench(count):
    """Seconds to make calldata of so many numbers, and to read them back from a result."""
    rng = np.random.default_rng(7)
    values = rng.normal(size=count).astype(np.float32).round(4)
    contract = Web3().eth.contract(address=HUB, abi=get_abi("inference.abi"))
    start = time.perf_counter()
    converted = convert_to_model_input({"x": values})
    data = contract.encode_abi("run", args=["QmRhcpDXfYCKsimTmJYrAVM4Bbvck59Zb2onj3MHv9Kw5N", 0, converted])
    middle = time.perf_counter()
    result = abi_encode([OUTPUT], [([("y", converted[0][0][1], (count,))], [], [], False)]).hex()
    reading = time.perf_counter()
    decode(result)
    return {"encodeSeconds": middle - start, "decodeSeconds": time.perf_counter() - reading, "calldataBytes": len(data) // 2 - 1}


CALLS = {
    "configure": configure,
    "calldata": calldata,
    "infer": infer,
    "decode": lambda data: plain(decode(data)),
    "new_workflow": new_workflow,
    "run_workflow": lambda key, address: output(alpha(key).run_workflow(address)),
    "read_workflow_result": lambda key, address: output(alpha(key).read_workflow_result(address)),
    "read_workflow_history": lambda key, address, count: [output(one) for one in alpha(key).read_workflow_history(address, count)],
    "workflow_model": workflow_model,
    "hub_login": hub_login,
    "hub_forget": hub_forget,
    "create_model": create_model,
    "create_version": lambda email, name, notes, is_major: hubs[email].create_version(name, notes, is_major),
    "upload": upload,
    "list_files": lambda email, name, version: hubs[email].list_files(name, version),
    "twins_chat": twins_chat,
    "bench": bench,
}

for line in sys.stdin:
    request = json.loads(line)
    try:
        # The SDK prints now and then; standard output is for answers only.
        with contextlib.redirect_stdout(sys.stderr):
            answer = {"result": CALLS[request["call"]](*request["args"])}
    except Exception as error:  # noqa: BLE001 - the test shows whatever it is
        answer = {"error": type(error).__name__, "message": str(error)}
    print(json.dumps(answer), flush=True)
