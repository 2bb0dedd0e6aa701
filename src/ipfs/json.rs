//! How deep JSON nests, told before it is parsed: readers that call themselves for each level would run out of stack.

use super::error::Error;

/// The depth that is read where nothing else is said; also serde's own limit.
pub const MAX_DEPTH: usize = 128;

/// Checks that JSON has at most `limit` levels of arrays and objects, in one pass without memory. Whether it is JSON at
/// all is left to the parser: up to the first error, both count the same.
///
/// # Errors
/// [`Error::TooDeep`].
pub fn check_depth(json: &[u8], limit: usize) -> Result<(), Error> {
    let mut depth = 0_usize;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'[' | b'{' if depth == limit => return Err(Error::TooDeep { limit }),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_counted_outside_of_strings() {
        let deep = |levels: usize| [vec![b'['; levels], vec![b']'; levels]].concat();
        assert_eq!(check_depth(&deep(128), MAX_DEPTH), Ok(()));
        assert_eq!(check_depth(&deep(129), MAX_DEPTH), Err(Error::TooDeep { limit: 128 }));
        for (json, depth) in [("1", 0), ("{}", 1), ("[[],[],{}]", 2), (r#"{"[[\"[[":["\\",[]]}"#, 3), ("]]][", 1), ("\"[[", 0)] {
            assert_eq!(check_depth(json.as_bytes(), depth), Ok(()), "{json}");
            if let Some(less) = depth.checked_sub(1) {
                assert_eq!(check_depth(json.as_bytes(), less), Err(Error::TooDeep { limit: less }), "{json}");
            }
        }
    }
}
