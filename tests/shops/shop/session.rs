//! A gateway's sessions: one payment's cap for several requests, settled once the session is idle or used up.

use std::rc::Rc;

use futures_util::FutureExt as _;
use ogkit::io::{HttpFailure, HttpRequest};

use super::{Seller, ask, paid};
use crate::chain::EPOCH;
use crate::executor::Owner;
use crate::faults::Fault;
use crate::net::Reply;

/// A session that is idle for so long is settled, in milliseconds.
const IDLE_MS: u64 = 100_000;
/// A session is settled so many seconds before its signature ends.
const MARGIN: u64 = 15;
/// How often a gateway looks at its sessions, in milliseconds.
const LOOK_MS: u64 = 7000;

pub(super) struct Session {
    pub(super) id: String,
    pub(super) payment: usize,
    pub(super) permit: Option<u64>,
    pub(super) used: u64,
    pub(super) cap: u64,
    pub(super) last_ms: u64,
    pub(super) is_over: bool,
}

/// The session that a payment opened.
pub(super) fn of_payment(seller: Seller<'_>, payment: usize) -> Option<String> {
    let shop = seller.world.shops.get(seller.number)?;
    shop.sessions.borrow().iter().find(|session| session.payment == payment).map(|session| session.id.clone())
}

/// Opens a session and settles it in the end.
pub(super) fn begin(seller: Seller<'_>, session: Session) {
    let Seller { world, number, .. } = seller;
    let at = if number < world.shops.len() { number } else { 0 };
    let id = session.id.clone();
    world.shops[at].sessions.borrow_mut().push(session);
    let later = Rc::clone(world);
    let task = async move {
        loop {
            later.exec.sleep(LOOK_MS).await;
            let seller = Seller { world: &later, number: at, plan: &later.plan.shops[at] };
            let now = later.exec.now();
            let is_due = {
                let sessions = later.shops[at].sessions.borrow();
                let Some(session) = sessions.iter().find(|session| session.id == id) else { return };
                if session.is_over {
                    return;
                }
                let deadline = later.facts.borrow().payments[session.payment].grant.deadline;
                let is_ending = EPOCH + now / 1000 + MARGIN + LOOK_MS / 1000 >= deadline;
                (is_ending && !seller.lies(Fault::SessionOutlives)) || session.last_ms + IDLE_MS < now
            };
            if is_due {
                end(seller, &id);
                return;
            }
        }
    };
    world.exec.spawn_for(Owner::default(), task.boxed_local());
}

/// Ends a session and takes what it used.
fn end(seller: Seller<'_>, id: &str) {
    let Seller { world, number, .. } = seller;
    let found = {
        let mut sessions = world.shops[number].sessions.borrow_mut();
        let session = sessions.iter_mut().find(|session| session.id == id && !session.is_over);
        session.map(|session| {
            session.is_over = true;
            (session.payment, session.permit, session.used)
        })
    };
    if let Some((payment, permit, used)) = found {
        world.say(|| format!("seller {number} ends the session of payment {payment}: {used}"));
        paid::take(seller, payment, permit, used);
    }
}

/// A further request of a session.
pub(super) async fn further(seller: Seller<'_>, call: u32, request: &HttpRequest, id: &str) -> Reply {
    let Seller { world, number, plan } = seller;
    let bill = (plan.price / 10).max(1);
    let now = world.exec.now();
    let is_open = world.shops.get(number).is_some_and(|shop| {
        let mut sessions = shop.sessions.borrow_mut();
        let Some(session) = sessions.iter_mut().find(|session| session.id == id && !session.is_over) else { return false };
        if session.used + bill > session.cap {
            return false;
        }
        session.used += bill;
        session.last_ms = now;
        true
    });
    if !is_open {
        end_if_known(seller, id);
        return ask(seller, call, request).await;
    }
    if seller.suffers(Fault::SessionReset) {
        return Err(HttpFailure::Network("connection reset".to_owned()));
    }
    if seller.lies(Fault::SessionChargesRefused) {
        return ask(seller, call, request).await;
    }
    if seller.lies(Fault::SessionEnds) {
        end(seller, id);
        return ask(seller, call, request).await;
    }
    let mut answer = seller.goods(request);
    answer.is_cut = seller.suffers(Fault::PaidCut);
    Ok(answer.with("x-upto-session", id))
}

fn end_if_known(seller: Seller<'_>, id: &str) {
    if seller.number < seller.world.shops.len() {
        end(seller, id);
    }
}
