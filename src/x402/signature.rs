//! What a wallet gives back as a signature: brought to one form, and held against the account it must be of.
//!
//! A facilitator refuses compact signatures and fails on a recovery number of 0 or 1; a signature of another account or
//! for another chain is seen here, at no cost.
//!
//! Recovering a signer handles nothing secret, so it needs no constant time: the curve is a page over alloy's integers, 3 KB
//! to download (gzip) where k256 is 17. The tests hold it against k256.

use alloy_primitives::{Address, B256, U256, keccak256, uint};

/// `r`, `s`, and 27 or 28.
pub type Signature = [u8; 65];

/// Numbers modulo 2^256 − c, where c is far smaller than 2^256.
struct Ring {
    modulus: U256,
    c: U256,
}

/// secp256k1's field.
const P: Ring =
    Ring { modulus: uint!(0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f_U256), c: uint!(0x1000003d1_U256) };
/// As many points as the curve has.
const N: Ring = Ring {
    modulus: uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256),
    c: uint!(0x14551231950b75fc4402da1732fc9bebf_U256),
};
const HALF_N: U256 = uint!(0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0_U256);
/// The exponent that takes square roots in the field: (p + 1) / 4.
const ROOT: U256 = uint!(0x3fffffffffffffffffffffffffffffffffffffffffffffffffffffffbfffff0c_U256);
const G: (U256, U256) = (
    uint!(0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798_U256),
    uint!(0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8_U256),
);

impl Ring {
    #[inline(never)]
    fn mul(&self, a: U256, b: U256) -> U256 {
        let (mut low, mut high) = wide(a, b, U256::ZERO);
        // 2^256 is c here, so the upper half comes down by c; four rounds at most.
        while !high.is_zero() {
            (low, high) = wide(high, self.c, low);
        }
        self.reduce(low)
    }

    fn reduce(&self, a: U256) -> U256 {
        if a >= self.modulus { a - self.modulus } else { a }
    }

    /// `a − b`, both below the modulus.
    #[inline(never)]
    fn sub(&self, a: U256, b: U256) -> U256 {
        if a >= b { a - b } else { self.modulus - (b - a) }
    }

    #[inline(never)]
    fn pow(&self, base: U256, exponent: U256) -> U256 {
        let mut out = U256::ONE;
        for bit in (0..256).rev() {
            out = self.mul(out, out);
            if exponent.bit(bit) {
                out = self.mul(out, base);
            }
        }
        out
    }

    fn invert(&self, a: U256) -> U256 {
        self.pow(a, self.modulus - U256::from_limbs([2, 0, 0, 0]))
    }
}

/// `a · b + more`, the lower and the upper half.
#[inline(never)]
fn wide(a: U256, b: U256, more: U256) -> (U256, U256) {
    let mut limbs = [0_u64; 8];
    limbs[..4].copy_from_slice(more.as_limbs());
    for (i, x) in a.as_limbs().iter().enumerate() {
        let mut carry = 0_u128;
        for (j, y) in b.as_limbs().iter().enumerate() {
            carry += u128::from(*x) * u128::from(*y) + u128::from(limbs[i + j]);
            limbs[i + j] = low_limb(carry);
            carry >>= 64;
        }
        for limb in &mut limbs[i + 4..] {
            carry += u128::from(*limb);
            *limb = low_limb(carry);
            carry >>= 64;
        }
    }
    let [a, b, c, d, e, f, g, h] = limbs;
    (U256::from_limbs([a, b, c, d]), U256::from_limbs([e, f, g, h]))
}

#[allow(clippy::cast_possible_truncation, reason = "the rest is carried on")]
const fn low_limb(value: u128) -> u64 {
    value as u64
}

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
    let [r, s] = numbers(&out);
    if r.is_zero() || r >= N.modulus || s.is_zero() {
        return Err("its numbers are not those of a signature");
    }
    if s > HALF_N { Err("its s is in the upper half") } else { Ok(out) }
}

fn numbers(signature: &Signature) -> [U256; 2] {
    [U256::from_be_slice(&signature[..32]), U256::from_be_slice(&signature[32..64])]
}

