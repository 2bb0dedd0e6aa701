// What protects payments, and what is left when it is taken out (`make simulate SHOPS=1 MUTATIONS=1`). Each must be found by the simulator.
//
// `edits`: texts that a file of src/ holds exactly once, and what stands in their place.

/** One text in one file. */
const one = (name, file, find, replace) => ({ name, edits: [{ file: `src/x402/${file}`, find, replace }] });

export default [
  one(
    "a receipt gives the limits back",
    "deliver.rs",
    `        if self.policy.trust_receipts {
            account(`,
    `        if true {
            account(`,
  ),
  one(
    "a lost answer to a payment is told as one to any request",
    "deliver.rs",
    `            Err(failure) => return Err(uncertain(&failure.to_string(), None)),`,
    `            Err(failure) => {
                return Err(Kind::Http { url: public_url(&request.url), status: None, reason: failure.to_string() }.into());
            }`,
  ),
  one(
    "a payment behind a redirect is not found again",
    "deliver.rs",
    `        let HttpRequest { method, url, body, .. } = &self.asked;`,
    `        let HttpRequest { method, url, body, .. } = &self.request;`,
  ),
  one(
    "a payment is kept for as long as its deadline says by our own clock",
    "deadline.rs",
    `        time.saturating_add_signed(self.chain.saturating_neg())`,
    `        time`,
  ),
  one(
    "a server's clock lengthens a signature",
    "deadline.rs",
    `        self.time(now).saturating_add(if shorter < LEAST { life } else { shorter })`,
    `        self.server.map_or(0, |(date, _)| date).max(self.time(now)).saturating_add(life.min(shorter.max(life)))`,
  ),
  one(
    "the deadline that was shown does not bind",
    "window.rs",
    `.min(shown.unwrap_or(u64::MAX));`,
    `.min(shown.map_or(u64::MAX, |_| u64::MAX));`,
  ),
  one("the policy's longest life does not bind", "policy.rs", `offer.timeout.min(self.max_life).min(MAX_LIFE);`, `offer.timeout.min(MAX_LIFE);`),
  one(
    "two tabs choose at once",
    "client.rs",
    `        let turn = self.share.turn(&self.io, self.account).await;
        self.pull().await.map_err(refuse)?;`,
    `        let turn = ();
        self.pull().await.map_err(refuse)?;`,
  ),
  one(
    "what other tabs signed for does not count",
    "ledger/shared.rs",
    `name.strip_prefix(&prefix).filter(|_| !own)`,
    `name.strip_prefix(&prefix).filter(|_| own)`,
  ),
  one(
    "what the user is asked for does not count yet",
    "ledger/mod.rs",
    `        let (nonce, amount) = (record.nonce, record.amount);`,
    `        let (nonce, amount) = (record.nonce, U256::ZERO);`,
  ),
  one(
    "what is asked for in another tab ends by the chain's clock",
    "ledger/mod.rs",
    `        if self.is_signed { block_time > deadline }`,
    `        if self.is_signed || block_time > 0 { block_time > deadline }`,
  ),
  one(
    "an unused nonce counts for nothing before its deadline",
    "ledger/mod.rs",
    `        if self.is_signed { block_time > deadline }`,
    `        if self.is_signed { block_time > 0 }`,
  ),
  one(
    "a span of time begins with the question and not with the signature",
    "ledger/mod.rs",
    `            (entry.record, entry.at) = (record.clone(), now);`,
    `            (entry.record, entry.at) = (record.clone(), entry.at.min(now));`,
  ),
  one(
    "the only transfer that a node shows is taken for the payment's at once",
    "settlement.rs",
    `        let is_whole = question.is_over(time.saturating_sub(MAX_LAG), now);`,
    `        let is_whole = question.is_over(time, now) || time > 0;`,
  ),
  one(
    "the caller's headers go to other origins",
    "redirect.rs",
    `        request.headers.retain(|(name, _)| is_one_of(&HARMLESS, name));`,
    `        request.headers.retain(|(name, _)| !name.is_empty());`,
  ),
  one(
    "the platform takes the caller's headers along",
    "redirect.rs",
    `                request.headers.retain(|(name, _)| goes(name));`,
    `                request.headers.retain(|(name, _)| goes(name) || !name.is_empty());`,
  ),
  one(
    "another origin is paid after a redirect",
    "policy.rs",
    `            _ if asked.origin != answered.origin => Err(`,
    `            _ if asked.origin.is_empty() => Err(`,
  ),
];
