#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    probity_fuzzing::json::body(data);
    let jiter = |data: &[u8]| jiter::JsonValue::parse(data, false).is_ok();
    probity_fuzzing::json::against(data, jiter);
});
