// What people need to know of each failure beside its class: why it happens, what to do, what became of their money. A code without an
// entry, or an entry without a code, fails the build.

const NOTHING = "Nothing was sent.";
const UNPAID = "Nothing was signed or paid.";

/** @type {Record<string, { cause: string, cure: string, money: string }>} by code */
export const CURES = {
  invalidInput: { cause: "A value is missing, of the wrong type, out of range, or an option is not known.", cure: "`field` is its path, such as `info.payment`; `reason` says what was expected. Amounts are `bigint` in wei, times are unix seconds.", money: NOTHING },

  taskNotFound: { cause: "There is no contract at the address, or it is no task.", cure: "Check the address, and that it is of this network: mainnet and testnet have different tasks. Just after publishing, another RPC node may lag: try again.", money: NOTHING },
  sourceNotFound: { cause: "There is no contract at the address, or it is no source.", cure: "Check the address and the network.", money: NOTHING },
  responseNotFound: { cause: "There is no contract at the address, or it is no response.", cure: "Take responses from `task.getResponses()`. Check the network.", money: NOTHING },
  providerNotFound: { cause: "The account never announced itself as a provider on this network.", cure: "Check the address and the network.", money: NOTHING },
  masterNotFound: { cause: "The account never announced itself as a master on this network.", cure: "Check the address and the network.", money: NOTHING },

  taskExpired: { cause: "The deadline has passed: of the task that you publish, or of the one that you work with.", cure: "Publish with a later `expiryTime` (unix seconds, not milliseconds). A published task that expired without an attempt can be cancelled to free its payment.", money: "While publishing: nothing was sent. The payment of a task that is published stays in escrow until the next attempt after the deadline, or until `task.cancel()`." },
  taskAlreadyFinalized: { cause: "A response was confirmed, or the task was cancelled or has expired.", cure: "Read `task.getConfirmedResponse()`. Do not retry.", money: "This step sent nothing, and nothing is paid again." },
  taskInProgress: { cause: "A provider has attempted or answered the task: `status` says which. Only a task that nobody has attempted can be cancelled.", cure: "Wait for its response, or for its deadline.", money: "Nothing was sent. The payment stays in escrow for the task." },
  responseAlreadyConfirmed: { cause: "Somebody confirmed it before: you in another tab, or your agent.", cure: "Nothing to do. Read the response.", money: "Nothing was paid again." },
  sourceInactive: { cause: "Its owner ended it. That is for ever.", cure: "Choose another source.", money: NOTHING },

  expiryTooLong: { cause: "`expiryTime` is later than the source allows: at most `limit` seconds from now. With `inMilliseconds` it looks like milliseconds.", cure: "`Math.floor(Date.now() / 1000) + seconds`, with at most `limit` seconds.", money: NOTHING },
  paymentTooLow: { cause: "The payment is less than the source's `minPayment`.", cure: "Pay at least `minimum` wei.", money: NOTHING },

  notTaskOwner: { cause: "Only the account that published the task, or its agent, may do this.", cure: "Connect with that account, or have it call `setAgent` for yours.", money: NOTHING },
  notSourceOwner: { cause: "Only the account that published the source, or its agent, may do this.", cure: "Connect with that account, or have it call `setAgent` for yours.", money: NOTHING },
  notMaster: { cause: "The account is not the master of `provider`, or no master at all.", cure: "Connect with the master's account. For a new pair the provider calls `announceMaster` first, then the master `announceProvider`.", money: NOTHING },
  notProvider: { cause: "With `caller`: that account is neither the provider `account`, nor its master, nor the master's agent. With `source`: the provider is not registered there. Without both: `account` is no provider.", cure: "With `caller`: connect with the provider's account, its master's, or have the master call `setAgent`. With `source`: `register` it first.", money: NOTHING },
  unauthorizedAccount: { cause: "The contract keeps this function for its owner or for a role.", cure: "`role` tells which. An administrator of the network can grant it.", money: NOTHING },

  insufficientBalance: { cause: "The vault balance is less than the amount. The account's own coins do not count.", cure: "`ogpu.vault.deposit(account, required - available)`, or choose less.", money: NOTHING },
  insufficientLockup: { cause: "The stake is less than the source, or the network for each source, asks for; or less than is to be unbonded.", cure: "Lock more: `ogpu.vault.lock(required - available)`, or choose less.", money: NOTHING },
  unbondingPeriodNotElapsed: { cause: "Unbonding takes its time.", cure: "Claim after `remainingSeconds`.", money: "Nothing was sent. The amount goes on unbonding." },
  notEligible: { cause: "The vault does not let the account take part: stake or sanctions.", cure: "Look at `provider.snapshot()`: `lockup`, `sanction`, `isEligible`.", money: NOTHING },

  txRevert: { cause: "The contract said no, for a reason without a class of its own. `reason` is the contract's word.", cure: "Without `hash` the simulation found it. With `hash` something changed between simulation and block, for somebody was faster: `reason` ends with the code that it has without one, such as `(taskInProgress)`. Read the state and decide anew.", money: "Without `hash` nothing was sent. With `hash` the transaction was mined and its gas was paid, and nothing else." },
  contractPanic: { cause: "The contract failed in itself: `panicCode` 0x11 is arithmetic, 0x12 a division by zero, 0x32 an index out of bounds.", cure: "Usually an argument that the contract does not expect. If yours are right, report it.", money: "Without `hash` nothing was sent. With `hash` the gas was paid, and nothing else." },
  nonce: { cause: "Another transaction has the nonce `tried`. Or, with `hash`, the wallet ignored the suggested one.", cure: "Leave `nonce` out. `ogpu.resetNonceCache()` forgets the book. With `hash`: cancel or speed up in the wallet itself.", money: "Without `hash` this call had no effect: another transaction was mined with its nonce, perhaps one with which the user cancelled it. With `hash` that transaction is out, with the nonce `tried`." },
  gas: { cause: "The account cannot pay the gas and what goes with the transaction (a deposit's amount, `required`), or the node cannot estimate it.", cure: "Send the account some of the chain's own currency: it holds `available` wei. The vault balance does not pay gas.", money: NOTHING },
  txReceiptTimeout: { cause: "The transaction was sent, and is not in a block yet: the price is low, or the chain is busy.", cure: "Look `hash` up before anything else. With `runTask`, go on by `resume: { transactionHash: hash }`. A longer `receiptTimeout` waits longer.", money: "It was sent, and may still take effect. Sending again could pay twice." },
  txRpc: { cause: "The node or the wallet refused the transaction before it was broadcast.", cure: "`reason` says why. Try again; with another RPC if it stays.", money: NOTHING },
  txReplaced: { cause: "Another transaction with the same nonce was mined in its place: cancelled or changed in the wallet.", cure: "If `cancelled`, the user meant it. Otherwise look at `replacement`.", money: "This transaction had no effect. The gas of the other one was paid." },
  txUncertain: { cause: "The wallet failed after it was asked to send, so nobody knows whether it did.", cure: "Look up the transaction with `nonce` of `address` in the explorer. Send again only when there is none.", money: "It may or may not be out. It is never sent again by itself." },
  txMismatch: { cause: "The transaction that was mined is not what was asked: `field` is `found`, asked was `asked`. Wallets let users edit amounts.", cure: "Look at `hash`, then decide with the user. Do not simply repeat the call.", money: "The transaction `hash` was sent and its gas was paid. It may have taken effect as it was edited." },
  txAwaitingApproval: { cause: "A smart account, such as a Safe with several owners, holds the transaction until the others approve and somebody executes it.", cure: "Keep `id`, tell the user who has to approve, and go on with it later: `ogpu.waitForTransaction(id)`, or `resume: { transactionHash: id }` of `runTask`.", money: "Nothing is on chain yet. It may still be executed: sending again could pay twice." },
  txPartial: { cause: "The wallet executed only some calls of a batch (EIP-5792 status 600).", cure: "Look at `hashes`, read the state, and send only what is missing.", money: "Some calls took effect, and gas was paid." },
  invalidRpcUrl: { cause: "No node of the wanted chain answers at the URL.", cure: "Check the URL, the chain id, and that the server allows your page (CORS).", money: "Nothing was sent. The previous endpoint stays." },
  publishTimeout: { cause: "`totalTimeout` ran out before the transaction was sent. `stage` says where.", cure: "Try again with more time.", money: "No transaction was sent. A document may be on IPFS already, which costs nothing." },

  missingSigner: { cause: "The call signs, and the client came from `Ogpu.readOnly`; or `useChat` asked before a wallet was connected.", cure: "`Ogpu.connect({ wallet, network })`; in React, `connect` of `useOgpu` or `useOpenGradient`.", money: NOTHING },
  chainNotSupported: { cause: "No network was named, or one that is not known.", cure: "Pass `network: \"mainnet\"`, `\"testnet\"` or a `Network`, or call `ChainConfig.setChain` first.", money: NOTHING },
  notOnNetwork: { cause: "This network's contracts lack the function. Testnet's vault has no `cancelUnbonding`.", cure: "Do without it on this network.", money: NOTHING },

  ipfsFetch: { cause: "Content could not be fetched, uploaded or read as JSON.", cure: "`reason` says which. Try again, or give other `gateways`. For bytes that are no JSON use `fetchIpfs` or `response.fetch()`.", money: "A failed upload ends the call before its transaction. A failed download changes nothing on chain: a task that `runTask` had published stands." },
  ipfsGateway: { cause: "A gateway or the pinning service answered with `statusCode`. 404 and 504 often mean: not found yet.", cure: "Wait and try again, or give other `gateways`. 413: the document is too large.", money: "A failed upload ends the call before its transaction. A failed download changes nothing on chain." },
  contentUnverified: { cause: "The bytes do not match the CID, or the URL has none, or its form cannot be checked.", cure: "A mismatch: do not use it; try another gateway. No CID: `verify: \"prefer\"` gives it with `verified: false`, if you accept that.", money: "Nothing was paid. Do not confirm a response whose payload fails this." },

  walletRejected: { cause: "The user said no, or closed the wallet's window. Wallets say it by the codes 4001, 5000 and 5750, or [in words](wallets.md#what-is-a-no).", cure: "Offer the button again. Do not open the window by yourself.", money: NOTHING },
  walletRequestPending: { cause: "The wallet shows a window of this kind already, perhaps behind another one.", cure: "Tell the user to open the wallet and answer.", money: NOTHING },
  walletLocked: { cause: "The wallet is locked, or shows this site no account.", cure: "Have the user unlock it, then connect again.", money: NOTHING },
  wrongChain: { cause: "`who` is on chain `actual`, where `expected` is needed: the wallet, which did not switch within 5 s, or the RPC endpoint with this URL.", cure: "The wallet: `await ogpu.switchChain()` from a button, or have the user switch in the wallet. An RPC: give the URL of the right chain.", money: NOTHING },
  walletUnsupportedMethod: { cause: "The wallet lacks `method`.", cure: "Use another wallet for this. For payments it must know `eth_signTypedData_v4`.", money: NOTHING },
  walletDisconnected: { cause: "The wallet lost its connection to the chain, or to the page: its extension was reloaded or updated while its window was open.", cure: "Reload the page where the wallet does not come back. Else have the user check the wallet's network and RPC.", money: "Nothing was sent. A wallet that goes away after it was asked to send is looked for on the chain, and is a [`txUncertain`](#txUncertain) where nothing is found." },
  walletUnauthorized: { cause: "The wallet does not permit this site the account or the method. The user may have changed accounts.", cure: "Connect again.", money: NOTHING },
  walletFailed: { cause: "The wallet failed in a way that it does not explain further.", cure: "Look at `cause` and `rpcCode`. Try again; a restart of the browser helps many extensions.", money: "While connecting, switching and signing: nothing was sent. What may be out is a [`txUncertain`](#txUncertain) instead." },

  paymentRefused: { cause: "The offer does not fit your policy, or `onPayment` said no. `reason` is stable: `aboveRequestCap`, `payeeChanged`, `redirected` and so on.", cure: "If you want to pay this, widen the policy yourself. Never widen it to what a server asks for.", money: UNPAID },
  notPayable: { cause: "The server demands payment in a way that cannot be read, or that this wallet cannot meet.", cure: "`reason` says what is wrong. It is the server's to repair.", money: UNPAID },
  insufficientAllowance: { cause: "Permit2 may not move enough of the token for the account.", cure: "`og.llm.ensureOpgApproval({ minAllowance })`, once.", money: UNPAID },
  insufficientTokenBalance: { cause: "The account holds too little of the token.", cure: "Send it `required - available` of `token`, on the payments' chain.", money: UNPAID },
  paymentSignature: { cause: "The wallet signed with another account or for another chain, or gave something that is no signature.", cure: "Choose the connected account in the wallet. For contract accounts pass `contractAccount: true`.", money: "The signature was thrown away. Nothing was paid." },
  paymentExpired: { cause: "The wallet's window was answered after the payment's deadline.", cure: "Ask again, and answer sooner.", money: "The signature was thrown away. Nothing was paid." },
  paymentRejected: { cause: "The server refused a signed payment. `class` says whose turn it is: `user` (balance, allowance), `server` (later), `expired`, `refused`.", cure: "Repair what `reason` names. Ask again after `deadline`, or look for `nonce` on chain first.", money: "By the server's word nothing was paid. The signature could still be settled once, until `deadline`." },
  paymentUncertain: { cause: "A signed payment went out, and no usable answer came back.", cure: "Look for `nonce` on chain, or wait until `deadline`, before you pay again.", money: "It may be paid, once at most, and `amount` at most." },

  proofFailed: { cause: "The answer is not what the enclave signed, or not for this request. `check` says which.", cure: "Do not use it. Ask again; the client picks another enclave. If it stays, someone in between changes answers.", money: "The request was answered, and may have been paid." },
  streamCut: { cause: "The stream ended before its answer was whole.", cure: "Look at the payment (`og.spent()`), then ask again.", money: "The request was sent, and may have been paid." },
  teeUnavailable: { cause: "The registry names no enclave that can be asked, or the one that you named is not active.", cure: "Try again later, or without `teeId`. In a page, check `relay`.", money: "Nothing was paid." },
  inference: { cause: "The LLM server failed, or answered without a result.", cure: "`reason` is its word: a model that it does not know, a prompt too long, a provider that is down.", money: "Failed requests are normally not charged. With status 200 it may have been paid: look at `og.spent()`." },

  resultRetrieval: { cause: "The inference is on chain and paid, but its result cannot be read (yet).", cure: "Ask the node again later with `hash`. Do not send the inference again.", money: "The transaction was mined, and its gas paid." },
  authentication: { cause: "Wrong email, password or key, or the session ended.", cure: "Sign in again. `reason` is the service's word.", money: NOTHING },
  service: { cause: "The service refused, in its own words.", cure: "`status` below 500: change the request. 500 and above: try later.", money: "Nothing was paid by this package." },
  notReachable: { cause: "The service speaks a protocol that this place cannot, such as gRPC in a page.", cure: "Use it from Node, or through a proxy of your own.", money: NOTHING },

  rpcDisagreement: { cause: "The network asks several RPC endpoints (`quorum`), and they gave different answers to `method`, twice.", cure: "Look at `answers` and `urls`: one of them lags, lies or is of another chain. Try again, or take it out.", money: "Nothing was sent because of this answer. After a transaction was sent, look it up by its hash." },
  rpc: { cause: "The node answered with an error: `rpcCode` and the message are its own.", cure: "-32005 and 429 mean too many requests: wait. Give several `rpcUrl`s, and the next one is asked.", money: "Reads cost nothing. A transaction that failed to send is a [`txRpc`](#txRpc) or [`txUncertain`](#txUncertain) instead." },
  http: { cause: "No usable HTTP answer: no connection, a time-out, a bad status, or the server does not allow your page (CORS).", cure: "Open `url` by hand. In a page, look at the console for CORS and `connect-src`.", money: "Reads cost nothing. What an earlier step of the same call had sent stands. A signed payment without an answer is a [`paymentUncertain`](#paymentUncertain) instead." },
  protocol: { cause: "A reply breaks its protocol's rules. The other side is broken, or lies.", cure: "Use another endpoint. If it is a public one, report it with `expected` and `found`.", money: "Nothing is believed of such a reply. If the message names a transaction, that one was mined." },
  moduleLoad: { cause: "The `.wasm` file was not found, or the page's policy forbids it.", cure: "Check that `ogkit_bg.wasm` is served, with status 200, and that `script-src` has `'wasm-unsafe-eval'`. Or give the bytes to `preload(bytes)`.", money: NOTHING },
};
