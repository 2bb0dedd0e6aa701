//! `Vault`: the contract that holds balances and escrow.

use std::rc::Rc;

use futures_util::FutureExt as _;
use js_sys::Promise;
use wasm_bindgen::prelude::*;

use super::client::address;
use super::{options, output};
use crate::js::convert::{Build, bigint};
use crate::js::input::Input;
use crate::js::promise::start;
use crate::ogpu::client::Client;
use crate::ogpu::reads;

/// The Vault contract. A task's payment comes out of the client's balance here: deposit first.
#[wasm_bindgen]
pub struct Vault {
    client: Rc<Client>,
}

impl Vault {
    pub(super) const fn new(client: Rc<Client>) -> Self {
        Self { client }
    }
}

#[wasm_bindgen]
impl Vault {
    /// Moves `amount` wei of the connected account's native currency into `account`'s balance. Two HTTP requests.
    ///
    /// @throws GasError, WalletRejectedError, InvalidInputError
    #[wasm_bindgen(unchecked_return_type = "Promise<Receipt>")]
    pub fn deposit(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] account: JsValue,
        #[wasm_bindgen(unchecked_param_type = "bigint")] amount: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (account, amount) = (address("account", account)?, Input::new("amount", amount).amount()?);
            let (signal, options) = options::write(options)?;
            let client = self.client.clone();
            Ok((signal, async move { Ok(output::receipt(&client.deposit(account, amount, &options).await?)) }.boxed_local()))
        })
    }

    /// Moves `amount` wei of the connected account's balance back to native currency. Two HTTP requests.
    ///
    /// @throws InsufficientBalanceError, WalletRejectedError, InvalidInputError
    #[wasm_bindgen(unchecked_return_type = "Promise<Receipt>")]
    pub fn withdraw(
        &self,
        #[wasm_bindgen(unchecked_param_type = "bigint")] amount: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let read = Input::new("amount", amount).amount().and_then(|amount| Ok((amount, options::write(options)?)));
            let (amount, (signal, options)) = read?;
            let client = self.client.clone();
            Ok((signal, async move { Ok(output::receipt(&client.withdraw(amount, &options).await?)) }.boxed_local()))
        })
    }

    /// An account's balance in wei. One HTTP request.
    #[wasm_bindgen(js_name = getBalanceOf, unchecked_return_type = "Promise<bigint>")]
    pub fn get_balance_of(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] account: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        self.figures(account, options, |(balance, _)| bigint(balance))
    }

    /// What an account earned in all, in wei. One HTTP request.
    #[wasm_bindgen(js_name = getTotalEarningsOf, unchecked_return_type = "Promise<bigint>")]
    pub fn get_total_earnings_of(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] account: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        self.figures(account, options, |(_, earnings)| bigint(earnings))
    }

    /// An account's balance and earnings in wei. One HTTP request.
    #[wasm_bindgen(js_name = getAccount, unchecked_return_type = "Promise<{ readonly balance: bigint; readonly totalEarnings: bigint }>")]
    pub fn get_account(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] account: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        self.figures(account, options, |(balance, earnings)| {
            Build::new().with("balance", bigint(balance)).with("totalEarnings", bigint(earnings)).frozen()
        })
    }

    fn figures(
        &self,
        account: JsValue,
        options: JsValue,
        pack: impl FnOnce((alloy_primitives::U256, alloy_primitives::U256)) -> JsValue + 'static,
    ) -> Promise {
        start(|| {
            let read = address("account", account).and_then(|account| Ok((account, options::call(options)?)));
            let (account, signal) = read?;
            let client = self.client.clone();
            Ok((signal, async move { reads::vault_account(&client.rpc, &client.network, account).await.map(pack) }.boxed_local()))
        })
    }
}
