// What keeps each promise of docs/guides/security.md, and what is left when it is taken out: a test that the page names for it must fail.
//
// `edits`: texts that a file holds exactly once, and what stands in their place. Files of src/ are compiled again, and tests of Rust run;
// files of pkg-template/src/ go into a copy of the package, and tests of JavaScript run.

/** One text in one file. */
const one = (promise, what, file, find, replace) => ({ promise, what, edits: [{ file, find, replace }] });

export default [
  one("K1", "the package signs by itself", "Cargo.toml", `futures-channel = {`, `k256 = { version = "0.13.4", default-features = false, features = ["arithmetic"] }\nfutures-channel = {`),
  one("K2", "a wallet is asked to sign any text", "src/eth/wallet.rs", `self.ask("eth_chainId", "[]".to_owned())`, `self.ask("personal_sign", "[]".to_owned())`),
  one("K3", "another account than the connected one signs a transaction", "src/eth/signer.rs", `if !self.wallet.accounts(false).await?.contains(&self.account) {`, `if false {`),
  one("K3", "another account than the connected one signs a payment", "src/x402/window.rs", `if !self.wallet.accounts(false).await?.contains(&self.account) {`, `if false {`),
  one("K4", "a URL keeps its password", "src/error/mod.rs", `let host = authority.rsplit('@').next().unwrap_or_default();`, `let host = authority;`),
  one("K5", "a refused switch is followed by another question", "src/eth/wallet.rs", `Kind::WalletRejected { .. } | Kind::WalletRequestPending { .. } => return Err(error),`, `Kind::WalletRequestPending { .. } => return Err(error),`),
  one("K6", "a flood of announcements has no end", "pkg-template/src/wallets.ts", `  if (goes) {`, `  if (goes && goes.uuid === "") {`),

  one("T1", "the simulation is not looked at", "src/eth/tx/prepare.rs", `for index in [simulated, estimated.filter(|_| fallback.is_none())].into_iter().flatten() {`, `for index in [None::<usize>].into_iter().flatten() {`),
  one("T2", "a wallet's failure counts as a no", "src/eth/tx/decision.rs", `        Answer::Failed(failure) if is_rejection(&failure) =>`, `        Answer::Failed(failure) =>`),
  one(
    "T2",
    "the window is asked for again while nothing has the nonce",
    "src/eth/tx/decision.rs",
    `        _ => Next::Fail(Error::from(Kind::TxUncertain { address, nonce, said })),`,
    `        (_, Some(tried)) if again => Next::AskAgain(Error::from(Kind::Nonce { address, tried, suggested: tried, hash: None })),
        _ => Next::Fail(Error::from(Kind::TxUncertain { address, nonce, said })),`,
  ),
  one("T3", "a node's words count as a person's no", "src/eth/rejection.rs", `    if holds_any(&words, CONTRADICTIONS) {`, `    if false {`),
  one("T4", "a nonce is given back while its window is open", "src/eth/nonce.rs", `        if let Some(reservation) = self.0.borrow_mut().take() {
            reservation.doubt();`, `        if let Some(reservation) = self.0.borrow_mut().take() {
            drop(reservation);`),
  one("T5", "a transaction is not compared with what was asked", "src/eth/follow.rs", `            Match::Differs(field) => return Ok(Step::End(Box::new(Followed::NotOurs(Box::new(transaction), field)))),`, `            Match::Differs(_) => {}`),
  one("T6", "an operation counts by its bundle's status", "src/eth/smart/mod.rs", `    if operation.succeeded {`, `    if true {`),
  one("T6", "a bundle's logs are all the operation's own", "src/eth/smart/mod.rs", `.map_or(0, |at| at + 1);
        return`, `.map_or(0, |_| 0);
        return`),
  one("T7", "one confirmation is as good as three", "src/eth/depth.rs", `    if head.max(block).saturating_sub(block).saturating_add(1) < confirmations {
        return Ok(false);`, `    if head.max(block).saturating_sub(block).saturating_add(1) < confirmations {
        return Ok(true);`),
  one("T8", "another tab's nonce is taken", "src/eth/nonce.rs", `            if let Some(claim) = ticket.io.tabs.claim(name("nonce", key, nonce)).await {
                return`, `            let claim: Option<Rc<dyn Claim>> = Some(Rc::new(Unclaimed));
            if let Some(claim) = claim {
                return`),
  one("T9", "a wallet that went away is waited for", "src/eth/wallet.rs", `        match select(self.provider.request(method, params), gone).await {`, `        drop(gone);
        let gone: futures_util::future::LocalBoxFuture<'static, WalletFailure> = Box::pin(std::future::pending());
        match select(self.provider.request(method, params), gone).await {`),
  one("T10", "digits that a token does not have are cut", "pkg-template/src/units.ts", `  if (fraction.length > decimals) {`, `  if (false) {`),
  one("T10", "what is paid does not go with the call", "src/eth/rpc.rs", `value = call.value));`, `value = alloy_primitives::U256::ZERO));`),

  one("C1", "an endpoint's chain is not looked at", "src/eth/endpoints.rs", `        if actual == expected {`, `        if actual == expected || actual != expected {`),
  one("C2", "endpoints that differ agree", "src/eth/quorum.rs", `        if let Some(texts) = texts {`, `        if let Some(texts) = texts.filter(|_| false) {`),
  one("C3", "a log is given each time that it is read", "src/eth/logs.rs", `known.binary_search(&place(log)).is_err()).collect();`, `known.binary_search(&place(log)).is_err() || true).collect();`),
  one("C3", "a log that was taken back is not told", "src/eth/logs.rs", `                removed.push(Log { removed: true, ..log.clone() });`, ``),

  one("M1", "a price above the limit is paid", "src/x402/policy.rs", `        if asked > rule.per_request {`, `        if false {`),
  one("M2", "what was signed for is not counted", "src/x402/ledger/mod.rs", `        ledger.borrow_mut().entries.push(entry);`, `        let _ = entry;`),
  one("M3", "another tab's payments do not count", "src/x402/ledger/shared.rs", `                has_learnt |= ledger.borrow_mut().learn(text).is_some();`, `                has_learnt |= text.is_empty();`),
  one("M3", "a store that fails is passed over", "src/x402/ledger/shared.rs", `        kept.map_err(|reason| clip(&reason))
    }`, `        let _ = kept;
        Ok(())
    }`),
  one("M4", "a receipt gives back", "src/x402/deliver.rs", `        if self.policy.trust_receipts {
            account(`, `        if true {
            account(`),
  one("M5", "an unused nonce gives back before its deadline", "src/x402/settlement.rs", `            Some(false) if question.is_over(time, now) =>`, `            Some(false) =>`),
  one("M5", "one transfer settles two payments", "src/x402/settlement.rs", `        let is_free = |candidate: &&Candidate| !ledger.is_taken(candidate.place);`, `        let is_free = |_: &&Candidate| true;`),
  one("M6", "a payment without an answer is sent again", "src/x402/deliver.rs", `            Err(failure) => return Err(uncertain(&failure.to_string(), None)),`, `            Err(_) => self.io.open(request.clone()).await.map_err(|failure| uncertain(&failure.to_string(), None))?,`),
  one("M7", "an offer's own life counts", "src/x402/policy.rs", `offer.timeout.min(self.max_life).min(MAX_LIFE)`, `offer.timeout`),
  one("M7", "a signature ends later than was shown", "src/x402/window.rs", `.min(shown.unwrap_or(u64::MAX));`, `;`),
  one("M7", "a server's clock lengthens a signature's life", "src/x402/deadline.rs", `        self.time(now).saturating_add(if shorter < LEAST { life } else { shorter })`, `        let _ = shorter;
        self.server.map_or(now, |(date, _)| date.max(now)).saturating_add(life)`),
  one("M8", "a redirect's host is paid", "src/x402/policy.rs", `            _ if asked.origin != answered.origin =>`, `            _ if asked.origin.is_empty() && asked.origin != answered.origin =>`),
  one("M8", "a paid request follows redirects", "src/x402/deliver.rs", `redirects: Redirects::Refuse, ..request.clone() };`, `redirects: Redirects::Follow, ..request.clone() };`),
  one("M9", "headers go along to another origin", "src/x402/redirect.rs", `        request.headers.retain(|(name, _)| is_one_of(&HARMLESS, name));`, ``),
  one("M10", "payments travel in the clear", "src/x402/policy.rs", `        if !answered.private {`, `        if false {`),
  one("M11", "a host names another receiver each time", "src/x402/policy.rs", `ledger.payee(origin).filter(|before| *before != offer.pay_to)`, `ledger.payee(origin).filter(|_| false)`),
  one("M11", "another contract counts as the token", "src/x402/policy.rs", `rule.token.chain_id == chain_id && rule.token.address == asset)`, `rule.token.chain_id == chain_id)`),
  one("M12", "a no to onPayment is not heard", "src/x402/client.rs", `        if on_payment(proposal).await? { Ok(Some(deadline)) } else { Err(Refusal::Declined.into_error(&target.host)) }`, `        let _ = (on_payment(proposal).await?, target);
        Ok(Some(deadline))`),
  one("M13", "a failure before any payment says maybe", "src/opengradient/llm/client.rs", `unpaid: sent.payment.is_none() }`, `unpaid: false }`),
  one("M14", "each call at once signs for itself", "src/x402/client.rs", `if self.memory.borrow_mut().sessions.find(&asked, request.method, self.io.now()).is_none() {`, `if true {`),
  one("M15", "a signature is not looked at", "src/x402/window.rs", `        if recover(&typed.digest, &signature) != Some(self.account) {`, `        if false {`),
  one("M16", "a body that drips is waited for", "src/x402/client.rs", `let answer = self.io.within(request.timeout_ms, demand::read(response)).await;`, `let answer = Some(demand::read(response).await);`),

  one("P1", "text is given out before it is proven", "src/opengradient/llm/chat_stream.rs", `} else if self.llm.options().verify != Verify::Strict {`, `} else if true {`),
  one("P2", "another text than the signed one passes", "src/opengradient/tee/proof.rs", `    if signed_output != output_hash {`, `    if false {`),
  one("P2", "another question than the asked one passes", "src/opengradient/tee/proof.rs", `    if signed_request != request_hash {`, `    if false {`),
  one("P2", "a signature that is not the enclave's passes", "src/opengradient/tee/proof.rs", `        Ok(true) => Ok(Proof {`, `        Ok(_) => Ok(Proof {`),
  one("P2", "another enclave than the asked one passes", "src/opengradient/tee/proof.rs", `expected.filter(|expected| *expected != stated_id)`, `expected.filter(|_| false)`),
  one("P3", "an old answer passes", "src/opengradient/tee/proof.rs", `    if !window.holds(timestamp) {`, `    if false {`),
  one("P4", "a signature is good twice", "src/opengradient/llm/client.rs", `        if !self.accepted.borrow_mut().take(proof.timestamp, &signature) {`, `        if false {`),
  one("P5", "signed calls are given out as text", "src/opengradient/llm/signed.rs", `        if self.tools && reads_like_calls(output) {`, `        if false {`),
  one("P5", "calls are given out that nobody offered", "src/opengradient/llm/signed.rs", `            if !self.callable.iter().any(|tool| *tool == name) {`, `            if false {`),
  one("P6", "a stream that breaks off is whole", "src/opengradient/llm/chat_stream.rs", `            Some(_) if self.assembler.done || self.assembler.has_final() => {`, `            Some(_) if self.assembler.done || self.assembler.has_final() || true => {`),
  one("P7", "text beside signed calls is given out", "src/opengradient/llm/chat_stream.rs", `            ready.iter_mut().for_each(|chunk| chunk.content = None);`, ``),
  one("P8", "an image's URL may lead anywhere", "src/opengradient/llm/images.rs", `reach: Reach::Public, ..HttpRequest::get(url) };`, `reach: crate::io::Reach::Anywhere, ..HttpRequest::get(url) };`),
  one("P8", "images are fetched by default", "src/opengradient/llm/client.rs", `        if self.options.inline_images {`, `        if true {`),
  one("P9", "any certificate will do", "pkg-template/src/pinned.ts", `return tee ? pinned(url, init, agentFor(tee.tlsCertificate)) : fetch(url, init);`, `return tee && url === "" ? pinned(url, init, agentFor(tee.tlsCertificate)) : fetch(url, init);`),

  one("I1", "any block will do", "src/ipfs/verify.rs", `    if found == cid.sha2_256()? { Ok(()) }`, `    if found == cid.sha2_256()? || true { Ok(()) }`),
  one("I1", "any file will do", "src/ipfs/verify.rs", `            if root.codec() == DAG_PB && root.sha2_256()? == wanted {`, `            if root.codec() == DAG_PB && (true || root.sha2_256()? == wanted) {`),
  one("I2", "blocks come in any order", "src/ipfs/walk.rs", `        if !wanted.is_some_and(|wanted| wanted.same_block(cid)) {`, `        if wanted.is_none() {`),
  one("I2", "a stream begins again at the next gateway", "src/ipfs/fetch.rs", `(self.delivery, self.skip) = (delivery, self.given);`, `(self.delivery, self.skip) = (delivery, 0);`),
  one("I3", "what cannot be checked is given out", "src/ipfs/fetch.rs", `                if job.options.verify == Verify::Prefer {`, `                if job.options.verify == Verify::Prefer || true {`),
  one("I4", "any link of a pinning service will do", "src/ipfs/pin.rs", `            Err(Error::Mismatch { .. }) => Err(wrong_link(&link, Some(cid), "it names other content than was uploaded")),`, `            Err(Error::Mismatch { .. }) => Ok(Pinned { link, cid, proof: Proof::Block }),`),
  one("I4", "any id of the hub will do", "src/opengradient/hub/upload.rs", `    let proof = verifier.finish().map_err(|error| unverified(error.to_string()))?;`, `    let Ok(proof) = verifier.finish() else { return Ok(None) };`),
  one("I5", "a link may lead anywhere", "src/ipfs/ask.rs", `    let is_free = !place.is_strange || job.options.allow_private_hosts;`, `    let is_free = true;`),
  one("I5", "a private host counts as public", "pkg-template/src/public-fetch.ts", `!isLocalHost(bareHost(hostname));`, `bareHost(hostname) !== "" || isLocalHost(hostname);`),
  one("I5", "a name may resolve to a private address", "pkg-template/src/public-fetch.ts", `      if (local || !first) return`, `      if (!first) return`),
  one("I6", "a file may be larger than the limit", "src/ipfs/walk.rs", `            None if found > self.max_bytes =>`, `            None if self.max_bytes == 0 && found > 0 =>`),
  one("I6", "a tree may be endlessly deep", "src/ipfs/walk.rs", `        if want.depth >= MAX_DEPTH || self.pending`, `        if self.pending`),
  one("I7", "a link's keys go to every gateway", "src/ipfs/location.rs", `places.push(Place { url, base: Some(base), query: String::new(), is_strange: false });`, `let query = self.url.as_deref().map(kept_query).unwrap_or_default();
                places.push(Place { url, base: Some(base), query, is_strange: false });`),

  one("B1", "a body has no end", "src/io/http.rs", `                if whole.len() + piece.len() > limit {`, `                if false {`),
  one("B1", "JSON may be endlessly deep", "src/json.rs", `        if depth == MAX_DEPTH {`, `        if false {`),
  one("B1", "an event of a stream has no end", "src/opengradient/llm/sse.rs", `        if self.line.len() + bytes.len() > self.limit {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);`, `        self.line.extend_from_slice(bytes);`),
  one("B2", "links cross as they are", "pkg-template/src/border.ts", `  if (typeof value !== "string") throw invalidInput(name, \`expected a text`, `  if (value === name) throw invalidInput(name, \`expected a text`),
  one("B3", "a getter that throws is nobody's", "pkg-template/src/border.ts", `    if (isOgError(cause)) throw cause;
    const error`, `    throw cause;
    const error`),
  one("B4", "what was given back is used", "pkg-template/src/border.ts", `  if (pointer !== 0) return;`, `  if (pointer !== 0 || name !== "") return;`),
  one("B5", "a listener's failure is nobody's", "pkg-template/src/border.ts", `    if (value instanceof Promise) value.catch(() => {});`, ``),
  one("B6", "a mistyped option is passed over", "src/js/input.rs", `            if !known.contains(&key.as_str()) {`, `            if key.is_empty() && !known.contains(&key.as_str()) {`),
  one("B7", "foreign text is as long as it is", "src/error/mod.rs", `    let mut end = text.len().min(MAX_FOREIGN_TEXT);`, `    let mut end = text.len();`),

  one("R1", "any media type is passed on", "pkg-template/src/relay-headers.ts", `  if (!types.includes(type)) return undefined;`, ``),
  one("R1", "answers are not in a sandbox", "pkg-template/src/relay.ts", `      "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",`, ``),
  one("R2", "the relay's answers are shown as pages", "pkg-template/src/relay.ts", `  if (!["cors", "same-origin"].includes(mode) || dest !== "empty" || headers.has("upgrade-insecure-requests")) {`, `  if (mode === dest) {`),
  one("R2", "every page may ask", "pkg-template/src/relay.ts", `  if (origin !== null && origins !== "*" && !origins.includes(origin)) throw`, `  if (origin === "" && origins !== "*") throw`),
  one("R3", "a registry may name a private address", "pkg-template/src/relay-connect.ts", `    if (isLocalHost(host) && !this.#allows(base)) throw`, `    if (isLocalHost(host) && host === "") throw`),
  one("R3", "a name may stand for a private address", "pkg-template/src/relay-connect.ts", `    if (bad !== undefined && !this.#allows(base)) throw`, `    if (bad === "") throw`),
  one("R4", "everything is below an upstream", "pkg-template/src/relay-upstreams.ts", `  return base.origin === url.origin && url.pathname.startsWith(\`\${path}/\`) && !/%2e|%2f|%5c/i.test(url.pathname);`, `  return base.origin === url.origin && path !== "?";`),
  one("R4", "redirects are passed on", "pkg-template/src/relay.ts", `  if (answer.type === "opaqueredirect" || (status >= 300 && status < 400 && answer.headers.has("location"))) {`, `  if (answer.type === "opaqueredirect") {`),
  one("R5", "every header may be passed on", "pkg-template/src/relay-headers.ts", `    if (!TOKEN.test(lower) || NEVER.test(lower)) throw`, `    if (!TOKEN.test(lower)) throw`),
  one("R5", "headers of the connection are passed on", "pkg-template/src/relay-headers.ts", `    if (value !== null && !kept.includes(name)) picked`, `    if (value !== null && !kept.includes("")) picked`),
  one("R6", "bodies have no common limit", "pkg-template/src/relay-bounds.ts", `        if (this.#bytes + count > this.#bounds.maxHeld) throw`, `        if (this.#bytes < 0) throw`),
  one("R6", "an answer may stand still", "pkg-template/src/relay-bounds.ts", `      if (left <= 0) this.end(refusal());
      else this`, `      this`),
  one("R7", "a relay's word that nothing was sent counts", "src/x402/deliver.rs", `            Err(failure) => return Err(uncertain(&failure.to_string(), None)),`, `            Err(crate::io::HttpFailure::Relay(reason)) => return Err(Kind::NotPayable { url: public_url(&request.url), reason }.into()),
            Err(failure) => return Err(uncertain(&failure.to_string(), None)),`),

  one("S1", "the package depends on another", "pkg/package.json", `  "type": "module",`, `  "type": "module",\n  "dependencies": { "viem": "^2.0.0" },`),
  one("S2", "text is run as code", "pkg-template/src/start.ts", `  setErrorFactory(makeError);`, `  (0, eval)("1");
  setErrorFactory(makeError);`),
];