/// The account whose key made the signature of `digest`.
pub fn recover(digest: &B256, signature: &Signature) -> Option<Address> {
    let [r, s] = numbers(signature);
    if r.is_zero() || r >= N.modulus || s.is_zero() || s >= N.modulus {
        return None;
    }
    // The point whose x is r. One in 2^127 signatures has x = r + n; no wallet marks those.
    let square = P.sub(P.mul(P.mul(r, r), r), P.modulus - U256::from_limbs([7, 0, 0, 0]));
    let root = P.pow(square, ROOT);
    if P.mul(root, root) != square {
        return None;
    }
    let odd = signature[64] == 28;
    let point = (r, if root.bit(0) == odd { root } else { P.modulus - root });
    // The key is (s·R − z·G) / r.
    let inverse = N.invert(r);
    let z = N.reduce(U256::from_be_bytes(digest.0));
    let (for_g, for_r) = (N.mul(N.sub(U256::ZERO, z), inverse), N.mul(s, inverse));
    let mut sum = Point { x: U256::ONE, y: U256::ONE, z: U256::ZERO };
    for bit in (0..256).rev() {
        sum = sum.double();
        if for_g.bit(bit) {
            sum = sum.add(G);
        }
        if for_r.bit(bit) {
            sum = sum.add(point);
        }
    }
    let mut key = [0; 64];
    let (x, y) = sum.affine()?;
    key[..32].copy_from_slice(&x.to_be_bytes::<32>());
    key[32..].copy_from_slice(&y.to_be_bytes::<32>());
    Some(Address::from_slice(keccak256(key).get(12..)?))
}

/// A point in Jacobian coordinates, (x/z², y/z³); z = 0 is infinity.
#[derive(Clone, Copy)]
struct Point {
    x: U256,
    y: U256,
    z: U256,
}

impl Point {
    #[inline(never)]
    fn double(self) -> Self {
        let Self { x, y, z } = self;
        let times = |factor: u64, value: U256| P.mul(U256::from_limbs([factor, 0, 0, 0]), value);
        let b = P.mul(y, y);
        let d = times(4, P.mul(x, b));
        let e = times(3, P.mul(x, x));
        let x3 = P.sub(P.sub(P.mul(e, e), d), d);
        let y3 = P.sub(P.mul(e, P.sub(d, x3)), times(8, P.mul(b, b)));
        Self { x: x3, y: y3, z: times(2, P.mul(y, z)) }
    }

    #[inline(never)]
    fn add(self, (x2, y2): (U256, U256)) -> Self {
        let Self { x, y, z } = self;
        if z.is_zero() {
            return Self { x: x2, y: y2, z: U256::ONE };
        }
        let zz = P.mul(z, z);
        let (h, r) = (P.sub(P.mul(x2, zz), x), P.sub(P.mul(P.mul(y2, zz), z), y));
        if h.is_zero() {
            return if r.is_zero() { self.double() } else { Self { z: U256::ZERO, ..self } };
        }
        let hh = P.mul(h, h);
        let (hhh, v) = (P.mul(h, hh), P.mul(x, hh));
        let x3 = P.sub(P.sub(P.sub(P.mul(r, r), hhh), v), v);
        Self { x: x3, y: P.sub(P.mul(r, P.sub(v, x3)), P.mul(y, hhh)), z: P.mul(z, h) }
    }

    fn affine(self) -> Option<(U256, U256)> {
        let inverse = (!self.z.is_zero()).then(|| P.invert(self.z))?;
        let square = P.mul(inverse, inverse);
        Some((P.mul(self.x, square), P.mul(P.mul(self.y, square), inverse)))
    }
}

/// Signing by k256, for the tests' wallets.
#[cfg(test)]
pub(super) mod oracle {
    use alloy_primitives::{Address, B256, keccak256};
    use k256::elliptic_curve::ops::Reduce;
    use k256::elliptic_curve::scalar::IsHigh as _;
    use k256::elliptic_curve::sec1::ToEncodedPoint as _;
    use k256::{ProjectivePoint, Scalar, U256};

    use super::Signature;

    fn scalar(bytes: [u8; 32]) -> Scalar {
        <Scalar as Reduce<U256>>::reduce_bytes(&bytes.into())
    }

