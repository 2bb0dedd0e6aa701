// MetaMask's popup: its ApprovalController, and the user before it, who is the test's.
import { ApprovalController } from "@metamask/approval-controller";
import { providerErrors } from "@metamask/rpc-errors";

/**
 * A window: `wallet_requestPermissions`, `wallet_switchEthereumChain`, `wallet_addEthereumChain`, `transaction`, `personal_sign` or
 * `eth_signTypedData`. `data` is the request's, for a transaction the one that its controller holds; `edit` is what the user changed in it
 * (`txParams`, `customNonceValue`).
 * @typedef {{ type: string, data: any, approve(edit?: any): Promise<unknown>, reject(error?: unknown): void }} Window
 *
 * @param {{ root: any, messenger: any, user: (window: Window) => void, transaction: (id: string) => any }} options
 */
export function createPopup({ root, messenger, user, transaction }) {
  /** @type {Window[]} */
  const windows = [];
  const awaited = [];
  const approvals = new ApprovalController({ messenger, showApprovalRequest() {}, typesExcludedFromRateLimiting: ["transaction", "personal_sign", "eth_signTypedData"] });
  const shown = new Set();
  root.subscribe("ApprovalController:stateChange", ({ pendingApprovals }) => {
    for (const { id, type, requestData } of Object.values(pendingApprovals)) {
      if (shown.has(id)) continue;
      shown.add(id);
      const window = {
        type,
        get data() {
          return type === "transaction" ? transaction(id) : requestData;
        },
        approve(edit) {
          if (type !== "transaction") return approvals.accept(id, edit);
          const txMeta = { ...window.data, ...edit, txParams: { ...window.data.txParams, ...edit?.txParams } };
          // What comes of it is told to the page too.
          return approvals.accept(id, { txMeta }, { waitForResult: true }).catch(() => {});
        },
        reject: (error = providerErrors.userRejectedRequest()) => approvals.reject(id, error),
      };
      windows.push(window);
      // The popup opens after the state is written.
      queueMicrotask(() => {
        user(window);
        for (const look of awaited.splice(0)) look();
      });
    }
  });
  return {
    approvals, windows,
    /** Resolves with the window of a type, once it is there; `skip` earlier ones do not count. */
    async window(type, skip = 0) {
      for (;;) {
        const found = windows.filter((window) => window.type === type)[skip];
        if (found) return found;
        await new Promise((resolve) => awaited.push(resolve));
      }
    },
  };
}
