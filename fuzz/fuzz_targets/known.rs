#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| probity::fuzzing::known::body(data));
