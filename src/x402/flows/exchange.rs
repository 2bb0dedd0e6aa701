//! The exchange with servers that mean well.

use super::*;

#[test]
fn one_demand_is_met_by_one_payment() {
    let seen = Rc::new(RefCell::new(Vec::<Proposal>::new()));
    let mut world = world(|request, _| {
        Ok(if paid(request).is_some() { receipt(request, json!({ "amount": "2350" })) } else { demand(request, &json!([opg()])) })
    });
    let log = Rc::clone(&seen);
    world.payer.on_payment = Some(Rc::new(move |proposal| {
        log.borrow_mut().push(proposal);
        async { Ok(true) }.boxed_local()
    }));
    let Ok(paid_answer) = world.fetch() else { unreachable!() };
    let record = paid_answer.payment.clone();
    assert!(record.as_ref().is_some_and(|r| r.deadline == START + 300 && r.origin == "https://api.example" && !r.reused));
    assert!(paid_answer.receipt.as_ref().is_some_and(|r| r.success && r.flaws.is_empty() && r.amount == Some(U256::from(2350))));
    assert_eq!(body(paid_answer), "served");
    assert_eq!((world.sent(), world.signatures(), world.spent()), (2, 1, U256::from(100_000_000_000_000_000_u64)));

    let requests = world.requests.borrow();
    let last = requests.last();
    assert!(last.is_some_and(|r| r.redirects == Redirects::Refuse && r.body.as_ref().is_some_and(|b| ***b == *b"question")));
    let payload = last.and_then(paid).unwrap_or_default();
    assert_eq!(payload["accepted"], opg());
    assert_eq!(payload["payload"]["permit2Authorization"]["spender"], json!("0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002"));
    assert_eq!(payload["payload"]["permit2Authorization"]["deadline"], json!((START + 300).to_string()));
    let seen = seen.borrow();
    assert!(
        matches!(&seen[..], [p] if p.amount == U256::from(100_000_000_000_000_000_u64) && p.token == OPG && p.origin == "https://api.example")
    );
}

