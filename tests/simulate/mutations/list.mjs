// What protects, and what is left when it is taken out. Each must be found by the simulator.
//
// `edits`: texts that a file of src/ holds exactly once, and what stands in their place.

/** One text in one file. */
const one = (name, file, find, replace) => ({ name, edits: [{ file, find, replace }] });

export default [
  one(
    "a wallet's failure counts as proof that nothing went out",
    "src/eth/tx/decision.rs",
    `        Answer::Failed(failure) if is_rejection(&failure) =>`,
    `        Answer::Failed(failure) =>`,
  ),
  one(
    "a no in other words than 4001 is not heard",
    "src/eth/rejection.rs",
    `            Person(phrases) => holds_any(line, phrases),`,
    `            Person(_) => false,`,
  ),
  one(
    "the call is not looked for among the account's transactions",
    "src/eth/tx/look.rs",
    `        match if is_call(transaction, signer, call) {`,
    `        match if false && is_call(transaction, signer, call) {`,
  ),
  one(
    "another call's transaction is taken for one's own",
    "src/eth/nonce.rs",
    `        let Some(claim) = self.io.tabs.claim(self.name("hash", id)).await else { return false };`,
    `        let Some(claim) = self.io.tabs.claim(self.name("hash", id)).await else { return true };`,
  ),
  one(
    "a call that ends without knowing keeps its transaction",
    "src/eth/nonce.rs",
    `        if !self.is_settled.get() {`,
    `        if false {`,
  ),
  one(
    "the window is asked for again while nothing has the nonce",
    "src/eth/tx/decision.rs",
    `        _ => Next::Fail(Error::from(Kind::TxUncertain { address, nonce, said })),`,
    `        (_, Some(tried)) if again => Next::AskAgain(Error::from(Kind::Nonce { address, tried, suggested: tried, hash: None })),
        _ => Next::Fail(Error::from(Kind::TxUncertain { address, nonce, said })),`,
  ),
  one(
    "a nonce in doubt stays taken",
    "src/eth/nonce.rs",
    `        book.entries.borrow_mut().push(Entry { claim: None, ..self.entry });`,
    `        book.entries.borrow_mut().push(self.entry);`,
  ),
  one(
    "a nonce whose transaction was lost stays taken",
    "src/eth/nonce.rs",
    `                retired.await;`,
    `                retired.await;
                std::future::pending::<()>().await;`,
  ),
  one(
    "an aborted call gives its nonce back without a word",
    "src/eth/tx/ask.rs",
    `    let _open = Open(Rc::clone(&held));`,
    `    let _open = ();`,
  ),
  one(
    "a lost connection ends no waiting",
    "src/eth/signer.rs",
    `                None => Gone::Disconnected(disconnected.await),`,
    `                None => std::future::pending().await,`,
  ),
  {
    name: "what a hash names is not compared with what was asked",
    edits: [
      {
        file: "src/eth/follow.rs",
        find: `            Match::Differs(field) => return Ok(Step::End(Box::new(Followed::NotOurs(Box::new(transaction), field)))),`,
        replace: `            Match::Differs(_) => {}`,
      },
      {
        file: "src/eth/smart/mod.rs",
        find: `    let own = mined.from == account && mined.to == call.to && mined.value == call.value && mined.input == *call.data;`,
        replace: `    let own = true;`,
      },
    ],
  },
  one(
    "a wallet without eth_requestAccounts, as a Safe's, does not connect",
    "src/eth/wallet.rs",
    `                Err(error) if is_missing(&error) => None,`,
    `                Err(error) if false && is_missing(&error) => None,`,
  ),
  one(
    "an operation that failed counts by its bundle's status",
    "src/eth/smart/mod.rs",
    `    if operation.succeeded {`,
    `    if true {`,
  ),
  one(
    "a bundle's logs are all the operation's own",
    "src/eth/smart/mod.rs",
    `.map_or(0, |at| at + 1);
        return`,
    `.map_or(0, |_| 0);
        return`,
  ),
  one(
    "the chain is not asked for a smart account's operation by its own name",
    "src/eth/follow.rs",
    `            operations.iter().find(|operation| operation.id == self.sent.hash && operation.transaction != self.hash)`,
    `            operations.iter().find(|operation| false && operation.id == self.sent.hash && operation.transaction != self.hash)`,
  ),
  one(
    "a part of a batch is told as the whole",
    "src/eth/calls/settle.rs",
    `        if seen.done == calls {`,
    `        if seen.done > 0 {`,
  ),
  one(
    "confirmations are counted from two moments",
    "src/eth/depth.rs",
    `            if quantity(found)? != number || parent != below {`,
    `            if quantity(found)? != number {`,
  ),
  one(
    "a batch's \"not sent\" is believed",
    "src/eth/calls/settle.rs",
    `        match (state.status, seen.stray) {`,
    `        match (state.status, seen.stray) {
            (Some(Status::NotSent), _) => Some(Err(Kind::TxRpc { reason: String::new(), said: Said::default() }.into())),`,
  ),
  one(
    "what one endpoint refuses no other is asked",
    "src/eth/quorum.rs",
    `        return first.or(refused.filter(|_| is_last)).ok_or(Objection::Refused);`,
    `        return first.or(refused).ok_or(Objection::Refused);`,
  ),
  one(
    "an endpoint of another chain is believed",
    "src/eth/endpoints.rs",
    `        if actual == expected {`,
    `        if actual == expected || actual > 0 {`,
  ),
];
