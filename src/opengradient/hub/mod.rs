//! The model hub: models, their versions and files.

pub mod session;
pub mod upload;

use std::rc::Rc;

use self::session::{Identity, Session};
use self::upload::{FileUploadResult, ModelFile};
use super::inference::node::percent_encode;
use crate::error::{Error, Kind, clip, public_url};
use crate::io::{HttpFailure, HttpRequest, HttpResponse, Io, Redirects};
use crate::json::{Json, quote};

/// The public hub.
pub const HUB_URL: &str = "https://api.opengradient.ai/api/v0";
/// Where people sign up.
pub const SIGNUP_URL: &str = "https://hub.opengradient.ai/signup";
/// The name of a model's first version, which the official SDK sends as its notes.
pub const FIRST_VERSION: &str = "1.00";
/// What stands for a version that the hub did not name (spec: the official SDK's).
pub const UNKNOWN_VERSION: &str = "Unknown";
/// Names and notes may have this many bytes.
const MAX_TEXT: usize = 64 << 10;

/// Someone's place in the hub.
#[derive(Clone, Debug)]
pub struct ModelHub {
    url: Rc<str>,
    session: Rc<Session>,
    io: HubIo,
}

/// [`Io`] without a face.
#[derive(Clone)]
struct HubIo(Io);

impl std::fmt::Debug for HubIo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Io")
    }
}

/// A new model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRepository {
    /// Its name.
    pub name: String,
    /// Its first version.
    pub initial_version: String,
}

/// A file in the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubFile {
    /// Its name.
    pub name: Option<String>,
    /// Its bytes.
    pub size: Option<u64>,
    /// The hub's whole object, as JSON text.
    pub json: String,
}

impl ModelHub {
    /// Signs in. One request. `url` is [`HUB_URL`] unless the hub is elsewhere.
    ///
    /// # Errors
    /// As [`Session::sign_in`].
    pub async fn login(io: Io, url: &str, identity: Identity, email: &str, password: &str) -> Result<Self, Error> {
        let session = Session::sign_in(io.clone(), identity, email, password).await?;
        Ok(Self { url: url.trim_end_matches('/').into(), session: Rc::new(session), io: HubIo(io) })
    }

