# The commands of the inner loop, one line each. Without `just`: copy the line.

# The quick selection: no device, no automata walks of minutes
quick:
    cargo test --lib --test offline

# Everything, as the README says
test:
    cargo test

# Formatting, lints and documentation as CI wants them
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

# Against devices on loopback: sockets, sessions, runs, kills
online:
    cargo test --test online

# Every planted fault against every case, three contracts (minutes)
kill-matrix:
    PROBITY_FAULTS=all cargo test --release --test kill_matrix

# Every seed and every past crash of the fuzz targets
fuzz-replay:
    cargo test --test fuzzing

# One fuzz target for ten minutes on stable
fuzz TARGET:
    cargo +stable fuzz run -s none {{TARGET}} -- -max_total_time=600

# Licences, sources, versions and advisories of all dependencies (cargo install cargo-deny cargo-audit)
supply:
    cargo deny --all-features check
    cargo audit

# The book, into target/book
book:
    mdbook build docs
