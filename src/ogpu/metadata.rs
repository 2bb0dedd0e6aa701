//! The documents on IPFS: source metadata and task config, as the official SDK's readers expect them. Readers take
//! any JSON, so ours is compact; the order of keys is the official one.

use super::types::SourceInfo;
use crate::error::Error;
use crate::json::{Json, quote};

/// A document may have this many bytes; what is larger belongs behind a URL in it.
pub const MAX_DOCUMENT: usize = 4 << 20;
/// A text field may have this many bytes.
const MAX_TEXT: usize = 16 << 10;

/// The file name of a source's document.
pub const SOURCE_FILENAME: &str = "imageMetadata.json";
/// The file name of a task's document.
pub const TASK_FILENAME: &str = "taskConfig.json";

/// Checks a source before anything is sent.
///
/// # Errors
/// [`Kind::InvalidInput`] naming the field.
pub fn check_source(info: &SourceInfo) -> Result<(), Error> {
    let texts = [
        ("info.name", &info.name),
        ("info.description", &info.description),
        ("info.logoUrl", &info.logo_url),
        ("info.imageEnvs.cpu", &info.image_envs.cpu),
        ("info.imageEnvs.nvidia", &info.image_envs.nvidia),
        ("info.imageEnvs.amd", &info.image_envs.amd),
    ];
    for (field, text) in texts {
        if text.len() > MAX_TEXT {
            return Err(Error::input(field, format!("expected at most {MAX_TEXT} bytes, but found {}", text.len())));
        }
    }
    if info.name.trim().is_empty() {
        return Err(Error::input("info.name", "expected a name, but found an empty text"));
    }
    if info.image_envs.mask() == 0 {
        return Err(Error::input("info.imageEnvs", "expected a URL for at least one of cpu, nvidia and amd"));
    }
    if info.max_expiry_duration == 0 {
        return Err(Error::input("info.maxExpiryDuration", "expected a duration above 0 seconds"));
    }
    Ok(())
}

/// A source's document.
pub fn source_document(info: &SourceInfo) -> String {
    format!(
        r#"{{"cpu":{},"nvidia":{},"amd":{},"name":{},"description":{},"logoUrl":{}}}"#,
        quote(&info.image_envs.cpu),
        quote(&info.image_envs.nvidia),
        quote(&info.image_envs.amd),
        quote(&info.name),
        quote(&info.description),
        quote(&info.logo_url)
    )
}

/// A task's document: `function_name`, `data`, then the caller's own keys. `data` and the values of `extra` are JSON
/// text.
///
/// # Errors
/// [`Kind::InvalidInput`] naming the field.
pub fn task_config(function_name: &str, data: &str, extra: &[(String, String)]) -> Result<String, Error> {
    if function_name.trim().is_empty() {
        return Err(Error::input("info.config.functionName", "expected a function's name, but found an empty text"));
    }
    let mut document = format!(r#"{{"function_name":{},"data":{}"#, quote(function_name), json("info.config.data", data)?);
    for (key, value) in extra {
        if key == "function_name" {
            return Err(Error::input("info.config.function_name", "expected the name functionName"));
        }
        document.push_str(&format!(",{}:{}", quote(key), json(&format!("info.config.{key}"), value)?));
    }
    document.push('}');
    if document.len() > MAX_DOCUMENT {
        let found = document.len();
        return Err(Error::input("info.config", format!("expected at most {MAX_DOCUMENT} bytes of JSON, but found {found}")));
    }
    Ok(document)
}

fn json<'a>(field: &str, text: &'a str) -> Result<&'a str, Error> {
    Json::parse(text).map(Json::raw).ok_or_else(|| Error::input(field, "expected JSON"))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;

    use super::*;
    use crate::error::Kind;
    use crate::ogpu::types::{DeliveryMethod, ImageEnvironments};

    fn source() -> SourceInfo {
        SourceInfo {
            name: "sentiment \"é\"".into(),
            description: "d".into(),
            logo_url: String::new(),
            image_envs: ImageEnvironments { cpu: "https://x/c.yml".into(), ..ImageEnvironments::default() },
            min_payment: U256::ZERO,
            min_available_lockup: U256::ZERO,
            max_expiry_duration: 60,
            delivery_method: DeliveryMethod::ManualConfirmation,
        }
    }

    #[test]
    fn the_keys_stand_in_the_official_order() {
        let text = source_document(&source());
        assert_eq!(
            text,
            r#"{"cpu":"https://x/c.yml","nvidia":"","amd":"","name":"sentiment \"é\"","description":"d","logoUrl":""}"#
        );
        let config = task_config("f", r#"{"b":1,"a":[1.50]}"#, &[("priority".into(), "2".into())]);
        assert_eq!(config.ok().as_deref(), Some(r#"{"function_name":"f","data":{"b":1,"a":[1.50]},"priority":2}"#));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let field = |info: SourceInfo| match check_source(&info).map_err(Error::into_kind) {
            Err(Kind::InvalidInput { field, .. }) => field,
            other => format!("{other:?}"),
        };
        assert_eq!(field(SourceInfo { name: " ".into(), ..source() }), "info.name");
        assert_eq!(field(SourceInfo { image_envs: ImageEnvironments::default(), ..source() }), "info.imageEnvs");
        assert_eq!(field(SourceInfo { max_expiry_duration: 0, ..source() }), "info.maxExpiryDuration");
        assert_eq!(field(SourceInfo { description: "x".repeat(20_000), ..source() }), "info.description");
        assert!(task_config("", "1", &[]).is_err());
        assert!(task_config("f", "{", &[]).is_err());
        assert!(task_config("f", &format!("\"{}\"", "x".repeat(MAX_DOCUMENT)), &[]).is_err());
    }
}
