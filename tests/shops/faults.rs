//! Every kind of fault that a world can have, and how often it strikes where it is switched on.

faults! {
    /// The offer's amount is above the limits, or no amount.
    OfferAmount 250;
    /// The offer's receiver is another one, the payer, the token, or nobody.
    OfferPayTo 250;
    /// The offer's token is one that the policy does not have.
    OfferAsset 200;
    /// The offer's network is another one, or spelt oddly.
    OfferNetwork 200;
    /// The offer's scheme is unknown.
    OfferScheme 150;
    /// The offer's life is endless, too short, or no number.
    OfferTimeout 300;
    /// The offer's extra names another domain, no facilitator, another method or flow.
    OfferExtra 250;
    /// The demand cannot be read.
    OfferGarbage 150;
    /// Several offers, the first of which nobody can pay.
    OfferMany 300;
    /// The demand comes in version 1.
    OfferVersion1 300;
    /// The demand has extensions that want something sent back, or too much of it.
    OfferExtensions 250;
    /// The server's clock is wrong, in its `Date` too.
    DateLies 500;
    /// 400, 403, 404, 429 before any payment.
    AskRefused 120;
    /// 500, 502, 503 before any payment.
    AskFails 120;
    /// The connection breaks before any payment.
    AskLost 120;
    /// No answer to the unpaid request.
    AskHangs 60;
    /// The demand takes long.
    AskSlow 150;
    /// The demand's body comes in drops.
    AskDrips 80;
    /// The answer is free.
    AskFree 60;
    /// A redirect within the origin.
    RedirectsWithin 150;
    /// A redirect to another origin.
    RedirectsAway 200;
    /// The platform hides redirects, as browsers do.
    PlatformFollows 1000;
    /// The seller takes nothing.
    TakesNothing 200;
    /// The seller takes its money just before the signature ends.
    TakesLate 250;
    /// The seller takes its money after the signature has ended, or tries to.
    TakesTooLate 150;
    /// The seller takes its money before it looks at the request.
    TakesEarly 250;
    /// The seller takes its money twice, or tries to.
    TakesTwice 250;
    /// The seller takes its money in parts, or tries to.
    TakesInParts 250;
    /// The seller takes more than was signed for, or tries to.
    TakesMore 250;
    /// The seller takes all that was signed for, whatever it said.
    TakesAll 300;
    /// The seller settles through a contract of its own, whose calldata shows other payments' nonces.
    TakesByRouter 300;
    /// The settlement waits for long in the pool.
    SettlesSlowly 200;
    /// The connection is reset once the payment is there.
    PaidReset 150;
    /// No answer to the payment.
    PaidHangs 80;
    /// The answer to the payment takes long.
    PaidSlow 150;
    /// 402 to the payment, in the words of a refusal.
    PaidRefused 200;
    /// 402 to the payment, in the words of a payment that was made before or is on its way.
    PaidPending 120;
    /// Another demand in answer to the payment, by 402 or 412.
    PaidDemandsMore 150;
    /// 400, 404, 409 to the payment.
    PaidClientError 150;
    /// 500, 502, 504 to the payment.
    PaidServerError 150;
    /// A redirect in answer to the payment.
    PaidRedirected 120;
    /// The answer is cut in its middle.
    PaidCut 150;
    /// The receipt names less than was taken, or nothing, or more.
    ReceiptAmount 300;
    /// The receipt names another transaction, or no hash.
    ReceiptHash 250;
    /// The receipt names another network.
    ReceiptNetwork 200;
    /// The receipt names another payer.
    ReceiptPayer 200;
    /// The receipt says that the payment failed.
    ReceiptUnsuccessful 200;
    /// The receipt cannot be read.
    ReceiptGarbage 200;
    /// There is no receipt.
    ReceiptAbsent 200;
    /// A session is over at its first further request, or at any.
    SessionEnds 200;
    /// A session's id is odd, or absent.
    SessionIdOdd 200;
    /// A session's request is charged, and refused.
    SessionChargesRefused 200;
    /// The connection is reset in a session.
    SessionReset 120;
    /// A session goes on after its signature has ended.
    SessionOutlives 200;
    /// No RPC endpoint is configured.
    RpcAbsent 1000;
    /// An RPC request or its answer is lost.
    RpcLost 120;
    /// An RPC endpoint never answers.
    RpcHangs 40;
    /// An RPC answer comes late.
    RpcLate 150;
    /// 429, 500, 503.
    RpcServerError 100;
    /// An answer that is no JSON-RPC.
    RpcGarbage 60;
    /// One request of a batch gets an error.
    RpcItemError 80;
    /// The answer is some seconds old.
    RpcStale 300;
    /// The parts of a batch are answered by backends at different blocks.
    RpcTorn 300;
    /// The endpoint shows no block that is being made.
    RpcNoPendingBlock 1000;
    /// A block is taken back; what it settled comes later.
    Reorg 80;
    /// What a block settled that was taken back does not come again.
    ReorgDrops 400;
    /// The account's balance is small.
    BalanceShort 1000;
    /// The account has allowed Permit2 little.
    AllowanceShort 1000;
    /// Another origin has the account pay the same sellers small sums.
    StrangersPay 1000;
    /// The user says no to the window.
    UserRejects 150;
    /// The user answers after a minute or two.
    UserSlow 150;
    /// The user answers after hours.
    UserAway 60;
    /// The wallet fails.
    WalletFails 120;
    /// The signature is another account's.
    WalletOtherAccount 100;
    /// The answer is no signature.
    WalletGarbage 100;
    /// The account is no longer connected.
    AccountGone 80;
    /// The wallet is on another chain.
    ChainOther 200;
    /// The caller's hook says no.
    HookDeclines 150;
    /// The caller's hook waits for its user.
    HookSlow 250;
    /// A tab dies at any await and is opened again.
    TabCrash 1000;
    /// The caller aborts a call at any await.
    CallerAborts 150;
    /// The computer's clock is some minutes wrong.
    ClockSkew 1000;
    /// The computer's clock is some hours wrong.
    ClockHours 1000;
    /// The store fails.
    StoreFails 120;
    /// The store does not answer.
    StoreHangs 40;
    /// The store takes long.
    StoreSlow 150;
}

/// How many kinds there are.
pub(crate) const KINDS: usize = Fault::ALL.len();

/// The streams that the choice of kinds, and each kind, draw from.
pub(crate) const KINDS_STREAM: u64 = 0xfb;
pub(crate) const FIRST_STREAM: u64 = 0x2000;
