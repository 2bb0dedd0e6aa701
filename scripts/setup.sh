#!/usr/bin/env bash
# Installs what the builds and tests need and this machine lacks. Quick when everything is there.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1msetup:\033[0m %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

command -v cargo >/dev/null || fail "cargo is missing: install Rust with rustup"
command -v node >/dev/null || fail "node is missing: install Node 20.19 or newer"

# The command-line tool and the library of wasm-bindgen must be one version.
bindgen=$(sed -n '/^name = "wasm-bindgen"$/{n;s/version = "\(.*\)"/\1/p}' Cargo.lock)
pack=0.15.1

tools() {
  if ! rustup target list --installed | grep -qx wasm32-unknown-unknown; then
    say "adding the WebAssembly target"
    rustup target add wasm32-unknown-unknown
  fi
  if ! rustup component list --installed | grep -qx rust-src; then
    say "adding the standard library's source"
    rustup component add rust-src
  fi
  if [ "$(wasm-bindgen --version 2>/dev/null)" != "wasm-bindgen $bindgen" ]; then
    say "building wasm-bindgen-cli $bindgen (a few minutes, once)"
    cargo install --quiet wasm-bindgen-cli --version "$bindgen" --force
  fi
  if [ "$(wasm-pack --version 2>/dev/null)" != "wasm-pack $pack" ]; then
    say "building wasm-pack $pack (a few minutes, once)"
    cargo install --quiet wasm-pack --version "$pack" --force
  fi
}

packages() {
  stamp=node_modules/.installed
  if ! cmp -s package-lock.json "$stamp"; then
    say "installing npm packages"
    # Not `npm ci`: it wants a lock entry for every platform's anvil, and not all of them are published. The lock's
    # versions are installed all the same.
    npm install --no-save --no-audit --no-fund --loglevel=error
    cp package-lock.json "$stamp"
  fi
}

# What a folder's own lock names, apart from the workspace.
apart() {
  stamp=$1/node_modules/.installed
  if ! cmp -s "$1/package-lock.json" "$stamp"; then
    say "installing $2"
    npm ci --prefix "$1" --no-audit --no-fund --loglevel=error
    cp "$1/package-lock.json" "$stamp"
  fi
}
documents() { apart docs "what the documents are built with"; }
oldest() { apart tests/oldest "the oldest versions of the peers"; }
real() { apart tests/wallets/real "the code that real wallets run"; }

browser() {
  if [ ! -x /usr/bin/chromium ] || [ ! -x /usr/bin/chromedriver ]; then
    say "installing Chromium"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null
  fi
}

python() {
  stamp=.venv/.installed
  if ! cmp -s tests/interop/requirements.txt "$stamp"; then
    say "installing the official Python SDK into .venv"
    python3 -m venv .venv
    .venv/bin/pip install --quiet --disable-pip-version-check -r tests/interop/requirements.txt
    cp tests/interop/requirements.txt "$stamp"
  fi
}

jobs=()
for step in tools packages documents oldest real browser python; do
  $step & jobs+=($!)
done
for job in "${jobs[@]}"; do wait "$job"; done
say "everything is there"
