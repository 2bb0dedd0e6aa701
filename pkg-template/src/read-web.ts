/** Reads the WebAssembly by `fetch`. */

export async function read(where: () => URL): Promise<Response> {
  const url = where();
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname} answered with status ${response.status}`);
  return response;
}
