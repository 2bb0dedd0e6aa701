/** `ogkit`: everything. Pick `ogkit/ogpu` where one network is enough. */

export * from "./ogpu.js";
