//! The contract ABI, read within bounds.

use alloy_sol_types::abi::AbiDecoderConfig;

/// How much alloy may make of `data`. Offsets may point anywhere, also many times to the same place: a list whose entries are all one long
/// text would unfold into a gigabyte, which is alloy's own limit. What an encoder lays out takes less memory than its words.
pub(crate) const fn within(data: &[u8]) -> AbiDecoderConfig {
    AbiDecoderConfig::new().memory_limit(data.len().saturating_mul(2).saturating_add(1024))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;
    use alloy_sol_types::SolValue as _;

    use super::*;

    fn read(data: &[u8]) -> Option<Vec<String>> {
        <Vec<String>>::abi_decode_with_config(data, within(data)).ok()
    }

    #[test]
    fn what_an_encoder_lays_out_is_read() {
        for list in [Vec::new(), vec![String::new(); 300], vec!["x".repeat(40), "y".repeat(5000)]] {
            assert_eq!(read(&list.abi_encode()), Some(list));
        }
    }

    #[test]
    fn entries_that_are_all_one_do_not_unfold() {
        const COUNT: u64 = 200;
        let word = |value: u64| U256::from(value).to_be_bytes::<32>();
        let mut data = [word(32), word(COUNT)].concat();
        (0..COUNT).for_each(|_| data.extend(word(COUNT * 32)));
        data.extend(word(6400));
        data.resize(data.len() + 6400, b'x');
        assert!(<Vec<String>>::abi_decode(&data).is_ok_and(|list| list.len() == 200));
        assert_eq!(read(&data), None);
    }
}
