//! What may be paid: the caller's limits, which nothing that a server sends can widen.

use std::borrow::Cow;

use alloy_primitives::{Address, U256, address};

use super::ledger::Ledger;
use super::offer::{Flow, MIN_TIMEOUT, Offer};
use super::origin::Target;
use super::refusal::Refusal;
use super::wire::PaymentRequired;

/// No signature lives longer than this many seconds, whatever an offer or a policy says.
pub const MAX_LIFE: u64 = 600;

/// A token, as its contract describes itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The chain.
    pub chain_id: u64,
    /// The contract.
    pub address: Address,
    /// Its symbol.
    pub symbol: Cow<'static, str>,
    /// Its decimals.
    pub decimals: u8,
    /// Name and version of its EIP-712 domain; without them the seller's are signed.
    pub domain: Option<(Cow<'static, str>, Cow<'static, str>)>,
}

impl Token {
    const fn known(
        chain_id: u64,
        address: Address,
        symbol: &'static str,
        decimals: u8,
        name: &'static str,
        version: &'static str,
    ) -> Self {
        let domain = Some((Cow::Borrowed(name), Cow::Borrowed(version)));
        Self { chain_id, address, symbol: Cow::Borrowed(symbol), decimals, domain }
    }
}

/// OPG on Base.
pub const OPG: Token = Token::known(8453, address!("FbC2051AE2265686a469421b2C5A2D5462FbF5eB"), "OPG", 18, "OpenGradient", "1");
/// USDC on Base.
pub const USDC: Token = Token::known(8453, address!("833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"), "USDC", 6, "USD Coin", "2");
/// USDC on Base Sepolia, a test network.
pub const USDC_SEPOLIA: Token = Token::known(84532, address!("036CbD53842c5426634e7929541eC2318f3dCF7e"), "USDC", 6, "USDC", "2");

/// How much of one token may be spent; amounts in its smallest unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetRule {
    /// The token, and with it the chain.
    pub token: Token,
    /// The most that one request may cost; with `upto` the cap counts.
    pub per_request: U256,
    /// The most that may be signed for over the ledger's life.
    pub per_session: Option<U256>,
    /// The most that may be signed for within the last so many seconds.
    pub per_window: Option<(U256, u64)>,
}

/// The caller's limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The tokens that may be spent. Everything else is refused.
    pub assets: Vec<AssetRule>,
    /// The receivers that may be paid; `None`: whoever an origin named first.
    pub payees: Option<Vec<Address>>,
    /// The hosts (`api.example`) or origins (`https://api.example:8443`) that may be paid, also after a redirect; `None`:
    /// only the origin that was asked.
    pub hosts: Option<Vec<String>>,
    /// Offers that settle before they serve (`upfront`, `escrow`) may be paid.
    pub allow_upfront: bool,
    /// A missing allowance may be given by a second signature (EIP-2612), where the server takes one.
    pub allow_permits: bool,
    /// No signature lives longer than this many seconds; at most [`MAX_LIFE`] counts.
    pub max_life: u64,
    /// A receipt that names less than was signed for, and a refusal once the deadline has passed, give back what they show as unspent. This
    /// gives up the limits towards such a server: one that lies can take all that was ever signed for, however low they are. Without it
    /// only the chain's word gives anything back, where there is an RPC to ask.
    pub trust_receipts: bool,
}

impl Default for Policy {
    /// OPG on Base: 0.1 for a request, 2 within an hour, 5 in all.
    fn default() -> Self {
        const TENTH: u128 = 100_000_000_000_000_000;
        Self {
            assets: vec![AssetRule {
                token: OPG,
                per_request: U256::from(TENTH),
                per_session: Some(U256::from(50 * TENTH)),
                per_window: Some((U256::from(20 * TENTH), 3600)),
            }],
            payees: None,
            hosts: None,
            allow_upfront: false,
            allow_permits: false,
            max_life: MAX_LIFE,
            trust_receipts: false,
        }
    }
}

/// The offer that is to be paid, and the rule that lets it pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The offer.
    pub offer: Offer,
    /// Its token.
    pub token: Token,
    /// How long the signature will live, in seconds.
    pub life: u64,
}

impl Choice {
    /// Name and version of the token's EIP-712 domain: its own where it is known.
    pub fn domain(&self) -> Option<(&str, &str)> {
        match &self.token.domain {
            Some((name, version)) => Some((name, version)),
            None => self.offer.domain.as_ref().map(|(name, version)| (name.as_str(), version.as_str())),
        }
    }
}

