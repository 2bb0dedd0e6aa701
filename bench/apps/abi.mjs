// The contracts' functions and events that the four calls need, as both peers read them.
export const CONTROLLER = [
  "function publishTask((address source, string config, uint256 expiryTime, uint256 payment) params)",
  "function confirmResponse(address response)",
];
export const NEXUS = [
  "event TaskPublished(address task, address source)",
];
export const TASK = [
  "function getSource() view returns (address)",
  "function getStatus() view returns (uint8)",
  "function taskParams() view returns (address source, string config, uint256 expiryTime, uint256 payment)",
  "function getPayment() view returns (uint256)",
  "function getExpiryTime() view returns (uint256)",
  "function getDeliveryMethod() view returns (uint8)",
  "function getAttemptCount() view returns (uint256)",
  "function getResponsesOf(uint256 lower, uint256 upper) view returns (address[])",
  "function winningProvider() view returns (address)",
];
export const RESPONSE = [
  "function getResponseParams() view returns ((address task, address provider, string data, uint256 payment))",
  "function getStatus() view returns (uint8)",
  "function responseTimestamp() view returns (uint256)",
  "function confirmedFinal() view returns (bool)",
];
const ZERO = /^0x0{40}$/;
/** Slots of attempters who have not answered yet are zero. */
export const present = (addresses) => addresses.filter((address) => !ZERO.test(address));

/** What the pinning service answers to a document. */
export async function pin(pinUrl, document) {
  const form = new FormData();
  form.set("file", new Blob([JSON.stringify(document)], { type: "application/json" }), "task.json");
  const reply = await fetch(pinUrl, { method: "POST", body: form });
  if (!reply.ok) throw new Error(`the pinning service answered with ${reply.status}`);
  return (await reply.json()).link;
}
