//! What gateways turned out to know, remembered in memory: the next fetch asks each in a form that it serves.

use std::cell::RefCell;

use super::location::Place;

/// What a gateway turned out to know; `None` before it was asked.
#[derive(Clone, Copy, Default)]
pub(super) struct Support {
    pub(super) raw: Option<bool>,
    pub(super) car: Option<bool>,
}

/// The most gateways that are remembered; the oldest is forgotten.
const MAX_REMEMBERED: usize = 64;

thread_local! {
    static REMEMBERED: RefCell<Vec<(String, Support)>> = const { RefCell::new(Vec::new()) };
}

impl Support {
    pub(super) fn of(place: &Place) -> Self {
        let find = |all: &RefCell<Vec<(String, Self)>>| {
            all.borrow().iter().find(|(gateway, _)| gateway == place.gateway()).map(|(_, known)| *known)
        };
        REMEMBERED.with(find).unwrap_or_default()
    }

    pub(super) fn remember(place: &Place, change: impl FnOnce(&mut Self)) {
        let mut known = Self::of(place);
        change(&mut known);
        REMEMBERED.with(|all| {
            let mut all = all.borrow_mut();
            all.retain(|(gateway, _)| gateway != place.gateway());
            if all.len() == MAX_REMEMBERED {
                all.remove(0);
            }
            all.push((place.gateway().to_owned(), known));
        });
    }
}
