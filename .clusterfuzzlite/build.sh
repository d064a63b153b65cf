#!/bin/bash -eu
# Builds the targets and packs what belongs to each as ClusterFuzzLite and OSS-Fuzz look for it:
# $OUT/TARGET, TARGET_seed_corpus.zip (seeds and past crashes), TARGET.dict, TARGET.options.
#
# Outside of the container: SRC=PARENT OUT=DIR FUZZ_FLAGS='-s none' RUSTUP_TOOLCHAIN=stable,
# where PARENT/probity is this project.

targets=(answer batch body contract dictionary front glob journal json judge known pattern profile recipe redact relation report snapshot text)

cd "$SRC/probity"
# Without quotes: several flags.
# shellcheck disable=SC2086
cargo fuzz build -O --debug-assertions ${FUZZ_FLAGS:-}

mkdir -p "$OUT"
for target in "${targets[@]}"; do
    cp "fuzz/target/x86_64-unknown-linux-gnu/release/$target" "$OUT/"

    rm -f "$OUT/${target}_seed_corpus.zip"
    find "corpus/$target" -type f | LC_ALL=C sort | zip -q -j -@ "$OUT/${target}_seed_corpus.zip"

    dictionary=$(sed -n "s/^$target //p" fuzz/dictionaries)
    if [ -n "$dictionary" ]; then
        cp "corpus/$dictionary" "$OUT/$target.dict"
    fi

    printf '[libfuzzer]\ntimeout = 20\nrss_limit_mb = 2048\n' >"$OUT/$target.options"
done
