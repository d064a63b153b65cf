#!/usr/bin/env bash
# The night of the in-process targets: every target for a time, then the corpora minimised, crashes
# minimised, each new one a file under corpus/TARGET/regressions/ and with that a failure of the
# suite `fuzzing`, whose JUnit report nextest writes.
#
#   fuzz/nightly.sh [SECONDS A TARGET, default 1800]
#
#   SANITIZER=none|address   none (default) runs on stable, address needs nightly
#   CORPORA=DIR              where the working corpora are kept from night to night (fuzz/corpus)
#   OUT=DIR                  where the report and the logs go (fuzz/night)
#
# Exit code: 0 no crash, 1 new or past crashes, 2 something could not be run.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

targets=(answer batch body contract front json judge pattern profile relation report text)

seconds=${1:-1800}
sanitizer=${SANITIZER:-none}
corpora=${CORPORA:-fuzz/corpus}
out=${OUT:-fuzz/night}
toolchain=+stable
[ "$sanitizer" = none ] || toolchain=+nightly
fuzz() { cargo "$toolchain" fuzz "$@"; }

mkdir -p "$out" || exit 2
fuzz build -s "$sanitizer" || exit 2

crashes=0
for target in "${targets[@]}"; do
    work=$corpora/$target
    artifacts=fuzz/artifacts/$target
    regressions=corpus/$target/regressions
    mkdir -p "$work" "$artifacts" || exit 2
    dictionary=()
    name=$(sed -n "s/^$target //p" fuzz/dictionaries)
    [ -z "$name" ] || dictionary=("-dict=corpus/$name")

    echo "== $target: $seconds s"
    # -fork goes on after a crash; what it leaves behind is dealt with below.
    fuzz run -s "$sanitizer" "$target" "$work" "corpus/$target" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -fork=1 -ignore_crashes=1 \
        -ignore_timeouts=1 -ignore_ooms=1 "${dictionary[@]}" >"$out/$target.log" 2>&1
    # A fork job ends with a code of its own; whether it ran is in its log.
    grep -q '^#' "$out/$target.log" || { tail "$out/$target.log"; exit 2; }
    grep '^#' "$out/$target.log" | tail -n 1

    shopt -s nullglob
    for crash in "$artifacts"/{crash,timeout,oom}-*; do
        crashes=$((crashes + 1))
        small=$crash
        case $crash in
        */crash-*)
            fuzz tmin -s "$sanitizer" -r 2000 "$target" "$crash" >>"$out/$target.log" 2>&1
            # The newest of what came out; the crash itself where nothing smaller did.
            newest=$(ls -t "$artifacts"/minimized-from-* 2>/dev/null | head -n 1)
            [ -z "$newest" ] || small=$newest
            ;;
        esac
        mkdir -p "$regressions"
        kind=$(basename "$crash" | cut -d- -f1)
        cp "$small" "$regressions/$kind-$(sha256sum "$small" | cut -c1-16)"
        mv "$crash" "$out/"
        rm -f "$artifacts"/minimized-from-*
        echo "new: $regressions/$kind-…, from $out/$(basename "$crash")"
    done
    shopt -u nullglob

    fuzz cmin -s "$sanitizer" "$target" "$work" >>"$out/$target.log" 2>&1 || exit 2
done

# The verdict is the replay's: past and new crashes, one test a target.
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --test fuzzing --profile ci --no-fail-fast
    code=$?
    cp target/nextest/ci/junit.xml "$out/junit.xml" || exit 2
else
    echo 'no cargo-nextest: no JUnit report, plain cargo test' >&2
    cargo test --test fuzzing
    code=$?
fi
echo "$crashes new crashes"
[ "$code" -eq 0 ] && [ "$crashes" -eq 0 ] || exit 1
