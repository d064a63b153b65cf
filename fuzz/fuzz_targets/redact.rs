#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| probity_fuzzing::redact::body(data));
