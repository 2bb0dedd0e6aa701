//! One chat message: as it goes to the server, and as the enclave signs it.
//!
//! The enclave signs what it understood, not what was sent: developers become the system, attachments lose their bytes,
//! fields beyond a role's own are dropped. Both forms are written here from one reading, so that they cannot drift apart.

use super::canonical;
use crate::error::Error;
use crate::json::{Json, quote};

/// Appends a message to the wire's list and to the signed one. `path` names it in errors.
///
/// # Errors
/// [`Kind::InvalidInput`](crate::error::Kind::InvalidInput) naming the field.
pub(super) fn write(path: &str, message: Json<'_>, wire: &mut String, signed: &mut String) -> Result<(), Error> {
    let refuse = |field: &str, reason: &str| Error::input(format!("{path}.{field}"), reason);
    let text = |field: &str| message.get(field).filter(|value| is_text(*value)).map(Json::raw);
    let content = message.get("content").and_then(Json::present);
    let whole = || content.filter(|c| is_text(*c) || c.is_array()).map(Json::raw);
    let needs_content = || refuse("content", "must be a text or a list of parts");
    let role = message.get("role").and_then(Json::plain);
    let same = match role {
        Some("system" | "developer") => object("system", whole().ok_or_else(needs_content)?),
        Some("user") => {
            let content = content.ok_or_else(needs_content)?;
            wire.push_str(&object("user", whole().ok_or_else(needs_content)?));
            wire.push('}');
            let kept = if content.is_array() { parts(path, content)? } else { content.raw().to_owned() };
            signed.push_str(&object("user", &kept));
            signed.push('}');
            return Ok(());
        }
        Some("assistant") => {
            let mut out = object("assistant", if content.is_none() { "\"\"" } else { whole().ok_or_else(needs_content)? });
            let calls = message.get("tool_calls").and_then(Json::present);
            if let Some(calls) = calls.map(|calls| tool_calls(path, calls)).transpose()?.flatten() {
                out.push_str(",\"tool_calls\":");
                out.push_str(&calls);
            }
            out
        }
        Some("tool") => {
            let id = text("tool_call_id").ok_or_else(|| refuse("tool_call_id", "must be the id of the call that is answered"))?;
            object("tool", whole().ok_or_else(needs_content)?) + ",\"tool_call_id\":" + id
        }
        Some("function") => {
            let name = text("name").ok_or_else(|| refuse("name", "must be the name of the function"))?;
            object("function", whole().ok_or_else(needs_content)?) + ",\"name\":" + name
        }
        _ => return Err(refuse("role", "must be system, developer, user, assistant, tool or function")),
    };
    for out in [wire, signed] {
        out.push_str(&same);
        out.push('}');
    }
    Ok(())
}

/// An open object with its role and content.
fn object(role: &str, content: &str) -> String {
    String::from("{\"role\":\"") + role + "\",\"content\":" + content
}

pub(super) fn is_text(value: Json<'_>) -> bool {
    value.raw().starts_with('"')
}

/// A user's parts as they are signed: texts as they are, attachments by type and file name only.
fn parts(path: &str, content: Json<'_>) -> Result<String, Error> {
    let mut out = String::from("[");
    for (at, part) in content.elements().enumerate() {
        let refuse = |reason: &str| Error::input(format!("{path}.content[{at}]"), reason);
        if at > 0 {
            out.push(',');
        }
        let mut typed = |kind: &str, member: &str, value: &str| {
            for piece in ["{\"type\":", kind, member, value, "}"] {
                out.push_str(piece);
            }
        };
        if is_text(part) {
            typed("\"text\"", ",\"text\":", part.raw());
            continue;
        }
        let kind = part.get("type").filter(|kind| is_text(*kind));
        let kind = kind.ok_or_else(|| refuse("must be a text or an object with a type"))?;
        if kind.plain() == Some("text") {
            let text = part.get("text").and_then(Json::present);
            if text.is_some_and(|text| !is_text(text)) {
                return Err(refuse("its text must be a text"));
            }
            typed("\"text\"", ",\"text\":", text.map_or("\"\"", Json::raw));
            continue;
        }
        let name = |holder: Option<Json<'_>>| {
            let name = holder?.get("filename")?;
            (is_text(name) && name.plain() != Some("")).then(|| name.raw().to_owned())
        };
        match name(part.get("file")).or_else(|| name(Some(part))) {
            Some(name) => typed(kind.raw(), ",\"filename\":", &name),
            None => typed(kind.raw(), "", ""),
        }
    }
    out.push(']');
    Ok(out)
}

/// An assistant's calls, reduced to what is signed; `None` when there is none.
fn tool_calls(path: &str, calls: Json<'_>) -> Result<Option<String>, Error> {
    let refuse = |reason: &str| Error::input(format!("{path}.tool_calls"), reason);
    if !calls.is_array() {
        return Err(refuse("must be a list"));
    }
    let mut out = String::from("[");
    for (at, call) in calls.elements().enumerate() {
        let function = call.get("function").and_then(Json::present);
        let text = |holder: Option<Json<'_>>, field: &str, absent: &str| match holder.and_then(|h| h.get(field)?.present()) {
            Some(value) if is_text(value) => Ok(value.raw().to_owned()),
            Some(_) => Err(refuse("its ids, types, names and arguments must be texts")),
            None => Ok(quote(absent)),
        };
        if !call.raw().starts_with('{') {
            return Err(refuse("must hold objects"));
        }
        if at > 0 {
            out.push(',');
        }
        for piece in [
            "{\"id\":",
            &text(Some(call), "id", "")?,
            ",\"type\":",
            &text(Some(call), "type", "function")?,
            ",\"function\":{\"name\":",
            &text(function, "name", "")?,
            ",\"arguments\":",
            &text(function, "arguments", "")?,
            "}}",
        ] {
            out.push_str(piece);
        }
    }
    out.push(']');
    Ok((out != "[]").then_some(out))
}

/// Python's text of what was put together here; the pieces were checked, so only numbers and depth can be at fault.
pub(super) fn canonical(source: &str) -> Result<String, Error> {
    let read = Json::parse(source).ok_or("nests too deeply");
    let written = read.and_then(|json| canonical::dumps(json).ok_or("holds a number that no float can hold"));
    written.map_err(|reason| Error::input("request", reason))
}
