//! Addresses with their checksum (EIP-55), remembered.
//!
//! The checksum is a hash, and a hash costs more than all else that is done with an address. A page shows the same few
//! sources, tasks and accounts again and again, and hands back the addresses that it was given.

use std::cell::RefCell;

use alloy_primitives::Address;

/// So many are remembered, each at one place: whoever had it before is forgotten.
const SLOTS: usize = 128;

type Slot = Option<Box<(Address, String)>>;

thread_local! {
    static KNOWN: RefCell<[Slot; SLOTS]> = const { RefCell::new([const { None }; SLOTS]) };
}

/// Hands on an address's text.
fn with<R>(address: Address, then: impl FnOnce(&str) -> R) -> R {
    KNOWN.with_borrow_mut(|known| {
        let slot = known.get_mut(usize::from(address.0[19]) % SLOTS);
        if let Some(Some(entry)) = &slot
            && entry.0 == address
        {
            return then(&entry.1);
        }
        let text = address.to_string();
        let answer = then(&text);
        if let Some(slot) = slot {
            *slot = Some(Box::new((address, text)));
        }
        answer
    })
}

/// Adds an address's text.
pub fn push(out: &mut String, address: Address) {
    with(address, |text| out.push_str(text));
}

/// An address's text.
pub fn text(address: Address) -> String {
    with(address, str::to_owned)
}

/// Reads an address, which must begin with `0x`, and whether its checksum is right: letters of one case have none.
pub fn read(given: &str) -> Option<(Address, bool)> {
    let hex = given.strip_prefix("0x").filter(|hex| hex.len() == 40)?;
    let address = hex.parse().ok()?;
    let mixed = hex.bytes().any(|b| b.is_ascii_lowercase()) && hex.bytes().any(|b| b.is_ascii_uppercase());
    Some((address, !mixed || with(address, |text| text == given)))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_remembered_is_what_alloy_says(numbers in proptest::collection::vec(0_u16..512, 0..300)) {
            // Four addresses for each place: found, replaced and found again.
            for number in numbers {
                let address = Address::left_padding_from(&[&[0xab; 18][..], &number.to_be_bytes()].concat());
                let expected = address.to_checksum(None);
                let mut out = String::from("-");
                push(&mut out, address);
                proptest::prop_assert_eq!(&out[1..], &expected);
                proptest::prop_assert_eq!(read(&expected), Some((address, true)));
                proptest::prop_assert_eq!(text(address), expected);
            }
        }

        #[test]
        fn texts_are_read_as_alloy_reads_them(bytes: [u8; 20], flipped in 2_usize..42) {
            let address = Address::from(bytes);
            let right = address.to_checksum(None);
            let hex = right.strip_prefix("0x").unwrap_or_default();
            for one_case in [format!("0x{}", hex.to_lowercase()), format!("0x{}", hex.to_uppercase())] {
                proptest::prop_assert_eq!(read(&one_case), Some((address, true)));
            }
            let mut wrong = right.clone().into_bytes();
            wrong[flipped] ^= if wrong[flipped].is_ascii_alphabetic() { 0x20 } else { 0 };
            let wrong = String::from_utf8(wrong).unwrap_or_default();
            let letters = wrong.trim_start_matches("0x");
            let one_case = letters == letters.to_lowercase() || letters == letters.to_uppercase();
            let expected = one_case || Address::parse_checksummed(&wrong, None).is_ok();
            proptest::prop_assert_eq!(read(&wrong), Some((address, expected)));
            for none in [hex, &right[..41], &format!("{right}0"), &right.replace("0x", "0y"), &format!("0x0x{}", &hex[2..])] {
                proptest::prop_assert_eq!(read(none), None, "{}", none);
            }
        }
    }
}
