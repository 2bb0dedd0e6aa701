//! What a wallet gives back as a signature: brought to one form, and held against the account it must be of.
//!
//! A facilitator refuses compact signatures and fails on a recovery number of 0 or 1; a signature of another account or
//! for another chain is seen here, at no cost.

use alloy_primitives::{Address, B256, keccak256};
use k256::elliptic_curve::group::ff::PrimeField as _;
use k256::elliptic_curve::ops::Reduce;
use k256::elliptic_curve::point::DecompressPoint as _;
use k256::elliptic_curve::scalar::IsHigh as _;
use k256::elliptic_curve::sec1::ToEncodedPoint as _;
use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar, U256};

/// `r`, `s`, and 27 or 28.
pub type Signature = [u8; 65];

/// Brings 64 (EIP-2098) or 65 bytes to `r ‖ s ‖ v` with v = 27 or 28 and s in the lower half.
///
/// # Errors
/// What is wrong with the bytes.
pub fn normalise(bytes: &[u8]) -> Result<Signature, &'static str> {
    let mut out = [0; 65];
    match bytes.len() {
        64 => {
            out[..64].copy_from_slice(bytes);
            out[64] = 27 + (out[32] >> 7);
            out[32] &= 0x7f;
        }
        65 => {
            out.copy_from_slice(bytes);
            if out[64] < 2 {
                out[64] += 27;
            }
        }
        _ => return Err("it has neither 64 nor 65 bytes"),
    }
    if !matches!(out[64], 27 | 28) {
        return Err("its last byte is no recovery number");
    }
    let [_, s] = scalars(&out).ok_or("its numbers are not those of a signature")?;
    if bool::from(s.is_high()) { Err("its s is in the upper half") } else { Ok(out) }
}

/// Thirty-two bytes from a place.
fn word(signature: &Signature, at: usize) -> FieldBytes {
    let mut word = [0; 32];
    word.copy_from_slice(&signature[at..at + 32]);
    word.into()
}

/// `r` and `s`, neither of them zero.
fn scalars(signature: &Signature) -> Option<[Scalar; 2]> {
    let read = |at| -> Option<Scalar> {
        let scalar: Option<Scalar> = Scalar::from_repr(word(signature, at)).into();
        scalar.filter(|value| !bool::from(value.is_zero()))
    };
    Some([read(0)?, read(32)?])
}

fn reduce(bytes: [u8; 32]) -> Scalar {
    <Scalar as Reduce<U256>>::reduce_bytes(&bytes.into())
}

/// The account whose key made the signature of `digest`.
pub fn recover(digest: &B256, signature: &Signature) -> Option<Address> {
    let [r, s] = scalars(signature)?;
    let odd = u8::from(signature[64] == 28);
    let point: Option<AffinePoint> = AffinePoint::decompress(&word(signature, 0), odd.into()).into();
    let inverse: Option<Scalar> = r.invert().into();
    let key = (ProjectivePoint::from(point?) * s - ProjectivePoint::GENERATOR * reduce(digest.0)) * inverse?;
    let encoded = key.to_affine().to_encoded_point(false);
    // The point at infinity is one byte long.
    let coordinates = encoded.as_bytes().get(1..65)?;
    Some(Address::from_slice(keccak256(coordinates).get(12..)?))
}

/// Signing, for the tests' wallets only.
#[cfg(test)]
pub(super) fn sign(key: &B256, digest: &B256) -> Signature {
    let (d, z) = (reduce(key.0), reduce(digest.0));
    let k = reduce(keccak256([key.as_slice(), digest.as_slice()].concat()).0);
    let encoded = (ProjectivePoint::GENERATOR * k).to_affine().to_encoded_point(false);
    let bytes = encoded.as_bytes();
    let r = reduce(B256::from_slice(&bytes[1..33]).0);
    let mut s = Option::<Scalar>::from(k.invert()).unwrap_or_default() * (z + r * d);
    let mut v = 27 + (bytes[64] & 1);
    if bool::from(s.is_high()) {
        s = -s;
        v = 55 - v;
    }
    let mut out = [v; 65];
    out[..32].copy_from_slice(&r.to_bytes());
    out[32..64].copy_from_slice(&s.to_bytes());
    out
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{address, b256};

    use super::*;

    const KEY: B256 = b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
    const ACCOUNT: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");

    #[test]
    fn every_spelling_of_a_signature_comes_to_one() {
        for n in 0..8_u8 {
            let digest = B256::repeat_byte(n + 1);
            let good = sign(&KEY, &digest);
            assert_eq!(recover(&digest, &good), Some(ACCOUNT));
            assert_ne!(recover(&B256::ZERO, &good), Some(ACCOUNT));
            let mut hardware = good;
            hardware[64] -= 27;
            let mut compact = good[..64].to_vec();
            compact[32] |= (good[64] - 27) << 7;
            for spelling in [&good[..], &hardware[..], &compact[..]] {
                assert_eq!(normalise(spelling), Ok(good));
            }
        }
    }

    #[test]
    fn what_no_contract_takes_is_refused() {
        let good = sign(&KEY, &B256::repeat_byte(1));
        let with = |at: usize, bytes: &[u8]| {
            let mut bad = good;
            bad[at..at + bytes.len()].copy_from_slice(bytes);
            normalise(&bad).is_err()
        };
        assert!(with(64, &[29]) && with(64, &[37]));
        assert!(with(0, &[0; 32]) && with(32, &[0; 32]));
        assert!(with(0, &[0xff; 32]));
        // s in the upper half: n − s.
        assert!(with(32, &[0xf0]));
        for length in [0, 63, 66, 200] {
            assert!(normalise(&vec![1; length]).is_err());
        }
        // An x that is on no point of the curve.
        let mut nowhere = good;
        nowhere[..32].copy_from_slice(&B256::with_last_byte(5)[..]);
        assert_eq!(recover(&B256::repeat_byte(1), &nowhere), None);
    }
}
