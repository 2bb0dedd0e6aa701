//! Every kind of fault that a world can have, and how often it strikes where it is switched on.

faults! {
    /// An RPC request or its answer is lost: the connection breaks.
    RpcLost 80;
    /// An RPC endpoint takes the request and never answers.
    RpcHangs 25;
    /// An RPC answer comes seconds late.
    RpcLate 100;
    /// 429.
    RpcTooMany 80;
    /// 500, 502, 503.
    RpcServerError 80;
    /// A batch is refused as a whole.
    RpcBatchRefused 60;
    /// A batch's answer lacks items.
    RpcBatchPartial 50;
    /// A batch's answers come in another order.
    RpcOutOfOrder 300;
    /// A batch's answer holds an item twice.
    RpcDoubled 80;
    /// An answer that is no JSON-RPC.
    RpcGarbage 40;
    /// One request of a batch gets an error object: a limit, a node that is behind.
    RpcItemError 60;
    /// The answer is a few seconds old: the backend is behind.
    RpcStale 300;
    /// The parts of a batch are answered at different times.
    RpcTorn 300;
    /// An endpoint of the list serves another chain.
    RpcWrongChain 1000;
    /// An endpoint shows no pending transactions.
    RpcHidesPool 1000;
    /// An endpoint shows no block of pending transactions, though it counts them.
    RpcNoPendingBlock 1000;
    /// An endpoint has no state of older blocks.
    RpcNoHistory 1000;
    /// One of the endpoints lies, where the caller wants several to agree.
    RpcLies 150;
    /// The pinning service's connection breaks.
    PinLost 200;
    /// The pinning service answers with 500 or 503.
    PinServerError 200;
    /// The pinning service takes long.
    PinLate 200;
    /// The pinning service answers with a link to something else.
    PinWrongCid 100;
    /// The pinning service answers with something else.
    PinGarbage 100;
    /// A few blocks are taken back, and others come in their place.
    Reorg 60;
    /// A transaction of a block that was taken back comes later.
    ReorgDelays 300;
    /// A transaction of a block that was taken back is lost.
    ReorgDrops 150;
    /// A transaction waits in the pool for long.
    TxSlow 200;
    /// A transaction is dropped from the pool.
    TxDropped 80;
    /// A transaction that was simulated well fails when it is mined.
    RevertsWhenMined 150;
    /// A block takes long.
    BlockLate 60;
    /// The wallet's node loses the answer, and the wallet sends the same transaction again.
    WalletRepeats 400;
    /// The wallet's node never gets the transaction, and the wallet gives up: an error, nothing is out.
    WalletSendLost 150;
    /// The wallet's node takes the transaction, its answers are lost, the wallet gives up: an error, and it is out.
    WalletAnswerLost 150;
    /// An error with a number that sounds final, after the broadcast.
    WalletErrorAfterBroadcast 150;
    /// An error first, the broadcast seconds later.
    WalletLateBroadcast 100;
    /// An error before anything was asked: a spam filter, a limit, a window of the same kind.
    WalletRefusesToAsk 100;
    /// The wallet numbers transactions itself.
    WalletIgnoresNonce 1000;
    /// The answer is the hash of a stranger's transaction.
    WalletStrangersHash 150;
    /// The answer is no hash.
    WalletGarbage 150;
    /// The answer is a hash that nobody knows.
    WalletUnknownHash 100;
    /// The hash comes, and its transaction goes by a private relay: no pool shows it.
    WalletPrivateRelay 200;
    /// The wallet sends from the account that is selected, and not from the one that was asked.
    WalletWrongSender 100;
    /// The wallet sends on the chain that it is on, and not on the one that was asked.
    WalletWrongChain 150;
    /// The wallet sends and never answers.
    WalletHangs 100;
    /// The extension is reloaded: `disconnect`, and what was asked is never answered.
    WalletDisconnects 150;
    /// What was approved is still sent by an extension that is reloaded.
    WalletDisconnectsLate 400;
    /// The user selects another account.
    AccountSwitch 100;
    /// The user selects another chain.
    ChainSwitch 100;
    /// A switch of the chain that is answered before it has happened.
    ChainSwitchLate 500;
    /// A switch of the chain that is refused.
    ChainSwitchRefused 200;
    /// The chain is unknown to the wallet.
    ChainUnknown 300;
    /// The user says no, with 4001.
    UserRejects 150;
    /// The user says no, in words that are known.
    UserRejectsInWords 150;
    /// The user says no, in words that nobody knows.
    UserRejectsOddly 150;
    /// The user answers after minutes.
    UserSlow 150;
    /// The user does not answer at all.
    UserIgnores 80;
    /// The user edits what is sent.
    UserEdits 80;
    /// The user speeds the transaction up.
    UserSpeedsUp 200;
    /// The user cancels the transaction in the wallet.
    UserCancels 150;
    /// A Safe's other owners approve minutes later.
    SafeWaits 300;
    /// A Safe's other owners never approve.
    SafeNever 150;
    /// A Safe's owners reject the transaction on chain: another one takes its place.
    SafeRejected 150;
    /// The call inside a smart account's transaction fails, in a transaction that succeeds.
    InnerFails 200;
    /// A bundle holds strangers' operations that publish too.
    BundleStrangers 500;
    /// The wallet answers the bundle's hash in place of the operation's.
    BundleHash 400;
    /// The bundler loses the operation.
    BundleNever 100;
    /// The wallet refuses a batch of calls with one of EIP-5792's numbers.
    CallsRefused 200;
    /// The wallet says no to the upgrade that a batch needs (5750).
    CallsUpgradeRefused 150;
    /// Of a batch of calls only some are executed (600).
    CallsPartial 200;
    /// A batch that is done comes without receipts.
    CallsNoReceipts 200;
    /// The status of a batch cannot be had.
    CallsStatusFails 200;
    /// A tab dies at any await and is opened again.
    TabCrash 1000;
    /// A tab's page is frozen for a while.
    TabFreeze 1000;
    /// A window outlives the tab that opened it.
    WindowOutlivesTab 500;
    /// The caller aborts a call at any await.
    CallerAborts 120;
    /// A tab's clock is wrong.
    ClockSkew 1000;
    /// A tab's clock is set while it runs.
    ClockJump 1000;
    /// The wallet says of a batch that it did not send it (400), because its node's answer was lost.
    CallsSaysNotSent 150;
    /// An endpoint has no `eth_getLogs`.
    RpcNoLogs 1000;
    /// The user chooses the nonce in the wallet.
    UserNumbers 80;
}

/// How many kinds there are.
pub(crate) const KINDS: usize = Fault::ALL.len();

/// The streams that the choice of kinds, and each kind, draw from.
pub(crate) const KINDS_STREAM: u64 = 0xfa;
pub(crate) const FIRST_STREAM: u64 = 0x1000;
