//! Signing in at the identity service (Firebase Authentication's REST interface) and staying signed in.
//!
//! Tokens and the password live in memory only: no error, progress or debug text holds them, and the URL's query, where the
//! service wants the API key, is cut from every message.

use std::fmt;
use std::rc::Rc;

use futures_util::lock::Mutex;

use crate::error::{Error, Kind, clip, public_url};
use crate::io::{HttpRequest, HttpResponse, Io, Redirects};
use crate::json::{Json, quote};
use crate::opengradient::inference::node::percent_encode;

/// How errors name the service.
const SERVICE: &str = "the identity service";
/// A token is renewed this long before it ends.
const EARLY_MS: u64 = 60_000;
/// What a token's life is taken for when the service does not say, and at most.
const LIFE_SECONDS: u64 = 3600;
const MAX_REPLY: usize = 256 << 10;

/// The identity service; the key and the project are the hub operator's public configuration, given by the caller.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The web API key.
    pub api_key: String,
    /// Where email and password are shown.
    pub sign_in_url: String,
    /// Where tokens are renewed.
    pub token_url: String,
}

impl Identity {
    /// Google's endpoints.
    pub fn firebase(api_key: impl Into<String>) -> Self {
        Self {
            api_key: api_key.into(),
            sign_in_url: "https://identitytoolkit.googleapis.com/v1/accounts:signInWithPassword".to_owned(),
            token_url: "https://securetoken.googleapis.com/v1/token".to_owned(),
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

struct Tokens {
    id: String,
    refresh: String,
    /// When to renew it, by our own clock.
    renew_at_ms: u64,
}

/// Someone who signed in.
pub struct Session {
    io: Io,
    identity: Identity,
    /// One renewal at a time.
    tokens: Mutex<Tokens>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(..)")
    }
}

impl Session {
    /// Signs in. One request.
    ///
    /// # Errors
    /// [`Kind::Authentication`] with the service's word, [`Kind::Http`], [`Kind::Protocol`].
    pub async fn sign_in(io: Io, identity: Identity, email: &str, password: &str) -> Result<Self, Error> {
        if identity.api_key.is_empty() {
            return Err(Error::input("identity.apiKey", "expected the identity service's key"));
        }
        if email.is_empty() || password.is_empty() {
            return Err(Error::input("credentials", "expected an email address and a password"));
        }
        let body = format!(r#"{{"email":{},"password":{},"returnSecureToken":true}}"#, quote(email), quote(password));
        let now = io.clock.now_ms();
        let reply = ask(&io, &identity.sign_in_url, &identity.api_key, "application/json", body).await?;
        let tokens = read(&reply.body, ["idToken", "refreshToken", "expiresIn"], now)?;
        Ok(Self { io, identity, tokens: Mutex::new(tokens) })
    }

    /// The token for the next call; renewed when it ends within a minute.
    ///
    /// # Errors
    /// As [`Session::sign_in`], when it has to be renewed; then sign in again.
    pub async fn token(&self) -> Result<String, Error> {
        let mut tokens = self.tokens.lock().await;
        let now = self.io.clock.now_ms();
        if now >= tokens.renew_at_ms {
            let body = format!("grant_type=refresh_token&refresh_token={}", percent_encode(&tokens.refresh));
            let form = "application/x-www-form-urlencoded";
            let reply = ask(&self.io, &self.identity.token_url, &self.identity.api_key, form, body).await?;
            *tokens = read(&reply.body, ["id_token", "refresh_token", "expires_in"], now)?;
        }
        Ok(tokens.id.clone())
    }
}

async fn ask(io: &Io, url: &str, api_key: &str, content_type: &str, body: String) -> Result<HttpResponse, Error> {
    let request = HttpRequest {
        redirects: Redirects::Refuse,
        max_bytes: MAX_REPLY,
        ..HttpRequest::post(format!("{url}?key={}", percent_encode(api_key)), content_type, Rc::new(body.into_bytes()))
    };
    let fail = |status, reason| Error::from(Kind::Http { url: public_url(url), status, reason });
    let reply = io.send(request).await.map_err(|failure| fail(None, failure.to_string()))?;
    match reply.head.status {
        200 => Ok(reply),
        400..=403 => {
            // Its word is a constant such as INVALID_LOGIN_CREDENTIALS, sometimes with a sentence.
            let said = Json::parse_bytes(&reply.body).and_then(|json| json.get("error")?.get("message")?.text());
            let reason = said.map_or_else(|| "it gave no reason".to_owned(), |said| clip(&said));
            Err(Error::from(Kind::Authentication { service: SERVICE, reason }))
        }
        status => Err(fail(Some(status), "a bad status".to_owned())),
    }
}

fn read(body: &[u8], names: [&str; 3], now: u64) -> Result<Tokens, Error> {
    // What was found may hold tokens, so it is not shown.
    let wrong = || Error::protocol("tokens from the identity service", "another reply");
    let [id, refresh, life] = Json::parse_bytes(body).ok_or_else(wrong)?.fields(names);
    let token = |json: Option<Json<'_>>| {
        // It goes into a header.
        let text = json.and_then(Json::plain).filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()));
        text.map(str::to_owned).ok_or_else(wrong)
    };
    let seconds = life.and_then(|life| life.plain().unwrap_or(life.raw()).parse().ok());
    let seconds: u64 = seconds.unwrap_or(LIFE_SECONDS).min(LIFE_SECONDS);
    let renew_at_ms = now.saturating_add((seconds * 1000).saturating_sub(EARLY_MS));
    Ok(Tokens { id: token(id)?, refresh: token(refresh)?, renew_at_ms })
}
