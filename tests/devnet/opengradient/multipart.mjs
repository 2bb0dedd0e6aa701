// Reads multipart/form-data as it comes: of a file of gigabytes, no more than a chunk is held.

/** How much may come before a part's content. */
const MAX_HEAD = 16 * 1024;
const BREAK = Buffer.from("\r\n\r\n");

/**
 * Calls `take` for each part, with its content as a stream that has to be read to its end.
 * @param {AsyncIterable<Buffer>} body @param {string} type the content type, with its boundary
 * @param {(part: { name?: string, filename?: string, type?: string, content: AsyncIterable<Buffer> }) => Promise<void>} take
 */
export async function readParts(body, type, take) {
  const boundary = /^multipart\/form-data\b.*;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type ?? "");
  if (!boundary) throw new Error("expected multipart/form-data with a boundary");
  const mark = Buffer.from(`\r\n--${boundary[1] ?? boundary[2]}`);
  const chunks = body[Symbol.asyncIterator]();
  // The first boundary has no line break before it.
  let held = Buffer.from("\r\n");
  const more = async () => {
    const { value, done } = await chunks.next();
    if (done) throw new Error("the body ends within a part");
    held = held.length ? Buffer.concat([held, value]) : value;
  };

  /** What is before the next boundary; afterwards `held` begins behind it. */
  async function* content() {
    for (;;) {
      const at = held.indexOf(mark);
      if (at >= 0) {
        if (at > 0) yield held.subarray(0, at);
        held = held.subarray(at + mark.length);
        return;
      }
      // The end of what is held may be the beginning of a boundary.
      const sure = held.length - mark.length + 1;
      if (sure > 0) {
        yield held.subarray(0, sure);
        held = held.subarray(sure);
      }
      await more();
    }
  }

  for await (const _ of content());
  for (;;) {
    while (held.length < 2) await more();
    if (held.subarray(0, 2).toString() === "--") break;
    let end;
    while ((end = held.indexOf(BREAK)) < 0) {
      if (held.length > MAX_HEAD) throw new Error("the head of a part is too long");
      await more();
    }
    const head = held.subarray(0, end).toString("utf8");
    held = held.subarray(end + BREAK.length);
    const field = (pattern) => pattern.exec(head)?.[1];
    await take({ name: field(/[;\s]name="([^"]*)"/i), filename: field(/[;\s]filename="([^"]*)"/i), type: field(/^content-type:\s*(.+)$/im)?.trim(), content: content() });
  }
  for (;;) if ((await chunks.next()).done) return;
}
