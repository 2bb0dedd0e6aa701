//! The image service's few messages in protobuf's wire format: fields of text, bytes, whole numbers and messages.

use crate::error::Error;

/// A message being written; fields that are empty are left out, as proto3 has it.
#[derive(Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn bytes(mut self, field: u8, bytes: &[u8]) -> Self {
        if !bytes.is_empty() {
            self.0.push(field << 3 | 2);
            varint(&mut self.0, bytes.len() as u64);
            self.0.extend_from_slice(bytes);
        }
        self
    }

    pub(super) fn text(self, field: u8, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    /// An optional whole number: written when it is there, also 0.
    pub(super) fn optional(mut self, field: u8, value: Option<u32>) -> Self {
        if let Some(value) = value {
            self.0.push(field << 3);
            varint(&mut self.0, u64::from(value));
        }
        self
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The last value of one field; `None` when the message does not have it.
pub(super) fn field(message: &[u8], wanted: u64) -> Result<Option<Field<'_>>, Error> {
    scan(message, wanted).ok_or_else(|| Error::protocol("a protobuf message", format!("{} other bytes", message.len())))
}

fn scan(mut rest: &[u8], wanted: u64) -> Option<Option<Field<'_>>> {
    let mut found = None;
    while !rest.is_empty() {
        let key = read_varint(&mut rest)?;
        let value = match key & 7 {
            0 => Field::Number(read_varint(&mut rest)?),
            1 => Field::Bytes(take(&mut rest, 8)?),
            2 => {
                let length = usize::try_from(read_varint(&mut rest)?).ok()?;
                Field::Bytes(take(&mut rest, length)?)
            }
            5 => Field::Bytes(take(&mut rest, 4)?),
            _ => return None,
        };
        if key >> 3 == wanted {
            found = Some(value);
        }
    }
    Some(found)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn read_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, left) = rest.split_first()?;
        *rest = left;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_message_is_written_as_protobufs_own_example() {
        // The encoding guide: field 1 as 150, field 2 as "testing".
        let message = Message::default().optional(1, Some(150)).text(2, "testing").finish();
        assert_eq!(message, [0x08, 0x96, 0x01, 0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]);
        assert_eq!(field(&message, 1).ok(), Some(Some(Field::Number(150))));
        assert_eq!(field(&message, 2).ok(), Some(Some(Field::Bytes(b"testing"))));
        assert_eq!(field(&message, 3).ok(), Some(None));
        assert_eq!(Message::default().text(1, "").optional(2, None).finish(), b"");
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..60), wanted in 0_u64..9) {
            let _ = field(&bytes, wanted);
        }

        #[test]
        fn fields_come_back(text in ".{0,300}", number in any::<u32>()) {
            let message = Message::default().text(5, &text).optional(4, Some(number)).finish();
            let expected = if text.is_empty() { None } else { Some(Field::Bytes(text.as_bytes())) };
            prop_assert_eq!(field(&message, 5).ok(), Some(expected));
            prop_assert_eq!(field(&message, 4).ok(), Some(Some(Field::Number(number.into()))));
        }
    }
}
