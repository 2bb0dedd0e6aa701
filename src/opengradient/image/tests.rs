//! The image service behind a scripted gRPC-Web proxy.

use std::cell::RefCell;

use super::*;
use crate::io::{HttpFailure, HttpResponse, fake};

fn request() -> ImageRequest {
    ImageRequest { model: "m".to_owned(), prompt: "a cat".to_owned(), height: None, width: Some(512) }
}

fn frame(flag: u8, bytes: &[u8]) -> Vec<u8> {
    [&[flag], &(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}

fn ok(message: &[u8]) -> Vec<u8> {
    [frame(0, message), frame(0x80, b"grpc-status: 0\r\n")].concat()
}

/// A proxy that answers by the method's name, each from a list.
fn proxy(mut answer: impl FnMut(&str, &[u8]) -> Result<HttpResponse, HttpFailure> + 'static) -> Io {
    fake::io(move |request| {
        let method = request.url.rsplit('/').next().unwrap_or_default().to_owned();
        let body = request.body.clone().unwrap_or_default();
        answer(&method, body.get(5..).unwrap_or_default())
    })
    .0
}

fn reply(body: Vec<u8>) -> Result<HttpResponse, HttpFailure> {
    Ok(fake::reply("http://proxy", 200, &[], body))
}

fn status(number: u32) -> Vec<u8> {
    ok(&Message::default().optional(1, Some(number)).finish())
}

#[test]
fn without_a_proxy_it_says_why() {
    let io = proxy(|_, _| Err(HttpFailure::Timeout));
    let error = fake::run(generate(&io, None, &request())).err();
    assert!(error.is_some_and(|error| error.code() == "notReachable" && error.to_string().contains("gRPC-Web proxy")));
}

#[test]
fn a_picture_is_asked_for_waited_for_and_fetched() {
    let looks = RefCell::new(0);
    let io = proxy(move |method, message| match method {
        "RunInferenceAsync" => {
            let Ok(Some(Field::Bytes(image))) = field(message, 6) else { return Err(HttpFailure::Timeout) };
            assert_eq!(field(image, 2).ok(), Some(Some(Field::Bytes(b"a cat"))));
            assert_eq!(field(image, 3).ok(), Some(Some(Field::Number(1024))));
            assert_eq!(field(image, 4).ok(), Some(Some(Field::Number(512))));
            reply(ok(&Message::default().text(1, "id-1").finish()))
        }
        "GetInferenceStatus" => {
            assert_eq!(text(message, 1).ok().as_deref(), Some("id-1"));
            *looks.borrow_mut() += 1;
            match *looks.borrow() {
                1 => reply(status(1)),
                2 => Err(HttpFailure::Timeout),
                _ => reply(status(2)),
            }
        }
        _ => reply(ok(&Message::default().bytes(5, &Message::default().bytes(1, b"PNG").finish()).finish())),
    });
    assert_eq!(fake::run(generate(&io, Some("http://proxy/"), &request())).ok().as_deref(), Some(&b"PNG"[..]));
}

#[test]
fn refusals_are_told_in_the_services_words() {
    let io = proxy(|_, _| reply(frame(0x80, b"grpc-status:5\r\ngrpc-message:no such model\r\n")));
    let error = fake::run(generate(&io, Some("http://proxy"), &request())).err();
    assert!(error.is_some_and(|error| error.to_string().contains("gRPC status 5: no such model")));

    let io = proxy(|_, _| Ok(fake::reply("http://proxy", 200, &[("grpc-status", "12"), ("grpc-message", "unknown")], "")));
    let error = fake::run(generate(&io, Some("http://proxy"), &request())).err();
    assert!(error.is_some_and(|error| error.to_string().contains("gRPC status 12: unknown")));

    let io = proxy(|method, _| match method {
        "RunInferenceAsync" => reply(ok(&Message::default().text(1, "id").finish())),
        _ => reply(ok(&Message::default().optional(1, Some(3)).text(2, "out of memory").finish())),
    });
    let error = fake::run(generate(&io, Some("http://proxy"), &request())).err();
    assert!(error.is_some_and(|error| error.code() == "service" && error.to_string().contains("out of memory")));
}

#[test]
fn a_picture_that_never_comes_is_given_up() {
    let io = proxy(|method, _| match method {
        "RunInferenceAsync" => reply(ok(&Message::default().text(1, "id").finish())),
        _ => reply(status(1)),
    });
    let error = fake::run(generate(&io, Some("http://proxy"), &request())).err();
    assert!(error.is_some_and(|error| error.to_string().contains("no picture after 300 s; its id is id")));
}

#[test]
fn frames_of_another_shape_are_refused() {
    for bad in [vec![0], vec![0, 0, 0, 0, 9, 1], frame(1, b"x"), [frame(0, b"a"), frame(0, b"b")].concat(), Vec::new()] {
        let io = proxy(move |_, _| reply(bad.clone()));
        assert!(fake::run(generate(&io, Some("http://proxy"), &request())).is_err_and(|error| error.code() == "protocol"));
    }
    assert!(fake::run(generate(&proxy(|_, _| reply(ok(b""))), Some("http://proxy"), &request())).is_err());
}

proptest::proptest! {
    #[test]
    fn any_answer_gives_an_answer(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
        let _ = unframe(&bytes);
    }
}
