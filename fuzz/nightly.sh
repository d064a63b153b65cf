#!/usr/bin/env bash
# The night of the in-process targets: every target for a time, the corpora minimised, and of the
# crashes one for each place in the code: minimised, it becomes a file under
# corpus/TARGET/regressions/ and with that a failure of the suite `fuzzing`, whose JUnit report
# nextest writes.
#
#   fuzz/nightly.sh [SECONDS A TARGET, default 1800]
#
#   SANITIZER=none|address   none (default) runs on stable, address needs nightly
#   TARGETS='json judge'     only these
#   CORPORA=DIR              where the working corpora are kept from night to night (fuzz/corpus)
#   OUT=DIR                  where the report and the logs go (fuzz/night)
#
# Exit code: 0 no crash, 1 new or past crashes, 2 something could not be run.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

targets=(answer batch body contract dictionary front glob journal json judge known pattern profile recipe redact relation report snapshot text)

seconds=${1:-1800}
sanitizer=${SANITIZER:-none}
corpora=${CORPORA:-fuzz/corpus}
out=${OUT:-fuzz/night}
only=${TARGETS:-${targets[*]}}
toolchain=+stable
[ "$sanitizer" = none ] || toolchain=+nightly

fuzz() { cargo "$toolchain" fuzz "$@"; }
give_up() {
    echo "$1" >&2
    exit 2
}

# What an artifact is about: the kind, and for a panic the line that panicked.
place() { # TARGET ARTIFACT
    local kind log
    kind=$(basename "$2" | cut -d- -f1)
    log=$(fuzz run -s "$sanitizer" "$1" "$2" -- -timeout=20 2>&1)
    echo "$kind $(grep -a -m 1 -o 'panicked at [^ ]*' <<<"$log" || grep -a -m 1 'SUMMARY' <<<"$log")"
}

# The smallest artifact of each place becomes a regression; all go to $out.
keep() { # TARGET
    local target=$1 artifact where small kind kept
    declare -A seen=()
    # libFuzzer names artifacts by kind and hash; the order of size is what is wanted.
    # shellcheck disable=SC2045
    for artifact in $(ls -Sr "fuzz/artifacts/$target" 2>/dev/null); do
        artifact=fuzz/artifacts/$target/$artifact
        case $artifact in */crash-* | */timeout-* | */oom-*) ;; *) continue ;; esac
        where=$(place "$target" "$artifact")
        if [ -z "${seen[$where]:-}" ]; then
            seen[$where]=1
            small=$artifact
            kind=$(basename "$artifact" | cut -d- -f1)
            if [ "$kind" = crash ]; then
                fuzz tmin -s "$sanitizer" -r 2000 "$target" "$artifact" >>"$out/$target.log" 2>&1
                # The smallest that came out, if any did and it is still about the same place.
                # shellcheck disable=SC2012
                small=$(ls -Sr "fuzz/artifacts/$target"/minimized-from-* 2>/dev/null | head -n 1)
                [ -n "$small" ] && [ "crash $(place "$target" "$small" | cut -d' ' -f2-)" = "$where" ] ||
                    small=$artifact
            fi
            kept=corpus/$target/regressions/$kind-$(sha256sum "$small" | cut -c1-16)
            mkdir -p "corpus/$target/regressions"
            cp "$small" "$kept" || give_up "cannot write $kept"
            crashes=$((crashes + 1))
            echo "new: $kept ($where)"
            rm -f "fuzz/artifacts/$target"/minimized-from-*
        fi
        mv "$artifact" "$out/$target-$(basename "$artifact")" || give_up "cannot write to $out"
    done
}

mkdir -p "$out" || give_up "cannot make $out"
for target in $only; do
    [[ " ${targets[*]} " = *" $target "* ]] || give_up "no target $target"
    fuzz build -s "$sanitizer" "$target" || give_up "$target does not build"
done

crashes=0
for target in $only; do
    work=$corpora/$target
    mkdir -p "$work" "fuzz/artifacts/$target" || give_up "cannot make $work"
    dictionary=()
    name=$(sed -n "s/^$target //p" fuzz/dictionaries)
    [ -z "$name" ] || dictionary=("-dict=corpus/$name")

    echo "== $target: $seconds s"
    # -fork goes on after a crash; what it leaves behind is dealt with below.
    fuzz run -s "$sanitizer" "$target" "$work" "corpus/$target" -- \
        -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -fork=1 -ignore_crashes=1 \
        -ignore_timeouts=1 -ignore_ooms=1 "${dictionary[@]}" >"$out/$target.log" 2>&1
    # A fork job that saw a crash has an exit code of its own; whether it ran is in its log.
    grep -a '^#[0-9]' "$out/$target.log" | tail -n 1 | grep . ||
        give_up "$(tail "$out/$target.log")"

    keep "$target"
    fuzz cmin -s "$sanitizer" "$target" "$work" >>"$out/$target.log" 2>&1 ||
        give_up "cmin: $(tail "$out/$target.log")"
done
echo "$crashes new"

# The verdict is the replay's: past and new crashes, one test a target.
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --test fuzzing --profile ci
    code=$?
    cp target/nextest/ci/junit.xml "$out/junit.xml" || give_up 'no JUnit report'
else
    echo 'no cargo-nextest, so no JUnit report: plain cargo test' >&2
    cargo test --test fuzzing --no-fail-fast
    code=$?
fi
[ "$code" -eq 0 ] && [ "$crashes" -eq 0 ] || exit 1
