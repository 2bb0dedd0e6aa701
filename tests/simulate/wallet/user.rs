//! What users do with windows: yes, no, late, never, and edits.

use alloy_primitives::{Address, U256};
use futures_util::future::select;
use ogkit::io::WalletFailure;

use super::words;
use crate::accounts::Asked;
use crate::faults::Fault;
use crate::plan::WalletKind;
use crate::world::Shared;

/// What a user decides.
pub(crate) enum Decision {
    /// Yes; perhaps to something else than was asked.
    Yes(Option<Asked>),
    /// No, in words that are known, or not.
    No(WalletFailure, bool),
}

/// A user looks at a window and decides. When the world settles, every window is answered.
pub(crate) async fn decide(world: &Shared, asked: Option<&Asked>) -> Decision {
    let mut wait = match world.plan.wallet {
        WalletKind::Hardware => world.between(4000, 30_000),
        _ => world.between(300, 6000),
    };
    if world.strikes(Fault::UserSlow) {
        wait = world.between(30_000, 200_000);
    }
    let no = if world.strikes(Fault::UserRejects) {
        Some((words::rejected(world), true))
    } else if world.strikes(Fault::UserRejectsInWords) {
        Some((words::rejected_in_words(world), true))
    } else if world.strikes(Fault::UserRejectsOddly) {
        Some((words::rejected_oddly(world), false))
    } else {
        None
    };
    let is_ignored = world.strikes(Fault::UserIgnores);
    let settling = std::pin::pin!(world.settling.wait());
    if is_ignored {
        settling.await;
    } else {
        let looked = world.exec.sleep(wait);
        select(std::pin::pin!(looked), settling).await;
    }
    if is_ignored || (wait > 30_000 && world.settling.is_set()) {
        // Found open long after, and answered as it comes.
        let late = world.between(0, 3000);
        world.exec.sleep(late).await;
        if world.chance(500) {
            return Decision::No(words::rejected(world), true);
        }
    }
    match no {
        Some((no, is_known)) => Decision::No(no, is_known),
        None => Decision::Yes(asked.and_then(|asked| edit(world, asked))),
    }
}

/// What a user who edits makes of it.
fn edit(world: &Shared, asked: &Asked) -> Option<Asked> {
    if !world.strikes(Fault::UserEdits) {
        return None;
    }
    let mut edited = asked.clone();
    match world.between(0, 2) {
        0 => edited.value += U256::from(1),
        1 => edited.data = [edited.data.as_ref(), &[0]].concat().into(),
        _ => {
            edited.to = Some(Address::repeat_byte(0xdd));
            edited.data = Default::default();
        }
    }
    Some(edited)
}