    fn point(scalar: Scalar) -> [u8; 65] {
        let encoded = (ProjectivePoint::GENERATOR * scalar).to_affine().to_encoded_point(false);
        encoded.as_bytes().try_into().unwrap_or([0; 65])
    }

    pub(crate) fn sign(key: &B256, digest: &B256) -> Signature {
        let (d, z) = (scalar(key.0), scalar(digest.0));
        let k = scalar(keccak256([key.as_slice(), digest.as_slice()].concat()).0);
        let place = point(k);
        let r = scalar(B256::from_slice(&place[1..33]).0);
        let mut s = Option::<Scalar>::from(k.invert()).unwrap_or_default() * (z + r * d);
        let mut v = 27 + (place[64] & 1);
        if bool::from(s.is_high()) {
            s = -s;
            v = 55 - v;
        }
        let mut out = [v; 65];
        out[..32].copy_from_slice(&r.to_bytes());
        out[32..64].copy_from_slice(&s.to_bytes());
        out
    }

    pub(crate) fn address(key: &B256) -> Address {
        Address::from_slice(&keccak256(&point(scalar(key.0))[1..])[12..])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: B256 = B256::repeat_byte(0x42);

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
        #[test]
        fn every_spelling_of_a_signature_comes_to_its_signer(key: [u8; 32], digest: [u8; 32]) {
            let (key, digest) = (B256::from(key), B256::from(digest));
            prop_assume!(!key.is_zero());
            let good = oracle::sign(&key, &digest);
            prop_assert_eq!(recover(&digest, &good), Some(oracle::address(&key)));
            let mut hardware = good;
            hardware[64] -= 27;
            let mut compact = good[..64].to_vec();
            compact[32] |= (good[64] - 27) << 7;
            for spelling in [&good[..], &hardware[..], &compact[..]] {
                prop_assert_eq!(normalise(spelling), Ok(good));
            }
            let mut flipped = good;
            flipped[64] = 55 - good[64];
            prop_assert_ne!(recover(&digest, &flipped), Some(oracle::address(&key)));
        }

        #[test]
        fn no_bytes_upset_the_recovery(digest: [u8; 32], bytes in prop::collection::vec(any::<u8>(), 60..70)) {
            if let Ok(signature) = normalise(&bytes) {
                let _ = recover(&B256::from(digest), &signature);
            }
        }

        #[test]
        fn products_are_those_of_the_general_division(a: [u8; 32], b: [u8; 32]) {
            let (a, b) = (U256::from_be_bytes(a), U256::from_be_bytes(b));
            for ring in [P, N] {
                for (a, b) in [(a, b), (U256::MAX, U256::MAX), (U256::MAX, b), (a, ring.modulus)] {
                    prop_assert_eq!(ring.mul(a, b), a.mul_mod(b, ring.modulus));
                }
            }
        }
    }

    #[test]
    fn the_edges_of_the_curve_hold() {
        // Digests at and beyond the group's order, and zero.
        for digest in [U256::ZERO, U256::ONE, N.modulus - U256::ONE, N.modulus, N.modulus + U256::ONE, U256::MAX] {
            let digest = B256::from(digest);
            assert_eq!(recover(&digest, &oracle::sign(&KEY, &digest)), Some(oracle::address(&KEY)));
        }
        // s·R = z·G: the key would be infinity.
        let mut nobody = [27; 65];
        nobody[..32].copy_from_slice(&G.0.to_be_bytes::<32>());
        nobody[32..64].copy_from_slice(&B256::with_last_byte(9)[..]);
        assert_eq!(recover(&B256::with_last_byte(9), &nobody), None);
        // s·R = −z·G passes through a doubling of equal points.
        let minus = B256::from(N.modulus - U256::from(9));
        assert!(recover(&minus, &nobody).is_some());
    }

    #[test]
    fn what_no_contract_takes_is_refused() {
        let good = oracle::sign(&KEY, &B256::repeat_byte(1));
        let with = |at: usize, bytes: &[u8]| {
            let mut bad = good;
            bad[at..at + bytes.len()].copy_from_slice(bytes);
            normalise(&bad).is_err()
        };
        assert!(with(64, &[29]) && with(64, &[37]));
        assert!(with(0, &[0; 32]) && with(32, &[0; 32]));
        assert!(with(0, &[0xff; 32]));
        // s in the upper half.
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
