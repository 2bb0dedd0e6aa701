"""The public names of the official SDKs, one a line, for the guides that come from them."""
import importlib
import inspect
import sys

MODULES = {
    "ogpu": ["ogpu", "ogpu.client", "ogpu.protocol", "ogpu.agent", "ogpu.events", "ogpu.chain", "ogpu.ipfs", "ogpu.types"],
    "opengradient": ["opengradient", "opengradient.client", "opengradient.types", "opengradient.alphasense", "opengradient.workflow_models"],
}
PARTS = {"ogpu": ["ogpu.protocol.nexus", "ogpu.protocol.controller", "ogpu.protocol.terminal", "ogpu.protocol.vault"], "opengradient": []}
sdk = sys.argv[1]
names = set()


def members(thing):
    return {name for name, value in vars(thing).items() if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, (classmethod, staticmethod)))}


for path in MODULES[sdk]:
    try:
        module = importlib.import_module(path)
    except ImportError:
        continue
    public = getattr(module, "__all__", [])
    names |= set(public)
    for name in public:
        thing = getattr(module, name, None)
        # Errors and data classes have no calls of their own.
        if inspect.isclass(thing) and thing.__module__.split(".")[1:2] in (["protocol"], ["client"], ["agents"]) and not issubclass(thing, Exception):
            names |= members(thing)
        if name == "ChainConfig":
            names |= members(thing)
for path in PARTS[sdk]:
    module = importlib.import_module(path)
    names |= {name for name, value in vars(module).items() if inspect.isfunction(value) and not name.startswith("_") and value.__module__ == path}
print("\n".join(sorted(names)))
