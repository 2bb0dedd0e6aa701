/** `ogkit/ogpu.wasm`: the WebAssembly itself, for `preload` and `ogkit/ogpu/slim`. */
declare const module: WebAssembly.Module;
export default module;
