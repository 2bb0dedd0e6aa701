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
    "the call is not looked for among the account's transactions",
    "src/eth/tx/look.rs",
    `        if is_call(transaction, signer, call) && owned(`,
    `        if false && is_call(transaction, signer, call) && owned(`,
  ),
  one(
    "another call's transaction is taken for one's own",
    "src/eth/tx/look.rs",
    `    used == nonce || signer.book.adopt(`,
    `    true || used == nonce || signer.book.adopt(`,
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
  one(
    "what a hash names is not compared with what was asked",
    "src/eth/follow.rs",
    `            Match::Differs(field) => return Ok(Step::End(Box::new(Followed::NotOurs(Box::new(transaction), field)))),`,
    `            Match::Differs(_) => {}`,
  ),
];
