// The four calls with ogkit.
import { Ogpu } from "ogkit/ogpu";

export async function connect({ wallet, network }) {
  const ogpu = await Ogpu.connect({ wallet, network });
  return {
    publishTask: async (info) => (await ogpu.publishTask(info)).address,
    snapshot: (task) => ogpu.task(task).snapshot(),
    responses: (task) => ogpu.getTaskResponses(task),
    confirm: (response) => ogpu.confirmResponse(response),
  };
}

/** The first result that needs the library: a client, and a checked address out of it. */
export const first = async (network, address) => (await Ogpu.readOnly({ network })).task(address).address;
