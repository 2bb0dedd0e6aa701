//! What an enclave's signature says about an answer, and what of the answer may be given out because of it.
//!
//! Text and tool calls are signed by the same recipe, and the signature does not say which of the two it covers
//! (spec, section 3). A gateway could therefore hand over signed text as calls, or signed calls as text. What the request
//! offered decides: calls are refused where none could be made, and text that reads like calls is refused where they could.

use crate::json::{Json, push_quoted};

/// What an enclave's signature covers of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Covers {
    /// The text.
    #[default]
    Text,
    /// The tool calls; text beside them is not signed.
    ToolCalls,
}

impl Covers {
    /// The name that callers meet.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::ToolCalls => "toolCalls",
        }
    }
}

/// What an answer's signature is held against: the request as it is signed, and the calls that it allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The text whose hash the enclave signs.
    pub canonical: String,
    /// Whether tools are offered.
    pub tools: bool,
    /// The names of the tools that may be called: those offered, and none with the tool choice `"none"`.
    pub callable: Vec<String>,
}

impl Asked {
    /// The calls in an output that the enclave signed, put together again from the signed text: a JSON list of
    /// `{ id, type, function: { name, arguments } }`, whatever else stood there.
    ///
    /// # Errors
    /// Why they must not be given out.
    pub(super) fn calls(&self, output: &str) -> Result<String, String> {
        let malformed = || "its tool calls are not a list of { id, type, function: { name, arguments } }".to_owned();
        if self.callable.is_empty() {
            return Err(match self.tools {
                true => "it holds tool calls, but the request's tool choice is \"none\"".to_owned(),
                false => "it holds tool calls, but the request offered no tools".to_owned(),
            });
        }
        let mut out = String::from("[");
        for call in Json::parse(output).ok_or_else(malformed)?.elements() {
            let [id, kind, function] = call.fields(["id", "type", "function"]);
            let [name, arguments] = function.ok_or_else(malformed)?.fields(["name", "arguments"]);
            let name = name.and_then(Json::text).ok_or_else(malformed)?;
            let arguments = arguments.and_then(Json::text).ok_or_else(malformed)?;
            let id = id.and_then(Json::present).map_or(Some("".into()), Json::text).ok_or_else(malformed)?;
            if kind.and_then(Json::present).is_some_and(|kind| kind.plain() != Some("function")) {
                return Err(malformed());
            }
            if !self.callable.iter().any(|tool| *tool == name) {
                return Err(["it calls the tool ", &crate::error::clip(&name), ", which the request did not offer"].concat());
            }
            if out.len() > 1 {
                out.push(',');
            }
            out.push_str("{\"id\":");
            push_quoted(&mut out, &id);
            out.push_str(",\"type\":\"function\",\"function\":{\"name\":");
            push_quoted(&mut out, &name);
            out.push_str(",\"arguments\":");
            push_quoted(&mut out, &arguments);
            out.push_str("}}");
        }
        out.push(']');
        Ok(out)
    }

    /// Whether a signed output may be given out as text.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn text(&self, output: &str) -> Result<(), String> {
        if self.tools && reads_like_calls(output) {
            return Err("its text reads like a list of tool calls, and the signature does not say which of both it is".to_owned());
        }
        Ok(())
    }
}

/// Whether a text is a JSON list of objects with a `function` that has a `name`.
fn reads_like_calls(text: &str) -> bool {
    let Some(list) = Json::parse(text.trim()).filter(|json| json.is_array()) else { return false };
    let is_call = |item: Json<'_>| item.get("function").is_some_and(|function| function.get("name").is_some());
    list.elements().next().is_some() && list.elements().all(is_call)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(tools: bool, callable: &[&str]) -> Asked {
        Asked { canonical: String::new(), tools, callable: callable.iter().map(|name| (*name).to_owned()).collect() }
    }

    const CALL: &str = r#"[{"function": {"arguments": "{}", "name": "w\u00e9"}, "id": "c", "index": 0, "type": "function"}]"#;

    #[test]
    fn calls_are_rebuilt_from_the_signed_text() {
        let rebuilt = r#"[{"id":"c","type":"function","function":{"name":"wé","arguments":"{}"}}]"#;
        assert_eq!(asked(true, &["x", "wé"]).calls(CALL).as_deref(), Ok(rebuilt));
        let bare = r#"[{"function": {"arguments": "", "name": "x"}, "id": null}]"#;
        let rebuilt = r#"[{"id":"","type":"function","function":{"name":"x","arguments":""}}]"#;
        assert_eq!(asked(true, &["x"]).calls(bare).as_deref(), Ok(rebuilt));
    }

    #[test]
    fn calls_that_nobody_offered_are_refused() {
        for (asked, reason) in [
            (asked(false, &[]), "offered no tools"),
            (asked(true, &[]), "\"none\""),
            (asked(true, &["w"]), "calls the tool wé, which the request did not offer"),
        ] {
            assert!(asked.calls(CALL).is_err_and(|told| told.contains(reason)), "{reason}");
        }
        for bad in [
            "[1]",
            r#"[{"id": "c"}]"#,
            r#"[{"function": "x"}]"#,
            r#"[{"function": {"name": "x"}}]"#,
            r#"[{"function": {"name": "x", "arguments": {}}}]"#,
            r#"[{"function": {"name": "x", "arguments": ""}, "id": 1}]"#,
            r#"[{"function": {"name": "x", "arguments": ""}, "type": "computer"}]"#,
        ] {
            assert!(asked(true, &["x"]).calls(bad).is_err_and(|told| told.contains("are not a list")), "{bad}");
        }
    }

    #[test]
    fn text_that_reads_like_calls_is_no_text_where_tools_were_offered() {
        for text in [CALL, " [{\"function\":{\"name\":1}}]\n", r#"[{"function":{"name":"a"}},{"function":{"name":"b"}}]"#] {
            assert!(asked(true, &["x"]).text(text).is_err() && asked(true, &[]).text(text).is_err(), "{text}");
            assert_eq!(asked(false, &[]).text(text), Ok(()), "without tools it is a text as any other");
        }
        for text in ["", "Hi", "[]", "[1]", r#"{"function":{"name":"a"}}"#, r#"[{"function":{"name":"a"}},{}]"#, "[{"] {
            assert_eq!(asked(true, &["x"]).text(text), Ok(()), "{text}");
        }
    }
}