impl Policy {
    /// The longest span of time that has a limit of its own, in seconds.
    pub(super) fn longest_span(&self) -> u64 {
        self.assets.iter().filter_map(|rule| rule.per_window).map(|(_, seconds)| seconds).max().unwrap_or_default()
    }

    /// Whether a host may be paid, for a request that was made to `asked` and answered by `answered`.
    ///
    /// # Errors
    /// Why not.
    pub fn host(&self, asked: &Target, answered: &Target) -> Result<(), Refusal> {
        let listed = |hosts: &Vec<String>| {
            hosts.iter().any(|host| host.eq_ignore_ascii_case(&answered.host) || host.eq_ignore_ascii_case(&answered.origin))
        };
        if !answered.private {
            return Err(Refusal::Insecure);
        }
        match &self.hosts {
            Some(hosts) if listed(hosts) => Ok(()),
            _ if asked.origin != answered.origin => Err(Refusal::Redirected { to: answered.origin.clone() }),
            Some(_) => Err(Refusal::Host),
            None => Ok(()),
        }
    }

    /// The first offer that may be paid; one that settles after serving before all others.
    ///
    /// # Errors
    /// Of all refusals the one of the offer that came closest.
    pub fn choose(
        &self,
        required: &PaymentRequired,
        payer: Address,
        origin: &str,
        ledger: &Ledger,
        now: u64,
    ) -> Result<Choice, Refusal> {
        let mut closest: Option<Refusal> = None;
        let mut second: Option<Choice> = None;
        for raw in &required.accepts {
            match Offer::parse(raw, required.version).and_then(|offer| self.judge(offer, payer, origin, ledger, now)) {
                Ok(choice) if choice.offer.flow == Flow::Authorization => return Ok(choice),
                Ok(choice) => second = second.or(Some(choice)),
                Err(refusal) => {
                    if closest.as_ref().is_none_or(|before| before.rank() < refusal.rank()) {
                        closest = Some(refusal);
                    }
                }
            }
        }
        second.ok_or_else(|| closest.unwrap_or(Refusal::Malformed("list")))
    }

    fn judge(&self, offer: Offer, payer: Address, origin: &str, ledger: &Ledger, now: u64) -> Result<Choice, Refusal> {
        let (chain_id, asset) = (offer.chain_id, offer.asset);
        if !self.assets.iter().any(|rule| rule.token.chain_id == chain_id) {
            return Err(Refusal::Network(offer.network));
        }
        let rule = self
            .assets
            .iter()
            .find(|rule| rule.token.chain_id == chain_id && rule.token.address == asset)
            .ok_or(Refusal::Asset { chain_id, asset })?;
        if offer.pay_to == payer || asset == payer {
            return Err(Refusal::Payee(offer.pay_to));
        }
        match &self.payees {
            Some(payees) if !payees.contains(&offer.pay_to) => return Err(Refusal::PayeeNotAllowed(offer.pay_to)),
            Some(_) => {}
            None => {
                if let Some(before) = ledger.payee(origin).filter(|before| *before != offer.pay_to) {
                    return Err(Refusal::PayeeChanged { before, now: offer.pay_to });
                }
            }
        }
        if offer.flow != Flow::Authorization && !self.allow_upfront {
            return Err(Refusal::FlowNotAllowed(offer.flow));
        }
        if let (Some((name, version)), Some((their_name, their_version))) = (&rule.token.domain, &offer.domain)
            && (name != their_name || version != their_version)
        {
            let found = format!("{their_name}/{their_version}");
            return Err(Refusal::Domain { expected: format!("{name}/{version}"), found });
        }
        let life = offer.timeout.min(self.max_life).min(MAX_LIFE);
        if life < MIN_TIMEOUT {
            return Err(Refusal::Timeout(life));
        }
        self.afford(rule, offer.amount, ledger, now)?;
        Ok(Choice { offer, token: rule.token.clone(), life })
    }

    fn afford(&self, rule: &AssetRule, asked: U256, ledger: &Ledger, now: u64) -> Result<(), Refusal> {
        let (chain_id, asset) = (rule.token.chain_id, rule.token.address);
        if asked > rule.per_request {
            return Err(Refusal::AboveRequestCap { asked, cap: rule.per_request });
        }
        if let Some(cap) = rule.per_session {
            let left = cap.saturating_sub(ledger.spent(chain_id, asset));
            if asked > left {
                return Err(Refusal::AboveSessionCap { asked, left });
            }
        }
        if let Some((cap, seconds)) = rule.per_window {
            let left = cap.saturating_sub(ledger.spent_since(chain_id, asset, now.saturating_sub(seconds)));
            if asked > left {
                return Err(Refusal::AboveWindowCap { asked, left, seconds });
            }
        }
        Ok(())
    }
}
