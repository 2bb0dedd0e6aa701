//! The wallet's part: typed data in, a payment header out.

use alloy_primitives::{U256, hex};

use super::client::{Chain, GAS_PERMIT, Order, Payer, Signed};
use super::payment::{Draft, permit_info};
use super::signature::{normalise, recover};
use super::typed::{TypedData, permit};
use crate::error::{Error, Kind, Said, public_url};
use crate::json::{Json, quote};

/// A signature of a contract account may have this many bytes.
const MAX_CONTRACT_SIGNATURE: usize = 4096;
/// Servers refuse requests whose headers pass 16 KB in all.
const MAX_PAYMENT_HEADER: usize = 12 << 10;
const PAYMENT_ID: &str = "payment-identifier";

impl Payer {
    /// Asks the wallet. The signature's life begins when the window opens, or when the caller was shown its deadline.
    pub(super) async fn sign(&self, order: &Order<'_>, chain: &Chain, token_nonce: Option<U256>) -> Result<Signed, Error> {
        let Order { choice, required, clocks, nonce, shown, reserved_until, .. } = order;
        let _window = self.wallet.window().await;
        self.wallet.switch_chain(&chain.params).await?;
        if !self.wallet.accounts(false).await?.contains(&self.account) {
            let said = Said { message: "the account is no longer connected".to_owned(), ..Said::default() };
            return Err(Kind::WalletUnauthorized { account: Some(self.account), said }.into());
        }
        let domain = choice.domain().unwrap_or_default();
        let now = self.io.now();
        let deadline = clocks.deadline(choice.life, now).min(shown.unwrap_or(u64::MAX));
        if !clocks.is_good(deadline, now) {
            return Err(Kind::PaymentExpired { deadline }.into());
        }
        let time = clocks.time(now);
        let life = deadline.saturating_sub(time);
        let draft = Draft::new(&choice.offer, domain, self.account, &order.target.origin, time, life, *nonce);
        let mut additions = Vec::new();
        if required.extension(PAYMENT_ID).is_some() {
            let id = hex::encode(&nonce[..16]);
            additions.push((PAYMENT_ID, vec![("id", quote(&id))]));
        }
        // Nobody should sign what no server would take.
        let bare = draft.header(&choice.offer, required, &[0; 65], &additions).1.len();
        if bare > MAX_PAYMENT_HEADER {
            let reason = "it wants more sent back than fits into a header".to_owned();
            return Err(Kind::NotPayable { url: public_url(&order.request.url), reason }.into());
        }
        let signature = self.answer(&draft.typed).await?;
        if let Some(token_nonce) = token_nonce {
            let typed = permit(&choice.offer, domain, self.account, token_nonce, deadline);
            let signature = self.answer(&typed).await?;
            additions.push((GAS_PERMIT, permit_info(&draft.record, token_nonce, &signature)));
        }
        // Nor is it sent once other tabs may take the amount for free.
        if !clocks.is_good(deadline, self.io.now()) || self.io.now() > *reserved_until {
            return Err(Kind::PaymentExpired { deadline }.into());
        }
        let header = draft.header(&choice.offer, required, &signature, &additions);
        Ok(Signed { draft, header })
    }

    /// One window. What comes back is of the account, or an error.
    async fn answer(&self, typed: &TypedData) -> Result<Vec<u8>, Error> {
        const METHOD: &str = "eth_signTypedData_v4";
        let params = format!(r#"["{:?}",{}]"#, self.account, quote(&typed.json));
        let answer = self.wallet.open(METHOD, params).await?;
        let wrong = |reason| Error::from(Kind::PaymentSignature { account: self.account, reason });
        let text = Json::parse(&answer).and_then(Json::plain).filter(|text| text.len() <= 2 * MAX_CONTRACT_SIGNATURE);
        let bytes = text.and_then(|text| hex::decode(text).ok()).ok_or_else(|| wrong("it is no hex text"))?;
        if self.contract_account {
            // A Safe whose other owners have not signed yet gives an empty one.
            return if bytes.is_empty() {
                Err(wrong("it is empty: the account's other owners have not signed"))
            } else {
                Ok(bytes)
            };
        }
        let signature = normalise(&bytes).map_err(wrong)?;
        if recover(&typed.digest, &signature) != Some(self.account) {
            return Err(wrong("it is another account's, or over other data"));
        }
        Ok(signature.to_vec())
    }
}
