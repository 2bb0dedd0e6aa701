.PHONY: help setup demo test simulate promises fuzz bench pkg docs devnet fmt clean

help:
	@echo "make demo     install what is missing, build, start the devnet and serve the dApp (CHECK=1: run the main job and exit)"
	@echo "make test     install what is missing and run every test"
	@echo "make simulate histories of a whole world by the seed (SEEDS=n: so many; SEED=x: one, told; MUTATIONS=1: without what protects; SHOPS=1: among sellers that lie)"
	@echo "make promises the security guide's promises without the code that keeps them: a test fails for each (ONLY='M3|P.*': those)"
	@echo "make fuzz     every export of the package among hostile values, in Node and in Chrome (SECONDS=n: so long; HOST=node or HOST=chrome; SEED=x: one case; DECODERS=1: every decoder)"
	@echo "make bench    measure beside viem, ethers and the official Python SDKs; target/bench.json and target/bench.svg"
	@echo "make pkg      build the npm package into pkg/"
	@echo "make docs     build the documents' site into target/docs"
	@echo "make devnet   run both devnets alone, in the foreground; target/devnet.json and target/devnet-opengradient.json"
	@echo "make fmt      format"
	@echo "make clean    remove what was built"

setup:
	@bash scripts/setup.sh

demo: setup
	@node scripts/demo.mjs

test: setup
	@node scripts/test.mjs

simulate: setup
	@node tests/simulate/main.mjs

promises: setup
	@node scripts/pkg.mjs
	@node tests/promises/run.mjs

fuzz: setup
ifdef DECODERS
	@node tests/decoders/main.mjs
else
	@node scripts/pkg.mjs
	@node tests/fuzz/main.mjs
endif

bench: setup
	@node bench/main.mjs

pkg: setup
	@node scripts/pkg.mjs

docs: setup
	@node scripts/pkg.mjs
	@node docs/site/build.mjs

devnet: setup
	@node tests/devnet/main.mjs

fmt:
	@cargo fmt

clean:
	@rm -rf target pkg www/dist
