//! A `Blob`, a `File` or a `Uint8Array` as content to publish: a few chunks of it are in memory at once, and none in ours.

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{self, StreamExt as _};
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ReadableStreamByobReader};

use super::hash;
use super::http::FetchWith;
use crate::io::{HttpFailure, HttpRequest, HttpResponse, Io};
use crate::ipfs::Error;
use crate::ipfs::pin::Frame;
use crate::ipfs::source::{AHEAD, Digests, Source, Upload};
use crate::ipfs::unixfs::{Leaf, around};

/// Content of JavaScript's.
#[derive(Clone)]
pub struct WebSource {
    content: Content,
    size: u64,
}

#[derive(Clone)]
enum Content {
    Bytes(Uint8Array),
    Blob(Blob),
}

impl WebSource {
    /// Bytes that the caller leaves as they are.
    pub fn bytes(bytes: Uint8Array) -> Self {
        Self { size: u64::from(bytes.length()), content: Content::Bytes(bytes) }
    }

    /// A `Blob` or `File`.
    pub fn blob(blob: Blob) -> Self {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes are whole and below 2^53")]
        let size = blob.size() as u64;
        Self { size, content: Content::Blob(blob) }
    }
}

impl Source for WebSource {
    fn size(&self) -> u64 {
        self.size
    }

    fn leaves(&self, leaf: Leaf, chunk_size: usize) -> Digests<'_> {
        let reading = Reading { source: self.clone(), leaf, chunk_size: chunk_size as u64, at: 0, file: None, room: None };
        stream::unfold(Some(reading), |reading| async move {
            let mut reading = reading?;
            match reading.next().await {
                Some(digest) => Some((digest, (reading.at < reading.source.size).then_some(reading))),
                None => Some((async { Err(UNREADABLE) }.boxed_local(), None)),
            }
        })
        .buffered(AHEAD)
        .boxed_local()
    }
}

const UNREADABLE: Error = Error::Unreadable { reason: "the file cannot be read any more; was it changed or moved?" };

type Digest = LocalBoxFuture<'static, Result<[u8; 32], Error>>;

/// A pass over the content.
struct Reading {
    source: WebSource,
    leaf: Leaf,
    chunk_size: u64,
    at: u64,
    /// Where bytes go straight into our buffer, without a message to the browser's process for each chunk.
    file: Option<ReadableStreamByobReader>,
    /// The buffer of the chunk before.
    room: Option<Uint8Array>,
}

impl Reading {
    /// The next leaf's hashing, under way. `None` for what cannot be read.
    async fn next(&mut self) -> Option<Digest> {
        let size = (self.source.size - self.at).min(self.chunk_size);
        let (head, tail) = around(self.leaf, size);
        let bare = head.is_empty() && tail.is_empty();
        let length = u32::try_from(size).ok()?;
        let end = self.at + size;
        let block = match &self.source.content.clone() {
            Content::Bytes(bytes) => {
                let (start, end) = (u32::try_from(self.at).ok()?, u32::try_from(end).ok()?);
                let chunk = bytes.subarray(start, end);
                // Memory that was given away has no bytes any more.
                (chunk.length() == length).then_some(())?;
                if bare { chunk } else { self.framed(&head, &tail, length, Some(&chunk)) }
            }
            Content::Blob(blob) => {
                if self.at == 0 && size > 0 {
                    self.file = byob(blob);
                }
                let room = self.framed(&head, &tail, length, None);
                match &self.file {
                    Some(file) => fill(file, room, u32::try_from(head.len()).ok()?, length).await?,
                    None => {
                        #[allow(clippy::cast_precision_loss, reason = "below 2^53")]
                        let slice = blob.slice_with_f64_and_f64(self.at as f64, end as f64).ok()?;
                        let chunk = Uint8Array::new(&JsFuture::from(slice.array_buffer()).await.ok()?);
                        (chunk.length() == length).then_some(())?;
                        room.set(&chunk, u32::try_from(head.len()).ok()?);
                        room
                    }
                }
            }
        };
        self.at = end;
        let digest = hash::digest(&block);
        if !bare || matches!(self.source.content, Content::Blob(_)) {
            self.room = Some(block);
        }
        Some(digest.map(|digest| digest.ok_or(UNREADABLE)).boxed_local())
    }

    /// A leaf's block, with the chunk or room for it.
    fn framed(&mut self, head: &[u8], tail: &[u8], length: u32, chunk: Option<&Uint8Array>) -> Uint8Array {
        #[allow(clippy::cast_possible_truncation, reason = "a few bytes")]
        let (before, after) = (head.len() as u32, tail.len() as u32);
        let whole = before + length + after;
        let room = self.room.take().filter(|room| room.length() == whole);
        let room = room.unwrap_or_else(|| Uint8Array::new_with_length(whole));
        room.subarray(0, before).copy_from(head);
        if let Some(chunk) = chunk {
            room.set(chunk, before);
        }
        room.subarray(before + length, whole).copy_from(tail);
        room
    }
}

/// A reader into buffers of ours, where the platform has it for blobs.
fn byob(blob: &Blob) -> Option<ReadableStreamByobReader> {
    let stream = blob.stream();
    let options = Object::new();
    Reflect::set(&options, &"mode".into(), &"byob".into()).ok()?;
    let get_reader: Function = Reflect::get(&stream, &"getReader".into()).ok()?.dyn_into().ok()?;
    get_reader.call1(&stream, &options).ok().map(JsCast::unchecked_into)
}

/// Reads `length` bytes into the room behind `before`. The buffer goes to the reader and comes back with each piece.
async fn fill(file: &ReadableStreamByobReader, room: Uint8Array, before: u32, length: u32) -> Option<Uint8Array> {
    let whole = room.length();
    let (mut buffer, mut at) = (room.buffer(), 0);
    while at < length {
        let view = Uint8Array::new_with_byte_offset_and_length(&buffer, before + at, length - at);
        let step: Promise = file.read_with_array_buffer_view(&view);
        let step = JsFuture::from(step).await.ok()?;
        let piece: Uint8Array = Reflect::get(&step, &"value".into()).ok()?.dyn_into().ok()?;
        if piece.length() == 0 || Reflect::get(&step, &"done".into()).ok()?.is_truthy() {
            return None;
        }
        at += piece.length();
        buffer = piece.buffer();
    }
    Some(Uint8Array::new_with_byte_offset_and_length(&buffer, 0, whole))
}

impl Upload for WebSource {
    fn send(&self, request: HttpRequest, frame: &Frame) -> LocalBoxFuture<'_, Result<HttpResponse, HttpFailure>> {
        let content: &JsValue = match &self.content {
            Content::Bytes(bytes) => bytes,
            Content::Blob(blob) => blob,
        };
        let parts = Array::of3(&frame.head.as_str().into(), content, &frame.tail.as_str().into());
        async move {
            let body = Blob::new_with_blob_sequence(&parts);
            let body = body.map_err(|_| HttpFailure::Network("the content does not fit into memory".to_owned()))?;
            let io = Io { http: std::rc::Rc::new(FetchWith(body.into())), ..super::io() };
            io.send(request).await
        }
        .boxed_local()
    }
}
