//! The logs of a receipt that a caller hands back, as one text: its members one by one would be ten times the work of
//! decoding them.
//!
//! It is words, each with a space behind it: the number of logs, the block's number and hash, the transaction's hash; then
//! for each log the number of its topics, its index, its address, its data, its topics and a line feed. The package writes
//! it of a receipt whose members are of the right types; whatever is not read here is read member by member, which also
//! tells what is wrong with it.

use alloy_primitives::B256;

use super::checksum;
use super::replies::Log;

/// Reads the text. The counts come before what they count, so that a space or a line feed inside a member is seen.
pub fn logs(text: &str) -> Option<Vec<Log>> {
    let mut rest = text;
    let mut word = || {
        let (word, behind) = rest.split_once(' ')?;
        rest = behind;
        Some(word)
    };
    let count = number(word()?)?;
    let block_number = number(word()?)?;
    let (block_hash, transaction_hash) = (hash(word()?)?, hash(word()?)?);
    let mut found = Vec::new();
    for _ in 0..count {
        let topics = number(word()?)?;
        let log_index = number(word()?)?;
        let (address, true) = checksum::read(word()?)? else { return None };
        let data = word()?.parse().ok()?;
        let mut log =
            Log { address, topics: Vec::new(), data, block_number, block_hash, transaction_hash, log_index, removed: false };
        for _ in 0..topics {
            log.topics.push(hash(word()?)?);
        }
        found.push(log);
        (word()? == "\n").then_some(())?;
    }
    rest.is_empty().then_some(found)
}

/// A number that JavaScript holds exactly.
fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number| *number < 1 << 53)
}

fn hash(text: &str) -> Option<B256> {
    text.strip_prefix("0x").filter(|hex| hex.len() == 64)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;

    use super::*;

    fn spell(logs: &[Log]) -> String {
        let mut text = format!("{} 7 {} {} ", logs.len(), B256::repeat_byte(1), B256::repeat_byte(2));
        for log in logs {
            text.push_str(&format!("{} {} {} {} ", log.topics.len(), log.log_index, log.address, log.data));
            for topic in &log.topics {
                text.push_str(&format!("{topic} "));
            }
            text.push_str("\n ");
        }
        text
    }

    proptest::proptest! {
        #[test]
        fn logs_are_read_as_they_were_spelt(
            all in proptest::collection::vec((0_u64..1 << 53, proptest::array::uniform20(0_u8..), proptest::collection::vec(0_u8.., 0..70), 0_usize..5), 0..4)
        ) {
            let logs: Vec<Log> = all.into_iter().map(|(log_index, address, data, topics)| Log {
                address: Address::from(address),
                topics: (0..topics).map(|at| B256::repeat_byte(at as u8)).collect(),
                data: data.into(),
                block_number: 7,
                block_hash: B256::repeat_byte(1),
                transaction_hash: B256::repeat_byte(2),
                log_index,
                removed: false,
            }).collect();
            proptest::prop_assert_eq!(super::logs(&spell(&logs)), Some(logs));
        }

        #[test]
        fn any_text_gives_an_answer(text in "[0-9a-fx \n]{0,120}") {
            let _ = logs(&text);
        }
    }

    #[test]
    fn what_does_not_fit_is_left_to_others() {
        let (hash, address) = (B256::repeat_byte(0xab), Address::repeat_byte(0xcd));
        let good = format!("1 7 {hash} {hash} 1 3 {address} 0x12 {hash} \n ");
        assert!(logs(&good).is_some());
        for bad in [
            good.replacen('1', "2", 1),
            good.replace(" 1 3 ", " 0 3 "),
            good.replace(" \n ", " "),
            good.replace("0x12", "0x12 0x12"),
            good.replace("0x12", "0x1"),
            good.replace(" 3 ", " 9007199254740992 "),
            good.replace(" 3 ", " -3 "),
            good.replace(" 7 ", " 7n "),
            good.replace(&address.to_string(), &address.to_string().replace('C', "c")),
            good.replace(&hash.to_string(), &hash.to_string()[2..]),
            good.replace("0x12", &format!("0x12 {hash} \n 1 3 {address} 0x12")),
            format!("{good}{good}"),
            format!("{good} "),
            good.trim_end().to_owned(),
            String::new(),
        ] {
            assert_eq!(logs(&bad), None, "{bad}");
        }
    }
}