#[test]
fn what_is_free_or_not_ours_passes_untouched() {
    let free = world(|request, _| Ok(reply(&request.url, 200, &[], "free")));
    let answer = free.fetch();
    assert!(answer.is_ok_and(|paid| paid.payment.is_none() && body(paid) == "free"));
    const V1: &str = r#"{"x402Version":1,"accepts":[{}]}"#;
    for (status, text) in [
        (402, r#"{"error":"quota"}"#),
        (402, ""),
        (412, "If-Match"),
        (412, "{}"),
        (412, V1),
        (400, "{}"),
        (400, V1),
        (500, "{}"),
        (402, r#"{"version":1}"#),
    ] {
        let other = world(move |request, _| Ok(reply(&request.url, status, &[], text)));
        let answer = other.fetch();
        assert!(answer.is_ok_and(|paid| paid.response.head.status == status && paid.payment.is_none() && body(paid) == text));
        assert_eq!((other.signatures(), other.sent()), (0, 1));
    }
}

#[test]
fn a_hidden_demand_names_cors() {
    for text in ["{}", " {} ", "<html>x402 paywall</html>", r#"{"x402Version":2,"accepts":[{}]}"#] {
        let hidden = world(move |request, _| Ok(reply(&request.url, 402, &[], text)));
        let error = hidden.fetch().err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("Access-Control-Expose-Headers") && error.contains("nothing was signed"), "{error}");
    }
    let broken = world(|request, _| Ok(reply(&request.url, 402, &[("payment-required", "!!!")], "")));
    assert_eq!(code(&broken.fetch()), "notPayable");
}

#[test]
fn the_first_good_offer_wins_and_serving_comes_before_settling() {
    let dear = edited(opg(), &["amount"], json!("900000000000000000"));
    let upfront = edited(edited(opg(), &["amount"], json!("1")), &["extra", "paymentFlow"], json!("upfront"));
    let mut world = shop(json!([{ "scheme": "lottery" }, 7, null, dear, upfront, edited(opg(), &["amount"], json!("5"))]));
    let amount = |result: Result<Paid, Error>| result.ok().and_then(|p| p.payment).map(|r| r.amount.to::<u64>());
    assert_eq!(amount(world.fetch()), Some(5));
    world.payer.policy.allow_upfront = true;
    assert_eq!(amount(world.fetch()), Some(5));
    let mut only = shop(json!([edited(opg(), &["extra", "paymentFlow"], json!("escrow"))]));
    only.payer.policy.allow_upfront = true;
    assert!(amount(only.fetch()).is_some());
}

#[test]
fn signatures_are_brought_to_one_form() {
    let hardware: OnSign = Box::new(|_, mut s| {
        s[64] -= 27;
        Ok(hex_text(&s))
    });
    let world = world_with(hardware, Rc::new(Cell::new(START)), |request, _| {
        Ok(if paid(request).is_some() { receipt(request, json!({})) } else { demand(request, &json!([opg()])) })
    });
    assert_eq!(code(&world.fetch()), "paid");
    let payload = world.requests.borrow().last().and_then(paid).unwrap_or_default();
    let signature = payload["payload"]["signature"].as_str().unwrap_or_default().to_owned();
    assert!(signature.ends_with("1b") || signature.ends_with("1c"), "{signature}");

    let blob: OnSign = Box::new(|_, _| Ok(hex_text(&[5; 200])));
    let mut contract = world_with(blob, Rc::new(Cell::new(START)), |request, _| {
        Ok(if paid(request).is_some() { receipt(request, json!({})) } else { demand(request, &json!([opg()])) })
    });
    contract.payer.contract_account = true;
    assert_eq!(code(&contract.fetch()), "paid");

    // A Safe's, whose other owners have not signed yet: no payment can be made of it, and it takes nothing of the limits.
    let mut pending = world_with(Box::new(|_, _| Ok(json!("0x"))), Rc::new(Cell::new(START)), |request, _| {
        Ok(demand(request, &json!([opg()])))
    });
    pending.payer.contract_account = true;
    assert_eq!((code(&pending.fetch()), pending.payments().len(), pending.spent()), ("paymentSignature", 0, U256::ZERO));
}

#[test]
fn the_wallet_is_brought_to_the_chain_first() {
    let mut world = shop(json!([edited(
        edited(usdc(), &["network"], json!("eip155:84532")),
        &["asset"],
        json!(USDC_SEPOLIA.address.to_string())
    )]));
    world.payer.policy = usdc_policy(USDC_SEPOLIA);
    // Its domain is not the one of Base.
    assert_eq!(code(&world.fetch()), "domain");
    let mut right = shop(json!([edited(
        edited(edited(usdc(), &["network"], json!("eip155:84532")), &["asset"], json!(USDC_SEPOLIA.address.to_string())),
        &["extra", "name"],
        json!("USDC")
    )]));
    right.payer.policy = usdc_policy(USDC_SEPOLIA);
    assert_eq!(code(&right.fetch()), "paid");
    let asked: Vec<_> = right.wallet.asked.borrow().iter().map(|(method, _)| *method).collect();
    assert_eq!(asked, ["eth_chainId", "wallet_switchEthereumChain", "eth_chainId", "eth_accounts", "eth_signTypedData_v4"]);
    right.payer.chains.clear();
    assert_eq!(code(&right.fetch()), "chainNotSupported");
}

#[test]
fn version_one_is_paid_by_its_own_header() {
    let offer = json!({
        "scheme": "exact", "network": "base", "maxAmountRequired": "10000", "resource": URL, "description": "", "mimeType": "",
        "payTo": SELLER, "maxTimeoutSeconds": 60, "asset": USDC.address.to_string(), "extra": { "name": "USD Coin", "version": "2" },
    });
    let mut world = world(move |request, _| {
        let required = json!({ "x402Version": 1, "error": "X-PAYMENT header is required", "accepts": [offer] });
        let settled = encode_header(&json!({ "success": true, "transaction": B256::repeat_byte(1).to_string(), "network": "base", "payer": ACCOUNT.to_string() }).to_string());
        Ok(match paid(request) {
            Some(_) => reply(&request.url, 200, &[("x-payment-response", &settled)], "served"),
            None => reply(&request.url, 402, &[], required.to_string()),
        })
    });
    world.payer.policy = usdc_policy(USDC);
    let result = world.fetch();
    assert!(result.is_ok_and(|p| p.receipt.is_some_and(|r| r.flaws.is_empty())));
    let requests = world.requests.borrow();
    let payload = requests.last().and_then(paid).unwrap_or_default();
    assert_eq!((&payload["x402Version"], &payload["network"]), (&json!(1), &json!("base")));
    assert!(requests.last().is_some_and(|r| r.headers.iter().any(|(name, _)| name == "X-PAYMENT")));
}

#[test]
fn allowance_and_balance_are_read_before_a_window_opens() {
    let required = json!({
        "x402Version": 2, "accepts": [edited(usdc(), &["extra", "assetTransferMethod"], json!("permit2"))],
        "extensions": { "eip2612GasSponsoring": { "info": { "description": "d", "version": "1" }, "schema": {} }, "payment-identifier": { "info": { "required": true } } },
    });
    let enough = with_node(10_000, 10_000, None, required.clone());
    assert_eq!((code(&enough.fetch()), enough.signatures()), ("paid", 1));
    let payload = enough.requests.borrow().last().and_then(paid).unwrap_or_default();
    assert_eq!(payload["extensions"]["eip2612GasSponsoring"], required["extensions"]["eip2612GasSponsoring"]);
    assert!(payload["extensions"]["payment-identifier"]["info"]["id"].as_str().is_some_and(|id| id.len() == 32));

    let short = with_node(9_999, 10_000, Some(7), required.clone());
    assert_eq!((code(&short.fetch()), short.signatures(), short.wallet.asked.borrow().len()), ("insufficientAllowance", 0, 0));
    // Nobody is asked about what cannot be paid.
    for (balance, expected, asked) in [(9_999, "insufficientTokenBalance", 0), (10_000, "paid", 1)] {
        let mut world = with_node(10_000, balance, Some(7), required.clone());
        let shown = Rc::new(Cell::new(0));
        let count = Rc::clone(&shown);
        world.payer.on_payment = Some(Rc::new(move |_| {
            count.set(count.get() + 1);
            async { Ok(true) }.boxed_local()
        }));
        assert_eq!((code(&world.fetch()), world.signatures(), shown.get()), (expected, asked, asked));
    }

    // Two signatures, where the caller allows them and the token knows them.
    let mut permit = with_node(0, 10_000, Some(7), required.clone());
    permit.payer.policy.allow_permits = true;
    assert_eq!((code(&permit.fetch()), permit.signatures()), ("paid", 2));
    let payload = permit.requests.borrow().last().and_then(paid).unwrap_or_default();
    let info = &payload["extensions"]["eip2612GasSponsoring"]["info"];
    assert_eq!((&info["amount"], &info["nonce"], &info["description"]), (&json!("10000"), &json!("7"), &json!("d")));
    let mut without = with_node(0, 10_000, None, required);
    without.payer.policy.allow_permits = true;
    assert_eq!((code(&without.fetch()), without.signatures()), ("insufficientAllowance", 0));
}

#[test]
fn an_offer_goes_back_as_it_came_and_within_bounds() {
    let text = format!(
        r#"{{"x402Version":2,"accepts":[ {} ],"resource":{{"url":"caf\u00e9"}},"extensions":{{"x":{{"info":{{"a":[1, 2]}}}}}}}}"#,
        opg().to_string().replace(':', " : ").replace("eip155 : ", "eip155:")
    );
    let header = encode_header(&text);
    let raw = world(move |request, _| {
        Ok(if paid(request).is_some() {
            receipt(request, json!({}))
        } else {
            reply(&request.url, 402, &[("payment-required", &header)], "")
        })
    });
    assert_eq!(code(&raw.fetch()), "paid");
    let sent = raw.payments().first().and_then(|value| decode_header(value)).unwrap_or_default();
    assert!(sent.contains(r#""accepted":{"amount" : "100000000000000000""#), "{sent}");
    assert!(sent.contains(r#""extensions":{"x":{"info":{"a":[1, 2]}}},"resource":{"url":"caf\u00e9"}"#), "{sent}");

    let flood = world(|request, _| {
        Ok(demand_with(request, 402, &json!({ "x402Version": 2, "accepts": [opg()], "extensions": { "x": "y".repeat(20_000) } })))
    });
    assert_eq!((code(&flood.fetch()), flood.signatures()), ("notPayable", 0));
}

#[test]
fn a_payment_of_the_callers_own_is_refused() {
    for name in ["X-Payment", "payment-signature", "X-Upto-Session"] {
        let world = shop(json!([opg()]));
        let mut request = world.request();
        request.headers.push((name.into(), "x".into()));
        let result = fake::run(world.payer.fetch(request, &PayOptions::default()));
        assert_eq!((code(&result), world.sent()), ("invalidInput", 0));
    }
}

#[test]
fn errors_of_the_service_itself_come_through() {
    for status in [422, 502] {
        let strict = world(move |request, _| {
            Ok(if paid(request).is_some() { reply(&request.url, status, &[], "bad") } else { demand(request, &json!([opg()])) })
        });
        assert!(strict.fetch().is_ok_and(|p| p.response.head.status == status && p.payment.is_some() && body(p) == "bad"));
        assert!(!strict.spent().is_zero());
    }
    // 412 is an answer of the service like any other, unless it demands a payment.
    let changed = world(|request, _| {
        Ok(if paid(request).is_some() { reply(&request.url, 412, &[], "{}") } else { demand(request, &json!([opg()])) })
    });
    assert!(changed.fetch().is_ok_and(|p| p.response.head.status == 412 && p.payment.is_some() && body(p) == "{}"));
}

#[test]
fn an_account_that_is_no_longer_connected_pays_nothing() {
    let mut world = shop(json!([opg()]));
    world.payer.account = Address::repeat_byte(5);
    assert_eq!((code(&world.fetch()), world.signatures(), world.spent()), ("walletUnauthorized", 0, U256::ZERO));
}