    /// Makes a model and its first version. Two requests.
    ///
    /// # Errors
    /// [`Kind::Service`] with the hub's word: that of the second request says that the model exists. [`Kind::Http`],
    /// [`Kind::Protocol`], [`Kind::Authentication`].
    pub async fn create_model(&self, name: &str, description: &str, version: Option<&str>) -> Result<ModelRepository, Error> {
        check("modelName", name)?;
        let body = format!(r#"{{"name":{},"description":{}}}"#, quote(name), quote(description));
        let url = format!("{}/models/", self.url);
        let reply = self.send("POST", &url, Some(body), Redirects::Follow).await?;
        let name = Json::parse_bytes(&reply.body).and_then(|json| json.get("name")?.text()).filter(|name| !name.is_empty());
        let Some(name) = name else { return Err(Error::protocol("the new model's name", String::from_utf8_lossy(&reply.body))) };
        match self.create_version(&name, version.unwrap_or(FIRST_VERSION), false).await {
            Ok(initial_version) => Ok(ModelRepository { name: name.into_owned(), initial_version }),
            Err(error) => {
                let status = if let Kind::Service { status, .. } = *error { status } else { 0 };
                let reason = format!("the model {} exists now, but has no version yet ({error}); use createVersion", clip(&name));
                Err(Error::from(Kind::Service { url: public_url(&url), status, reason }))
            }
        }
    }

    /// Makes a version. One request. Answers its name, or [`UNKNOWN_VERSION`] when the hub does not say.
    ///
    /// # Errors
    /// As [`ModelHub::create_model`].
    pub async fn create_version(&self, model_name: &str, notes: &str, is_major: bool) -> Result<String, Error> {
        check("modelName", model_name)?;
        if notes.len() > MAX_TEXT {
            return Err(Error::input("notes", "expected at most 64 KB"));
        }
        let url = format!("{}/models/{}/versions", self.url, percent_encode(model_name));
        let body = format!(r#"{{"notes":{},"is_major":{is_major}}}"#, quote(notes));
        let reply = self.send("POST", &url, Some(body), Redirects::Refuse).await?;
        let wrong = || Error::protocol("the new version", String::from_utf8_lossy(&reply.body));
        let json = Json::parse_bytes(&reply.body).ok_or_else(wrong)?;
        if json.is_array() {
            return if json.elements().next().is_none() { Ok(UNKNOWN_VERSION.to_owned()) } else { Err(wrong()) };
        }
        if !json.raw().starts_with('{') {
            return Err(wrong());
        }
        let version = json.get("versionString").and_then(Json::text).filter(|version| !version.is_empty());
        Ok(version.map_or_else(|| UNKNOWN_VERSION.to_owned(), std::borrow::Cow::into_owned))
    }

    /// Uploads a file, and proves that the hub's content id is that of the bytes. One request, at most an hour.
    ///
    /// # Errors
    /// As [`ModelHub::create_model`]; [`Kind::ContentUnverified`] when the hub has other bytes.
    pub async fn upload(&self, file: &dyn ModelFile, model_name: &str, version: &str) -> Result<FileUploadResult, Error> {
        let url = self.files(model_name, version)?;
        let token = self.session.token().await?;
        let plan = upload::plan(url.clone(), &token, file.name(), self.io.0.clock.random())?;
        let sent = self.io.0.within(upload::TIMEOUT_MS, file.send(plan)).await.unwrap_or(Err(HttpFailure::Timeout));
        let shown = public_url(&url);
        let reply = sent.map_err(|failure| no_answer(&url, &failure))?;
        let (model_cid, size) = upload::read_reply(&url, &reply)?;
        let proof = upload::prove(&shown, &model_cid, size, file).await?;
        Ok(FileUploadResult { model_cid, size, proof })
    }

    /// The files of a version. One request.
    ///
    /// # Errors
    /// As [`ModelHub::create_model`].
    pub async fn list_files(&self, model_name: &str, version: &str) -> Result<Vec<HubFile>, Error> {
        let url = self.files(model_name, version)?;
        let reply = self.send("GET", &url, None, Redirects::Follow).await?;
        let list = Json::parse_bytes(&reply.body).filter(|json| json.is_array());
        let list = list.ok_or_else(|| Error::protocol("a list of files", String::from_utf8_lossy(&reply.body)))?;
        let file = |json: Json<'_>| {
            let [name, size] = json.fields(["name", "size"]);
            HubFile {
                name: name.and_then(Json::text).map(std::borrow::Cow::into_owned),
                size: size.and_then(Json::integer).and_then(|size| size.try_into().ok()),
                json: json.raw().to_owned(),
            }
        };
        Ok(list.elements().map(file).collect())
    }

    fn files(&self, model_name: &str, version: &str) -> Result<String, Error> {
        check("modelName", model_name)?;
        check("version", version)?;
        let (model, version) = (percent_encode(model_name), percent_encode(version));
        Ok(format!("{}/models/{model}/versions/{version}/files", self.url))
    }

    async fn send(
        &self,
        method: &'static str,
        url: &str,
        body: Option<String>,
        redirects: Redirects,
    ) -> Result<HttpResponse, Error> {
        let mut headers = vec![("authorization".into(), format!("Bearer {}", self.session.token().await?))];
        if body.is_some() {
            headers.push(("content-type".into(), "application/json".to_owned()));
        }
        let body = body.map(|body| Rc::new(body.into_bytes()));
        let request = HttpRequest { method, headers, body, redirects, ..HttpRequest::get(url) };
        let reply = self.io.0.send(request).await.map_err(|failure| no_answer(url, &failure))?;
        if reply.head.is_success() { Ok(reply) } else { Err(refused(url, &reply)) }
    }
}

/// What goes into a URL's path: a dot alone would be taken for a step.
fn check(field: &str, name: &str) -> Result<(), Error> {
    if name.is_empty() || name.len() > MAX_TEXT || matches!(name, "." | "..") {
        return Err(Error::input(field, "expected a name"));
    }
    Ok(())
}

fn no_answer(url: &str, failure: &HttpFailure) -> Error {
    Error::from(Kind::Http { url: public_url(url), status: None, reason: failure.to_string() })
}

/// A refusal in the hub's words: `{"detail": …}`.
fn refused(url: &str, reply: &HttpResponse) -> Error {
    let detail = Json::parse_bytes(&reply.body).and_then(|json| json.get("detail"));
    let reason = detail.map(|detail| clip(&detail.text().unwrap_or_else(|| detail.raw().into())));
    let reason = reason.unwrap_or_else(|| "it gave no reason".to_owned());
    match reply.head.status {
        401 | 403 => Error::from(Kind::Authentication { service: "the model hub", reason }),
        status => Error::from(Kind::Service { url: public_url(url), status, reason }),
    }
}

#[cfg(test)]
mod tests;
